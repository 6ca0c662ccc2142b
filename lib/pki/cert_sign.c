/*
 * Certificates that we make: written backwards from raw bytes, so that the
 * names and the key stand in them exactly as they were given.
 */
#include "pki/cert.h"

#include <string.h>

#define TBS_MAX		65536
#define SIG_MAX		2048
#define SERIAL_MAX	20

/* Wrap the extnValue written since ${mark} into an Extension. */
static void
extension(struct derw *w, enum oid id, int critical, size_t mark)
{
	derw_wrap(w, DER_OCTET_STRING, mark);
	if (critical)
		derw_bool(w, 1);
	derw_oid(w, oid_bytes(id));
	derw_wrap(w, DER_SEQUENCE, mark);
}

static size_t
count(const char *const *v)
{
	size_t n = 0;

	while (v != NULL && v[n] != NULL)
		n++;
	return n;
}

static void
descriptions(struct derw *w, enum oid method, const char *const *uris)
{
	size_t mark;

	for (size_t i = count(uris); i-- > 0; ) {
		mark = derw_mark(w);
		derw_prim(w, DER_CTXP(6), slice_str(uris[i]));
		derw_oid(w, oid_bytes(method));
		derw_wrap(w, DER_SEQUENCE, mark);
	}
}

static void
write_aia(struct derw *w, const struct tbs *t)
{
	size_t mark = derw_mark(w);

	if (count(t->aia_ocsp) + count(t->aia_ca_issuers) == 0)
		return;
	descriptions(w, OID_AD_CA_ISSUERS, t->aia_ca_issuers);
	descriptions(w, OID_AD_OCSP, t->aia_ocsp);
	derw_wrap(w, DER_SEQUENCE, mark);
	extension(w, OID_AIA, 0, mark);
}

/* One point with all its places: they hold the same CRL. */
static void
write_crl_dp(struct derw *w, const struct tbs *t)
{
	size_t mark = derw_mark(w);

	if (count(t->crl_dp) == 0)
		return;
	for (size_t i = count(t->crl_dp); i-- > 0; )
		derw_prim(w, DER_CTXP(6), slice_str(t->crl_dp[i]));
	derw_wrap(w, DER_CTX(0), mark);		/* fullName */
	derw_wrap(w, DER_CTX(0), mark);		/* distributionPoint */
	derw_wrap(w, DER_SEQUENCE, mark);
	derw_wrap(w, DER_SEQUENCE, mark);
	extension(w, OID_CRL_DP, 0, mark);
}

static int
is_empty_name(struct slice name)
{
	return slice_eq(name, SLICE_LIT("\x30\x00"));
}

static void
write_san(struct derw *w, const struct tbs *t)
{
	size_t mark = derw_mark(w);

	if (t->san.p == NULL)
		return;
	derw_raw(w, t->san);
	extension(w, OID_SAN, is_empty_name(t->subject), mark);
}

static void
write_eku(struct derw *w, const struct tbs *t)
{
	size_t mark = derw_mark(w);

	if (t->n_eku == 0)
		return;
	for (size_t i = t->n_eku; i-- > 0; )
		derw_oid(w, oid_bytes(t->eku[i]));
	derw_wrap(w, DER_SEQUENCE, mark);
	extension(w, OID_EKU, t->eku_critical, mark);
}

static void
write_basic(struct derw *w, const struct tbs *t)
{
	size_t mark = derw_mark(w);

	if (t->ca == -1)
		return;
	if (t->ca) {
		if (t->path_len >= 0)
			derw_int(w, DER_INTEGER, t->path_len);
		derw_bool(w, 1);
	}
	derw_wrap(w, DER_SEQUENCE, mark);
	extension(w, OID_BASIC_CONSTRAINTS, 1, mark);
}

static void
write_key_usage(struct derw *w, const struct tbs *t)
{
	size_t mark = derw_mark(w);

	if (t->ku == 0)
		return;
	derw_named_bits(w, DER_BIT_STRING, t->ku);
	extension(w, OID_KEY_USAGE, 1, mark);
}

static void
write_key_ids(struct derw *w, const struct tbs *t)
{
	size_t mark = derw_mark(w);
	uint8_t id[20];

	if (t->aki.p != NULL) {
		derw_prim(w, DER_CTXP(0), t->aki);
		derw_wrap(w, DER_SEQUENCE, mark);
		extension(w, OID_AKI, 0, mark);
	}
	mark = derw_mark(w);
	cert_key_id(t->spki, id);
	derw_prim(w, DER_OCTET_STRING, SLICE(id, sizeof(id)));
	extension(w, OID_SKI, 0, mark);
}

