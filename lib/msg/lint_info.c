/* RFC 9483 4.3: genm and genp. */
#include "msg/lint_rule.h"

#include <inttypes.h>

#include "asn/oid.h"

#define GENM	LINT_BODY(BODY_GENM)
#define GENP	LINT_BODY(BODY_GENP)
#define BOTH	(GENM | GENP)

static int
is_request(const struct lint_view *v)
{
	return v->m->body == BODY_GENM;
}

static int
info_count(const struct lint_view *v, char t[static LINT_TEXT])
{
	if (v->count == 1)
		return 0;
	return lint_rule_say(t, "%zu InfoTypeAndValue, expected 1", v->count);
}

static int
info_type(const struct lint_view *v, char t[static LINT_TEXT])
{
	char name[OID_TEXT];

	if (v->count == 0)
		return 0;
	switch (v->info.type) {
	case OID_IT_CA_CERTS:
	case OID_IT_CERT_REQ_TEMPLATE:
	case OID_IT_CURRENT_CRL:
		return 0;
	case OID_IT_ROOT_CA_CERT:
	case OID_IT_CRL_STATUS_LIST:
		if (is_request(v))
			return 0;
		break;
	case OID_IT_ROOT_CA_KEY_UPDATE:
	case OID_IT_CRLS:
		if (!is_request(v))
			return 0;
		break;
	default:
		break;
	}
	return lint_rule_say(t, "infoType is %.90s, expected one of the "
	    "operations of 4.3.1 to 4.3.4", v->info.type != OID_UNKNOWN ?
	    oid_name(v->info.type) : oid_text(name, v->info.oid));
}

static int
info_value(const struct lint_view *v, char t[static LINT_TEXT])
{
	if (v->info_err.code == E_NONE)
		return 0;
	return lint_rule_say(t, "%s", v->info_err.detail);
}

static int
info_absent(const struct lint_view *v, char t[static LINT_TEXT])
{
	enum oid type = v->info.type;

	if (v->info.value.p == NULL || (type != OID_IT_CA_CERTS &&
	    type != OID_IT_CERT_REQ_TEMPLATE && type != OID_IT_CURRENT_CRL))
		return 0;
	return lint_rule_say(t, "%s: infoValue is present, expected none in a "
	    "request", oid_name(type));
}

static int
root_wanted(const struct lint_view *v, char t[static LINT_TEXT])
{
	if (v->info.type != OID_IT_ROOT_CA_CERT || v->info.value.p != NULL)
		return 0;
	return lint_rule_say(t, "rootCaCert: infoValue is absent, expected "
	    "the certificate to be updated");
}

/* An issuer is its name, in a directoryName. */
static int
crl_status(const struct lint_view *v, char t[static LINT_TEXT])
{
	struct view_crl_status s;
	struct err e = { 0 };
	struct slice in;
	size_t n;

	if (v->info.type != OID_IT_CRL_STATUS_LIST ||
	    v->info_err.code != E_NONE)
		return 0;
	if (v->info.value.p == NULL)
		return lint_rule_say(t, "crlStatusList: infoValue is absent");
	if (view_list(v->info.value, "crlStatusList", &in, &n, &e) == -1 ||
	    view_next_crl_status(&in, &s, &e) == -1)
		return 0;
	if (n != 1)
		return lint_rule_say(t, "crlStatusList: %zu CRLStatus, "
		    "expected 1", n);
	if (!s.is_dpn && der_get(&s.names, DER_CTX(4), NULL) == -1)
		return lint_rule_say(t, "crlStatusList: issuer is not a "
		    "directoryName");
	return 0;
}

static int
crls(const struct lint_view *v, char t[static LINT_TEXT])
{
	struct err e = { 0 };
	struct slice in;
	size_t n;

	if (v->info.type != OID_IT_CRLS || v->info.value.p == NULL ||
	    view_list(v->info.value, "crls", &in, &n, &e) == -1 || n == 1)
		return 0;
	return lint_rule_say(t, "crls: %zu CRLs, expected 1", n);
}

