/* CertReqMessages (RFC 4211 3 to 5) and the bodies that answer them. */
#include "msg/crmf.h"

#include "msg/syntax.h"

/* [n] EXPLICIT Time OPTIONAL. */
static int
opt_time(struct slice *in, unsigned n, int64_t *t, struct err *e)
{
	struct slice v;

	if (!der_opt(in, DER_CTX(n), &v))
		return 0;
	if (der_time(&v, t) == -1 || v.n != 0)
		return syntax_bad(e, "certTemplate: validity", "a Time");
	return 1;
}

static int
read_validity(struct slice *in, struct cert_template *t, struct err *e)
{
	struct slice v;

	if (!der_opt(in, DER_CTX(4), &v))
		return 0;
	if ((t->has_not_before = opt_time(&v, 0, &t->not_before, e)) == -1 ||
	    (t->has_not_after = opt_time(&v, 1, &t->not_after, e)) == -1)
		return -1;
	if (v.n != 0 || !(t->has_not_before || t->has_not_after))
		return syntax_bad(e, "certTemplate: validity",
		    "notBefore or notAfter");
	return 0;
}

/* [n] EXPLICIT Name OPTIONAL: a CHOICE keeps its own tag. */
static int
read_name(struct slice *in, unsigned n, struct slice *name, const char *what,
    struct err *e)
{
	if (!der_opt(in, DER_CTX(n), name))
		return 0;
	return syntax_name(*name, what, e);
}

static int
read_public_key(struct slice *in, struct cert_template *t, struct err *e)
{
	struct slice v, alg;

	if (!der_peek(*in, DER_CTX(6)))
		return 0;
	if (der_get_tlv(in, DER_CTX(6), &t->public_key) == -1 ||
	    der_only(t->public_key, DER_CTX(6), &v) == -1 ||
	    der_get_tlv(&v, DER_SEQUENCE, &alg) == -1 ||
	    der_get(&v, DER_BIT_STRING, NULL) == -1 || v.n != 0)
		return syntax_bad(e, "certTemplate: publicKey",
		    "a SubjectPublicKeyInfo");
	return syntax_algid(alg, "certTemplate: publicKey", e);
}

/* version [0], serialNumber [1], signingAlg [2]. */
static int
read_first_fields(struct slice *in, struct cert_template *t, struct err *e)
{
	struct slice v, at;

	t->has_version = der_opt(in, DER_CTXP(0), &v);
	if (t->has_version) {
		if (syntax_implicit_int(v, "certTemplate: version", e) == -1)
			return -1;
		if (der_int64_value(v, &t->version) == -1)
			t->version = INT64_MAX;
	}
	if (der_opt(in, DER_CTXP(1), &t->serial) && syntax_implicit_int(
	    t->serial, "certTemplate: serialNumber", e) == -1)
		return -1;
	if (!der_opt(in, DER_CTX(2), &t->signing_alg))
		return 0;
	at = t->signing_alg;
	if (der_get(&at, DER_OID, NULL) == -1 ||
	    (at.n > 0 && der_any(&at, NULL, NULL, NULL) == -1) || at.n != 0)
		return syntax_bad(e, "certTemplate: signingAlg",
		    "an AlgorithmIdentifier");
	return 0;
}

/* issuerUID [7], subjectUID [8], extensions [9]. */
static int
read_last_fields(struct slice *in, struct cert_template *t, struct err *e)
{
	if (der_opt(in, DER_CTXP(7), &t->issuer_uid) && syntax_implicit_bits(
	    t->issuer_uid, "certTemplate: issuerUID", e) == -1)
		return -1;
	if (der_opt(in, DER_CTXP(8), &t->subject_uid) && syntax_implicit_bits(
	    t->subject_uid, "certTemplate: subjectUID", e) == -1)
		return -1;
	if (der_opt(in, DER_CTX(9), &t->extensions) && syntax_extensions(
	    t->extensions, "certTemplate: extensions", e) == -1)
		return -1;
	return 0;
}

static int
read_template(struct slice in, struct cert_template *t, struct err *e)
{
	if (read_first_fields(&in, t, e) == -1 ||
	    read_name(&in, 3, &t->issuer, "certTemplate: issuer", e) == -1 ||
	    read_validity(&in, t, e) == -1 ||
	    read_name(&in, 5, &t->subject, "certTemplate: subject", e) == -1 ||
	    read_public_key(&in, t, e) == -1 ||
	    read_last_fields(&in, t, e) == -1)
		return -1;
	if (in.n != 0)
		return err_set(e, E_SYNTAX, "certTemplate: found a field of "
		    "tag 0x%02x, expected the fields of CertTemplate in "
		    "their order", in.p[0]);
	return 0;
}

