#include "prot/protect_int.h"

#include <string.h>

int
protect_check(const struct signer *s, struct err *e)
{
	if (!slice_eq(key_spki(s->key), s->cert->spki))
		return err_set(e, E_KEY_CERT, "the key is not the key of the "
		    "certificate; give the private key that belongs to it");
	if (s->cert->has_ku && !(s->cert->ku & KU_DIGITAL_SIGNATURE))
		return err_set(e, E_KEY_CERT, "the certificate's keyUsage "
		    "does not have digitalSignature, so it may not protect "
		    "messages");
	return 0;
}

/* The certificates to send, in the order of RFC 9483 3.3. */
struct bag {
	struct slice	 v[MSG_EXTRA_MAX];
	size_t		 n;
};

static void
bag_add(struct bag *b, struct slice der)
{
	for (size_t i = 0; i < b->n; i++)
		if (slice_eq(b->v[i], der))
			return;
	if (b->n < MSG_EXTRA_MAX)
		b->v[b->n++] = der;
}

/*
 * Self-signed, as far as can be told without looking at the signature: the
 * links between an old and a new root (RFC 4210 4.4) have one name as well,
 * but two keys.
 */
static int
self_signed(const struct cert *c)
{
	return slice_eq(c->issuer, c->subject) && (c->aki.n == 0 ||
	    c->ski.n == 0 || slice_eq(c->aki, c->ski));
}

static int
is_root(struct slice der)
{
	struct err ignored = { 0 };
	struct cert c;

	return cert_parse(der, &c, &ignored) == 0 && self_signed(&c);
}

static void
bag_fill(struct bag *b, const struct signer *s, struct slice extra)
{
	struct slice der;

	b->n = 0;
	if (s != NULL)
		bag_add(b, s->cert->der);
	for (size_t i = 0; s != NULL && s->chain != NULL && i < s->chain->n; i++)
		if (!self_signed(&s->chain->v[i]))
			bag_add(b, s->chain->v[i].der);
	while (der_get_tlv(&extra, DER_SEQUENCE, &der) == 0)
		if (!is_root(der))
			bag_add(b, der);
}

/* What follows the body. */
static void
put_tail(struct derw *w, struct slice sig, const struct bag *b)
{
	size_t mark;

	if (b != NULL && b->n > 0) {
		for (size_t i = b->n; i-- > 0;)
			derw_raw(w, b->v[i]);
		derw_wrap(w, DER_SEQUENCE, 0);
		derw_wrap(w, DER_CTX(1), 0);
	}
	if (sig.p != NULL) {
		mark = derw_mark(w);
		derw_bits(w, DER_BIT_STRING, sig);
		derw_wrap(w, DER_CTX(0), mark);
	}
}

void
protect_tail(struct derw *w, struct slice sig, const struct signer *s)
{
	struct bag bag;

	bag_fill(&bag, s, SLICE_NONE);
	put_tail(w, sig, &bag);
}

/* PKIMessage from header‖body, which ${part} holds, and what follows it. */
static int
assemble(const struct derw *part, struct slice sig, const struct bag *b,
    struct buf *out, struct err *e)
{
	struct derw w;
	int rc = 0;

	derw_init(&w, part->max);
	put_tail(&w, sig, b);
	derw_raw(&w, derw_slice(part));
	derw_wrap(&w, DER_SEQUENCE, 0);
	buf_add_slice(out, derw_slice(&w));
	if (derw_bad(&w) || derw_bad(part) || buf_bad(out))
		rc = derw_bad(&w) ? derw_err(&w, "message", e) : derw_bad(part) ?
		    derw_err(part, "message", e) : buf_err(out, "message", e);
	derw_release(&w);
	return rc;
}

int
protect_sign(struct draft *d, const struct signer *s, struct slice extra,
    struct buf *out, struct err *e)
{
	struct sigalg alg = alg_default(key_info(s->key));
	struct derw algid, part;
	struct buf sig;
	struct bag bag;
	size_t mark;
	int rc = -1;

	derw_init(&algid, 1024);
	derw_init(&part, d->max);
	buf_init(&sig, 4096);
	alg_write(&algid, &alg);
	d->sender = s->cert->subject;
	d->sender_kid = s->cert->ski;
	d->protection_alg = derw_slice(&algid);
	if (draft_write(d, &part, e) == -1)
		goto out;
	/* ProtectedPart ::= SEQUENCE { header, body }: only for signing. */
	mark = derw_mark(&part);
	derw_wrap(&part, DER_SEQUENCE, 0);
	if (key_sign(s->key, &alg, derw_slice(&part), &sig, e) == -1)
		goto out;
	part.n = mark;
	bag_fill(&bag, s, extra);
	rc = assemble(&part, buf_slice(&sig), &bag, out, e);
out:
	d->sender = d->sender_kid = d->protection_alg = SLICE_NONE;
	derw_release(&algid);
	derw_release(&part);
	buf_release(&sig);
	return rc;
}

