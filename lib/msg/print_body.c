/* Bodies.  One that cannot be read is shown as a head, with the reason. */
#include "msg/print_part.h"

#include "msg/body.h"
#include "msg/crmf.h"

static void
print_status(struct emit *em, const struct pki_status_info *s)
{
	char t[256];

	emit_open(em, "status");
	emit_safe(em, "status", status_name(s->status));
	emit_int(em, "value", s->status);
	print_free_text(em, "statusString", s->text);
	if (s->has_fail)
		emit_safe(em, "failInfo", status_fail_text(t, s->fail));
	emit_close(em);
}

static void
print_attributes(struct emit *em, const char *name, struct slice content)
{
	if (content.p != NULL)
		print_infos(em, name, content);
}

static void
print_template_key(struct emit *em, const struct cert_template *t)
{
	struct err e = { 0 };
	struct buf spki;

	if (t->public_key.n == 0)
		return;
	buf_init(&spki, t->public_key.n);
	if (crmf_spki(t, &spki, &e) == 0)
		print_cert_key(em, "publicKey", buf_slice(&spki));
	buf_release(&spki);
}

static void
print_template(struct emit *em, const struct cert_template *t)
{
	emit_open(em, "certTemplate");
	if (t->has_version)
		emit_int(em, "version", t->version);
	if (t->serial.p != NULL)
		emit_hex(em, "serialNumber", t->serial);
	if (t->signing_alg.p != NULL)
		emit_head(em, "signingAlg", t->signing_alg);
	if (t->issuer.p != NULL)
		emit_name(em, "issuer", t->issuer);
	if (t->has_not_before)
		emit_time(em, "notBefore", t->not_before);
	if (t->has_not_after)
		emit_time(em, "notAfter", t->not_after);
	if (t->subject.p != NULL)
		emit_name(em, "subject", t->subject);
	print_template_key(em, t);
	if (t->issuer_uid.p != NULL)
		emit_head(em, "issuerUID", t->issuer_uid);
	if (t->subject_uid.p != NULL)
		emit_head(em, "subjectUID", t->subject_uid);
	print_cert_extensions(em, t->extensions);
	emit_close(em);
}

static void
print_popo(struct emit *em, const struct cert_req *r)
{
	static const char *const kinds[] = {
		[POPO_ABSENT] = "absent",
		[POPO_RA_VERIFIED] = "raVerified",
		[POPO_SIGNATURE] = "signature",
		[POPO_KEY_ENCIPHERMENT] = "keyEncipherment",
		[POPO_KEY_AGREEMENT] = "keyAgreement",
	};

	emit_open(em, "popo");
	emit_safe(em, "kind", kinds[r->popo]);
	if (r->popo == POPO_SIGNATURE) {
		if (r->popo_input.p != NULL)
			emit_head(em, "poposkInput", r->popo_input);
		print_cert_alg(em, "algorithm", r->popo_alg);
		emit_head(em, "signature", r->popo_sig);
	}
	emit_close(em);
}

static void
print_requests(struct emit *em, struct slice content)
{
	struct err e = { 0 };
	struct cert_req r;
	struct slice in = SLICE_NONE;

	der_only(content, DER_SEQUENCE, &in);
	emit_open_list(em, "certReqMsg");
	while (in.n > 0 && crmf_next_request(&in, &r, &e) == 0) {
		emit_open(em, NULL);
		emit_int(em, "certReqId", r.cert_req_id);
		print_template(em, &r.tmpl);
		print_attributes(em, "controls", r.controls);
		print_popo(em, &r);
		print_attributes(em, "regInfo", r.reg_info);
		emit_close(em);
	}
	emit_close_list(em);
}

static void
print_response(struct emit *em, const struct cert_response *r)
{
	emit_open(em, NULL);
	emit_int(em, "certReqId", r->cert_req_id);
	print_status(em, &r->status);
	if (r->cert.p != NULL)
		print_cert(em, "certificate", r->cert);
	if (r->has_encrypted)
		emit_bool(em, "encryptedCert", 1);
	if (r->has_private_key)
		emit_bool(em, "privateKey", 1);
	if (r->rsp_info.p != NULL)
		emit_text(em, "rspInfo", r->rsp_info);
	emit_close(em);
}

static void
print_responses(struct emit *em, struct slice content)
{
	struct err e = { 0 };
	struct cert_rep rep;
	struct cert_response r;
	struct slice cert;

	if (crmf_response(content, &rep, &e) == -1)
		return;
	if (rep.has_ca_pubs) {
		emit_open_list(em, "caPubs");
		while (der_get_tlv(&rep.ca_pubs, DER_SEQUENCE, &cert) == 0)
			print_cert(em, NULL, cert);
		emit_close_list(em);
	}
	emit_open_list(em, "response");
	while (rep.responses.n > 0 &&
	    crmf_next_response(&rep.responses, &r, &e) == 0)
		print_response(em, &r);
	emit_close_list(em);
}

static void
print_confirmations(struct emit *em, struct slice content)
{
	struct err e = { 0 };
	struct cert_status s;
	struct slice in = SLICE_NONE;

	der_only(content, DER_SEQUENCE, &in);
	emit_open_list(em, "certStatus");
	while (in.n > 0 && crmf_next_confirmation(&in, &s, &e) == 0) {
		emit_open(em, NULL);
		emit_int(em, "certReqId", s.cert_req_id);
		emit_hex(em, "certHash", s.cert_hash);
		if (s.has_status)
			print_status(em, &s.status);
		if (s.hash_alg.p != NULL)
			print_cert_alg(em, "hashAlg", s.hash_alg);
		emit_close(em);
	}
	emit_close_list(em);
}

static void
print_error_msg(struct emit *em, struct slice content)
{
	struct err e = { 0 };
	struct error_msg m;

	if (crmf_error(content, &m, &e) == -1)
		return;
	print_status(em, &m.status);
	if (m.has_code)
		emit_int(em, "errorCode", m.code);
	print_free_text(em, "errorDetails", m.details);
}

static void
print_general(struct emit *em, struct slice content)
{
	struct slice in;

	if (der_only(content, DER_SEQUENCE, &in) == 0)
		print_infos(em, "info", in);
}

/* Tag, length and the first octets of what we have no reader for. */
static void
print_other(struct emit *em, struct slice content)
{
	struct slice v = SLICE_NONE;
	uint8_t tag = 0;

	if (der_any(&content, &tag, &v, NULL) == -1)
		return;
	emit_int(em, "tag", tag);
	emit_int(em, "length", (int64_t)v.n);
	emit_head(em, "content", v);
}

void
print_body(struct emit *em, const struct msg *m)
{
	struct err e = { 0 };

	if (body_check(m, &e) == -1) {
		print_error(em, &e);
		print_other(em, m->content);
	} else if (body_is_request(m->body)) {
		print_requests(em, m->content);
	} else if (body_is_response(m->body)) {
		print_responses(em, m->content);
	} else if (m->body == BODY_CERTCONF) {
		print_confirmations(em, m->content);
	} else if (m->body == BODY_ERROR) {
		print_error_msg(em, m->content);
	} else if (m->body == BODY_GENM || m->body == BODY_GENP) {
		print_general(em, m->content);
	} else if (m->body != BODY_PKICONF) {
		print_other(em, m->content);
	}
}
