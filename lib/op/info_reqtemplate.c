/* Request templates: RFC 9483 4.3.3 and Appendix A, RFC 9480 2.16. */
#include <stdio.h>
#include <string.h>

#include "base/escape.h"
#include "msg/syntax.h"
#include "op/info.h"
#include "pki/name.h"
#include "pki/san.h"
#include "policy/profile_template.h"

static int
template_answer(const struct op_ca *ca, const struct op_request *r,
    struct op_facts *f, struct derw *w, struct err *e)
{
	struct grant *g;

	if (policy_template(&ca->policy, r->checked, &f->policy, &g, e) == -1)
		return -1;
	profile_template(grant_profile(g), grant_enrol(g),
	    checked_signer(r->checked), w);
	grant_free(g);
	return 0;
}

/* None is there twice. */
static int
check_extensions(struct slice in, struct err *e)
{
	struct ext x, y;

	while (cert_next_ext(&in, &x) == 0)
		for (struct slice rest = in; cert_next_ext(&rest, &y) == 0;)
			if (slice_eq(x.oid, y.oid))
				return err_set(e, E_ANSWER_INFO, "an extension "
				    "of the certTemplate is there twice");
	return 0;
}

/* What is not in the profile (RFC 9483 4.3.3). */
static int
check_absent(const struct cert_template *t, struct err *e)
{
	const struct { const char *name; struct slice v; } fields[] = {
		{ "serialNumber", t->serial },
		{ "signingAlg", t->signing_alg },
		{ "publicKey", t->public_key },
		{ "issuerUID", t->issuer_uid },
		{ "subjectUID", t->subject_uid },
	};

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (fields[i].v.p != NULL)
			return err_set(e, E_ANSWER_INFO, "certTemplate has %s, "
			    "which must be absent", fields[i].name);
	return 0;
}

/* Names that are given or to be filled in; all may be for us to choose. */
static int
check_san(struct slice extensions, struct err *e)
{
	struct slice in, v;
	enum san_type type;
	struct ext x;

	while (cert_next_ext(&extensions, &x) == 0) {
		if (oid_of(x.oid) != OID_SAN || x.value.n == 0)
			continue;
		if (der_walk_inner(x.value, e) == -1)
			return err_wrap(e, "subjectAltName");
		if (der_only(x.value, DER_SEQUENCE, &in) == -1)
			return err_set(e, E_ANSWER_INFO, "subjectAltName is "
			    "no GeneralNames");
		while (in.n > 0)
			if (san_next(&in, &type, &v) == -1)
				return err_set(e, E_ANSWER_INFO,
				    "subjectAltName is malformed");
	}
	return 0;
}

int
info_template_read(struct slice value, struct info_template *t,
    struct err *e)
{
	struct cert_template ct;
	struct slice in, tmpl, v;
	uint8_t tag;

	*t = (struct info_template){ .subject = SLICE_NONE };
	if (der_only(value, DER_SEQUENCE, &in) == -1 ||
	    der_get_tlv(&in, DER_SEQUENCE, &tmpl) == -1)
		return err_set(e, E_ANSWER_INFO, "certReqTemplate has no "
		    "certTemplate");
	if (crmf_template(tmpl, &ct, e) == -1 ||
	    check_absent(&ct, e) == -1 ||
	    check_extensions(ct.extensions, e) == -1 ||
	    check_san(ct.extensions, e) == -1)
		return -1;
	t->issuer = ct.issuer;
	t->subject = ct.subject;
	t->extensions = ct.extensions;
	/* As it was written: it goes into a request. */
	for (der_only(tmpl, DER_SEQUENCE, &tmpl);
	    der_any(&tmpl, &tag, &v, NULL) == 0;)
		if (tag == DER_CTX(4))
			t->validity = v;
	if (der_opt(&in, DER_SEQUENCE, &t->keys) &&
	    syntax_attributes(t->keys, "keySpec", e) == -1)
		return -1;
	if (in.n != 0)
		return err_set(e, E_ANSWER_INFO, "certReqTemplate has "
		    "something behind keySpec");
	return 0;
}

/* AlgorithmIdentifier content of a key we could make. */
static int
alg_spec(struct slice in, char spec[static 64])
{
	struct slice oid, curve;
	const char *name = NULL;

	if (der_get(&in, DER_OID, &oid) == -1)
		return 0;
	switch (oid_of(oid)) {
	case OID_ED25519:
		name = "ed25519";
		break;
	case OID_ED448:
		name = "ed448";
		break;
	case OID_RSA_PSS:
		name = "rsa-pss:3072";
		break;
	case OID_EC_PUBLIC_KEY:
		if (der_get(&in, DER_OID, &curve) == 0)
			name = oid_of(curve) == OID_P256 ? "ec:P-256" :
			    oid_of(curve) == OID_P384 ? "ec:P-384" :
			    oid_of(curve) == OID_P521 ? "ec:P-521" : NULL;
		break;
	default:
		break;
	}
	snprintf(spec, 64, "%s", name != NULL ? name : "");
	return name != NULL;
}

