/* InfoTypeAndValue and AttributeTypeAndValue: values of the types we know. */
#include "msg/print_part.h"

#include "msg/view.h"

static void
print_root(struct emit *em, const char *name, const struct view_root *r)
{
	emit_open(em, name);
	print_cert(em, "newWithNew", r->new_with_new);
	if (r->new_with_old.p != NULL)
		print_cert(em, "newWithOld", r->new_with_old);
	if (r->old_with_new.p != NULL)
		print_cert(em, "oldWithNew", r->old_with_new);
	emit_close(em);
}

void
print_info_ca_update(struct emit *em, const char *name, struct slice tlv)
{
	struct err e = { 0 };
	struct view_root r;

	if (view_ca_update(tlv, &r, &e) == 0)
		print_root(em, name, &r);
}

static void
print_root_update(struct emit *em, struct slice tlv)
{
	struct err e = { 0 };
	struct view_root r;

	if (view_root(tlv, &r, &e) == 0)
		print_root(em, "value", &r);
}

static void
print_req_template(struct emit *em, struct slice tlv)
{
	struct err e = { 0 };
	struct view_template t;

	if (view_template(tlv, &t, &e) == -1)
		return;
	emit_open(em, "value");
	print_template(em, "certTemplate", &t.tmpl);
	if (t.key_spec.p != NULL)
		print_infos(em, "keySpec", t.key_spec);
	emit_close(em);
}

static void
print_crl_statuses(struct emit *em, struct slice in)
{
	struct view_crl_status s;
	struct err e = { 0 };

	emit_open_list(em, "value");
	while (in.n > 0 && view_next_crl_status(&in, &s, &e) == 0) {
		emit_open(em, NULL);
		if (s.names.p != NULL)
			print_cert_general_names(em, s.is_dpn ? "dpn" :
			    "issuer", s.names);
		else
			emit_head(em, "dpnRelative", s.relative);
		if (s.has_time)
			emit_time(em, "thisUpdate", s.this_update);
		emit_close(em);
	}
	emit_close_list(em);
}

static void
print_oids(struct emit *em, struct slice in)
{
	struct slice oid;

	emit_open_list(em, "value");
	while (der_get(&in, DER_OID, &oid) == 0)
		emit_oid(em, NULL, oid);
	emit_close_list(em);
}

static void
print_algs(struct emit *em, struct slice in)
{
	struct slice tlv;

	emit_open_list(em, "value");
	while (der_get_tlv(&in, DER_SEQUENCE, &tlv) == 0)
		print_cert_alg(em, NULL, tlv);
	emit_close_list(em);
}

static int
print_old_cert(struct emit *em, struct slice tlv)
{
	struct slice issuer, serial;
	struct err e = { 0 };

	if (view_cert_id(&tlv, &issuer, &serial, &e) == -1 || tlv.n != 0)
		return 0;
	emit_open(em, "value");
	print_cert_general_name(em, "issuer", issuer);
	emit_hex(em, "serialNumber", serial);
	emit_close(em);
	return 1;
}

/* Values that are a SEQUENCE with content ${in}. */
static int
print_sequence(struct emit *em, enum oid type, struct slice tlv,
    struct slice in)
{
	struct slice s;