static void
write_extensions(struct derw *w, const struct tbs *t)
{
	size_t mark = derw_mark(w);

	write_aia(w, t);
	write_crl_dp(w, t);
	write_san(w, t);
	write_eku(w, t);
	write_basic(w, t);
	write_key_usage(w, t);
	write_key_ids(w, t);
	derw_wrap(w, DER_SEQUENCE, mark);
	derw_wrap(w, DER_CTX(3), mark);
}

static void
write_validity(struct derw *w, const struct tbs *t)
{
	size_t mark = derw_mark(w);

	derw_time(w, t->not_after);
	derw_time(w, t->not_before);
	derw_wrap(w, DER_SEQUENCE, mark);
}

static void
write_tbs(struct derw *w, const struct tbs *t, const struct sigalg *a)
{
	size_t mark = derw_mark(w), at;

	write_extensions(w, t);
	derw_raw(w, t->spki);
	derw_raw(w, t->subject);
	write_validity(w, t);
	derw_raw(w, t->issuer);
	alg_write(w, a);
	derw_unsigned(w, DER_INTEGER, t->serial);
	at = derw_mark(w);
	derw_int(w, DER_INTEGER, 2);
	derw_wrap(w, DER_CTX(0), at);
	derw_wrap(w, DER_SEQUENCE, mark);
}

/* IA5String between context tags: no walk looks into it. */
static int
check_uris(const char *const *uris, const char *what, struct err *e)
{
	for (; uris != NULL && *uris != NULL; uris++) {
		if (**uris == '\0')
			return err_set(e, E_CONF, "%s: empty URI", what);
		for (const char *p = *uris; *p; p++)
			if (*p <= ' ' || *p > '~')
				return err_set(e, E_CONF, "%s: URI has a "
				    "character that is not printable ASCII",
				    what);
	}
	return 0;
}

static int
check_tbs(const struct tbs *t, struct err *e)
{
	size_t zeros = 0;

	while (zeros < t->serial.n && t->serial.p[zeros] == 0)
		zeros++;
	if (zeros == t->serial.n || t->serial.n - zeros > SERIAL_MAX)
		return err_set(e, E_INTERNAL, "serial of %zu octets, expected "
		    "1 to %d that are not zero", t->serial.n, SERIAL_MAX);
	if (t->not_before > t->not_after)
		return err_set(e, E_INTERNAL, "notBefore is after notAfter");
	if (check_uris(t->crl_dp, "cRLDistributionPoints", e) == -1 ||
	    check_uris(t->aia_ocsp, "authorityInfoAccess", e) == -1 ||
	    check_uris(t->aia_ca_issuers, "authorityInfoAccess", e) == -1)
		return -1;
	return 0;
}

int
cert_sign(const struct tbs *t, const struct key *issuer_key,
    const struct sigalg *a, struct buf *out, struct err *e)
{
	struct derw body, whole;
	struct cert made;
	struct buf sig;
	int rc = -1;

	derw_init(&body, TBS_MAX);
	derw_init(&whole, TBS_MAX + SIG_MAX + 1024);
	buf_init(&sig, SIG_MAX);
	if (check_tbs(t, e) == -1)
		goto out;
	write_tbs(&body, t, a);
	if (derw_bad(&body)) {
		derw_err(&body, "certificate", e);
		goto out;
	}
	if (key_sign(issuer_key, a, derw_slice(&body), &sig, e) == -1)
		goto out;
	derw_bits(&whole, DER_BIT_STRING, buf_slice(&sig));
	alg_write(&whole, a);
	derw_raw(&whole, derw_slice(&body));
	derw_wrap(&whole, DER_SEQUENCE, 0);
	if (derw_bad(&whole) || buf_bad(&sig)) {
		if (derw_bad(&whole))
			derw_err(&whole, "certificate", e);
		else
			buf_err(&sig, "signature", e);
		goto out;
	}
	if (cert_open(derw_slice(&whole), &made, e) == -1) {
		err_wrap(e, "certificate to be issued");
		goto out;
	}
	buf_add_slice(out, derw_slice(&whole));
	rc = buf_bad(out) ? buf_err(out, "certificate", e) : 0;
out:
	buf_release(&sig);
	derw_release(&whole);
	derw_release(&body);
	return rc;
}

void
cert_key_id(struct slice spki, uint8_t out[static 20])
{
	uint8_t h[HASH_MAX] = { 0 };
	struct slice in, bits, key = SLICE_NONE;

	if (der_only(spki, DER_SEQUENCE, &in) == 0 &&
	    der_get(&in, DER_SEQUENCE, NULL) == 0 &&
	    der_get(&in, DER_BIT_STRING, &bits) == 0)
		der_octets_of_bits(bits, &key);
	alg_hash(HASH_SHA256, key, h);
	memcpy(out, h, 20);
}
