/*
 * A linear reader of CRLs (RFC 5280 5.1) and an index of 16 bytes an entry.
 * What a library makes of a CRL of 100,000 entries takes it minutes.
 */
#include "pki/crl.h"

#include <stdlib.h>
#include <string.h>

#include "asn/oid.h"
#include "base/file.h"
#include "pki/cert.h"
#include "pki/name.h"

#define CRL_MAX		(256u << 20)
#define PEM_MAX		(CRL_MAX / 3 * 4 + (16u << 20))
#define EXT_MAX		64
#define REASON_MAX	10
#define REASON_UNUSED	7	/* RFC 5280 5.3.1: value 7 is not used */
#define REASON_REMOVE	8	/* removeFromCRL: only in a delta CRL */

struct entry {
	int64_t		 when;
	uint32_t	 at;		/* of the serial's content */
	uint8_t		 n;		/* its length */
	uint8_t		 reason;
};

struct crl {
	struct buf	 der;
	struct slice	 tbs, sigalg_tlv, sig;
	struct slice	 issuer, aki, number;
	int64_t		 this_update, next_update;
	struct slice	 revoked;	/* content of the list */
	int		 v2;
	int		 not_understood;
	struct entry	*entries;	/* sorted by serial */
	size_t		 n;
	/* SPKI of the key that last verified it: hashing it all once is enough. */
	struct buf	 verified_by;
};

/* Shorter first: any order will do, and this one seldom looks at bytes. */
static int
serial_cmp(struct slice a, struct slice b)
{
	if (a.n != b.n)
		return a.n < b.n ? -1 : 1;
	return a.n == 0 ? 0 : memcmp(a.p, b.p, a.n);
}

static struct slice
entry_serial(const uint8_t *der, const struct entry *x)
{
	return SLICE(der + x->at, x->n);
}

/* Equal serials by position, so that the order is always the same. */
static int
entry_cmp(const void *ap, const void *bp, void *der)
{
	const struct entry *a = ap, *b = bp;
	int c = serial_cmp(entry_serial(der, a), entry_serial(der, b));

	return c != 0 ? c : (a->at > b->at) - (a->at < b->at);
}

/* Extensions that change what a CRL covers, whatever they say of themselves. */
static int
changes_scope(enum oid id)
{
	return id == OID_DELTA_CRL || id == OID_ISSUING_DP ||
	    id == OID_CERT_ISSUER;
}

static int
entry_ext(struct crl *c, const struct ext *x, struct entry *en, struct err *e)
{
	struct slice v;
	int64_t t;

	switch (oid_of(x->oid)) {
	case OID_CRL_REASON:
		if (der_only(x->value, DER_ENUMERATED, &v) == -1 || v.n != 1 ||
		    v.p[0] > REASON_MAX || v.p[0] == REASON_UNUSED)
			return err_set(e, E_CRL_SYNTAX, "reasonCode is not one "
			    "of RFC 5280");
		en->reason = v.p[0];
		if (en->reason == REASON_REMOVE)
			c->not_understood = 1;
		return 0;
	case OID_INVALIDITY_DATE:
		if (der_only(x->value, DER_GENERALIZED_TIME, &v) == -1 ||
		    der_generalized_value(v, &t) == -1)
			return err_set(e, E_CRL_SYNTAX, "invalidityDate is "
			    "not a time");
		return 0;
	default:
		if (x->critical || changes_scope(oid_of(x->oid)))
			c->not_understood = 1;
		return 0;
	}
}

static int
crl_ext(struct crl *c, const struct ext *x, struct err *e)
{
	struct slice in;

	switch (oid_of(x->oid)) {
	case OID_AKI:
		if (der_walk_inner(x->value, e) == -1)
			return err_wrap(e, "authorityKeyIdentifier");
		if (der_only(x->value, DER_SEQUENCE, &in) == -1)
			return err_set(e, E_CRL_SYNTAX,
			    "authorityKeyIdentifier is not well formed");
		der_opt(&in, DER_CTXP(0), &c->aki);
		return 0;
	case OID_CRL_NUMBER:
		if (der_walk_inner(x->value, e) == -1)
			return err_wrap(e, "cRLNumber");
		if (der_only(x->value, DER_INTEGER, &c->number) == -1 ||
		    c->number.p[0] & 0x80)
			return err_set(e, E_CRL_SYNTAX, "cRLNumber is not a "
			    "number from 0");
		return 0;
	default:
		if (x->critical || changes_scope(oid_of(x->oid)))
			c->not_understood = 1;
		return 0;
	}
}

