/* From a template and a profile to what the certificate will say. */
#include "policy/profile.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/escape.h"
#include "pki/name.h"
#include "pki/san.h"
#include "policy/conf_impl.h"

#define EXTS_MAX	32

/* The extensions that a template asks for. */
struct asked {
	struct slice	 san;		/* GeneralNames TLV */
	int		 has_ku;
	uint32_t	 ku;
	struct slice	 eku;		/* content: OIDs */
};

void
wish_release(struct wish *w)
{
	buf_release(&w->subject);
	buf_release(&w->spki);
	buf_release(&w->san);
}

/* Note a change; what does not fit the text is cut. */
static void __attribute__((format(printf, 2, 3)))
mod(struct wish *w, const char *fmt, ...)
{
	size_t n = strlen(w->mods_text);
	va_list ap;

	if (w->mods && n + 3 < sizeof(w->mods_text)) {
		memcpy(w->mods_text + n, "; ", 3);
		n += 2;
	}
	w->mods = 1;
	va_start(ap, fmt);
	vsnprintf(w->mods_text + n, sizeof(w->mods_text) - n, fmt, ap);
	va_end(ap);
	/* It goes into a UTF8String. */
	escape_mend(w->mods_text);
}

/* Fields that only we fill in. */
static int
check_fields(const struct cert_template *t, const struct cert *issuer,
    struct wish *w, struct err *e)
{
	char name[NAME_TEXT];

	if (t->has_version && t->version != 2)
		return err_set(e, E_TMPL_VERSION, "version is %lld, expected 2 "
		    "or none", (long long)t->version);
	if (t->serial.p != NULL)
		return err_set(e, E_TMPL_FIELD, "serialNumber is present");
	if (t->signing_alg.p != NULL)
		return err_set(e, E_TMPL_FIELD, "signingAlg is present");
	if (t->issuer_uid.p != NULL || t->subject_uid.p != NULL)
		return err_set(e, E_TMPL_FIELD, "a unique identifier is present");
	/*
	 * Clients in the field put the issuer of the certificate they sign
	 * with here; whom they really ask is the CA that got the message.
	 */
	if (t->issuer.p != NULL && !name_eq(t->issuer, issuer->subject))
		mod(w, "issuer is %.100s", name_short(name, issuer->subject));
	return 0;
}

static int
read_key_usage(const struct ext *x, struct asked *a, struct err *e)
{
	struct slice v;

	if (der_only(x->value, DER_BIT_STRING, &v) == -1 ||
	    der_named_bits(v, &a->ku) == -1 || a->ku == 0)
		return err_set(e, E_TMPL_EXT, "keyUsage: expected a BIT STRING "
		    "with at least one bit set");
	if (a->ku & CONF_KU_CA)
		return err_set(e, E_TMPL_CA, "keyUsage asks for %s",
		    conf_ku_name(a->ku & KU_KEY_CERT_SIGN ? KU_KEY_CERT_SIGN :
		    KU_CRL_SIGN));
	a->has_ku = 1;
	return 0;
}

static int
is_ca_purpose(enum oid id)
{
	return id == OID_KP_ANY || id == OID_KP_OCSP_SIGNING ||
	    id == OID_KP_CMC_CA || id == OID_KP_CMC_RA ||
	    id == OID_KP_CM_KGA;
}

static int
read_eku(const struct ext *x, struct asked *a, struct err *e)
{
	struct slice in, v;

	if (der_only(x->value, DER_SEQUENCE, &a->eku) == -1 || a->eku.n == 0)
		return err_set(e, E_TMPL_EXT, "extKeyUsage: expected a SEQUENCE "
		    "of at least one OID");
	for (in = a->eku; in.n > 0;) {
		if (der_get(&in, DER_OID, &v) == -1)
			return err_set(e, E_TMPL_EXT, "extKeyUsage: expected "
			    "OIDs");
		if (is_ca_purpose(oid_of(v)))
			return err_set(e, E_TMPL_CA, "extKeyUsage asks for %s",
			    oid_name(oid_of(v)));
	}
	return 0;
}

