/* A Certificate taken apart where it lies: RFC 5280 4.1 and 4.2. */
#include "pki/cert.h"

#include <string.h>

#include "base/escape.h"
#include "pki/name.h"

#define SERIAL_MAX	20
#define EXT_MAX		64

/* The content of a known extension into ${c}. */
typedef int ext_fn(struct slice value, struct cert *c, struct err *e);

static int
ext_ski(struct slice value, struct cert *c, struct err *e)
{
	if (der_only(value, DER_OCTET_STRING, &c->ski) == -1 || c->ski.n == 0)
		return err_set(e, E_CERT_SYNTAX, "expected an OCTET STRING "
		    "that is not empty");
	return 0;
}

static int
ext_aki(struct slice value, struct cert *c, struct err *e)
{
	struct slice in;
	int issuer, serial;

	if (der_only(value, DER_SEQUENCE, &in) == -1)
		return err_set(e, E_CERT_SYNTAX, "expected a SEQUENCE");
	if (der_opt(&in, DER_CTXP(0), &c->aki) && c->aki.n == 0)
		return err_set(e, E_CERT_SYNTAX, "keyIdentifier is empty");
	issuer = der_opt(&in, DER_CTX(1), &c->aki_issuer);
	serial = der_opt(&in, DER_CTXP(2), &c->aki_serial);
	if (in.n != 0)
		return err_set(e, E_CERT_SYNTAX, "unexpected element");
	if (issuer != serial || (issuer &&
	    (c->aki_issuer.n == 0 || c->aki_serial.n == 0)))
		return err_set(e, E_CERT_SYNTAX, "expected authorityCertIssuer "
		    "and authorityCertSerialNumber, or neither");
	return 0;
}

static int
ext_key_usage(struct slice value, struct cert *c, struct err *e)
{
	struct slice bits;

	if (der_only(value, DER_BIT_STRING, &bits) == -1 ||
	    der_named_bits(bits, &c->ku) == -1)
		return err_set(e, E_CERT_SYNTAX, "expected a list of named "
		    "bits in DER");
	if (c->ku == 0)
		return err_set(e, E_CERT_SYNTAX, "no bit is set");
	c->has_ku = 1;
	return 0;
}

static int
ext_basic(struct slice value, struct cert *c, struct err *e)
{
	struct slice in, v;

	if (der_only(value, DER_SEQUENCE, &in) == -1)
		return err_set(e, E_CERT_SYNTAX, "expected a SEQUENCE");
	if (der_opt(&in, DER_BOOLEAN, &v) &&
	    (der_bool_value(v, &c->ca) == -1 || !c->ca))
		return err_set(e, E_CERT_SYNTAX, "cA FALSE is encoded, "
		    "expected it to be left out");
	if (der_peek(in, DER_INTEGER)) {
		if (!c->ca)
			return err_set(e, E_CERT_SYNTAX, "pathLenConstraint "
			    "without cA");
		if (der_int64(&in, &c->path_len) == -1 || c->path_len < 0)
			return err_set(e, E_CERT_SYNTAX, "pathLenConstraint is "
			    "not a number from 0");
	}
	if (in.n != 0)
		return err_set(e, E_CERT_SYNTAX, "unexpected element");
	c->has_bc = 1;
	return 0;
}

static int
ext_san(struct slice value, struct cert *c, struct err *e)
{
	struct slice in;
	uint8_t tag;

	if (der_only(value, DER_SEQUENCE, &in) == -1 || in.n == 0)
		return err_set(e, E_CERT_SYNTAX, "expected at least one "
		    "GeneralName");
	while (in.n != 0)
		if (der_any(&in, &tag, NULL, NULL) == -1 ||
		    (tag & 0xc0) != 0x80)
			return err_set(e, E_CERT_SYNTAX, "an entry is not a "
			    "GeneralName");
	c->san = value;
	return 0;
}

