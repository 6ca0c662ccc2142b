/* RFC 9483 4.1.2 to 4.1.4: what differs from 4.1.1 in cp, kur, kup, p10cr. */
#include "msg/lint_rule.h"

#include "base/escape.h"
#include "pki/name.h"
#include "pki/san.h"

#define CP	LINT_BODY(BODY_CP)
#define KUR	LINT_BODY(BODY_KUR)
#define KUP	LINT_BODY(BODY_KUP)
#define P10CR	LINT_BODY(BODY_P10CR)
#define UNUSED	(LINT_BODY(BODY_POPDECC) | LINT_BODY(BODY_POPDECR) | \
		    LINT_BODY(BODY_KRR) | LINT_BODY(BODY_KRP) | \
		    LINT_BODY(BODY_CCR) | LINT_BODY(BODY_CCP) | \
		    LINT_BODY(BODY_CKUANN) | LINT_BODY(BODY_CANN) | \
		    LINT_BODY(BODY_RANN) | LINT_BODY(BODY_CRLANN))

static struct slice
san_of(struct slice in)
{
	struct ext x;

	while (in.n > 0 && cert_next_ext(&in, &x) == 0)
		if (oid_of(x.oid) == OID_SAN)
			return x.value;
	return SLICE_NONE;
}

static int
not_used(const struct lint_view *v, char t[static LINT_TEXT])
{
	return lint_rule_say(t, "%s is a body that RFC 9483 does not use",
	    msg_body_name(v->m->body));
}

/* With certReqId -1 it answers p10cr, which may enrol to a new PKI. */
static int
cp_ca_pubs(const struct lint_view *v, char t[static LINT_TEXT])
{
	if (!v->rep.has_ca_pubs || v->rep.first.cert_req_id == -1)
		return 0;
	return lint_rule_say(t, "caPubs is present in %s",
	    msg_body_name(v->m->body));
}

static int
kur_mac(const struct lint_view *v, char t[static LINT_TEXT])
{
	if (!v->is_mac)
		return 0;
	return lint_rule_say(t, "kur is protected with a MAC, expected the "
	    "key of the certificate to be updated");
}

/* The certificate to be updated is the one that protects the message. */
static int
kur_subject(const struct lint_view *v, char t[static LINT_TEXT])
{
	char a[NAME_TEXT], b[NAME_TEXT];

	if (v->signer == NULL || v->req.tmpl.subject.p == NULL ||
	    name_eq(v->req.tmpl.subject, v->signer->subject))
		return 0;
	return lint_rule_say(t, "certTemplate: subject is \"%.80s\", expected "
	    "\"%.80s\" as in the protection certificate",
	    name_short(a, v->req.tmpl.subject),
	    name_short(b, v->signer->subject));
}

static int
kur_san(const struct lint_view *v, char t[static LINT_TEXT])
{
	struct slice san = san_of(v->req.tmpl.extensions);

	if (v->signer == NULL || san.p == NULL ||
	    slice_eq(san, v->signer->san))
		return 0;
	return lint_rule_say(t, "certTemplate: subjectAltName is not that of "
	    "the protection certificate");
}

static int
kur_more(const struct lint_view *v, char t[static LINT_TEXT])
{
	struct slice in = v->req.tmpl.extensions;
	char name[OID_TEXT];
	struct ext x;

	while (in.n > 0 && cert_next_ext(&in, &x) == 0)
		if (oid_of(x.oid) != OID_SAN)
			return lint_rule_say(t, "certTemplate: extension %.60s"
			    " is present, expected subject, subjectAltName "
			    "and publicKey only", oid_text(name, x.oid));
	return 0;
}

static int
kur_controls(const struct lint_view *v, char t[static LINT_TEXT])
{
	struct slice in = v->req.controls, oid, value;
	char name[OID_TEXT];

	while (in.n > 0 && msg_next_info(&in, &oid, &value) == 0)
		if (oid_of(oid) != OID_REGCTRL_OLD_CERT_ID)
			return lint_rule_say(t, "control %.60s is present, "
			    "expected oldCertID only", oid_text(name, oid));
	return 0;
}

static int
is_name(struct slice general_name, struct slice name)
{
	struct slice v;

	return der_only(general_name, DER_CTX(4), &v) == 0 &&
	    name_eq(v, name);
}

