/* RFC 9483 3.1 to 3.3: who protects the message, and with what. */
#include "msg/lint_rule.h"

#include "asn/der.h"
#include "base/escape.h"
#include "pki/name.h"

#define ERROR	LINT_BODY(BODY_ERROR)
#define MAY_OMIT	(LINT_BODY(BODY_CERTCONF) | LINT_BODY(BODY_PKICONF))
#define WITH_CERTS	(LINT_REQUEST | LINT_RESPONSE | \
			    LINT_BODY(BODY_P10CR) | LINT_BODY(BODY_RR) | \
			    LINT_BODY(BODY_RP) | LINT_BODY(BODY_GENM) | \
			    LINT_BODY(BODY_GENP))

static int
prot_there(const struct lint_view *v, char t[static LINT_TEXT])
{
	if (v->m->has_protection)
		return 0;
	return lint_rule_say(t, "protection is absent");
}

static int
prot_and_alg(const struct lint_view *v, char t[static LINT_TEXT])
{
	if (v->m->has_protection == (v->h->protection_alg.n > 0))
		return 0;
	return lint_rule_say(t, "%s is absent, expected it with %s",
	    v->m->has_protection ? "protectionAlg" : "protection",
	    v->m->has_protection ? "protection" : "protectionAlg");
}

static int
alg_listed(const struct lint_view *v, char t[static LINT_TEXT])
{
	if (v->h->protection_alg.n == 0 || v->is_mac || v->has_alg)
		return 0;
	return lint_rule_say(t, "protectionAlg: %s", v->alg_err.detail);
}

static int
alg_fits_key(const struct lint_view *v, char t[static LINT_TEXT])
{
	struct err e = { 0 };
	struct keyinfo k;

	if (v->signer == NULL ||
	    (alg_keyinfo(v->signer->spki, &k, &e) == 0 &&
	    alg_fits(&v->alg, &k, &e) == 0))
		return 0;
	return lint_rule_say(t, "protectionAlg: %s", e.detail);
}

static int
cert_there(const struct lint_view *v, char t[static LINT_TEXT])
{
	if (v->is_mac || !v->m->has_protection || v->m->n_extra > 0)
		return 0;
	return lint_rule_say(t, "extraCerts is absent, expected the "
	    "protection certificate with its chain");
}

static int
certs_readable(const struct lint_view *v, char t[static LINT_TEXT])
{
	struct err e = { 0 };
	struct cert c;

	for (size_t i = 0; i < v->m->n_extra; i++)
		if (!v->readable[i] &&
		    cert_parse(v->m->extra[i], &c, &e) == -1)
			return lint_rule_say(t, "extraCerts %zu: %s", i,
			    e.detail);
	return 0;
}

static int
is_signer(const struct lint_view *v, size_t i)
{
	const struct cert *c = &v->certs[i];

	return v->readable[i] && name_eq(c->subject, v->h->sender_name) &&
	    (v->h->sender_kid.p == NULL || c->ski.p == NULL ||
	    slice_eq(c->ski, v->h->sender_kid));
}

/* The place of the protection certificate if it is not the first. */
static size_t
misplaced(const struct lint_view *v)
{
	if (!v->has_alg || v->m->n_extra == 0 || is_signer(v, 0))
		return 0;
	for (size_t i = 1; i < v->m->n_extra; i++)
		if (is_signer(v, i))
			return i;
	return 0;
}

static int
cert_first(const struct lint_view *v, char t[static LINT_TEXT])
{
	size_t at = misplaced(v);

	if (at == 0)
		return 0;
	return lint_rule_say(t, "extraCerts: the protection certificate is "
	    "number %zu, expected it first", at);
}

static int
sender_is_subject(const struct lint_view *v, char t[static LINT_TEXT])
{
	char a[NAME_TEXT], b[NAME_TEXT];

	if (v->signer == NULL || misplaced(v) != 0)
		return 0;
	if (v->h->sender_name.p == NULL)
		return lint_rule_say(t, "sender is not a directoryName");
	if (name_eq(v->signer->subject, v->h->sender_name))
		return 0;
	return lint_rule_say(t, "sender is \"%.90s\", expected \"%.90s\" as "
	    "in the protection certificate",
	    name_short(a, v->h->sender_name),
	    name_short(b, v->signer->subject));
}

static int
kid_is_ski(const struct lint_view *v, char t[static LINT_TEXT])
{
	char a[ESCAPE_SHORT], b[ESCAPE_SHORT];

	if (v->signer == NULL || misplaced(v) != 0 ||
	    v->signer->ski.p == NULL ||
	    slice_eq(v->signer->ski, v->h->sender_kid))
		return 0;
	if (v->h->sender_kid.p == NULL)
		return lint_rule_say(t, "senderKID is absent, expected %.64s",
		    escape_hex_short(b, v->signer->ski));
	return lint_rule_say(t, "senderKID is %.64s, expected %.64s",
	    escape_hex_short(a, v->h->sender_kid),
	    escape_hex_short(b, v->signer->ski));
}

static int
kid_wanted(const struct lint_view *v, char t[static LINT_TEXT])
{
	if (!v->m->has_protection || v->signer != NULL || v->is_mac ||
	    v->h->sender_kid.p != NULL)
		return 0;
	return lint_rule_say(t, "senderKID is absent");
}

