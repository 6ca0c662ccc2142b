/* Messages that are being made.  Written from the last field to the first. */
#include "msg/draft.h"

#include "asn/oid.h"

static const uint8_t null_dn[] = { 0x30, 0x00 };

void
draft_init(struct draft *d)
{
	*d = (struct draft){ .pvno = 2, .body = BODY_ERROR,
	    .max = DRAFT_MAX };
	derw_init(&d->content, DRAFT_MAX);
}

void
draft_release(struct draft *d)
{
	derw_release(&d->content);
	*d = (struct draft){ .pvno = 2 };
}

/* [n] EXPLICIT OCTET STRING, if there is one. */
static void
put_octets(struct derw *w, unsigned n, struct slice v)
{
	size_t mark = derw_mark(w);

	if (v.p == NULL)
		return;
	derw_prim(w, DER_OCTET_STRING, v);
	derw_wrap(w, DER_CTX(n), mark);
}

/* InfoTypeAndValue around the value written since ${mark}. */
static void
put_info(struct derw *w, enum oid type, size_t mark)
{
	derw_oid(w, oid_bytes(type));
	derw_wrap(w, DER_SEQUENCE, mark);
}

static void
put_infos(struct derw *w, const struct draft *d)
{
	size_t all = derw_mark(w), mark;

	derw_raw(w, d->general_info);
	if (d->general_info.p == NULL && d->cert_profile.p != NULL) {
		mark = derw_mark(w);
		derw_prim(w, DER_UTF8_STRING, d->cert_profile);
		derw_wrap(w, DER_SEQUENCE, mark);
		put_info(w, OID_IT_CERT_PROFILE, mark);
	}
	if (d->general_info.p == NULL && d->has_confirm_wait) {
		mark = derw_mark(w);
		derw_generalized(w, d->confirm_wait);
		put_info(w, OID_IT_CONFIRM_WAIT_TIME, mark);
	}
	if (d->general_info.p == NULL && d->implicit_confirm) {
		mark = derw_mark(w);
		derw_null(w);
		put_info(w, OID_IT_IMPLICIT_CONFIRM, mark);
	}
	if (derw_mark(w) == all)
		return;
	derw_wrap(w, DER_SEQUENCE, all);
	derw_wrap(w, DER_CTX(8), all);
}

/* A directoryName. */
static void
put_name(struct derw *w, struct slice name)
{
	size_t mark = derw_mark(w);

	derw_raw(w, name.n > 0 ? name : SLICE(null_dn, sizeof(null_dn)));
	derw_wrap(w, DER_CTX(4), mark);
}

static void
put_header(struct derw *w, const struct draft *d)
{
	size_t all = derw_mark(w), mark;

	put_infos(w, d);
	put_octets(w, 6, d->recip_nonce);
	put_octets(w, 5, d->sender_nonce);
	put_octets(w, 4, d->transaction_id);
	put_octets(w, 2, d->sender_kid);
	if (d->protection_alg.n > 0) {
		mark = derw_mark(w);
		derw_raw(w, d->protection_alg);
		derw_wrap(w, DER_CTX(1), mark);
	}
	if (d->has_time) {
		mark = derw_mark(w);
		derw_generalized(w, d->message_time);
		derw_wrap(w, DER_CTX(0), mark);
	}
	if (d->recipient.n > 0)
		derw_raw(w, d->recipient);
	else
		put_name(w, SLICE_NONE);
	put_name(w, d->sender);
	derw_int(w, DER_INTEGER, d->pvno);
	derw_wrap(w, DER_SEQUENCE, all);
}

int
draft_write(const struct draft *d, struct derw *w, struct err *e)
{
	size_t mark = derw_mark(w);

	if (derw_bad(&d->content))
		return derw_err(&d->content, msg_body_name(d->body), e);
	derw_raw(w, derw_slice(&d->content));
	derw_wrap(w, DER_CTX(d->body), mark);
	put_header(w, d);
	if (derw_bad(w))
		return derw_err(w, msg_body_name(d->body), e);
	return 0;
}

void
draft_body_error(struct draft *d, enum pki_status status, const char *text,
    enum fail fail)
{
	d->body = BODY_ERROR;
	derw_reset(&d->content);
	status_write(&d->content, status, text, fail);
	derw_wrap(&d->content, DER_SEQUENCE, 0);
}

/* Status, certReqId and the SEQUENCEs of a CertRepMessage around them. */
static void
finish_response(struct derw *w, int64_t cert_req_id, enum pki_status status,
    const char *text, enum fail fail, struct slice ca_pubs)
{
	size_t mark;

	status_write(w, status, text, fail);
	derw_int(w, DER_INTEGER, cert_req_id);
	derw_wrap(w, DER_SEQUENCE, 0);
	derw_wrap(w, DER_SEQUENCE, 0);
	if (ca_pubs.n > 0) {
		mark = derw_mark(w);
		derw_raw(w, ca_pubs);
		derw_wrap(w, DER_SEQUENCE, mark);
		derw_wrap(w, DER_CTX(1), mark);
	}
	derw_wrap(w, DER_SEQUENCE, 0);
}

void
draft_body_rejection(struct draft *d, enum body body, int64_t cert_req_id,
    const char *text, enum fail fail)
{
	d->body = body;
	derw_reset(&d->content);
	finish_response(&d->content, cert_req_id, STATUS_REJECTION, text,
	    fail, SLICE_NONE);
}

void
draft_body_waiting(struct draft *d, enum body body, int64_t cert_req_id,
    const char *text)
{
	d->body = body;
	derw_reset(&d->content);
	finish_response(&d->content, cert_req_id, STATUS_WAITING, text,
	    FAIL_NONE, SLICE_NONE);
}

void
draft_body_certificate(struct draft *d, enum body body, int64_t cert_req_id,
    enum pki_status status, const char *text, struct slice cert)
{
	d->body = body;
	derw_reset(&d->content);
	derw_raw(&d->content, cert);
	derw_wrap(&d->content, DER_CTX(0), 0);
	derw_wrap(&d->content, DER_SEQUENCE, 0);
	finish_response(&d->content, cert_req_id, status, text, FAIL_NONE,
	    d->ca_pubs);
}

void
draft_body_certconf(struct draft *d, struct slice cert_hash,
    int64_t cert_req_id, enum pki_status status, const char *text,
    enum fail fail)
{
	d->body = BODY_CERTCONF;
	derw_reset(&d->content);
	status_write(&d->content, status, text, fail);
	derw_int(&d->content, DER_INTEGER, cert_req_id);
	derw_prim(&d->content, DER_OCTET_STRING, cert_hash);
	derw_wrap(&d->content, DER_SEQUENCE, 0);
	derw_wrap(&d->content, DER_SEQUENCE, 0);
}

void
draft_body_pkiconf(struct draft *d)
{
	d->body = BODY_PKICONF;
	derw_reset(&d->content);
	derw_null(&d->content);
}