static int
ext_eku(struct slice value, struct cert *c, struct err *e)
{
	struct slice in;

	if (der_only(value, DER_SEQUENCE, &in) == -1 || in.n == 0)
		return err_set(e, E_CERT_SYNTAX, "expected at least one "
		    "purpose");
	c->eku = in;
	while (in.n != 0)
		if (der_get(&in, DER_OID, NULL) == -1)
			return err_set(e, E_CERT_SYNTAX, "a purpose is not an "
			    "OBJECT IDENTIFIER");
	return 0;
}

static int
filled(struct slice value, struct slice *tlv, struct err *e)
{
	struct slice in;

	if (der_only(value, DER_SEQUENCE, &in) == -1 || in.n == 0)
		return err_set(e, E_CERT_SYNTAX, "expected a SEQUENCE that is "
		    "not empty");
	if (tlv)
		*tlv = value;
	return 0;
}

static int
ext_name_constraints(struct slice value, struct cert *c, struct err *e)
{
	return filled(value, &c->name_constraints, e);
}

static int
ext_crl_dp(struct slice value, struct cert *c, struct err *e)
{
	return filled(value, &c->crl_dp, e);
}

static int
ext_policies(struct slice value, struct cert *c, struct err *e)
{
	(void)c;
	return filled(value, NULL, e);
}

static int
ext_walked(struct slice value, struct cert *c, struct err *e)
{
	(void)value;
	(void)c;
	(void)e;
	return 0;
}

/*
 * What we know.  A critical extension that is not ${processed} makes the
 * certificate unusable.  certificatePolicies is: no policy is ever asked
 * for, which is the any-policy of RFC 5280 6.1.1.  So are CRL distribution
 * points: we only take CRLs that cover all certificates and all reasons.
 */
static const struct known {
	enum oid	 oid;
	int		 processed;
	ext_fn		*read;
} known_exts[] = {
	{ OID_SKI, 1, ext_ski },
	{ OID_AKI, 1, ext_aki },
	{ OID_KEY_USAGE, 1, ext_key_usage },
	{ OID_BASIC_CONSTRAINTS, 1, ext_basic },
	{ OID_SAN, 1, ext_san },
	{ OID_EKU, 1, ext_eku },
	{ OID_NAME_CONSTRAINTS, 1, ext_name_constraints },
	{ OID_CRL_DP, 1, ext_crl_dp },
	{ OID_POLICIES, 1, ext_policies },
	{ OID_POLICY_MAPPINGS, 0, ext_policies },
	{ OID_POLICY_CONSTRAINTS, 0, ext_walked },
	{ OID_INHIBIT_ANY, 0, ext_walked },
};

static const struct known *
known_of(enum oid id)
{
	for (size_t i = 0; i < sizeof(known_exts) / sizeof(*known_exts); i++)
		if (known_exts[i].oid == id)
			return &known_exts[i];
	return NULL;
}

int
cert_next_ext(struct slice *in, struct ext *x)
{
	struct slice at = *in, s, v;

	*x = (struct ext){ .critical = 0 };
	if (der_get(&at, DER_SEQUENCE, &s) == -1 ||
	    der_get(&s, DER_OID, &x->oid) == -1)
		return -1;
	/* DEFAULT FALSE: what is encoded has to be TRUE. */
	if (der_opt(&s, DER_BOOLEAN, &v) &&
	    (der_bool_value(v, &x->critical) == -1 || !x->critical))
		return -1;
	if (der_get(&s, DER_OCTET_STRING, &x->value) == -1 || s.n != 0)
		return -1;
	*in = at;
	return 0;
}

static int
extension(struct cert *c, const struct ext *x, struct err *e)
{
	const struct known *k = known_of(oid_of(x->oid));
	char t[OID_TEXT];

	if (x->critical && (k == NULL || !k->processed) &&
	    c->unknown_critical.p == NULL)
		c->unknown_critical = x->oid;
	if (k == NULL)
		return 0;
	if (der_walk_inner(x->value, e) == -1 || k->read(x->value, c, e) == -1)
		return err_wrap(e, "extension %s (%s)", oid_name(k->oid),
		    oid_text(t, x->oid));
	return 0;
}

static int
is_among(const struct slice *seen, size_t n, struct slice oid)
{
	while (n-- > 0)
		if (slice_eq(seen[n], oid))
			return 1;
	return 0;
}