static int
mac_sender(const struct lint_view *v, char t[static LINT_TEXT])
{
	struct slice cn;

	if (!v->is_mac || (v->h->sender_name.p != NULL &&
	    name_attribute(v->h->sender_name, OID_CN, &cn) == 1))
		return 0;
	return lint_rule_say(t, "sender has no commonName, expected one that "
	    "names the shared secret");
}

static int
mac_kid(const struct lint_view *v, char t[static LINT_TEXT])
{
	struct slice cn;

	if (!v->is_mac || v->h->sender_name.p == NULL ||
	    name_attribute(v->h->sender_name, OID_CN, &cn) != 1 ||
	    slice_eq(cn, v->h->sender_kid))
		return 0;
	return lint_rule_say(t, "senderKID is %s, expected the commonName of "
	    "sender", v->h->sender_kid.p != NULL ? "another" : "absent");
}

static int
cert_may_sign(const struct lint_view *v, char t[static LINT_TEXT])
{
	if (v->signer == NULL || !v->signer->has_ku ||
	    v->signer->ku & KU_DIGITAL_SIGNATURE)
		return 0;
	return lint_rule_say(t, "keyUsage of the protection certificate "
	    "lacks digitalSignature");
}

/* ProtectedPart is a SEQUENCE of header and body as they were received. */
static int
sig_verifies(const struct lint_view *v, char t[static LINT_TEXT])
{
	struct err e = { 0 };
	struct derw w;
	int bad;

	if (v->signer == NULL || misplaced(v) != 0 || !v->m->has_protection)
		return 0;
	derw_init(&w, v->m->der.n + 16);
	derw_raw(&w, v->m->body_tlv);
	derw_raw(&w, v->m->header_tlv);
	derw_wrap(&w, DER_SEQUENCE, 0);
	bad = key_verify(v->signer->spki, &v->alg, derw_slice(&w),
	    v->m->protection, &e) == -1 && e.code == E_PROT_SIG;
	derw_release(&w);
	if (!bad)
		return 0;
	return lint_rule_say(t, "protection does not verify with the first "
	    "certificate of extraCerts");
}

/* The certificate of ${i}'s issuer is there, but not right behind it. */
static int
order(const struct lint_view *v, char t[static LINT_TEXT])
{
	const struct cert *c = v->certs;
	size_t n = v->m->n_extra;

	for (size_t i = 0; i + 1 < n; i++) {
		if (!v->readable[i] || name_eq(c[i].subject, c[i].issuer) ||
		    (v->readable[i + 1] &&
		    name_eq(c[i].issuer, c[i + 1].subject)))
			continue;
		for (size_t j = 0; j < n; j++)
			if (j != i && v->readable[j] &&
			    name_eq(c[i].issuer, c[j].subject))
				return lint_rule_say(t, "extraCerts: "
				    "certificate %zu is certified by %zu, "
				    "expected by %zu", i, j, i + 1);
	}
	return 0;
}

static int
self_signed(const struct lint_view *v, char t[static LINT_TEXT])
{
	for (size_t i = 0; i < v->m->n_extra; i++)
		if (v->readable[i] && !(i == 0 && is_signer(v, 0)) &&
		    cert_is_self_signed(&v->certs[i]))
			return lint_rule_say(t, "extraCerts: certificate %zu "
			    "is self-signed, expected it to be left out", i);
	return 0;
}

const struct lint_rule lint_rule_prot[] = {
	{ 'M', E_PROT_MISSING, "RFC 9483 3.2", LINT_ANY & ~ERROR, prot_there },
	{ 'S', E_PROT_MISSING, "RFC 9483 3.6.4", ERROR, prot_there },
	{ 'M', E_PROT_MISSING, "RFC 9483 3.2", LINT_ANY, prot_and_alg },
	{ 'M', E_ALG_UNKNOWN, "RFC 9483 3.1", LINT_ANY, alg_listed },
	{ 'M', E_ALG_KEY, NULL, LINT_ANY, alg_fits_key },
	{ 'M', E_PROT_CERT, NULL, WITH_CERTS, cert_there },
	{ 'S', E_PROT_CERT, "RFC 9483 4.1.1", MAY_OMIT, cert_there },
	{ 'S', E_PROT_CERT, "RFC 9483 3.6.4", ERROR, cert_there },
	{ 'M', E_CERT_SYNTAX, NULL, LINT_ANY, certs_readable },
	{ 'M', E_PROT_CERT, NULL, LINT_ANY, cert_first },
	{ 'M', E_SENDER_NAME, "RFC 9483 3.1", LINT_ANY, sender_is_subject },
	{ 'M', E_SENDER_KID, "RFC 9483 3.1", LINT_ANY, kid_is_ski },
	{ 'S', E_SENDER_KID, "RFC 9483 3.1", LINT_ANY, kid_wanted },
	{ 'M', E_SENDER_NAME, "RFC 9483 3.1", LINT_ANY, mac_sender },
	{ 'M', E_SENDER_KID, "RFC 9483 3.1", LINT_ANY, mac_kid },
	{ 'M', E_PROT_USAGE, NULL, LINT_ANY, cert_may_sign },
	{ 'M', E_PROT_SIG, "RFC 9483 3.2", LINT_ANY, sig_verifies },
	{ 'S', E_EXTRA_ORDER, NULL, LINT_ANY, order },
	{ 'S', E_EXTRA_SELF, NULL, LINT_ANY, self_signed },
	{ 0, E_NONE, NULL, 0, NULL },
};
