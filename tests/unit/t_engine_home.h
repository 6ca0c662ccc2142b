/* A CA in a directory, devices that it knows, and requests made wrong. */
#ifndef T_ENGINE_HOME_H
#define T_ENGINE_HOME_H

#include "t_engine_pki.h"

#include "msg/crmf.h"
#include "prot/protect.h"
#include "prot/verify.h"

#ifndef CONF_MORE
#define CONF_MORE \
	"\n" \
	"[profile explicit]\nconfirm = explicit\n" \
	"[profile other]\n" \
	"[profile nameless]\nempty-subject = yes\n" \
	"[profile again]\nreuse-key = yes\n" \
	"[profile month]\nrenew-for = 30d\n" \
	"[profile held]\nhold = yes\n" \
	"[enrol devices]\nanchor = trust/maker.pem\n" \
	"profile = default explicit nameless again month held\n" \
	"subject = CN=*,O=Example\nsan = dns:*.example\n"
#endif

static struct who maker, sub, dev, dev2, stranger_root, stranger;
static struct who ca, cmp;		/* the CA's own */
static struct engine *en;
static int cafd = -1;

static inline void
make_identities(void)
{
	maker = identity(NULL, "CN=Maker Root", "ed25519", (struct says){
	    .ca = 1 });
	sub = identity(&maker, "CN=Maker Sub", "ed25519", (struct says){
	    .ca = 1 });
	dev = identity(&sub, "CN=device1,O=Example", "ed25519",
	    (struct says){ 0 });
	dev2 = identity(&sub, "CN=device2,O=Example", "ed25519",
	    (struct says){ 0 });
	stranger_root = identity(NULL, "CN=Stranger Root", "ed25519",
	    (struct says){ .ca = 1 });
	stranger = identity(&stranger_root, "CN=device1,O=Example", "ed25519",
	    (struct says){ 0 });
}

static inline void
open_ca(void)
{
	struct err e = { 0 };

	if (engine_open(cafd, STORE_WRITE, &en, &e) == -1)
		die("engine", &e);
}

/* Make the CA's home "ca"; an ${upper} gives the CA its certificate. */
static inline void
make_ca(const char *spec, const struct who *upper)
{
	struct setup_ask ask = { .name = "CN=Plant CA,O=T", .newkey = spec };
	struct err e = { 0 };
	struct buf text;
	struct who own;
	int fd;

	cafd = dir_of(topfd, "ca");
	if (upper != NULL) {
		own = identity(upper, "CN=Plant Sub CA,O=T", spec,
		    (struct says){ .ca = 1 });
		put_key(topfd, "own.key", own.key);
		put_certs(topfd, "own.pem", (const struct cert *[]){
		    &own.cert }, 1);
		key_free(own.key);
		ask = (struct setup_ask){ .key = in_top("own.key"),
		    .cert = in_top("own.pem") };
	}
	if (setup_ca(cafd, &ask, &e) == -1)
		die("setup_ca", &e);
	fd = dir_of(cafd, "trust");
	put_certs(fd, "maker.pem", (const struct cert *[]){ &maker.cert }, 1);
	close(fd);
	buf_init(&text, 1 << 20);
	if (file_read_at(cafd, "cmp.conf", 1 << 20, &text, &e) == -1)
		die("cmp.conf", &e);
	buf_add_str(&text, CONF_MORE);
	put_file(cafd, "cmp.conf", buf_slice(&text), 0644);
	buf_release(&text);
	ca = load("ca", "certs/ca.pem", "keys/ca.key");
	cmp = load("ca", "certs/cmp.pem", "keys/cmp.key");
	open_ca();
}

static inline void
setup(const char *spec)
{
	make_top();
	make_identities();
	make_ca(spec, NULL);
}

static inline void
teardown(void)
{
	struct who *all[] = { &maker, &sub, &dev, &dev2, &stranger_root,
	    &stranger, &ca, &cmp };

	engine_close(en);
	if (cafd != -1)
		close(cafd);
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		key_free(all[i]->key);
	free_bufs();
}

/* --- requests */