	switch (type) {
	case OID_IT_CA_CERTS:
		print_certs(em, "value", in);
		return 1;
	case OID_IT_CRLS:
		print_crls(em, "value", in);
		return 1;
	case OID_IT_CURRENT_CRL:
		print_crl(em, "value", tlv);
		return 1;
	case OID_IT_ROOT_CA_CERT:
	case OID_IT_CA_PROT_ENC_CERT:
		print_cert(em, "value", tlv);
		return 1;
	case OID_IT_ROOT_CA_KEY_UPDATE:
		print_root_update(em, tlv);
		return 1;
	case OID_IT_CA_KEY_UPDATE_INFO:
		print_info_ca_update(em, "value", tlv);
		return 1;
	case OID_IT_CERT_REQ_TEMPLATE:
		print_req_template(em, tlv);
		return 1;
	case OID_IT_CRL_STATUS_LIST:
		print_crl_statuses(em, in);
		return 1;
	case OID_IT_SIGN_KEY_PAIR_TYPES:
	case OID_IT_ENC_KEY_PAIR_TYPES:
		print_algs(em, in);
		return 1;
	case OID_IT_PREFERRED_SYMM_ALG:
		print_cert_alg(em, "value", tlv);
		return 1;
	case OID_IT_UNSUPPORTED_OIDS:
		print_oids(em, in);
		return 1;
	case OID_IT_CERT_PROFILE:
		if (der_only(in, DER_UTF8_STRING, &s) == 0) {
			emit_text(em, "value", s);
			return 1;
		}
		return 0;
	case OID_IT_SUPP_LANG_TAGS:
		print_free_text(em, "value", in);
		return 1;
	case OID_IT_ORIG_PKI_MESSAGE:
		print_messages(em, "value", in);
		return 1;
	case OID_REGCTRL_OLD_CERT_ID:
		return print_old_cert(em, tlv);
	default:
		return 0;
	}
}

/* Algorithms of keys: their curve is their parameter. */
static int
print_key_alg(struct emit *em, struct slice tlv)
{
	struct slice in, oid, curve;

	if (der_only(tlv, DER_SEQUENCE, &in) == -1 ||
	    der_get(&in, DER_OID, &oid) == -1)
		return 0;
	emit_open(em, "value");
	emit_oid(em, "algorithm", oid);
	if (der_only(in, DER_OID, &curve) == 0)
		emit_oid(em, "parameters", curve);
	else if (in.n > 0)
		emit_head(em, "parameters", in);
	emit_close(em);
	return 1;
}

static int
print_simple(struct emit *em, enum oid type, struct slice tlv)
{
	struct slice v;
	int64_t n;

	switch (type) {
	case OID_IT_IMPLICIT_CONFIRM:
		return der_only(tlv, DER_NULL, &v) == 0;
	case OID_IT_CONFIRM_WAIT_TIME:
		if (der_only(tlv, DER_GENERALIZED_TIME, &v) == -1 ||
		    der_generalized_value(v, &n) == -1)
			return 0;
		emit_time(em, "value", n);
		return 1;
	case OID_REGCTRL_REG_TOKEN:
	case OID_REGCTRL_AUTHENTICATOR:
		if (der_only(tlv, DER_UTF8_STRING, &v) == -1)
			return 0;
		emit_text(em, "value", v);
		return 1;
	case OID_REGCTRL_RSA_KEY_LEN:
		if (der_only(tlv, DER_INTEGER, &v) == -1 ||
		    der_int64_value(v, &n) == -1)
			return 0;
		emit_int(em, "value", n);
		return 1;
	case OID_REGCTRL_ALG_ID:
		return print_key_alg(em, tlv);
	default:
		return 0;
	}
}

/* A value as its type has it; if it is not, or not known, its head. */
static void
print_value(struct emit *em, enum oid type, struct slice tlv)
{
	struct err e = { 0 };
	struct slice in;

	if (tlv.n == 0)
		return;
	if (view_info_check(type, tlv, &e) == -1) {
		print_error(em, &e);
		emit_head(em, "value", tlv);
		return;
	}
	if (print_simple(em, type, tlv) ||
	    (der_only(tlv, DER_SEQUENCE, &in) == 0 &&
	    print_sequence(em, type, tlv, in)))
		return;
	emit_head(em, "value", tlv);
}

void
print_infos(struct emit *em, const char *name, struct slice content)
{
	struct slice oid, value;

	emit_open_list(em, name);
	while (content.n > 0 && msg_next_info(&content, &oid, &value) == 0) {
		emit_open(em, NULL);
		emit_oid(em, "type", oid);
		print_value(em, oid_of(oid), value);
		emit_close(em);
	}
	emit_close_list(em);
}
