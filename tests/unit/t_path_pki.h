/* A small PKI made by hand, so that tests can make it wrong. */
#ifndef T_PATH_PKI_H
#define T_PATH_PKI_H

#include <stdlib.h>
#include <string.h>

#include "pki/cert.h"
#include "pki/crl.h"
#include "pki/key.h"
#include "pki/name.h"
#include "pki/path.h"
#include "pki/san.h"

#define NOW	INT64_C(1800000000)	/* 2027-01-15 */
#define DAY	INT64_C(86400)

enum { K_ROOT, K_CA, K_SUB, K_EE, K_OTHER, K_OTHER2, K__COUNT };
static struct key *keys[K__COUNT];

/* A GeneralName; ${n} 0 is strlen.  In constraints '-' excludes. */
struct gn {
	int		 sign;
	unsigned	 form;
	const char	*p;
	size_t		 n;
};

#define LIST	6
struct spec {
	const char	*subject, *issuer;
	int		 key, by;
	int64_t		 from, to;	/* 0: NOW -+ 30 days */
	int		 ca;		/* 1, or 0 and no basicConstraints */
	int		 path_len;	/* minus one: 1 is "0" */
	uint32_t	 ku;
	enum oid	 eku[2];
	struct gn	 san[LIST], nc[LIST];
	struct slice	 raw_nc;	/* a whole extnValue instead */
	int		 critical;	/* an unknown one */
	int		 v1, no_ids, bad_sig, serial;
	const char	*aki_issuer;	/* with aki_serial */
	int		 aki_serial;
};

struct crl_spec {
	const char	*issuer;
	int		 key;
	int64_t		 this_update, next_update;	/* 0: default, -1 none */
	int		 revoked[3];
	int		 critical, bad_sig;
};

#define MANY	4000
static struct buf bufs[MANY];
static size_t n_bufs;

static void
die(const char *what, const struct err *e)
{
	printf("Bail out! %s: %s %s\n", what, err_name(e->code), e->detail);
	exit(1);
}

static struct buf *
new_buf(void)
{
	if (n_bufs == MANY)
		abort();
	buf_init(&bufs[n_bufs], 1 << 20);
	return &bufs[n_bufs++];
}

static struct slice
name(const char *text)
{
	struct buf *b = new_buf();
	struct err e = { 0 };

	if (name_parse(text, b, &e) == -1)
		die(text, &e);
	return buf_slice(b);
}

static void
put_gn(struct derw *w, const struct gn *g)
{
	size_t m = derw_mark(w);

	if (g->form == SAN_DN) {
		derw_raw(w, name(g->p));
		derw_wrap(w, DER_CTX(4), m);
	} else if (g->form == SAN_OTHER) {
		derw_utf8(w, g->p);
		derw_wrap(w, DER_CTX(0), m);
		derw_oid(w, oid_bytes(OID_KP_ANY));
		derw_wrap(w, DER_CTX(0), m);
	} else {
		derw_prim(w, DER_CTXP(g->form),
		    SLICE(g->p, g->n ? g->n : strlen(g->p)));
	}
}

/* [${tag}] IMPLICIT GeneralSubtrees of one ${sign}, if any. */
static void
put_subtrees(struct derw *w, const struct gn *v, int sign, uint8_t tag)
{
	size_t m = derw_mark(w), one;

	for (size_t i = LIST; i-- > 0;) {
		if (!v[i].p || v[i].sign != sign)
			continue;
		one = derw_mark(w);
		put_gn(w, &v[i]);
		derw_wrap(w, DER_SEQUENCE, one);
	}
	if (derw_mark(w) != m)
		derw_wrap(w, tag, m);
}

static void
end_ext(struct derw *w, size_t m, struct slice oid, int critical)
{
	derw_wrap(w, DER_OCTET_STRING, m);
	if (critical)
		derw_bool(w, 1);
	derw_oid(w, oid);
	derw_wrap(w, DER_SEQUENCE, m);
}