static int
extensions(struct cert *c, struct err *e)
{
	struct slice in = c->extensions, seen[EXT_MAX];
	char t[OID_TEXT];
	struct ext x;
	size_t n = 0;

	if (in.n == 0)
		return err_set(e, E_CERT_SYNTAX, "extensions are empty");
	while (in.n != 0) {
		if (cert_next_ext(&in, &x) == -1)
			return err_set(e, E_CERT_SYNTAX, "extension %zu is "
			    "not well formed", n);
		if (n == EXT_MAX)
			return err_set(e, E_CERT_SYNTAX, "more than %d "
			    "extensions", EXT_MAX);
		if (is_among(seen, n, x.oid))
			return err_set(e, E_CERT_SYNTAX, "extension %s is "
			    "there twice", oid_text(t, x.oid));
		seen[n++] = x.oid;
		if (extension(c, &x, e) == -1)
			return -1;
	}
	return 0;
}

static int
version(struct slice *in, struct cert *c, struct err *e)
{
	struct slice wrapped;
	int64_t v;

	c->version = 1;
	if (!der_opt(in, DER_CTX(0), &wrapped))
		return 0;
	if (der_int64(&wrapped, &v) == -1 || wrapped.n != 0 || v != 2)
		return err_set(e, E_CERT_SYNTAX, "version is not v3, and v1 "
		    "is to be left out");
	c->version = 3;
	return 0;
}

static int
serial(struct slice *in, struct cert *c, struct err *e)
{
	struct slice v;

	if (der_get(in, DER_INTEGER, &c->serial) == -1 || c->serial.n == 0)
		return err_set(e, E_CERT_SYNTAX, "serialNumber is missing");
	v = c->serial;
	if (v.p[0] & 0x80)
		return err_set(e, E_CERT_SYNTAX, "serialNumber is negative");
	if (v.p[0] == 0)
		v = SLICE(v.p + 1, v.n - 1);
	if (v.n == 0)
		return err_set(e, E_CERT_SYNTAX, "serialNumber is zero");
	if (v.n > SERIAL_MAX)
		return err_set(e, E_CERT_SYNTAX, "serialNumber has %zu octets, "
		    "at most %d are allowed", v.n, SERIAL_MAX);
	return 0;
}

static int
names(const struct cert *c, struct err *e)
{
	if (name_check(c->issuer, e) == -1)
		return err_wrap(e, "issuer");
	if (name_is_empty(c->issuer))
		return err_set(e, E_NAME_SYNTAX, "issuer is empty");
	if (name_check(c->subject, e) == -1)
		return err_wrap(e, "subject");
	return 0;
}

static int
validity(struct slice *in, struct cert *c, struct err *e)
{
	struct slice v;

	if (der_get(in, DER_SEQUENCE, &v) == -1 ||
	    der_time(&v, &c->not_before) == -1 ||
	    der_time(&v, &c->not_after) == -1 || v.n != 0)
		return err_set(e, E_CERT_SYNTAX, "validity is not well formed");
	return 0;
}

/* SEQUENCE { AlgorithmIdentifier, BIT STRING }; what it means is alg.c's. */
static int
public_key(struct slice *in, struct cert *c, struct err *e)
{
	struct slice spki, alg;

	if (der_get_tlv(in, DER_SEQUENCE, &c->spki) == -1 ||
	    der_only(c->spki, DER_SEQUENCE, &spki) == -1 ||
	    der_get(&spki, DER_SEQUENCE, &alg) == -1 ||
	    der_get(&alg, DER_OID, NULL) == -1 ||
	    (alg.n > 0 && der_any(&alg, NULL, NULL, NULL) == -1) ||
	    alg.n != 0 || der_get(&spki, DER_BIT_STRING, NULL) == -1 ||
	    spki.n != 0)
		return err_set(e, E_CERT_SYNTAX, "subjectPublicKeyInfo is not "
		    "an algorithm and a key");
	return 0;
}

