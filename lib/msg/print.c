/* A message from front to back: header, body, protection, extraCerts. */
#include "msg/print.h"

#include "msg/print_part.h"

#define WHOLE_DEPTH	8	/* of emit: an approval in a bundle, and what is in it */

void
print_error(struct emit *em, const struct err *e)
{
	struct buf b;

	buf_init(&b, 4096);
	buf_printf(&b, "%s: %s", err_name(e->code), e->detail);
	emit_safe(em, "unreadable", buf_str(&b) ? buf_str(&b) : "");
	buf_release(&b);
}

void
print_free_text(struct emit *em, const char *name, struct slice content)
{
	struct slice v;

	if (content.n == 0)
		return;
	emit_open_list(em, name);
	while (der_get(&content, DER_UTF8_STRING, &v) == 0)
		emit_text(em, NULL, v);
	emit_close_list(em);
}

static void
print_octets(struct emit *em, const char *name, struct slice v)
{
	if (v.p != NULL)
		emit_hex(em, name, v);
}

void
print_header(struct emit *em, const struct hdr *h)
{
	emit_open(em, "header");
	emit_int(em, "pvno", h->pvno);
	print_cert_general_name(em, "sender", h->sender);
	print_cert_general_name(em, "recipient", h->recipient);
	if (h->has_time)
		emit_time(em, "messageTime", h->message_time);
	if (h->protection_alg.n > 0)
		print_cert_alg(em, "protectionAlg", h->protection_alg);
	print_octets(em, "senderKID", h->sender_kid);
	print_octets(em, "recipKID", h->recip_kid);
	print_octets(em, "transactionID", h->transaction_id);
	print_octets(em, "senderNonce", h->sender_nonce);
	print_octets(em, "recipNonce", h->recip_nonce);
	print_free_text(em, "freeText", h->free_text);
	if (h->general_info.n > 0)
		print_infos(em, "generalInfo", h->general_info);
	emit_close(em);
}

void
print_tail(struct emit *em, const struct msg *m)
{
	if (m->has_protection) {
		emit_open(em, "protection");
		if (m->hdr.protection_alg.n > 0)
			print_cert_alg(em, "algorithm",
			    m->hdr.protection_alg);
		emit_int(em, "octets", (int64_t)m->protection.n);
		emit_head(em, "value", m->protection);
		emit_close(em);
	}
	if (m->n_extra > 0) {
		emit_open_list(em, "extraCerts");
		for (size_t i = 0; i < m->n_extra; i++)
			print_cert(em, NULL, m->extra[i]);
		emit_close_list(em);
	}
}

static void
print_parts(struct emit *em, const struct msg *m)
{
	emit_safe(em, "message", msg_body_name(m->body));
	emit_int(em, "size", (int64_t)m->der.n);
	print_header(em, &m->hdr);
	emit_open(em, "body");
	print_body(em, m);
	emit_close(em);
	print_tail(em, m);
}

/* Enough to find it: what is in it is for who unpacks it. */
static void
print_brief(struct emit *em, const struct msg *m)
{
	emit_safe(em, "message", msg_body_name(m->body));
	emit_int(em, "size", (int64_t)m->der.n);
	print_octets(em, "transactionID", m->hdr.transaction_id);
}

void
print_messages(struct emit *em, const char *name, struct slice content)
{
	int whole = em->depth < WHOLE_DEPTH;
	struct slice tlv;
	struct msg m;

	emit_open_list(em, name);
	while (der_get_tlv(&content, DER_SEQUENCE, &tlv) == 0) {
		struct err e = { 0 };

		emit_open(em, NULL);
		if (msg_decode(tlv, &m, &e) == -1) {
			print_error(em, &e);
			emit_head(em, "content", tlv);
		} else if (whole) {
			print_parts(em, &m);
		} else {
			print_brief(em, &m);
		}
		emit_close(em);
	}
	emit_close_list(em);
}

static void
print_msg(struct buf *out, const struct msg *m, int json)
{
	struct emit em;

	emit_start(&em, out, json);
	print_parts(&em, m);
	emit_end(&em);
}

void
print_text(struct buf *out, const struct msg *m)
{
	print_msg(out, m, 0);
}

void
print_json(struct buf *out, const struct msg *m)
{
	print_msg(out, m, 1);
}