static int
read_basic_constraints(const struct ext *x, struct err *e)
{
	struct slice in, v;
	int ca = 0;

	if (der_only(x->value, DER_SEQUENCE, &in) == -1)
		return err_set(e, E_TMPL_EXT, "basicConstraints: expected a "
		    "SEQUENCE");
	if (der_opt(&in, DER_BOOLEAN, &v)) {
		if (der_bool_value(v, &ca) == -1)
			return err_set(e, E_TMPL_EXT, "basicConstraints: cA is "
			    "no BOOLEAN");
		if (!ca)
			return err_set(e, E_DER_DEFAULT, "basicConstraints: cA "
			    "FALSE is encoded, expected an empty SEQUENCE");
		return err_set(e, E_TMPL_CA, "basicConstraints asks for cA");
	}
	if (in.n != 0)
		return err_set(e, E_TMPL_EXT, "basicConstraints: expected "
		    "nothing beside cA");
	return 0;
}

/* We always write our own; asking for the very same is no change. */
static int
is_our_ski(const struct ext *x, const struct wish *w)
{
	uint8_t id[20];
	struct slice v;

	if (oid_of(x->oid) != OID_SKI ||
	    der_only(x->value, DER_OCTET_STRING, &v) == -1)
		return 0;
	cert_key_id(buf_slice(&w->spki), id);
	return slice_eq(v, SLICE(id, sizeof(id)));
}

static int
leave_out(const struct ext *x, struct wish *w, struct err *e)
{
	char dotted[OID_TEXT];
	const char *name = oid_name(oid_of(x->oid));

	if (*name == '\0')
		name = oid_text(dotted, x->oid);
	if (x->critical)
		return err_set(e, E_TMPL_EXT, "critical extension %s is not one "
		    "that may be asked for", name);
	if (!is_our_ski(x, w))
		mod(w, "%s left out", name);
	return 0;
}

static int
read_ext(const struct ext *x, struct asked *a, struct wish *w, struct err *e)
{
	if (der_walk_inner(x->value, e) == -1)
		return err_wrap(e, "extension %s", oid_name(oid_of(x->oid)));
	switch (oid_of(x->oid)) {
	case OID_SAN:
		a->san = x->value;
		return 0;
	case OID_KEY_USAGE:
		return read_key_usage(x, a, e);
	case OID_EKU:
		return read_eku(x, a, e);
	case OID_BASIC_CONSTRAINTS:
		return read_basic_constraints(x, e);
	default:
		return leave_out(x, w, e);
	}
}

static int
read_exts(struct slice in, struct asked *a, struct wish *w, struct err *e)
{
	struct slice seen[EXTS_MAX];
	char dotted[OID_TEXT];
	struct ext x;
	size_t n = 0;

	*a = (struct asked){ .san = SLICE_NONE };
	if (in.p != NULL && in.n == 0)
		return err_set(e, E_TMPL_EXT, "extensions are present but empty");
	while (in.n > 0) {
		if (n == EXTS_MAX || cert_next_ext(&in, &x) == -1)
			return err_set(e, E_TMPL_EXT, "expected at most %d well-"
			    "formed extensions", EXTS_MAX);
		for (size_t i = 0; i < n; i++)
			if (slice_eq(seen[i], x.oid))
				return err_set(e, E_TMPL_EXT, "extension %s is "
				    "there twice", oid_text(dotted, x.oid));
		seen[n++] = x.oid;
		if (read_ext(&x, a, w, e) == -1)
			return -1;
	}
	return 0;
}

static int
apply_subject(const struct conf_profile *p, const struct cert_template *t,
    const struct asked *a, struct wish *w, struct err *e)
{
	if (t->subject.p == NULL)
		return err_set(e, E_TMPL_SUBJECT, "subject is missing");
	if (name_check(t->subject, e) == -1) {
		if (e->code == E_NAME_SYNTAX)
			e->code = E_TMPL_SUBJECT;
		return err_wrap(e, "subject");
	}
	if (name_is_empty(t->subject) && a->san.p == NULL)
		return err_set(e, E_TMPL_NO_NAME, "subject is the NULL-DN and "
		    "there is no subjectAltName");
	if (name_is_empty(t->subject) && !p->empty_subject)
		return err_set(e, E_TMPL_SUBJECT, "subject is the NULL-DN, which "
		    "profile \"%s\" does not allow", p->name);
	buf_add_slice(&w->subject, t->subject);
	return 0;
}

