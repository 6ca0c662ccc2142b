/* Bodies.  One that cannot be read is shown as a head, with the reason. */
#include "msg/print_part.h"

#include "msg/body.h"
#include "msg/crmf.h"
#include "msg/view.h"
#include "pki/csr.h"

void
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

void
print_template(struct emit *em, const char *name,
    const struct cert_template *t)
{
	emit_open(em, name);
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
		print_template(em, "certTemplate", &r.tmpl);
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

	if (crmf_response(content, &rep, &e) == -1)
		return;
	if (rep.has_ca_pubs)
		print_certs(em, "caPubs", rep.ca_pubs);
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

static void
print_attribute_types(struct emit *em, struct slice in)
{
	struct slice at, oid;

	emit_open_list(em, "attributes");
	while (der_get(&in, DER_SEQUENCE, &at) == 0 &&
	    der_get(&at, DER_OID, &oid) == 0) {
		emit_open(em, NULL);
		emit_oid(em, "type", oid);
		/* Its value stands below, as extensions. */
		if (oid_of(oid) != OID_EXTENSION_REQUEST)
			emit_head(em, "values", at);
		emit_close(em);
	}
	emit_close_list(em);
}

static void
print_csr(struct emit *em, struct slice content)
{
	struct err e = { 0 };
	struct csr c;

	if (csr_parse(content, &c, &e) == -1)
		return;
	emit_open(em, "certificationRequest");
	emit_name(em, "subject", c.subject);
	print_cert_key(em, "publicKey", c.spki);
	if (c.attributes.n > 0)
		print_attribute_types(em, c.attributes);
	print_cert_extensions(em, c.extensions);
	print_cert_alg(em, "signatureAlgorithm", c.sigalg_tlv);
	emit_head(em, "signature", c.sig);
	emit_close(em);
}

static void
print_polls(struct emit *em, enum body body, struct slice content)
{
	struct err e = { 0 };
	struct view_poll p;
	struct slice in = SLICE_NONE;

	der_only(content, DER_SEQUENCE, &in);
	emit_open_list(em, msg_body_name(body));
	while (in.n > 0 && view_next_poll(body, &in, &p, &e) == 0) {
		emit_open(em, NULL);
		emit_int(em, "certReqId", p.cert_req_id);
		if (body == BODY_POLLREP) {
			emit_int(em, "checkAfter", p.check_after);
			print_free_text(em, "reason", p.reason);
		}
		emit_close(em);
	}
	emit_close_list(em);
}

/* rann: whose certificate, and from when on it is not to be trusted. */
static void
print_rev_ann(struct emit *em, struct slice content)
{
	struct view_rev_ann a;
	struct err e = { 0 };

	if (view_rev_ann(content, &a, &e) == -1)
		return;
	emit_safe(em, "status", status_name(a.status));
	print_cert_general_name(em, "issuer", a.issuer);
	emit_hex(em, "serialNumber", a.serial);
	emit_time(em, "willBeRevokedAt", a.will_be);
	emit_time(em, "badSinceDate", a.bad_since);
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

/* Bodies of CertReqMessages, CertRepMessage and what is like them. */
static int
print_enrolment(struct emit *em, const struct msg *m)
{
	if (body_is_request(m->body))
		print_requests(em, m->content);
	else if (body_is_response(m->body))
		print_responses(em, m->content);
	else if (m->body == BODY_P10CR)
		print_csr(em, m->content);
	else if (m->body == BODY_CERTCONF)
		print_confirmations(em, m->content);
	else
		return 0;
	return 1;
}

void
print_body(struct emit *em, const struct msg *m)
{
	struct slice in = SLICE_NONE;
	struct err e = { 0 };

	if (body_check(m, &e) == -1) {
		print_error(em, &e);
		print_other(em, m->content);
		return;
	}
	if (print_enrolment(em, m))
		return;
	der_only(m->content, DER_SEQUENCE, &in);
	switch (m->body) {
	case BODY_ERROR:
		print_error_msg(em, m->content);
		break;
	case BODY_GENM:
	case BODY_GENP:
		print_general(em, m->content);
		break;
	case BODY_RR:
		print_rev(em, m->content);
		break;
	case BODY_RP:
		print_rev_rep(em, m->content);
		break;
	case BODY_POLLREQ:
	case BODY_POLLREP:
		print_polls(em, m->body, m->content);
		break;
	case BODY_NESTED:
		print_messages(em, "PKIMessage", in);
		break;
	case BODY_CKUANN:
		print_info_ca_update(em, "ckuann", m->content);
		break;
	case BODY_CANN:
		print_cert(em, "certificate", m->content);
		break;
	case BODY_RANN:
		print_rev_ann(em, m->content);
		break;
	case BODY_CRLANN:
		print_crls(em, "crl", in);
		break;
	case BODY_PKICONF:
		break;
	default:
		print_other(em, m->content);
	}
}