/* The parameters again, but never with SHA-1. */
static struct mac
our_mac(const struct mac *m)
{
	struct mac our = *m;

	if (m->hash == MAC_SHA1 || m->algo == MAC_HMAC_SHA1) {
		mac_new(&our, m->kind, MAC_HMAC_SHA256, m->iterations);
		our.salt_n = m->salt_n;
		memcpy(our.salt, m->salt, sizeof(our.salt));
	}
	mac_again(&our);
	return our;
}

void
protect_reference(struct derw *w, struct slice reference)
{
	derw_prim(w, DER_UTF8_STRING, reference);
	derw_oid(w, oid_bytes(OID_CN));
	derw_wrap(w, DER_SEQUENCE, 0);
	derw_wrap(w, DER_SET, 0);
	derw_wrap(w, DER_SEQUENCE, 0);
}

int
protect_mac(struct draft *d, const struct shared *s, struct slice extra,
    struct buf *out, struct err *e)
{
	struct mac mac = our_mac(&s->mac);
	struct derw algid, name, part;
	uint8_t tag[MAC_MAX];
	struct bag bag;
	size_t mark, n;
	int rc = -1;

	derw_init(&algid, 1024);
	derw_init(&name, 1024);
	derw_init(&part, d->max);
	mac_write(&algid, &mac);
	protect_reference(&name, s->reference);
	d->sender = derw_slice(&name);
	d->sender_kid = s->reference;
	d->protection_alg = derw_slice(&algid);
	if (derw_bad(&algid) || derw_bad(&name)) {
		err_set(e, E_INTERNAL, "parameters of the MAC");
		goto out;
	}
	if (draft_write(d, &part, e) == -1)
		goto out;
	mark = derw_mark(&part);
	derw_wrap(&part, DER_SEQUENCE, 0);
	n = mac_compute(&mac, s->secret, derw_slice(&part), tag);
	part.n = mark;
	bag_fill(&bag, NULL, extra);
	rc = assemble(&part, SLICE(tag, n), &bag, out, e);
out:
	d->sender = d->sender_kid = d->protection_alg = SLICE_NONE;
	derw_release(&algid);
	derw_release(&name);
	derw_release(&part);
	return rc;
}

int
protect_none(struct draft *d, struct buf *out, struct err *e)
{
	struct derw part;
	int rc;

	derw_init(&part, d->max);
	d->protection_alg = SLICE_NONE;
	if ((rc = draft_write(d, &part, e)) == 0)
		rc = assemble(&part, SLICE_NONE, NULL, out, e);
	derw_release(&part);
	return rc;
}

/* ${m} as a draft, which borrows from it. */
static void
redraft(struct draft *d, const struct msg *m)
{
	const struct hdr *h = &m->hdr;

	draft_init(d);
	d->pvno = (int)h->pvno;
	d->recipient = h->recipient;
	d->has_time = h->has_time;
	d->message_time = h->message_time;
	d->transaction_id = h->transaction_id;
	d->sender_nonce = h->sender_nonce;
	d->recip_nonce = h->recip_nonce;
	d->general_info = h->general_info;
	d->body = m->body;
	derw_raw(&d->content, m->content);
}

int
protect_message(const struct msg *m, const struct signer *s, struct buf *out,
    struct err *e)
{
	struct draft d;
	int rc;

	redraft(&d, m);
	rc = protect_sign(&d, s, SLICE_NONE, out, e);
	draft_release(&d);
	return rc;
}

/* What may come with a MAC: the messages of 4.1.5, and of 4.4 for them. */
static int
may_mac(enum body b)
{
	switch (b) {
	case BODY_IR: case BODY_IP: case BODY_CR: case BODY_CP:
	case BODY_P10CR: case BODY_CERTCONF: case BODY_PKICONF:
	case BODY_POLLREQ: case BODY_POLLREP: case BODY_ERROR:
		return 1;
	default:
		return 0;
	}
}

int
protect_message_mac(const struct msg *m, const struct shared *s,
    struct buf *out, struct err *e)
{
	struct draft d;
	int rc;

	if (!may_mac(m->body))
		return err_set(e, E_PROT_KIND, "%s with a MAC, expected a "
		    "signature: a shared secret is for ir, cr, p10cr and what "
		    "follows them", msg_body_name(m->body));
	redraft(&d, m);
	rc = protect_mac(&d, s, SLICE_NONE, out, e);
	draft_release(&d);
	return rc;
}
