/* GenMsgContent and the values of RFC 9483 4.3. */
#include "msg/syntax.h"
#include "msg/view.h"
#include "pki/alg.h"

int
view_infos(struct slice content, struct view_info *first, size_t *count,
    struct err *e)
{
	struct slice in, oid, value;

	*first = (struct view_info){ 0 };
	*count = 0;
	if (der_only(content, DER_SEQUENCE, &in) == -1)
		return syntax_bad(e, "info", "a SEQUENCE");
	for (; in.n > 0; ++*count) {
		if (msg_next_info(&in, &oid, &value) == -1)
			return syntax_bad(e, "info", "an InfoTypeAndValue");
		if (*count > 0)
			continue;
		first->oid = oid;
		first->type = oid_of(oid);
		first->value = value;
	}
	return 0;
}

int
view_root(struct slice value, struct view_root *r, struct err *e)
{
	struct slice in;

	*r = (struct view_root){ SLICE_NONE, SLICE_NONE, SLICE_NONE };
	if (der_only(value, DER_SEQUENCE, &in) == -1 ||
	    der_get_tlv(&in, DER_SEQUENCE, &r->new_with_new) == -1)
		return syntax_bad(e, "rootCaKeyUpdate", "newWithNew");
	if (syntax_opt(&in, 0, DER_SEQUENCE, NULL, &r->new_with_old,
	    "newWithOld", e) == -1 || syntax_opt(&in, 1, DER_SEQUENCE, NULL,
	    &r->old_with_new, "oldWithNew", e) == -1)
		return -1;
	return in.n != 0 ? syntax_bad(e, "rootCaKeyUpdate",
	    "up to three certificates") : 0;
}

int
view_ca_update(struct slice value, struct view_root *r, struct err *e)
{
	struct slice in;

	if (der_only(value, DER_SEQUENCE, &in) == -1 ||
	    der_get_tlv(&in, DER_SEQUENCE, &r->old_with_new) == -1 ||
	    der_get_tlv(&in, DER_SEQUENCE, &r->new_with_old) == -1 ||
	    der_get_tlv(&in, DER_SEQUENCE, &r->new_with_new) == -1 ||
	    in.n != 0)
		return syntax_bad(e, "caKeyUpdateInfo", "three certificates");
	return 0;
}

int
view_template(struct slice value, struct view_template *t, struct err *e)
{
	struct slice in, tmpl;

	*t = (struct view_template){ 0 };
	if (der_only(value, DER_SEQUENCE, &in) == -1 ||
	    der_get_tlv(&in, DER_SEQUENCE, &tmpl) == -1)
		return syntax_bad(e, "certReqTemplate", "a certTemplate");
	if (crmf_template(tmpl, &t->tmpl, e) == -1)
		return -1;
	if (der_opt(&in, DER_SEQUENCE, &t->key_spec) &&
	    syntax_attributes(t->key_spec, "keySpec", e) == -1)
		return -1;
	return in.n != 0 ? syntax_bad(e, "certReqTemplate",
	    "certTemplate and keySpec") : 0;
}

static int
check_names(struct slice in, const char *what, struct err *e)
{
	struct slice one;

	if (in.n == 0)
		return syntax_bad(e, what, "at least one GeneralName");
	while (in.n > 0) {
		if (der_any(&in, NULL, NULL, &one) == -1)
			return syntax_bad(e, what, "a GeneralName");
		if (syntax_general_name(one, what, e) == -1)
			return -1;
	}
	return 0;
}

/* [0] DistributionPointName, itself a CHOICE, or [1] GeneralNames. */
static int
read_source(struct slice *in, struct view_crl_status *s, struct err *e)
{
	struct slice wrap;

	if (der_opt(in, DER_CTX(0), &wrap)) {
		s->is_dpn = 1;
		if (der_only(wrap, DER_CTX(0), &s->names) == 0)
			return check_names(s->names, "dpn", e);
		if (der_only(wrap, DER_CTX(1), &s->relative) == 0)
			return 0;
		return syntax_bad(e, "dpn", "a DistributionPointName");
	}
	if (der_opt(in, DER_CTX(1), &wrap) &&
	    der_only(wrap, DER_SEQUENCE, &s->names) == 0)
		return check_names(s->names, "issuer", e);
	return syntax_bad(e, "crlStatusList", "a source, dpn or issuer");
}

int
view_next_crl_status(struct slice *in, struct view_crl_status *s,
    struct err *e)
{
	struct slice at;

	*s = (struct view_crl_status){ 0 };
	if (der_get(in, DER_SEQUENCE, &at) == -1)
		return syntax_bad(e, "crlStatusList", "a CRLStatus");
	if (read_source(&at, s, e) == -1)
		return -1;
	s->has_time = at.n > 0;
	if (s->has_time && (der_time(&at, &s->this_update) == -1 ||
	    at.n != 0))
		return syntax_bad(e, "crlStatusList: thisUpdate", "a Time");
	return 0;
}

static int
check_crl_status(struct slice value, struct err *e)
{
	struct view_crl_status s;
	struct slice in;
	size_t n;

	if (view_list(value, "crlStatusList", &in, &n, e) == -1)
		return -1;
	while (in.n > 0)
		if (view_next_crl_status(&in, &s, e) == -1)
			return -1;
	return 0;
}

int
view_info_check(enum oid type, struct slice value, struct err *e)
{
	struct view_template t;
	struct view_root r;
	struct slice list;
	size_t n;

	if (value.p == NULL)
		return 0;
	switch (type) {
	case OID_IT_CA_CERTS:
		return view_list(value, "caCerts", &list, &n, e);
	case OID_IT_CRLS:
		return view_list(value, "crls", &list, &n, e);
	case OID_IT_ROOT_CA_CERT:
	case OID_IT_CURRENT_CRL:
	case OID_IT_CA_PROT_ENC_CERT:
		return der_only(value, DER_SEQUENCE, &list) == -1 ?
		    syntax_bad(e, oid_name(type), "a SEQUENCE") : 0;
	case OID_IT_ROOT_CA_KEY_UPDATE:
		return view_root(value, &r, e);
	case OID_IT_CA_KEY_UPDATE_INFO:
		return view_ca_update(value, &r, e);
	case OID_IT_CERT_REQ_TEMPLATE:
		return view_template(value, &t, e);
	case OID_IT_CRL_STATUS_LIST:
		return check_crl_status(value, e);
	default:
		return 0;
	}
}