int
crmf_template(struct slice tlv, struct cert_template *t, struct err *e)
{
	struct slice in;

	*t = (struct cert_template){ 0 };
	if (der_only(tlv, DER_SEQUENCE, &in) == -1)
		return syntax_bad(e, "certTemplate", "a SEQUENCE");
	return read_template(in, t, e);
}

static int
read_cert_request(struct slice *msg, struct cert_req *r, struct err *e)
{
	struct slice in, v;

	if (der_get_tlv(msg, DER_SEQUENCE, &r->cert_req) == -1 ||
	    der_only(r->cert_req, DER_SEQUENCE, &in) == -1)
		return syntax_bad(e, "certReq", "a CertRequest");
	if (syntax_int(&in, &r->cert_req_id, "certReqId", e) == -1)
		return -1;
	if (der_get(&in, DER_SEQUENCE, &v) == -1)
		return syntax_bad(e, "certTemplate", "a SEQUENCE");
	if (read_template(v, &r->tmpl, e) == -1)
		return -1;
	if (der_opt(&in, DER_SEQUENCE, &r->controls) &&
	    syntax_attributes(r->controls, "controls", e) == -1)
		return -1;
	if (in.n != 0)
		return syntax_bad(e, "certReq", "the end of CertRequest");
	return 0;
}

/* POPOSigningKey (RFC 4211 4.1). */
static int
read_signing_key(struct slice in, struct cert_req *r, struct err *e)
{
	struct slice bits;

	der_opt(&in, DER_CTX(0), &r->popo_input);
	if (der_get_tlv(&in, DER_SEQUENCE, &r->popo_alg) == -1)
		return syntax_bad(e, "popo", "an AlgorithmIdentifier");
	if (syntax_algid(r->popo_alg, "popo", e) == -1)
		return -1;
	if (der_get(&in, DER_BIT_STRING, &bits) == -1 || in.n != 0 ||
	    der_octets_of_bits(bits, &r->popo_sig) == -1)
		return syntax_bad(e, "popo", "a signature of whole octets");
	return 0;
}

static int
read_popo(struct slice *in, struct cert_req *r, struct err *e)
{
	struct slice v;

	if (der_opt(in, DER_CTXP(0), &v)) {
		r->popo = POPO_RA_VERIFIED;
		return v.n == 0 ? 0 : syntax_bad(e, "popo: raVerified",
		    "NULL");
	}
	if (der_opt(in, DER_CTX(1), &v)) {
		r->popo = POPO_SIGNATURE;
		return read_signing_key(v, r, e);
	}
	if (der_opt(in, DER_CTX(2), &v))
		r->popo = POPO_KEY_ENCIPHERMENT;
	else if (der_opt(in, DER_CTX(3), &v))
		r->popo = POPO_KEY_AGREEMENT;
	else
		return 0;
	if (der_any(&v, NULL, NULL, NULL) == -1 || v.n != 0)
		return syntax_bad(e, "popo", "a POPOPrivKey");
	return 0;
}

int
crmf_next_request(struct slice *list, struct cert_req *r, struct err *e)
{
	struct slice in;

	*r = (struct cert_req){ .popo = POPO_ABSENT };
	if (der_get(list, DER_SEQUENCE, &in) == -1)
		return syntax_bad(e, "CertReqMsg", "a SEQUENCE");
	if (read_cert_request(&in, r, e) == -1 || read_popo(&in, r, e) == -1)
		return -1;
	if (der_opt(&in, DER_SEQUENCE, &r->reg_info) &&
	    syntax_attributes(r->reg_info, "regInfo", e) == -1)
		return -1;
	if (in.n != 0)
		return err_set(e, E_SYNTAX, "found a field of tag 0x%02x, "
		    "expected the end of CertReqMsg", in.p[0]);
	return 0;
}

int
crmf_requests(struct slice content, struct cert_req *r, size_t *count,
    struct err *e)
{
	struct cert_req other;
	struct slice in;