static int
kur_old_cert(const struct lint_view *v, char t[static LINT_TEXT])
{
	struct slice in = v->req.controls, oid, value, issuer, serial;
	struct err e = { 0 };

	while (in.n > 0 && msg_next_info(&in, &oid, &value) == 0) {
		if (oid_of(oid) != OID_REGCTRL_OLD_CERT_ID)
			continue;
		if (view_cert_id(&value, &issuer, &serial, &e) == -1)
			return lint_rule_say(t, "oldCertID: %s", e.detail);
		if (v->signer != NULL && (!slice_eq(serial,
		    v->signer->serial) || !is_name(issuer,
		    v->signer->issuer)))
			return lint_rule_say(t, "oldCertID is not issuer and "
			    "serialNumber of the protection certificate");
	}
	return 0;
}

static int
csr_names(const struct lint_view *v, char t[static LINT_TEXT])
{
	if (!name_is_empty(v->csr.subject) ||
	    san_of(v->csr.extensions).p != NULL)
		return 0;
	return lint_rule_say(t, "certificationRequestInfo: subject is the "
	    "NULL-DN and there is no subjectAltName");
}

static int
csr_san(const struct lint_view *v, char t[static LINT_TEXT])
{
	struct slice san = san_of(v->csr.extensions);
	struct err e = { 0 };

	if (san.p == NULL || (der_walk_inner(san, &e) == 0 &&
	    san_check(san, 1, &e) == 0))
		return 0;
	return lint_rule_say(t, "extensionRequest: subjectAltName: %s",
	    e.detail);
}

static int
csr_key(const struct lint_view *v, char t[static LINT_TEXT])
{
	struct err e = { 0 };
	struct keyinfo k;

	if (alg_keyinfo(v->csr.spki, &k, &e) == 0)
		return 0;
	return lint_rule_say(t, "subjectPKInfo: %s", e.detail);
}

static int
csr_alg_of(const struct lint_view *v, struct err *e)
{
	struct sigalg a;
	struct keyinfo k;

	return alg_keyinfo(v->csr.spki, &k, e) == 0 &&
	    (alg_parse(v->csr.sigalg_tlv, &a, e) == -1 ||
	    alg_fits(&a, &k, e) == -1) ? -1 : 0;
}

static int
csr_alg(const struct lint_view *v, char t[static LINT_TEXT])
{
	struct err e = { 0 };

	if (csr_alg_of(v, &e) == 0)
		return 0;
	return lint_rule_say(t, "signatureAlgorithm: %s", e.detail);
}

static int
csr_sig(const struct lint_view *v, char t[static LINT_TEXT])
{
	struct err e = { 0 };

	if (csr_alg_of(v, &e) == -1 || csr_verify(&v->csr, &e) == 0 ||
	    e.code != E_CSR_SIG)
		return 0;
	return lint_rule_say(t, "the signature does not verify over "
	    "certificationRequestInfo");
}

const struct lint_rule lint_rule_req[] = {
	{ 'S', E_BODY_TYPE, "RFC 9483 1.8", UNUSED, not_used },
	{ 'M', E_ANSWER_CAPUBS, "RFC 9483 4.1.2", CP, cp_ca_pubs },
	{ 'M', E_ANSWER_CAPUBS, "RFC 9483 4.1.3", KUP, cp_ca_pubs },
	{ 'M', E_PROT_KIND, "RFC 9483 4.1.3", KUR, kur_mac },
	{ 'M', E_UPDATE_NAME, NULL, KUR, kur_subject },
	{ 'M', E_UPDATE_NAME, NULL, KUR, kur_san },
	{ 'S', E_TMPL_EXT, "RFC 9483 4.1.3", KUR, kur_more },
	{ 'S', E_FIELD, "RFC 9483 4.1.3", KUR, kur_controls },
	{ 'M', E_UPDATE_ID, NULL, KUR, kur_old_cert },
	{ 'M', E_TMPL_NO_NAME, "RFC 9483 4.1.4", P10CR, csr_names },
	{ 'M', E_TMPL_SAN, "RFC 9483 4.1.4", P10CR, csr_san },
	{ 'M', E_TMPL_KEY, "RFC 9483 4.1.4", P10CR, csr_key },
	{ 'M', E_POPO_ALG, "RFC 9483 4.1.4", P10CR, csr_alg },
	{ 'M', E_CSR_SIG, NULL, P10CR, csr_sig },
	{ 0, E_NONE, NULL, 0, NULL },
};