/* The content ${in} of Extensions: of entry ${en}, or of the CRL if NULL. */
static int
extensions(struct crl *c, struct slice in, struct entry *en, struct err *e)
{
	struct slice seen[EXT_MAX];
	struct ext x;
	size_t n = 0;

	if (in.n == 0)
		return err_set(e, E_CRL_SYNTAX, "extensions are empty");
	while (in.n != 0) {
		if (n == EXT_MAX || cert_next_ext(&in, &x) == -1)
			return err_set(e, E_CRL_SYNTAX, "extension %zu is not "
			    "well formed, or one too many", n);
		for (size_t i = 0; i < n; i++)
			if (slice_eq(seen[i], x.oid))
				return err_set(e, E_CRL_SYNTAX, "extension "
				    "%zu is there twice", i);
		seen[n++] = x.oid;
		if ((en ? entry_ext(c, &x, en, e) : crl_ext(c, &x, e)) == -1)
			return -1;
	}
	return 0;
}

static int
read_entry(struct crl *c, struct slice in, struct entry *en, struct err *e)
{
	struct slice serial, exts;

	if (der_get(&in, DER_INTEGER, &serial) == -1 || serial.n == 0 ||
	    serial.n > UINT8_MAX || der_time(&in, &en->when) == -1)
		return err_set(e, E_CRL_SYNTAX, "expected a serial number and "
		    "a time");
	en->at = (uint32_t)(serial.p - c->der.p);
	en->n = (uint8_t)serial.n;
	en->reason = 0;
	if (der_opt(&in, DER_SEQUENCE, &exts)) {
		if (!c->v2)
			return err_set(e, E_CRL_SYNTAX, "extensions in a CRL "
			    "of version 1");
		if (extensions(c, exts, en, e) == -1)
			return -1;
	}
	if (in.n != 0)
		return err_set(e, E_CRL_SYNTAX, "unexpected element");
	return 0;
}

int
crl_entry_check(struct slice tlv, struct err *e)
{
	struct crl c = { .v2 = 1, .der = { .p = (uint8_t *)(uintptr_t)tlv.p } };
	struct entry en;
	struct slice in;

	if (der_walk(tlv, &der_limits_crl, 0, e) == -1)
		return -1;
	if (der_only(tlv, DER_SEQUENCE, &in) == -1)
		return err_set(e, E_CRL_SYNTAX, "entry is not a SEQUENCE");
	if (read_entry(&c, in, &en, e) == -1)
		return -1;
	return !c.not_understood ? 0 : err_set(e, E_CRL_SYNTAX, "entry has "
	    "an extension that is not understood here");
}

static int
read_entries(struct crl *c, struct err *e)
{
	struct slice in = c->revoked, v;
	size_t n = 0;

	while (der_get(&in, DER_SEQUENCE, NULL) == 0)
		n++;
	if (in.n != 0)
		return err_set(e, E_CRL_SYNTAX, "entry %zu is not a SEQUENCE",
		    n);
	if (n == 0)
		return 0;
	if ((c->entries = calloc(n, sizeof(*c->entries))) == NULL)
		return err_set(e, E_NOMEM, "out of memory for %zu entries", n);
	for (in = c->revoked; c->n < n; c->n++) {
		if (der_get(&in, DER_SEQUENCE, &v) == -1 ||
		    read_entry(c, v, &c->entries[c->n], e) == -1)
			return err_wrap(e, "entry %zu", c->n);
	}
	return 0;
}

static void
sort_entries(struct crl *c)
{
	size_t i = 1;

	while (i < c->n && entry_cmp(&c->entries[i - 1], &c->entries[i],
	    c->der.p) < 0)
		i++;
	if (i < c->n)
		qsort_r(c->entries, c->n, sizeof(*c->entries), entry_cmp,
		    c->der.p);
}