	*r = (struct cert_req){ .popo = POPO_ABSENT };
	*count = 0;
	if (der_only(content, DER_SEQUENCE, &in) == -1 || in.n == 0)
		return syntax_bad(e, "CertReqMessages",
		    "at least one CertReqMsg");
	for (; in.n > 0; (*count)++)
		if (crmf_next_request(&in, *count ? &other : r, e) == -1)
			return err_wrap(e, "CertReqMsg %zu", *count);
	return 0;
}

int
crmf_wants_key(const struct cert_template *t)
{
	struct slice tlv = t->public_key, in, bits;

	return tlv.n == 0 || (der_any(&tlv, NULL, &in, NULL) == 0 &&
	    der_get(&in, DER_SEQUENCE, NULL) == 0 &&
	    der_get(&in, DER_BIT_STRING, &bits) == 0 && bits.n == 1);
}

int
crmf_spki(const struct cert_template *t, struct buf *out, struct err *e)
{
	if (t->public_key.n == 0)
		return err_set(e, E_TMPL_KEY, "certTemplate has no publicKey");
	buf_add_u8(out, DER_SEQUENCE);
	buf_add(out, t->public_key.p + 1, t->public_key.n - 1);
	if (buf_bad(out))
		return buf_err(out, "publicKey", e);
	return 0;
}

void
crmf_write_request(struct derw *w, const struct crmf_new *n)
{
	size_t all = derw_mark(w), tmpl, mark;
	struct slice v;

	derw_raw(w, n->controls);
	tmpl = derw_mark(w);
	if (n->extensions.n > 0) {
		if (der_only(n->extensions, DER_SEQUENCE, &v) == -1)
			v = SLICE_NONE;
		derw_prim(w, DER_CTX(9), v);
	}
	if (n->spki.n > 0) {
		if (der_only(n->spki, DER_SEQUENCE, &v) == -1)
			v = SLICE_NONE;
		derw_prim(w, DER_CTX(6), v);
	}
	if (n->subject.n > 0) {
		mark = derw_mark(w);
		derw_raw(w, n->subject);
		derw_wrap(w, DER_CTX(5), mark);
	}
	if (n->validity.n > 0)
		derw_prim(w, DER_CTX(4), n->validity);
	if (n->issuer.n > 0) {
		mark = derw_mark(w);
		derw_raw(w, n->issuer);
		derw_wrap(w, DER_CTX(3), mark);
	}
	derw_wrap(w, DER_SEQUENCE, tmpl);
	derw_int(w, DER_INTEGER, n->cert_req_id);
	derw_wrap(w, DER_SEQUENCE, all);
}

/* EncryptedKey: EncryptedValue, or [0] EnvelopedData. */
static int
check_encrypted_key(struct slice in, struct err *e)
{
	uint8_t tag;

	if (der_any(&in, &tag, NULL, NULL) == -1 || in.n != 0 ||
	    (tag != DER_SEQUENCE && tag != DER_CTX(0)))
		return syntax_bad(e, "certifiedKeyPair", "an EncryptedKey");
	return 0;
}

static int
read_key_pair(struct slice in, struct cert_response *r, struct err *e)
{
	struct slice v;

	if (der_opt(&in, DER_CTX(0), &r->cert)) {
		if (der_only(r->cert, DER_SEQUENCE, NULL) == -1)
			return syntax_bad(e, "certifiedKeyPair",
			    "a certificate");
	} else if (der_opt(&in, DER_CTX(1), &v)) {
		r->has_encrypted = 1;
		if (check_encrypted_key(v, e) == -1)
			return -1;
	} else {
		return syntax_bad(e, "certifiedKeyPair", "a CertOrEncCert");
	}
	if ((r->has_private_key = der_opt(&in, DER_CTX(0), &v)) &&
	    check_encrypted_key(v, e) == -1)
		return -1;
	if (der_opt(&in, DER_CTX(1), &v) &&
	    der_only(v, DER_SEQUENCE, NULL) == -1)
		return syntax_bad(e, "publicationInfo", "a SEQUENCE");
	if (in.n != 0)
		return syntax_bad(e, "certifiedKeyPair", "its end");
	return 0;
}

