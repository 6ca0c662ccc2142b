/* A message from front to back: header, body, protection, extraCerts. */
#include "msg/print.h"

#include "msg/print_part.h"

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

/* The values of those that RFC 9483 names, a head of the others. */
static void
print_info_value(struct emit *em, enum oid type, struct slice tlv)
{
	struct slice v, s;
	int64_t t;

	if (tlv.n == 0)
		return;
	if (type == OID_IT_IMPLICIT_CONFIRM && der_only(tlv, DER_NULL, &v) == 0)
		return;
	if (type == OID_IT_CONFIRM_WAIT_TIME &&
	    der_only(tlv, DER_GENERALIZED_TIME, &v) == 0 &&
	    der_generalized_value(v, &t) == 0)
		emit_time(em, "value", t);
	else if (type == OID_IT_CERT_PROFILE &&
	    der_only(tlv, DER_SEQUENCE, &v) == 0 &&
	    der_only(v, DER_UTF8_STRING, &s) == 0)
		emit_text(em, "value", s);
	else
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
		print_info_value(em, oid_of(oid), value);
		emit_close(em);
	}
	emit_close_list(em);
}

static void
print_octets(struct emit *em, const char *name, struct slice v)
{
	if (v.p != NULL)
		emit_hex(em, name, v);
}

static void
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

static void
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
print_msg(struct buf *out, const struct msg *m, int json)
{
	struct emit em;

	emit_start(&em, out, json);
	emit_safe(&em, "message", msg_body_name(m->body));
	emit_int(&em, "size", (int64_t)m->der.n);
	print_header(&em, &m->hdr);
	emit_open(&em, "body");
	print_body(&em, m);
	emit_close(&em);
	print_tail(&em, m);
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