/* Unique identifiers are for nobody; extensions are for v3. */
static int
tail(struct slice *in, struct cert *c, struct err *e)
{
	struct slice wrapped;

	if (c->version == 3) {
		der_opt(in, DER_CTXP(1), NULL);
		der_opt(in, DER_CTXP(2), NULL);
		if (der_opt(in, DER_CTX(3), &wrapped)) {
			if (der_only(wrapped, DER_SEQUENCE,
			    &c->extensions) == -1)
				return err_set(e, E_CERT_SYNTAX, "extensions "
				    "are not well formed");
			if (extensions(c, e) == -1)
				return -1;
		}
	}
	if (in->n != 0)
		return err_set(e, E_CERT_SYNTAX, "tbsCertificate: unexpected "
		    "element of tag 0x%02x in version %d", in->p[0],
		    c->version);
	return 0;
}

static int
tbs(struct cert *c, struct err *e)
{
	struct slice in, alg;

	if (der_only(c->tbs, DER_SEQUENCE, &in) == -1)
		return err_set(e, E_CERT_SYNTAX, "tbsCertificate is not well "
		    "formed");
	if (version(&in, c, e) == -1 || serial(&in, c, e) == -1)
		return -1;
	if (der_get_tlv(&in, DER_SEQUENCE, &alg) == -1 ||
	    !slice_eq(alg, c->sigalg_tlv))
		return err_set(e, E_CERT_SYNTAX, "the two signature algorithms "
		    "differ");
	if (der_get_tlv(&in, DER_SEQUENCE, &c->issuer) == -1)
		return err_set(e, E_CERT_SYNTAX, "issuer is missing");
	if (validity(&in, c, e) == -1)
		return -1;
	if (der_get_tlv(&in, DER_SEQUENCE, &c->subject) == -1)
		return err_set(e, E_CERT_SYNTAX, "subject is missing");
	if (public_key(&in, c, e) == -1)
		return -1;
	if (names(c, e) == -1)
		return -1;
	return tail(&in, c, e);
}

int
cert_parse(struct slice der, struct cert *c, struct err *e)
{
	struct slice in, bits;
	struct err ignored = { .code = E_NONE };

	*c = (struct cert){ .der = der, .path_len = -1 };
	if (der_only(der, DER_SEQUENCE, &in) == -1 ||
	    der_get_tlv(&in, DER_SEQUENCE, &c->tbs) == -1 ||
	    der_get_tlv(&in, DER_SEQUENCE, &c->sigalg_tlv) == -1 ||
	    der_get(&in, DER_BIT_STRING, &bits) == -1 ||
	    der_octets_of_bits(bits, &c->sig) == -1 || in.n != 0)
		return err_set(e, E_CERT_SYNTAX, "expected tbsCertificate, "
		    "signatureAlgorithm and signatureValue");
	/* An algorithm that is not ours only means that we cannot check. */
	if (alg_parse(c->sigalg_tlv, &c->sigalg, &ignored) == -1)
		c->sigalg = (struct sigalg){ .scheme = SIG_NONE };
	return tbs(c, e);
}

int
cert_open(struct slice der, struct cert *c, struct err *e)
{
	*c = (struct cert){ .path_len = -1 };
	if (der_walk(der, &der_limits_message, 0, e) == -1)
		return -1;
	return cert_parse(der, c, e);
}

int
cert_has_eku(const struct cert *c, enum oid oid)
{
	struct slice in = c->eku, v;

	while (der_get(&in, DER_OID, &v) == 0)
		if (slice_eq(v, oid_bytes(oid)))
			return 1;
	return 0;
}

int
cert_is_self_signed(const struct cert *c)
{
	struct err ignored = { .code = E_NONE };

	return c->sigalg.scheme != SIG_NONE &&
	    name_eq(c->issuer, c->subject) &&
	    key_verify(c->spki, &c->sigalg, c->tbs, c->sig, &ignored) == 0;
}

size_t
cert_hash(const struct cert *c, uint8_t out[static HASH_MAX])
{
	if (c->sigalg.scheme == SIG_NONE)
		return 0;
	return alg_hash(alg_cert_hash(&c->sigalg), c->der, out);
}