static int
root_update(const struct lint_view *v, char t[static LINT_TEXT])
{
	struct err e = { 0 };
	struct cert new, link;
	struct view_root r;

	if (v->info.type != OID_IT_ROOT_CA_KEY_UPDATE ||
	    v->info.value.p == NULL ||
	    view_root(v->info.value, &r, &e) == -1)
		return 0;
	if (r.new_with_old.p == NULL)
		return lint_rule_say(t, "rootCaKeyUpdate: newWithOld is "
		    "absent");
	if (cert_parse(r.new_with_new, &new, &e) == -1)
		return lint_rule_say(t, "newWithNew: %s", e.detail);
	if (cert_parse(r.new_with_old, &link, &e) == -1)
		return lint_rule_say(t, "newWithOld: %s", e.detail);
	if (!slice_eq(new.spki, link.spki))
		return lint_rule_say(t, "newWithOld is for another key than "
		    "newWithNew");
	return 0;
}

static int
template_of(const struct lint_view *v, struct view_template *t)
{
	struct err e = { 0 };

	return v->info.type == OID_IT_CERT_REQ_TEMPLATE &&
	    v->info.value.p != NULL &&
	    view_template(v->info.value, t, &e) == 0;
}

static int
tmpl_fields(const struct lint_view *v, char t[static LINT_TEXT])
{
	struct view_template x;
	const char *what;

	if (!template_of(v, &x))
		return 0;
	what = x.tmpl.public_key.p != NULL ? "publicKey" :
	    x.tmpl.serial.p != NULL ? "serialNumber" :
	    x.tmpl.signing_alg.p != NULL ? "signingAlg" :
	    x.tmpl.issuer_uid.p != NULL ? "issuerUID" :
	    x.tmpl.subject_uid.p != NULL ? "subjectUID" : NULL;
	if (what == NULL)
		return 0;
	return lint_rule_say(t, "certReqTemplate: %s is present, expected it "
	    "to be omitted", what);
}

static int
key_len(struct slice value, char t[static LINT_TEXT])
{
	struct slice v;
	int64_t n;

	if (der_only(value, DER_INTEGER, &v) == 0 &&
	    der_int64_value(v, &n) == 0 && n > 0)
		return 0;
	return lint_rule_say(t, "keySpec: rsaKeyLen is not a positive "
	    "INTEGER");
}

static int
key_alg(struct slice value, char t[static LINT_TEXT])
{
	struct slice in, oid, curve;

	if (der_only(value, DER_SEQUENCE, &in) == -1 ||
	    der_get(&in, DER_OID, &oid) == -1)
		return lint_rule_say(t, "keySpec: algId is not an "
		    "AlgorithmIdentifier");
	if (oid_of(oid) == OID_RSA)
		return lint_rule_say(t, "keySpec: algId is rsaEncryption, "
		    "expected rsaKeyLen for it");
	if (oid_of(oid) == OID_EC_PUBLIC_KEY &&
	    der_only(in, DER_OID, &curve) == -1)
		return lint_rule_say(t, "keySpec: algId names no curve");
	return 0;
}

static int
key_spec(const struct lint_view *v, char t[static LINT_TEXT])
{
	struct slice oid, value;
	struct view_template x;
	char name[OID_TEXT];

	if (!template_of(v, &x))
		return 0;
	while (x.key_spec.n > 0 &&
	    msg_next_info(&x.key_spec, &oid, &value) == 0) {
		if (oid_of(oid) == OID_REGCTRL_RSA_KEY_LEN) {
			if (key_len(value, t))
				return 1;
		} else if (oid_of(oid) == OID_REGCTRL_ALG_ID) {
			if (key_alg(value, t))
				return 1;
		} else {
			return lint_rule_say(t, "keySpec: %.90s, expected "
			    "algId or rsaKeyLen", oid_text(name, oid));
		}
	}
	return 0;
}

const struct lint_rule lint_rule_info[] = {
	{ 'M', E_INFO_COUNT, NULL, BOTH, info_count },
	{ 'M', E_INFO_TYPE, NULL, BOTH, info_type },
	{ 'M', E_INFO_VALUE, NULL, BOTH, info_value },
	{ 'M', E_INFO_VALUE, "RFC 9483 4.3", GENM, info_absent },
	{ 'S', E_INFO_VALUE, "RFC 9483 4.3.2", GENM, root_wanted },
	{ 'M', E_INFO_VALUE, "RFC 9483 4.3.2", GENP, root_update },
	{ 'M', E_INFO_VALUE, "RFC 9483 4.3.3", GENP, tmpl_fields },
	{ 'M', E_INFO_VALUE, "RFC 9483 4.3.3", GENP, key_spec },
	{ 'M', E_INFO_VALUE, "RFC 9483 4.3.4", GENM, crl_status },
	{ 'M', E_INFO_VALUE, "RFC 9483 4.3.4", GENP, crls },
	{ 0, E_NONE, NULL, 0, NULL },
};