static int
san_allowed(const struct conf_profile *p, enum san_type type,
    struct slice value, struct err *e)
{
	struct buf text;
	char shown[ESCAPE_SHORT];
	const char *s;
	size_t i = 0;

	while (i < p->san.n && conf_san_type(p->san.v[i]) != (int)type)
		i++;
	if (i == p->san.n) {
		buf_init(&text, 4096);
		san_text(&text, type, value);
		s = buf_str(&text);
		err_set(e, E_TMPL_SAN, "subjectAltName %s: profile \"%s\" does "
		    "not allow this kind", s == NULL ? "" :
		    escape_short(shown, slice_str(s)), p->name);
		buf_release(&text);
		return -1;
	}
	if (type != SAN_DN || (name_check(value, e) == 0 &&
	    !name_is_empty(value)))
		return 0;
	return err_set(e, E_TMPL_SAN, "subjectAltName: directoryName is empty "
	    "or malformed");
}

/* Backwards, from checked entries: tag, length and order are ours. */
static void
put_san(struct buf *out, const enum san_type *types,
    const struct slice *values, size_t n)
{
	struct derw d;

	derw_init(&d, 1 << 16);
	for (size_t i = n; i-- > 0;)
		derw_prim(&d, types[i] == SAN_DN ? DER_CTX(types[i]) :
		    DER_CTXP(types[i]), values[i]);
	derw_wrap(&d, DER_SEQUENCE, 0);
	buf_add_slice(out, derw_slice(&d));
	if (derw_bad(&d))
		out->bad = BUF_FULL;
	derw_release(&d);
}

static int
apply_san(const struct conf_profile *p, const struct asked *a, struct wish *w,
    struct err *e)
{
	enum san_type types[SAN_MAX];
	struct slice values[SAN_MAX], in;
	size_t n = 0;

	if (a->san.p == NULL)
		return 0;
	if (san_check(a->san, p->wildcard, e) == -1)
		return -1;
	if (der_only(a->san, DER_SEQUENCE, &in) == -1)
		return err_set(e, E_TMPL_SAN, "subjectAltName: expected a "
		    "SEQUENCE");
	for (; in.n > 0; n++) {
		if (n == SAN_MAX || n >= (size_t)p->max_san)
			return err_set(e, E_TMPL_SAN, "subjectAltName: more than "
			    "%lld entries", (long long)p->max_san);
		if (san_next(&in, &types[n], &values[n]) == -1)
			return err_set(e, E_TMPL_SAN, "subjectAltName: entry %zu "
			    "is malformed", n);
		if (san_allowed(p, types[n], values[n], e) == -1)
			return -1;
	}
	put_san(&w->san, types, values, n);
	return 0;
}

/* RFC 8813 3, RFC 8410 5, RFC 4055 1.2: what a key of this kind can do. */
static uint32_t
usages_of(enum key_family family)
{
	const uint32_t sign = KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION;

	switch (family) {
	case KEY_RSA:
		return sign | KU_KEY_ENCIPHERMENT | KU_DATA_ENCIPHERMENT;
	case KEY_EC:
		return sign | KU_KEY_AGREEMENT | KU_ENCIPHER_ONLY |
		    KU_DECIPHER_ONLY;
	default:
		return sign;
	}
}

/* encipherOnly and decipherOnly say nothing without keyAgreement. */
static uint32_t
meaningful(uint32_t ku)
{
	return ku & KU_KEY_AGREEMENT ? ku :
	    ku & ~(uint32_t)(KU_ENCIPHER_ONLY | KU_DECIPHER_ONLY);
}

static int
apply_key_usage(const struct conf_profile *p, const struct asked *a,
    struct wish *w, struct err *e)
{
	uint32_t own = 0;
	struct keyinfo k;