static int
updates(struct crl *c, struct slice *in, struct err *e)
{
	if (der_time(in, &c->this_update) == -1)
		return err_set(e, E_CRL_SYNTAX, "thisUpdate is missing");
	c->next_update = INT64_MIN;
	if ((der_peek(*in, DER_UTC_TIME) ||
	    der_peek(*in, DER_GENERALIZED_TIME)) &&
	    der_time(in, &c->next_update) == -1)
		return err_set(e, E_CRL_SYNTAX, "nextUpdate is not a time");
	return 0;
}

static int
issuer(struct crl *c, struct slice *in, struct err *e)
{
	if (der_get_tlv(in, DER_SEQUENCE, &c->issuer) == -1)
		return err_set(e, E_CRL_SYNTAX, "issuer is missing");
	if (name_check(c->issuer, e) == -1)
		return err_wrap(e, "issuer");
	if (name_is_empty(c->issuer))
		return err_set(e, E_NAME_SYNTAX, "issuer is empty");
	return 0;
}

static int
version(struct crl *c, struct slice *in, struct err *e)
{
	int64_t v;

	if (!der_peek(*in, DER_INTEGER))
		return 0;
	if (der_int64(in, &v) == -1 || v != 1)
		return err_set(e, E_CRL_SYNTAX, "version is not v2, and v1 is "
		    "to be left out");
	c->v2 = 1;
	return 0;
}

/* What follows the list: extensions of version 2. */
static int
tail(struct crl *c, struct slice *in, struct err *e)
{
	struct slice wrapped, exts;

	if (c->v2 && der_opt(in, DER_CTX(0), &wrapped)) {
		if (der_only(wrapped, DER_SEQUENCE, &exts) == -1)
			return err_set(e, E_CRL_SYNTAX, "crlExtensions are not "
			    "well formed");
		if (extensions(c, exts, NULL, e) == -1)
			return -1;
	}
	if (in->n != 0)
		return err_set(e, E_CRL_SYNTAX, "tbsCertList: unexpected "
		    "element of tag 0x%02x", in->p[0]);
	return 0;
}

static int
tbs(struct crl *c, struct err *e)
{
	struct slice in, alg;

	if (der_only(c->tbs, DER_SEQUENCE, &in) == -1)
		return err_set(e, E_CRL_SYNTAX, "tbsCertList is not well "
		    "formed");
	if (version(c, &in, e) == -1)
		return -1;
	if (der_get_tlv(&in, DER_SEQUENCE, &alg) == -1 ||
	    !slice_eq(alg, c->sigalg_tlv))
		return err_set(e, E_CRL_SYNTAX, "the two signature algorithms "
		    "differ");
	if (issuer(c, &in, e) == -1 || updates(c, &in, e) == -1)
		return -1;
	/* An empty list should have been left out; it says the same. */
	der_opt(&in, DER_SEQUENCE, &c->revoked);
	if (tail(c, &in, e) == -1 || read_entries(c, e) == -1)
		return -1;
	sort_entries(c);
	return 0;
}

static int
parse(struct crl *c, struct err *e)
{
	struct slice in, bits;

	if (der_walk(buf_slice(&c->der), &der_limits_crl, 0, e) == -1)
		return -1;
	if (der_only(buf_slice(&c->der), DER_SEQUENCE, &in) == -1 ||
	    der_get_tlv(&in, DER_SEQUENCE, &c->tbs) == -1 ||
	    der_get_tlv(&in, DER_SEQUENCE, &c->sigalg_tlv) == -1 ||
	    der_get(&in, DER_BIT_STRING, &bits) == -1 ||
	    der_octets_of_bits(bits, &c->sig) == -1 || in.n != 0)
		return err_set(e, E_CRL_SYNTAX, "expected tbsCertList, "
		    "signatureAlgorithm and signatureValue");
	return tbs(c, e);
}

/* Does it begin like DER?  No PEM block begins with a "0". */
static int
is_der(struct slice data)
{
	return der_promised(data) != 0;
}

/* Make a CRL of the DER in ${der}, which is taken over in any case. */
static int
adopt(struct buf *der, struct crl **out, struct err *e)
{
	struct crl *c;

	if (buf_bad(der) || (c = calloc(1, sizeof(*c))) == NULL) {
		buf_release(der);
		return err_set(e, E_NOMEM, "out of memory, or a CRL of more "
		    "than %u bytes", CRL_MAX);
	}
	c->der = *der;
	buf_init(der, 0);
	buf_init(&c->verified_by, 1 << 16);
	if (parse(c, e) == -1) {
		crl_free(c);
		return -1;
	}
	*out = c;
	return 0;
}