/* A request and how it deviates; the zero of most fields is "as it should". */
struct ask {
	struct draft	 d;
	struct who	 by;		/* a copy: names may be changed */
	struct who	 chain;		/* one certificate above */
	int		 no_extra;
	/* CertReqMessages */
	const char	*subject;	/* NULL: absent, "": NULL-DN */
	const char	*san;		/* "dns:..." */
	const struct key *key;		/* NULL: no publicKey */
	const struct key *popo_key;	/* NULL: the same */
	struct sigalg	 popo_alg;	/* scheme SIG_NONE: the key's */
	int64_t		 req_id;
	int		 count;
	int		 version;	/* 0: absent */
	int		 serial;	/* serialNumber is there */
	int64_t		 not_after;	/* 0: absent */
	enum popo	 popo;
	int		 popo_input, popo_bad;
	int		 ca_bc;		/* basicConstraints cA */
	uint32_t	 ku;
	enum oid	 eku;
	int		 unknown_critical;
	int		 reg_info;	/* regInfo is there */
	struct slice	 raw_key;	/* an SPKI instead of key's */
	const struct cert *old;		/* oldCertID in a kur */
};

/* A good ir of ${by} for ${key}; release it with ask_release(). */
static inline struct ask
ask_for(const struct who *by, const struct key *key)
{
	struct ask a = { .by = *by, .chain = sub, .subject =
	    "CN=pump17,O=Example", .key = key, .count = 1,
	    .popo = POPO_SIGNATURE };

	draft_init(&a.d);
	a.d.body = BODY_IR;
	a.d.transaction_id = fresh(16);
	a.d.sender_nonce = fresh(16);
	a.d.has_time = 1;
	a.d.message_time = the_time;
	a.d.implicit_confirm = 1;
	return a;
}

static inline void
end_ext(struct derw *w, size_t m, struct slice oid, int critical)
{
	derw_wrap(w, DER_OCTET_STRING, m);
	if (critical)
		derw_bool(w, 1);
	derw_oid(w, oid);
	derw_wrap(w, DER_SEQUENCE, m);
}

static inline void
put_exts(struct derw *w, const struct ask *a)
{
	struct err e = { 0 };
	size_t all = derw_mark(w), m = all;
	struct buf san;

	if (a->unknown_critical) {
		derw_null(w);
		end_ext(w, m, SLICE_LIT("\x2a\x03\x04\x05"), 1);
	}
	m = derw_mark(w);
	if (a->san != NULL) {
		buf_init(&san, 4096);
		san_parse(a->san, &san, &e);
		derw_raw(w, buf_slice(&san));
		derw_wrap(w, DER_SEQUENCE, m);
		end_ext(w, m, oid_bytes(OID_SAN), *a->subject == '\0');
		buf_release(&san);
	}
	m = derw_mark(w);
	if (a->eku != OID_UNKNOWN) {
		derw_oid(w, oid_bytes(a->eku));
		derw_wrap(w, DER_SEQUENCE, m);
		end_ext(w, m, oid_bytes(OID_EKU), 0);
	}
	m = derw_mark(w);
	if (a->ku != 0) {
		derw_named_bits(w, DER_BIT_STRING, a->ku);
		end_ext(w, m, oid_bytes(OID_KEY_USAGE), 1);
	}
	m = derw_mark(w);
	if (a->ca_bc) {
		derw_bool(w, 1);
		derw_wrap(w, DER_SEQUENCE, m);
		end_ext(w, m, oid_bytes(OID_BASIC_CONSTRAINTS), 1);
	}
	if (derw_mark(w) != all)
		derw_wrap(w, DER_CTX(9), all);
}

static inline void
put_request(struct derw *w, const struct ask *a)
{
	struct slice spki = a->raw_key.p ? a->raw_key : a->key ?
	    key_spki(a->key) : SLICE_NONE, v;
	size_t start = derw_mark(w), all = start, m;

	if (a->old != NULL) {
		derw_prim(w, DER_INTEGER, a->old->serial);
		m = derw_mark(w);
		derw_raw(w, a->old->issuer);
		derw_wrap(w, DER_CTX(4), m);
		derw_wrap(w, DER_SEQUENCE, all);
		derw_oid(w, oid_bytes(OID_REGCTRL_OLD_CERT_ID));
		derw_wrap(w, DER_SEQUENCE, all);
		derw_wrap(w, DER_SEQUENCE, all);
		all = derw_mark(w);
	}
	put_exts(w, a);
	if (spki.n > 0 && der_only(spki, DER_SEQUENCE, &v) == 0)
		derw_prim(w, DER_CTX(6), v);
	m = derw_mark(w);
	if (a->subject != NULL) {
		derw_raw(w, *a->subject ? name(a->subject) :
		    SLICE_LIT("\x30\x00"));
		derw_wrap(w, DER_CTX(5), m);
	}
	m = derw_mark(w);
	if (a->not_after != 0) {
		derw_time(w, a->not_after);
		derw_wrap(w, DER_CTX(1), m);
		derw_wrap(w, DER_CTX(4), m);
	}
	if (a->serial)
		derw_int(w, DER_CTXP(1), a->serial);
	if (a->version)
		derw_int(w, DER_CTXP(0), a->version);
	derw_wrap(w, DER_SEQUENCE, all);
	derw_int(w, DER_INTEGER, a->req_id);
	derw_wrap(w, DER_SEQUENCE, start);
}

