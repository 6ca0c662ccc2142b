/* Nested messages: a header and a signature around members not held. */
#include "prot/protect_nest.h"

#include "msg/nest.h"
#include "pki/hash.h"
#include "prot/protect_int.h"

#define AROUND_MAX	((size_t)1 << 20)	/* header, extraCerts */
#define HEADS		(4 * 6)			/* SEQUENCEs and tags */

/* ProtectedPart as it comes: hashed, or held where EdDSA is to sign it. */
struct part {
	struct sigalg	 alg;
	struct hash_run	*hash;		/* NULL: held */
	struct buf	 all;
};

static int
part_init(struct part *p, const struct key *k, uint64_t size, struct err *e)
{
	p->alg = alg_default(key_info(k));
	p->hash = NULL;
	buf_init(&p->all, (size_t)size);
	if (p->alg.scheme != SIG_ED25519 && p->alg.scheme != SIG_ED448)
		return hash_begin(p->alg.hash, &p->hash, e);
	/* At once: growing would take twice as much. */
	buf_extend(&p->all, (size_t)size);
	buf_reset(&p->all);
	return 0;
}

static void
part_add(struct part *p, struct slice s)
{
	if (p->hash != NULL)
		hash_add(p->hash, s);
	else
		buf_add_slice(&p->all, s);
}

/* Sign it, and let go of it. */
static int
part_sign(struct part *p, const struct key *k, struct buf *sig,
    struct err *e)
{
	struct hash_run *h = p->hash;
	uint8_t out[HASH_MAX];
	size_t n;

	if (h == NULL && buf_bad(&p->all))
		return err_set(e, E_NOMEM, "out of memory: an EdDSA key signs "
		    "only what is in memory as a whole");
	if (h == NULL)
		return key_sign(k, &p->alg, buf_slice(&p->all), sig, e);
	p->hash = NULL;
	if ((n = hash_end(h, out)) == 0)
		return err_set(e, E_CRYPTO, "hash of a message");
	return key_sign_hash(k, &p->alg, SLICE(out, n), sig, e);
}

static void
part_release(struct part *p)
{
	hash_drop(p->hash);
	buf_release(&p->all);
}

/* Append the header of ${d}, and what stands between it and the members. */
static int
put_front(struct draft *d, const struct signer *s, uint64_t members_size,
    struct buf *out, struct err *e)
{
	static const uint8_t nothing[] = { DER_SEQUENCE, 0 };
	struct sigalg alg = alg_default(key_info(s->key));
	struct derw algid, w;
	struct buf list;
	struct slice header;
	int rc;

	derw_init(&algid, 1024);
	derw_init(&w, AROUND_MAX);
	buf_init(&list, HEADS);
	nest_put_head(&list, DER_SEQUENCE, members_size);
	alg_write(&algid, &alg);
	d->sender = s->cert->subject;
	d->sender_kid = s->cert->ski;
	d->protection_alg = derw_slice(&algid);
	d->body = BODY_NESTED;
	derw_reset(&d->content);
	derw_raw(&d->content, SLICE(nothing, sizeof(nothing)));
	if ((rc = draft_write(d, &w, e)) == 0) {
		/* The body that is empty yet has four octets at the end. */
		header = derw_slice(&w);
		header.n -= 2 + sizeof(nothing);
		buf_add_slice(out, header);
		nest_put_head(out, DER_CTX(BODY_NESTED), list.n +
		    members_size);
		buf_add_slice(out, buf_slice(&list));
	}
	d->sender = d->sender_kid = d->protection_alg = SLICE_NONE;
	derw_reset(&d->content);
	derw_release(&algid);
	derw_release(&w);
	buf_release(&list);
	return rc;
}

/* Give the members to ${p}. */
static int
add_members(struct part *p, uint64_t size,
    int (*piece)(void *arg, struct slice *next, struct err *e), void *arg,
    struct err *e)
{
	struct slice s = SLICE_NONE;
	uint64_t have = 0;
	int rc;