static int
from_pem(struct slice text, struct crl **out, struct err *e)
{
	struct buf der;

	buf_init(&der, CRL_MAX);
	if (cert_unpem(text, "X509 CRL", &der, e) == -1) {
		if (e->code == E_CERT_SYNTAX)
			e->code = E_CRL_SYNTAX;
		buf_release(&der);
		return -1;
	}
	if (der.n == 0) {
		buf_release(&der);
		return err_set(e, E_CRL_SYNTAX, "no CRL in it, neither PEM nor "
		    "DER");
	}
	return adopt(&der, out, e);
}

int
crl_open(struct slice data, struct crl **out, struct err *e)
{
	struct buf der;

	*out = NULL;
	if (!is_der(data))
		return from_pem(data, out, e);
	buf_init(&der, CRL_MAX);
	buf_add_slice(&der, data);
	return adopt(&der, out, e);
}

int
crl_load(const char *path, struct crl **out, struct err *e)
{
	struct buf b;
	int rc = -1;

	*out = NULL;
	buf_init(&b, PEM_MAX);
	if (file_read(path, PEM_MAX, &b, e) == -1)
		goto out;
	rc = is_der(buf_slice(&b)) ? adopt(&b, out, e) :
	    from_pem(buf_slice(&b), out, e);
	if (rc == -1)
		err_wrap(e, "%s", path);
out:
	buf_release(&b);
	return rc;
}

void
crl_free(struct crl *c)
{
	if (c == NULL)
		return;
	free(c->entries);
	buf_release(&c->der);
	buf_release(&c->verified_by);
	free(c);
}

struct slice
crl_der(const struct crl *c)
{
	return buf_slice(&c->der);
}

struct slice
crl_issuer(const struct crl *c)
{
	return c->issuer;
}

struct slice
crl_aki(const struct crl *c)
{
	return c->aki;
}

int64_t
crl_this_update(const struct crl *c)
{
	return c->this_update;
}

int64_t
crl_next_update(const struct crl *c)
{
	return c->next_update;
}

struct slice
crl_number(const struct crl *c)
{
	return c->number;
}

size_t
crl_count(const struct crl *c)
{
	return c->n;
}

int
crl_not_understood(const struct crl *c)
{
	return c->not_understood;
}

void
crl_signature(const struct crl *c, struct slice *alg, struct slice *sig)
{
	*alg = c->sigalg_tlv;
	*sig = c->sig;
}

int
crl_verify(const struct crl *c, struct slice spki, struct err *e)
{
	/* A CRL never changes, so what was true of it stays true. */
	struct buf *known = (struct buf *)(uintptr_t)&c->verified_by;
	struct sigalg a;

	if (known->n > 0 && slice_eq(buf_slice(known), spki))
		return 0;
	if (alg_parse(c->sigalg_tlv, &a, e) == -1)
		return err_wrap(e, "CRL");
	if (key_verify(spki, &a, c->tbs, c->sig, e) == 0) {
		buf_reset(known);
		buf_add_slice(known, spki);
		return 0;
	}
	if (e->code == E_PROT_SIG)
		return err_set(e, E_PATH_SIG, "signature of the CRL does not "
		    "verify");
	return err_wrap(e, "CRL");
}

/* The first entry that is not before ${serial}. */
static size_t
lower_bound(const struct crl *c, struct slice serial)
{
	size_t lo = 0, hi = c->n, mid;

	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (serial_cmp(entry_serial(c->der.p, &c->entries[mid]),
		    serial) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

int
crl_lookup(const struct crl *c, struct slice serial, int *reason,
    int64_t *when)
{
	size_t i = lower_bound(c, serial);

	if (i == c->n ||
	    serial_cmp(entry_serial(c->der.p, &c->entries[i]), serial) != 0)
		return 0;
	if (reason)
		*reason = c->entries[i].reason;
	if (when)
		*when = c->entries[i].when;
	return 1;
}