static inline void
put_popo(struct derw *w, const struct ask *a, struct slice cert_req)
{
	const struct key *k = a->popo_key ? a->popo_key : a->key;
	struct sigalg alg = alg_default(key_info(k));
	size_t all = derw_mark(w), m, g;
	struct err e = { 0 };
	struct buf sig;

	buf_init(&sig, 4096);
	if (key_sign(k, &alg, cert_req, &sig, &e) == -1)
		die("popo", &e);
	sig.p[sig.n - 1] ^= a->popo_bad != 0;
	derw_bits(w, DER_BIT_STRING, buf_slice(&sig));
	alg_write(w, a->popo_alg.scheme != SIG_NONE ? &a->popo_alg : &alg);
	m = derw_mark(w);
	if (a->popo_input) {	/* sender [0], publicKey */
		derw_raw(w, key_spki(k));
		g = derw_mark(w);
		derw_raw(w, SLICE_LIT("\x30\x00"));
		derw_wrap(w, DER_CTX(4), g);
		derw_wrap(w, DER_CTX(0), g);
		derw_wrap(w, DER_CTX(0), m);
	}
	derw_wrap(w, DER_CTX(1), all);
	buf_release(&sig);
}

static inline void
put_body(struct ask *a)
{
	struct derw *w = &a->d.content, req;
	size_t m;

	derw_reset(w);
	derw_init(&req, 1 << 18);
	put_request(&req, a);
	for (int i = 0; i < a->count; i++) {
		m = derw_mark(w);
		if (a->reg_info) {
			derw_utf8(w, "x");
			derw_oid(w, SLICE_LIT("\x2a\x03\x04\x05"));
			derw_wrap(w, DER_SEQUENCE, m);
			derw_wrap(w, DER_SEQUENCE, m);
		}
		if (a->popo == POPO_SIGNATURE) {
			put_popo(w, a, derw_slice(&req));
		} else if (a->popo == POPO_RA_VERIFIED) {
			derw_prim(w, DER_CTXP(0), SLICE_NONE);
		} else if (a->popo != POPO_ABSENT) {
			derw_prim(w, DER_CTXP(1), SLICE_LIT("\x00"));
			derw_wrap(w, DER_CTX(a->popo ==
			    POPO_KEY_ENCIPHERMENT ? 2 : 3), m);
		}
		derw_raw(w, derw_slice(&req));
		derw_wrap(w, DER_SEQUENCE, m);
	}
	derw_wrap(w, DER_SEQUENCE, 0);
	derw_release(&req);
}

/* Sign what is in ${d} for ${by}; the message lives until the end. */
static inline struct slice
seal(struct draft *d, const struct who *by, const struct cert *chain)
{
	struct certs above = { .v = (struct cert *)(uintptr_t)chain,
	    .n = chain != NULL && chain->der.p != NULL };
	struct signer s = { .key = by->key, .cert = &by->cert,
	    .chain = &above };
	struct buf *out = new_buf();
	struct err e = { 0 };

	if ((by->key == NULL ? protect_none(d, out, &e) :
	    protect_sign(d, &s, SLICE_NONE, out, &e)) == -1)
		die("protect", &e);
	return buf_slice(out);
}