static void
put_aki(struct derw *w, const struct spec *s)
{
	size_t m = derw_mark(w), g;
	uint8_t id[20];
	int64_t serial = s->aki_serial;

	if (s->aki_issuer) {
		derw_int(w, DER_CTXP(2), serial);
		g = derw_mark(w);
		put_gn(w, &(struct gn){ 0, SAN_DN, s->aki_issuer, 0 });
		derw_wrap(w, DER_CTX(1), g);
	}
	if (!s->no_ids) {
		cert_key_id(key_spki(keys[s->by]), id);
		derw_prim(w, DER_CTXP(0), SLICE(id, sizeof(id)));
	}
	derw_wrap(w, DER_SEQUENCE, m);
	end_ext(w, m, oid_bytes(OID_AKI), 0);
}

static void
put_lists(struct derw *w, const struct spec *s)
{
	size_t m = derw_mark(w);

	if (s->nc[0].p) {
		put_subtrees(w, s->nc, '-', DER_CTX(1));
		put_subtrees(w, s->nc, '+', DER_CTX(0));
		derw_wrap(w, DER_SEQUENCE, m);
		end_ext(w, m, oid_bytes(OID_NAME_CONSTRAINTS), 1);
	} else if (s->raw_nc.p) {
		derw_raw(w, s->raw_nc);
		end_ext(w, m, oid_bytes(OID_NAME_CONSTRAINTS), 1);
	}
	m = derw_mark(w);
	if (s->san[0].p) {
		for (size_t i = LIST; i-- > 0;)
			if (s->san[i].p)
				put_gn(w, &s->san[i]);
		derw_wrap(w, DER_SEQUENCE, m);
		end_ext(w, m, oid_bytes(OID_SAN), 0);
	}
	m = derw_mark(w);
	if (s->eku[0]) {
		if (s->eku[1])
			derw_oid(w, oid_bytes(s->eku[1]));
		derw_oid(w, oid_bytes(s->eku[0]));
		derw_wrap(w, DER_SEQUENCE, m);
		end_ext(w, m, oid_bytes(OID_EKU), 0);
	}
}

static void
put_exts(struct derw *w, const struct spec *s)
{
	size_t all = derw_mark(w), m = all;
	uint8_t id[20];

	if (s->critical) {
		derw_null(w);
		end_ext(w, m, SLICE_LIT("\x2a\x03\x04\x05"), 1);
	}
	put_lists(w, s);
	m = derw_mark(w);
	if (s->ca) {
		if (s->path_len)
			derw_int(w, DER_INTEGER, s->path_len - 1);
		derw_bool(w, 1);
		derw_wrap(w, DER_SEQUENCE, m);
		end_ext(w, m, oid_bytes(OID_BASIC_CONSTRAINTS), 1);
	}
	m = derw_mark(w);
	if (s->ku) {
		derw_named_bits(w, DER_BIT_STRING, s->ku);
		end_ext(w, m, oid_bytes(OID_KEY_USAGE), 1);
	}
	if (!s->no_ids || s->aki_issuer)
		put_aki(w, s);
	m = derw_mark(w);
	if (!s->no_ids) {
		cert_key_id(key_spki(keys[s->key]), id);
		derw_prim(w, DER_OCTET_STRING, SLICE(id, sizeof(id)));
		end_ext(w, m, oid_bytes(OID_SKI), 0);
	}
	if (derw_mark(w) == all)
		return;
	derw_wrap(w, DER_SEQUENCE, all);
	derw_wrap(w, DER_CTX(3), all);
}

/* Sign what is in ${tbs}; the whole DER lives until the end. */
static struct slice
seal(struct derw *tbs, int key, int bad)
{
	struct sigalg a = alg_default(key_info(keys[key]));
	struct buf sig, *out = new_buf();
	struct err e = { 0 };
	struct derw w;

	buf_init(&sig, 4096);
	if (derw_bad(tbs) ||
	    key_sign(keys[key], &a, derw_slice(tbs), &sig, &e) == -1)
		die("sign", &e);
	if (bad)
		sig.p[sig.n - 1] ^= 1;
	derw_init(&w, 1 << 20);
	derw_bits(&w, DER_BIT_STRING, buf_slice(&sig));
	alg_write(&w, &a);
	derw_raw(&w, derw_slice(tbs));
	derw_wrap(&w, DER_SEQUENCE, 0);
	buf_add_slice(out, derw_slice(&w));
	derw_release(&w);
	derw_release(tbs);
	buf_release(&sig);
	return buf_slice(out);
}