int
info_template_key(struct slice *keys, char spec[static 64])
{
	struct slice in, oid, v;
	int64_t bits;

	while (der_get(keys, DER_SEQUENCE, &in) == 0) {
		if (der_get(&in, DER_OID, &oid) == -1)
			continue;
		if (oid_of(oid) == OID_REGCTRL_RSA_KEY_LEN &&
		    der_int64(&in, &bits) == 0 && bits >= 2048 &&
		    bits <= 8192 && bits % 8 == 0) {
			snprintf(spec, 64, "rsa:%d", (int)bits);
			return 1;
		}
		if (oid_of(oid) == OID_REGCTRL_ALG_ID &&
		    der_get(&in, DER_SEQUENCE, &v) == 0 && alg_spec(v, spec))
			return 1;
	}
	return 0;
}

static void
json_san(struct buf *out, struct slice value)
{
	const char *sep = "";
	enum san_type t;
	struct slice in, v;
	struct buf text;

	if (der_only(value, DER_SEQUENCE, &in) == -1)
		return;
	while (in.n > 0 && san_next(&in, &t, &v) == 0) {
		buf_init(&text, 4096);
		if (v.n > 0)
			san_text(&text, t, v);
		else
			buf_add_str(&text, t == SAN_DNS ? "dns:" : t == SAN_IP ?
			    "ip:" : t == SAN_EMAIL ? "email:" : t == SAN_URI ?
			    "uri:" : "?");
		buf_add_str(out, sep);
		escape_json(out, buf_slice(&text));
		buf_release(&text);
		sep = ",";
	}
}

/* An empty value has no text but its DER, "#0c00": show nothing. */
static void
drop_empty(struct buf *text)
{
	size_t n = 0;

	for (size_t i = 0; i < text->n; i++) {
		if (i + 5 <= text->n && text->p[i] == '#' &&
		    memcmp(text->p + i + 3, "00", 2) == 0 &&
		    (i + 5 == text->n || strchr(",+", text->p[i + 5])))
			i += 4;
		else
			text->p[n++] = text->p[i];
	}
	text->n = n;
}

/* For people and scripts; the DER is what counts. */
static void
write_json(struct buf *out, const struct info_template *t)
{
	struct slice exts = t->extensions, keys = t->keys;
	const char *sep = "";
	struct ext x;
	struct buf text;
	char spec[64];

	buf_init(&text, 1 << 14);
	buf_add_str(out, "{\"subject\":");
	if (t->subject.p != NULL)
		name_text(&text, t->subject);
	drop_empty(&text);
	if (t->subject.p == NULL)
		buf_add_str(out, "null");
	else
		escape_json(out, buf_slice(&text));
	buf_release(&text);
	buf_add_str(out, ",\"san\":[");
	while (cert_next_ext(&exts, &x) == 0)
		if (oid_of(x.oid) == OID_SAN)
			json_san(out, x.value);
	buf_add_str(out, "],\"extensions\":[");
	exts = t->extensions;
	while (cert_next_ext(&exts, &x) == 0) {
		char dotted[OID_TEXT];

		buf_add_str(out, sep);
		escape_json(out, slice_str(oid_of(x.oid) != OID_UNKNOWN ?
		    oid_name(oid_of(x.oid)) : oid_text(dotted, x.oid)));
		sep = ",";
	}
	buf_add_str(out, "],\"keys\":[");
	sep = "";
	while (info_template_key(&keys, spec)) {
		buf_add_str(out, sep);
		escape_json(out, slice_str(spec));
		sep = ",";
	}
	buf_add_str(out, "]}\n");
}

static int
template_accept(const struct info_reply *a, struct op_result *res,
    struct err *e)
{
	const struct txn *t = a->device->txn;
	char name[72] = "default";
	struct info_template tmpl;
	struct op_file *f;
	size_t n = 0;

	if (info_template_read(a->value, &tmpl, e) == -1)
		return -1;
	/* The profile that was asked for, as far as it makes a file name. */
	for (size_t i = 0; i < t->key_file.n && n < 64; i++)
		if (t->key_file.p[i] != '/' && (t->key_file.p[i] != '.' ||
		    n > 0) && t->key_file.p[i] > ' ')
			name[n++] = (char)t->key_file.p[i];
	if (n > 0)
		name[n] = '\0';
	f = info_file(res, "template/%s.der", name);
	buf_add_slice(&f->content, a->value);
	f = info_file(res, "template/%s.json", name);
	write_json(&f->content, &tmpl);
	snprintf(res->note, sizeof(res->note), "template for requests");
	return 0;
}

const struct info info_reqtemplate = {
	.name = "reqtemplate",
	.request = OID_IT_CERT_REQ_TEMPLATE,
	.response = OID_IT_CERT_REQ_TEMPLATE,
	.section = "RFC 9483 4.3.3",
	.value = VALUE_ABSENT,
	.answer = template_answer,
	.accept = template_accept,
	.nothing = "the CA has no requirements",
};