int
crmf_next_response(struct slice *list, struct cert_response *r, struct err *e)
{
	struct slice in, v;

	*r = (struct cert_response){ 0 };
	if (der_get(list, DER_SEQUENCE, &in) == -1)
		return syntax_bad(e, "CertResponse", "a SEQUENCE");
	if (syntax_int(&in, &r->cert_req_id, "certReqId", e) == -1 ||
	    status_get(&in, &r->status, e) == -1)
		return -1;
	if (der_opt(&in, DER_SEQUENCE, &v) && read_key_pair(v, r, e) == -1)
		return -1;
	der_opt(&in, DER_OCTET_STRING, &r->rsp_info);
	if (in.n != 0)
		return err_set(e, E_SYNTAX, "found a field of tag 0x%02x, "
		    "expected the end of CertResponse", in.p[0]);
	return 0;
}

int
crmf_response(struct slice content, struct cert_rep *r, struct err *e)
{
	struct cert_response other;
	struct slice in, list;

	*r = (struct cert_rep){ 0 };
	if (der_only(content, DER_SEQUENCE, &in) == -1)
		return syntax_bad(e, "CertRepMessage", "a SEQUENCE");
	r->has_ca_pubs = syntax_opt(&in, 1, DER_SEQUENCE, &r->ca_pubs, NULL,
	    "caPubs", e);
	if (r->has_ca_pubs == -1 || (r->has_ca_pubs == 1 && syntax_list(
	    r->ca_pubs, DER_SEQUENCE, "caPubs", e) == -1))
		return -1;
	if (der_get(&in, DER_SEQUENCE, &list) == -1 || in.n != 0)
		return syntax_bad(e, "CertRepMessage",
		    "a SEQUENCE of CertResponse");
	r->responses = list;
	for (; list.n > 0; r->count++)
		if (crmf_next_response(&list, r->count ? &other : &r->first,
		    e) == -1)
			return err_wrap(e, "CertResponse %zu", r->count);
	return 0;
}

int
crmf_next_confirmation(struct slice *list, struct cert_status *s,
    struct err *e)
{
	struct slice in;

	*s = (struct cert_status){ 0 };
	if (der_get(list, DER_SEQUENCE, &in) == -1)
		return syntax_bad(e, "CertStatus", "a SEQUENCE");
	if (der_get(&in, DER_OCTET_STRING, &s->cert_hash) == -1)
		return syntax_bad(e, "certHash", "an OCTET STRING");
	if (syntax_int(&in, &s->cert_req_id, "certReqId", e) == -1)
		return -1;
	if ((s->has_status = der_peek(in, DER_SEQUENCE)) &&
	    status_get(&in, &s->status, e) == -1)
		return -1;
	switch (syntax_opt(&in, 0, DER_SEQUENCE, NULL, &s->hash_alg,
	    "hashAlg", e)) {
	case -1:
		return -1;
	case 1:
		if (syntax_algid(s->hash_alg, "hashAlg", e) == -1)
			return -1;
	}
	if (in.n != 0)
		return err_set(e, E_SYNTAX, "found a field of tag 0x%02x, "
		    "expected the end of CertStatus", in.p[0]);
	return 0;
}

int
crmf_confirmation(struct slice content, struct cert_status *s, size_t *count,
    struct err *e)
{
	struct cert_status other;
	struct slice in;

	*s = (struct cert_status){ 0 };
	*count = 0;
	if (der_only(content, DER_SEQUENCE, &in) == -1)
		return syntax_bad(e, "CertConfirmContent", "a SEQUENCE");
	for (; in.n > 0; (*count)++)
		if (crmf_next_confirmation(&in, *count ? &other : s, e) == -1)
			return err_wrap(e, "CertStatus %zu", *count);
	return 0;
}

int
crmf_error(struct slice content, struct error_msg *m, struct err *e)
{
	struct slice in;

	*m = (struct error_msg){ 0 };
	if (der_only(content, DER_SEQUENCE, &in) == -1)
		return syntax_bad(e, "ErrorMsgContent", "a SEQUENCE");
	if (status_get(&in, &m->status, e) == -1)
		return -1;
	if ((m->has_code = der_peek(in, DER_INTEGER)) &&
	    syntax_int(&in, &m->code, "errorCode", e) == -1)
		return -1;
	if (der_opt(&in, DER_SEQUENCE, &m->details) && syntax_list(m->details,
	    DER_UTF8_STRING, "errorDetails", e) == -1)
		return -1;
	if (in.n != 0)
		return err_set(e, E_SYNTAX, "found a field of tag 0x%02x, "
		    "expected the end of ErrorMsgContent", in.p[0]);
	return 0;
}