/* The body of ${a}: a PKCS#10, with what deviates as in a CertReqMsg. */
static inline void
put_csr(struct ask *a)
{
	const struct key *k = a->popo_key ? a->popo_key : a->key;
	struct sigalg alg = alg_default(key_info(k));
	struct derw *w = &a->d.content, info, exts;
	struct err e = { 0 };
	struct slice v;
	struct buf sig;
	size_t m, n;

	derw_reset(w);
	derw_init(&info, 1 << 16);
	m = derw_mark(&info);
	if (a->san != NULL || a->ku != 0 || a->unknown_critical) {
		derw_init(&exts, 1 << 16);
		put_exts(&exts, a);
		der_only(derw_slice(&exts), DER_CTX(9), &v);
		derw_prim(&info, DER_SEQUENCE, v);
		derw_release(&exts);
		derw_wrap(&info, DER_SET, m);
		derw_oid(&info, oid_bytes(OID_EXTENSION_REQUEST));
		derw_wrap(&info, DER_SEQUENCE, m);
	}
	derw_wrap(&info, DER_CTX(0), m);
	derw_raw(&info, a->raw_key.p ? a->raw_key : key_spki(a->key));
	derw_raw(&info, *a->subject ? name(a->subject) : SLICE_LIT("\x30\x00"));
	derw_int(&info, DER_INTEGER, a->version);
	derw_wrap(&info, DER_SEQUENCE, m);
	buf_init(&sig, 4096);
	if (key_sign(k, &alg, derw_slice(&info), &sig, &e) == -1)
		die("csr", &e);
	sig.p[sig.n - 1] ^= a->popo_bad != 0;
	n = derw_mark(w);
	derw_bits(w, DER_BIT_STRING, buf_slice(&sig));
	alg_write(w, a->popo_alg.scheme != SIG_NONE ? &a->popo_alg : &alg);
	derw_raw(w, derw_slice(&info));
	derw_wrap(w, DER_SEQUENCE, n);
	buf_release(&sig);
	derw_release(&info);
}

/* The DER of ${a}; ${a} can be bent and made again. */
static inline struct slice
make(struct ask *a)
{
	if (a->d.body == BODY_IR || a->d.body == BODY_CR ||
	    a->d.body == BODY_KUR)
		put_body(a);
	if (a->d.body == BODY_P10CR)
		put_csr(a);
	return seal(&a->d, &a->by, &a->chain.cert);
}

/*
 * Another message of the same header and body: signed again by ${key}
 * (NULL: the old protection) with other extraCerts.
 */
static inline struct slice
reseal(struct slice der, const struct key *key, const struct cert *const *x,
    size_t n)
{
	struct buf *out = new_buf(), sig;
	struct err e = { 0 };
	struct sigalg alg;
	struct derw w;
	struct slice part;
	struct msg m;
	size_t mark;

	if (msg_decode(der, &m, &e) == -1)
		die("reseal", &e);
	part = SLICE(m.header_tlv.p, m.header_tlv.n + m.body_tlv.n);
	buf_init(&sig, 4096);
	derw_init(&w, 1 << 20);
	derw_raw(&w, part);
	derw_wrap(&w, DER_SEQUENCE, 0);
	if (key != NULL) {
		alg = alg_default(key_info(key));
		if (key_sign(key, &alg, derw_slice(&w), &sig, &e) == -1)
			die("reseal", &e);
	} else {
		buf_add_slice(&sig, m.protection);
	}
	derw_reset(&w);
	for (size_t i = n; i-- > 0;)
		derw_raw(&w, x[i]->der);
	if (n > 0) {
		derw_wrap(&w, DER_SEQUENCE, 0);
		derw_wrap(&w, DER_CTX(1), 0);
	}
	mark = derw_mark(&w);
	derw_bits(&w, DER_BIT_STRING, buf_slice(&sig));
	derw_wrap(&w, DER_CTX(0), mark);
	derw_raw(&w, part);
	derw_wrap(&w, DER_SEQUENCE, 0);
	buf_add_slice(out, derw_slice(&w));
	derw_release(&w);
	buf_release(&sig);
	return buf_slice(out);
}

/* ${d} unsigned, with any protectionAlg and any protection bits. */
static inline struct slice
seal_raw(struct draft *d, struct slice alg, struct slice bits)
{
	struct buf *out = new_buf();
	struct err e = { 0 };
	struct derw w, part;

	derw_init(&part, 1 << 20);
	derw_init(&w, 1 << 20);
	d->protection_alg = alg;
	draft_write(d, &part, &e);
	d->protection_alg = SLICE_NONE;
	if (bits.p != NULL) {
		derw_bits(&w, DER_BIT_STRING, bits);
		derw_wrap(&w, DER_CTX(0), 0);
	}
	derw_raw(&w, derw_slice(&part));
	derw_wrap(&w, DER_SEQUENCE, 0);
	buf_add_slice(out, derw_slice(&w));
	derw_release(&part);
	derw_release(&w);
	return buf_slice(out);
}

static inline void
ask_release(struct ask *a)
{
	draft_release(&a->d);
}

#endif