	if (alg_keyinfo(buf_slice(&w->spki), &k, e) == -1)
		return -1;
	for (size_t i = 0; i < p->key_usage.n; i++)
		own |= conf_ku(p->key_usage.v[i]);
	if (own != 0 && (own = meaningful(own & usages_of(k.family))) == 0)
		return err_set(e, E_TMPL_KEY, "publicKey: no key usage of profile "
		    "\"%s\" fits this kind of key", p->name);
	w->ku = a->has_ku ? meaningful(a->ku & own) : own;
	if (w->ku == 0)
		w->ku = own;
	if (!a->has_ku || w->ku == a->ku)
		return 0;
	for (uint32_t bit = 1; bit <= KU_DECIPHER_ONLY; bit <<= 1)
		if (a->ku & ~w->ku & bit)
			mod(w, "%s left out", conf_ku_name(bit));
	for (uint32_t bit = 1; bit <= KU_DECIPHER_ONLY; bit <<= 1)
		if (w->ku & ~a->ku & bit)
			mod(w, "%s added", conf_ku_name(bit));
	return 0;
}

static int
asks_for(struct slice in, enum oid id)
{
	struct slice v;

	while (der_get(&in, DER_OID, &v) == 0)
		if (oid_of(v) == id)
			return 1;
	return 0;
}

static int
gives(const struct wish *w, enum oid id)
{
	for (size_t i = 0; i < w->n_eku; i++)
		if (w->eku[i] == id)
			return 1;
	return 0;
}

/* The profile's purposes, of which ${only} are wanted if it is not absent. */
static void
give_purposes(const struct conf_profile *p, struct slice only, struct wish *w)
{
	for (size_t i = 0; i < p->eku.n && w->n_eku < CONF_EKU_MAX; i++) {
		enum oid id = conf_eku(p->eku.v[i]);

		if (!gives(w, id) && (only.p == NULL || asks_for(only, id)))
			w->eku[w->n_eku++] = id;
	}
}

static void
apply_eku(const struct conf_profile *p, const struct asked *a, struct wish *w)
{
	char dotted[OID_TEXT];
	struct slice in = a->eku, v;
	const char *name;

	give_purposes(p, a->eku, w);
	while (der_get(&in, DER_OID, &v) == 0) {
		name = oid_name(oid_of(v));
		if (oid_of(v) == OID_UNKNOWN || !gives(w, oid_of(v)))
			mod(w, "%s left out", *name != '\0' ? name :
			    oid_text(dotted, v));
	}
	if (a->eku.p == NULL || w->n_eku > 0)
		return;
	give_purposes(p, SLICE_NONE, w);
	for (size_t i = 0; i < w->n_eku; i++)
		mod(w, "%s added", oid_name(w->eku[i]));
}

/* notBefore: not before the profile and the issuer allow. */
static void
apply_not_before(const struct conf_profile *p, const struct cert_template *t,
    const struct cert *issuer, int64_t now, struct wish *w)
{
	char text[DER_TIME_TEXT];
	int64_t first = now - p->backdate;

	if (first < issuer->not_before)
		first = issuer->not_before;
	w->not_before = first;
	if (!t->has_not_before)
		return;
	if (t->not_before >= first)
		w->not_before = t->not_before;
	else
		mod(w, "notBefore is %s", der_time_text(text, first));
}

/*
 * However late it starts, a certificate ends within max-validity from now:
 * what is allowed today may not be hoarded for later.
 */
static void
apply_not_after(const struct conf_profile *p, const struct cert_template *t,
    const struct cert *issuer, int64_t now, struct wish *w)
{
	char text[DER_TIME_TEXT];
	int64_t last = now + p->max_validity, start = now;

	if (t->has_not_before && w->not_before > now)
		start = w->not_before;
	w->not_after = start + p->validity;
	if (t->has_not_after)
		w->not_after = t->not_after;
	else if (w->not_after > last)
		w->not_after = last;
	if (last > issuer->not_after)
		last = issuer->not_after;
	if (w->not_after <= last)
		return;
	w->not_after = last;
	mod(w, "notAfter is %s", der_time_text(text, last));
}