	while ((rc = piece(arg, &s, e)) == 1) {
		have += s.n;
		if (have > size)
			break;
		part_add(p, s);
	}
	if (rc == -1)
		return -1;
	if (have != size)
		return err_set(e, E_NEST_CHANGED, "the messages to be nested "
		    "have %s%llu bytes, expected %llu; they changed while they "
		    "were read", have > size ? "at least " : "",
		    (unsigned long long)have, (unsigned long long)size);
	return 0;
}

/* ${front} becomes the whole prefix: ProtectedPart has no more to it. */
static int
finish(const struct buf *front, uint64_t members_size, struct slice sig,
    const struct signer *s, struct buf *prefix, struct buf *suffix,
    struct err *e)
{
	struct derw tail;
	int rc = 0;

	derw_init(&tail, AROUND_MAX);
	protect_tail(&tail, sig, s);
	nest_put_head(prefix, DER_SEQUENCE, front->n + members_size +
	    derw_slice(&tail).n);
	buf_add_slice(prefix, buf_slice(front));
	buf_add_slice(suffix, derw_slice(&tail));
	if (derw_bad(&tail) || buf_bad(front) || buf_bad(prefix) ||
	    buf_bad(suffix))
		rc = err_set(e, E_NOMEM, "header and extraCerts are larger "
		    "than %zu bytes or memory is short", AROUND_MAX);
	derw_release(&tail);
	return rc;
}

int
protect_nest(struct draft *d, const struct signer *s, uint64_t members_size,
    int (*piece)(void *arg, struct slice *next, struct err *e), void *arg,
    struct buf *prefix, struct buf *suffix, struct err *e)
{
	struct buf front, head, sig;
	struct part part = { .hash = NULL };
	int rc = -1;

	/* DER as we read it has lengths of four octets. */
	if (members_size > UINT32_MAX - 2 * AROUND_MAX)
		return err_set(e, E_FILE_SIZE, "%llu bytes are too many for "
		    "one message", (unsigned long long)members_size);
	buf_init(&front, AROUND_MAX);
	buf_init(&head, HEADS);
	buf_init(&sig, 4096);
	if (put_front(d, s, members_size, &front, e) == -1)
		goto out;
	nest_put_head(&head, DER_SEQUENCE, front.n + members_size);
	if (part_init(&part, s->key, HEADS + front.n + members_size, e) == -1)
		goto out;
	part_add(&part, buf_slice(&head));
	part_add(&part, buf_slice(&front));
	if (add_members(&part, members_size, piece, arg, e) == -1 ||
	    part_sign(&part, s->key, &sig, e) == -1)
		goto out;
	rc = finish(&front, members_size, buf_slice(&sig), s, prefix, suffix,
	    e);
out:
	part_release(&part);
	buf_release(&front);
	buf_release(&head);
	buf_release(&sig);
	return rc;
}

static int
give_once(void *arg, struct slice *next, struct err *e)
{
	struct slice *rest = arg;

	(void)e;
	*next = *rest;
	*rest = SLICE_NONE;
	return next->n > 0;
}

int
protect_wrap(const struct msg *inner, const struct signer *s, int64_t now,
    struct buf *out, struct err *e)
{
	const struct hdr *h = &inner->hdr;
	struct slice once = inner->der;
	struct buf prefix, suffix;
	struct draft d;
	int rc;

	draft_init(&d);
	buf_init(&prefix, AROUND_MAX);
	buf_init(&suffix, AROUND_MAX);
	d.pvno = h->pvno == 3 ? 3 : 2;
	d.recipient = h->recipient;
	d.has_time = 1;
	d.message_time = now;
	d.transaction_id = h->transaction_id;
	d.sender_nonce = h->sender_nonce;
	d.recip_nonce = h->recip_nonce;
	rc = protect_nest(&d, s, inner->der.n, give_once, &once, &prefix,
	    &suffix, e);
	if (rc == 0) {
		buf_add_slice(out, buf_slice(&prefix));
		buf_add_slice(out, inner->der);
		buf_add_slice(out, buf_slice(&suffix));
		if (buf_bad(out))
			rc = err_set(e, E_NOMEM, "the message is larger than "
			    "%zu bytes or memory is short", out->max);
	}
	draft_release(&d);
	buf_release(&prefix);
	buf_release(&suffix);
	return rc;
}
