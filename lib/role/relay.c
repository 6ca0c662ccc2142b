/* Passing messages on: RFC 9483 5.2. */
#include "role/relay.h"

int
relay_mode(const struct relay_ask *a, enum conf_mode *mode, struct err *e)
{
	enum body body = a->op->request;
	int own = a->first == BODY_KUR || a->first == BODY_RR || a->wants_key;

	*mode = a->rule->mode;
	/* These speak for the certificate that has signed them, to the end. */
	if (own && (*mode == FORWARD_REPLACE || *mode == FORWARD_RAVERIFIED))
		*mode = FORWARD_ADD;
	if (checked_mac(a->request->checked) != NULL &&
	    *mode != FORWARD_REPLACE && *mode != FORWARD_RAVERIFIED)
		return err_set(e, E_FORWARD_MAC, "%s by [forward %.60s] goes "
		    "upstream with forward = %s, but there the shared secret is "
		    "not known; expected %s", msg_body_name(a->first),
		    a->rule->name, conf_mode_word(*mode), own ?
		    "a signature" : "forward = replace");
	if (*mode == FORWARD_RAVERIFIED && body != BODY_IR && body != BODY_CR)
		*mode = FORWARD_REPLACE;
	return 0;
}

/* The header of ${m}, for a message in its place. */
static void
same_head(struct draft *d, const struct msg *m)
{
	const struct hdr *h = &m->hdr;

	d->pvno = (int)h->pvno;
	d->recipient = h->recipient;
	d->has_time = h->has_time;
	d->message_time = h->message_time;
	d->transaction_id = h->transaction_id;
	d->sender_nonce = h->sender_nonce;
	d->recip_nonce = h->recip_nonce;
	d->general_info = h->general_info;
	d->body = m->body;
}

/* 5.2.2.1: the message as it is, within one of ours with the same ids. */
static int
add(const struct relay_ask *a, struct buf *out, struct err *e)
{
	struct draft d;
	int rc;

	draft_init(&d);
	same_head(&d, a->request->msg);
	d.general_info = SLICE_NONE;
	d.has_time = 1;
	d.message_time = a->now;
	d.body = BODY_NESTED;
	derw_raw(&d.content, a->der);
	derw_wrap(&d.content, DER_SEQUENCE, 0);
	rc = protect_sign(&d, a->signer, SLICE_NONE, out, e);
	draft_release(&d);
	return rc;
}

/* generalInfo as it is, and behind it what our protection takes away: the
 * message itself, and the profile that its secret is bound to. */
static void
write_info(const struct relay_ask *a, struct derw *w)
{
	const struct hdr *h = &a->request->msg->hdr;
	size_t mark;

	if (a->rule->orig) {
		derw_raw(w, a->der);
		derw_wrap(w, DER_SEQUENCE, 0);
		derw_oid(w, oid_bytes(OID_IT_ORIG_PKI_MESSAGE));
		derw_wrap(w, DER_SEQUENCE, 0);
	}
	if (a->profile.n > 0 && h->cert_profile.n == 0) {
		mark = derw_mark(w);
		derw_prim(w, DER_UTF8_STRING, a->profile);
		derw_wrap(w, DER_SEQUENCE, mark);
		derw_oid(w, oid_bytes(OID_IT_CERT_PROFILE));
		derw_wrap(w, DER_SEQUENCE, mark);
	}
	derw_raw(w, h->general_info);
}

/* 5.2.3: our protection in place of its own. */
static int
replace(const struct relay_ask *a, int template, struct buf *out,
    struct err *e)
{
	const struct msg *m = a->request->msg;
	struct derw info;
	struct draft d;
	int rc = 0;

	draft_init(&d);
	derw_init(&info, m->der.n + m->hdr.general_info.n + a->profile.n +
	    128);
	same_head(&d, m);
	write_info(a, &info);
	if (derw_mark(&info) > 0)
		d.general_info = derw_slice(&info);
	if (template)
		rc = relay_template(a->rule, &a->request->cert_req,
		    buf_slice(&a->request->spki), &d.content, e);
	else
		derw_raw(&d.content, m->content);
	if (rc == 0)
		rc = protect_sign(&d, a->signer, SLICE_NONE, out, e);
	derw_release(&info);
	draft_release(&d);
	return rc;
}

int
relay_up(const struct relay_ask *a, enum conf_mode mode, struct buf *out,
    struct err *e)
{
	switch (mode) {
	case FORWARD_KEEP:
		buf_add_slice(out, a->whole);
		return buf_bad(out) ? err_set(e, E_NOMEM, "out of memory") : 0;
	case FORWARD_ADD:
		return add(a, out, e);
	case FORWARD_REPLACE:
		return replace(a, 0, out, e);
	case FORWARD_RAVERIFIED:
		return replace(a, 1, out, e);
	case FORWARD_REFUSE:
		break;
	}
	return err_set(e, E_INTERNAL, "a message that was refused");
}

/* extraCerts as consecutive TLVs: the chain of what is issued is in them. */
static void
put_extra(struct buf *b, const struct msg *m)
{
	for (size_t i = 0; i < m->n_extra; i++)
		buf_add_slice(b, m->extra[i]);
}

int
relay_down(const struct conf_rule *rule, const struct msg *m, struct slice to,
    const struct shared *mac, const struct signer *signer, struct buf *out,
    struct err *e)
{
	struct draft d;
	struct buf extra;
	int rc;

	if (mac == NULL && (rule == NULL || !rule->down_replace)) {
		buf_add_slice(out, m->der);
		return buf_bad(out) ? err_set(e, E_NOMEM, "out of memory") : 0;
	}
	draft_init(&d);
	buf_init(&extra, m->der.n + 1);
	put_extra(&extra, m);
	same_head(&d, m);
	d.recipient = to;
	derw_raw(&d.content, m->content);
	rc = mac != NULL ?
	    protect_mac(&d, mac, buf_slice(&extra), out, e) :
	    protect_sign(&d, signer, buf_slice(&extra), out, e);
	buf_release(&extra);
	draft_release(&d);
	return rc;
}