static int
apply_validity(const struct conf_profile *p, const struct cert_template *t,
    const struct cert *issuer, int64_t now, struct wish *w, struct err *e)
{
	char from[DER_TIME_TEXT], to[DER_TIME_TEXT];

	apply_not_before(p, t, issuer, now, w);
	apply_not_after(p, t, issuer, now, w);
	if (w->not_before < w->not_after && w->not_after > now)
		return 0;
	return err_set(e, E_TMPL_VALIDITY, "validity would be from %s to %s",
	    der_time_text(from, w->not_before), der_time_text(to, w->not_after));
}

static int
apply(const struct conf_profile *p, const struct cert_template *t,
    const struct cert *issuer, int64_t now, struct wish *w, struct err *e)
{
	struct asked a;

	if (check_fields(t, issuer, w, e) == -1 ||
	    crmf_spki(t, &w->spki, e) == -1 ||
	    profile_key(&p->keys, buf_slice(&w->spki), e) == -1 ||
	    read_exts(t->extensions, &a, w, e) == -1 ||
	    apply_subject(p, t, &a, w, e) == -1 ||
	    apply_san(p, &a, w, e) == -1 ||
	    apply_key_usage(p, &a, w, e) == -1)
		return -1;
	apply_eku(p, &a, w);
	if (apply_validity(p, t, issuer, now, w, e) == -1)
		return -1;
	if (buf_bad(&w->subject))
		return buf_err(&w->subject, "subject", e);
	if (buf_bad(&w->spki))
		return buf_err(&w->spki, "publicKey", e);
	if (buf_bad(&w->san))
		return buf_err(&w->san, "subjectAltName", e);
	return 0;
}

int
profile_apply(const struct conf_profile *p, const struct cert_template *t,
    const struct cert *issuer, int64_t now, struct wish *w, struct err *e)
{
	*w = (struct wish){ .n_eku = 0 };
	buf_init(&w->subject, 4096);
	buf_init(&w->spki, 8192);
	buf_init(&w->san, 1 << 16);
	if (apply(p, t, issuer, now, w, e) == 0)
		return 0;
	wish_release(w);
	return err_wrap(e, "certTemplate");
}

static const char *const *
uris(const struct conf_list *l)
{
	return l->n == 0 ? NULL : (const char *const *)l->v;
}

void
wish_usages(const struct wish *w, struct buf *out)
{
	const char *sep = "";

	for (uint32_t bit = 1; bit <= KU_DECIPHER_ONLY; bit <<= 1)
		if (w->ku & bit) {
			buf_printf(out, "%s%s", sep, conf_ku_name(bit));
			sep = " ";
		}
	for (size_t i = 0; i < w->n_eku; i++, sep = " ")
		buf_printf(out, "%s%s", sep, oid_name(w->eku[i]));
	if (*sep == '\0')
		buf_add_str(out, "none");
	buf_add_u8(out, 0);
}

void
profile_tbs(const struct conf_profile *p, const struct wish *w,
    const struct cert *issuer, struct slice serial, struct tbs *out)
{
	*out = (struct tbs){
		.serial = serial,
		.issuer = issuer->subject,
		.subject = buf_slice(&w->subject),
		.spki = buf_slice(&w->spki),
		.not_before = w->not_before,
		.not_after = w->not_after,
		.ca = 0,
		.path_len = -1,
		.ku = w->ku,
		.eku = w->eku,
		.n_eku = w->n_eku,
		/* RFC 3161 2.3 */
		.eku_critical = w->n_eku == 1 &&
		    w->eku[0] == OID_KP_TIME_STAMPING,
		.san = w->san.n > 0 ? buf_slice(&w->san) : SLICE_NONE,
		.aki = issuer->ski,
		.crl_dp = uris(&p->crl_dp),
		.aia_ca_issuers = uris(&p->ca_issuers),
		.aia_ocsp = uris(&p->ocsp),
	};
}