static struct cert
mk(struct spec s)
{
	static int serial = 100;
	struct sigalg a = alg_default(key_info(keys[s.by]));
	struct err e = { 0 };
	struct derw w;
	struct cert c;
	size_t m;

	derw_init(&w, 1 << 16);
	if (!s.v1)
		put_exts(&w, &s);
	derw_raw(&w, key_spki(keys[s.key]));
	derw_raw(&w, name(s.subject));
	m = derw_mark(&w);
	derw_time(&w, s.to ? s.to : NOW + 30 * DAY);
	derw_time(&w, s.from ? s.from : NOW - 30 * DAY);
	derw_wrap(&w, DER_SEQUENCE, m);
	derw_raw(&w, name(s.issuer));
	alg_write(&w, &a);
	derw_int(&w, DER_INTEGER, s.serial ? s.serial : ++serial);
	m = derw_mark(&w);
	if (!s.v1) {
		derw_int(&w, DER_INTEGER, 2);
		derw_wrap(&w, DER_CTX(0), m);
	}
	derw_wrap(&w, DER_SEQUENCE, 0);
	if (cert_open(seal(&w, s.by, s.bad_sig), &c, &e) == -1)
		die(s.subject, &e);
	return c;
}

static void
put_revoked(struct derw *w, const int *v)
{
	size_t m = derw_mark(w), one;

	for (size_t i = 3; i-- > 0;) {
		if (!v[i])
			continue;
		one = derw_mark(w);
		derw_time(w, NOW - DAY);
		derw_int(w, DER_INTEGER, v[i]);
		derw_wrap(w, DER_SEQUENCE, one);
	}
	if (derw_mark(w) != m)
		derw_wrap(w, DER_SEQUENCE, m);
}

static struct crl *
mk_crl(struct crl_spec s)
{
	struct sigalg a = alg_default(key_info(keys[s.key]));
	struct crl *crl = NULL;
	struct err e = { 0 };
	struct derw w;
	size_t m;

	derw_init(&w, 1 << 16);
	if (s.critical) {
		derw_int(&w, DER_INTEGER, 1);
		end_ext(&w, 0, oid_bytes(OID_DELTA_CRL), 1);
	}
	m = derw_mark(&w);
	derw_int(&w, DER_INTEGER, 7);
	end_ext(&w, m, oid_bytes(OID_CRL_NUMBER), 0);
	derw_wrap(&w, DER_SEQUENCE, 0);
	derw_wrap(&w, DER_CTX(0), 0);
	put_revoked(&w, s.revoked);
	if (s.next_update != -1)
		derw_time(&w, s.next_update ? s.next_update : NOW + DAY);
	derw_time(&w, s.this_update ? s.this_update : NOW - DAY);
	derw_raw(&w, name(s.issuer));
	alg_write(&w, &a);
	derw_int(&w, DER_INTEGER, 1);
	derw_wrap(&w, DER_SEQUENCE, 0);
	if (crl_open(seal(&w, s.key, s.bad_sig), &crl, &e) == -1)
		die("crl", &e);
	return crl;
}

static void
setup_keys(void)
{
	struct err e = { 0 };

	for (size_t i = 0; i < K__COUNT; i++)
		if (key_generate("ec:P-256", &keys[i], &e) == -1)
			die("key", &e);
}

static void
free_bufs(void)
{
	while (n_bufs > 0)
		buf_release(&bufs[--n_bufs]);
}

static void
free_keys(void)
{
	for (size_t i = 0; i < K__COUNT; i++)
		key_free(keys[i]);
}

#endif
