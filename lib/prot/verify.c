#include "prot/verify_int.h"

#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "base/secret.h"
#include "pki/key.h"
#include "pki/name.h"

#define SIGNERS_MAX	4	/* certificates tried as the signer's */

struct checked {
	const struct msg	*msg;
	const struct cert	*signer;
	struct path		 path;
	int			 is_mac;
	struct shared		 shared;
	struct buf		 secret;	/* what ${shared} points to */
	struct cert		 pool[PATH_MAX_POOL];
	size_t			 n_pool;
	uint8_t			 peer[32], identity[32];
};

int
verify_header(const struct msg *m, struct err *e)
{
	const struct hdr *h = &m->hdr;

	if (h->pvno != 2 && h->pvno != 3)
		return err_set(e, E_PVNO, "pvno is %lld, expected 2 or 3",
		    (long long)h->pvno);
	if (h->transaction_id.p == NULL)
		return err_set(e, E_TXID_MISSING, "header has no "
		    "transactionID");
	if (h->transaction_id.n < 16 || h->transaction_id.n > TXID_MAX)
		return err_set(e, E_TXID_SIZE, "transactionID has %zu octets, "
		    "expected 16", h->transaction_id.n);
	if (h->sender_nonce.p == NULL)
		return err_set(e, E_SENDER_NONCE, "header has no senderNonce");
	if (h->sender_nonce.n < NONCE_MIN || h->sender_nonce.n > NONCE_MAX)
		return err_set(e, E_SENDER_NONCE, "senderNonce has %zu octets, "
		    "expected %d to %d", h->sender_nonce.n, NONCE_MIN,
		    NONCE_MAX);
	return 0;
}

static int
check_time(const struct msg *m, const struct verify_ask *ask, struct err *e)
{
	char then[DER_TIME_TEXT], now[DER_TIME_TEXT];
	int64_t t = m->hdr.message_time;

	if (!m->hdr.has_time)
		return 0;
	if ((ask->time_past != 0 && t < ask->now - ask->time_past) ||
	    (ask->time_future != 0 && t > ask->now + ask->time_future))
		return err_set(e, E_MESSAGE_TIME, "messageTime is %s, our "
		    "clock says %s; at most %lld seconds in the past and %lld "
		    "in the future are allowed", der_time_text(then, t),
		    der_time_text(now, ask->now), (long long)ask->time_past,
		    (long long)ask->time_future);
	return 0;
}

/* Views of all certificates that can be read; the others do no harm. */
static void
fill_pool(struct checked *c, const struct verify_ask *ask)
{
	struct slice known = ask->known, der;
	struct err ignored = { 0 };

	for (size_t i = 0; i < c->msg->n_extra; i++)
		if (cert_parse(c->msg->extra[i], &c->pool[c->n_pool],
		    &ignored) == 0)
			c->n_pool++;
	while (c->n_pool < PATH_MAX_POOL &&
	    der_get_tlv(&known, DER_SEQUENCE, &der) == 0)
		if (cert_parse(der, &c->pool[c->n_pool], &ignored) == 0)
			c->n_pool++;
}

/* An anchor may sign without being sent along. */
static const struct cert *
candidate_at(const struct checked *c, const struct verify_ask *ask, size_t i)
{
	if (i < c->n_pool)
		return &c->pool[i];
	return ask->anchors[i - c->n_pool].cert;
}

static int
kid_fits(const struct hdr *h, const struct cert *cert)
{
	return h->sender_kid.p == NULL || (cert->ski.p != NULL &&
	    slice_eq(h->sender_kid, cert->ski));
}

static int
name_fits(const struct hdr *h, const struct cert *cert)
{
	return h->sender_name.p != NULL &&
	    name_eq(h->sender_name, cert->subject);
}

static int
seen_before(const struct cert *const *tried, size_t n, const struct cert *c)
{
	for (size_t i = 0; i < n; i++)
		if (slice_eq(tried[i]->spki, c->spki) &&
		    slice_eq(tried[i]->der, c->der))
			return 1;
	return 0;
}

/* Why no certificate was a candidate: the nearest miss. */
static int
no_candidate(const struct checked *c, struct err *e)
{
	const struct hdr *h = &c->msg->hdr;
	char name[NAME_TEXT], kid[ESCAPE_SHORT];
	int by_name = 0, by_kid = 0;

	for (size_t i = 0; i < c->n_pool; i++) {
		by_name |= name_fits(h, &c->pool[i]);
		by_kid |= h->sender_kid.p != NULL && kid_fits(h, &c->pool[i]);
	}
	if (by_name)
		return err_set(e, E_SENDER_KID, "senderKID is %s, no "
		    "certificate of the sender has that subjectKeyIdentifier",
		    escape_hex_short(kid, h->sender_kid));
	if (by_kid || (c->n_pool > 0 && h->sender_kid.p == NULL))
		return err_set(e, E_SENDER_NAME, "sender is \"%s\", expected "
		    "the subject of the protection certificate",
		    name_short(name, h->sender_name));
	return err_set(e, E_PROT_CERT, "extraCerts has %zu certificates, none "
	    "of them the sender's; the first has to be the protection "
	    "certificate", c->msg->n_extra);
}

int
verify_part(const struct msg *m, struct derw *w, struct err *e)
{
	/* header and body lie next to each other: exactly what was signed. */
	derw_init(w, m->der.n + 16);
	if (m->has_digest)	/* a nested message: there is only its hash */
		return 0;
	derw_raw(w, SLICE(m->header_tlv.p, m->header_tlv.n + m->body_tlv.n));
	derw_wrap(w, DER_SEQUENCE, 0);
	return derw_bad(w) ? derw_err(w, "message", e) : 0;
}

/* Did the key in ${spki} sign ${m}, whose ProtectedPart is ${part}? */
static int
signed_by(const struct msg *m, struct slice spki, const struct sigalg *alg,
    struct slice part, struct err *e)
{
	if (m->has_digest && m->part.p == NULL)
		return key_verify_hash(spki, alg, SLICE(m->part_digest,
		    m->part_digest_n), m->protection, e);
	return key_verify(spki, alg, m->has_digest ? m->part : part,
	    m->protection, e);
}

/* Find the certificate whose key made the protection. */
static int
find_signer(struct checked *c, const struct verify_ask *ask,
    const struct sigalg *alg, struct err *e)
{
	const struct cert *tried[SIGNERS_MAX], *cert;
	struct derw w;
	size_t n = 0;

	if (verify_part(c->msg, &w, e) == -1) {
		derw_release(&w);
		return -1;
	}
	for (size_t i = 0; c->signer == NULL && n < SIGNERS_MAX &&
	    i < c->n_pool + ask->n_anchors; i++) {
		cert = candidate_at(c, ask, i);
		if (!name_fits(&c->msg->hdr, cert) ||
		    !kid_fits(&c->msg->hdr, cert) ||
		    seen_before(tried, n, cert))
			continue;
		tried[n++] = cert;
		if (signed_by(c->msg, cert->spki, alg, derw_slice(&w), e) ==
		    0)
			c->signer = cert;
	}
	derw_release(&w);
	if (n == 0)
		return no_candidate(c, e);
	if (c->signer == NULL)
		return err_wrap(e, "protection");
	return 0;
}

static int
check_usage(const struct checked *c, struct err *e)
{
	if (c->signer->has_ku && !(c->signer->ku & KU_DIGITAL_SIGNATURE))
		return err_set(e, E_PROT_USAGE, "keyUsage of the protection "
		    "certificate is 0x%x, expected digitalSignature in it",
		    (unsigned)c->signer->ku);
	return 0;
}

/*
 * A device's own certificate comes from the same CA as the one that signs
 * answers: without this, every device could answer in the CA's name.
 */
static enum oid
answer_eku(const struct checked *c)
{
	return cert_has_eku(c->signer, OID_KP_CMC_CA) ? OID_KP_CMC_CA :
	    cert_has_eku(c->signer, OID_KP_CMC_RA) ? OID_KP_CMC_RA :
	    OID_UNKNOWN;
}

static int
check_path(struct checked *c, const struct verify_ask *ask, struct err *e)
{
	enum oid eku = ask->answers ? answer_eku(c) : OID_UNKNOWN;
	struct path_ask p = {
		.target = c->signer, .pool = c->pool, .n_pool = c->n_pool,
		.anchors = ask->anchors, .n_anchors = ask->n_anchors,
		.now = ask->now, .eku = eku,
	};
	char name[NAME_TEXT];

	if (path_find(&p, &c->path, e) == -1)
		return -1;
	if (ask->answers && eku == OID_UNKNOWN && c->path.n != 0)
		return err_set(e, E_ANSWER_SIGNER, "\"%s\" signed, which has "
		    "neither extended key usage cmcCA nor cmcRA and is not a "
		    "trust anchor itself", name_short(name,
		    c->signer->subject));
	return 0;
}

static int
check_protection(struct checked *c, const struct verify_ask *ask,
    struct err *e)
{
	struct slice alg_tlv = c->msg->hdr.protection_alg;
	struct sigalg alg;

	if (!c->msg->has_protection || alg_tlv.p == NULL)
		return err_set(e, E_PROT_MISSING, "message has no protection; "
		    "%s", ask->answers ? "anybody can write such a file" :
		    "a draft is protected with: cmp-sign --cert FILE --key "
		    "FILE");
	if (c->is_mac) {
		if (ask->secret == NULL)
			return err_set(e, E_PROT_KIND, "protection is a MAC, "
			    "expected a signature");
		if (verify_mac(c->msg, ask, &c->shared, &c->secret, e) == -1)
			return -1;
		return check_time(c->msg, ask, e);
	}
	if (alg_parse(alg_tlv, &alg, e) == -1)
		return err_wrap(e, "protectionAlg");
	if (find_signer(c, ask, &alg, e) == -1 || check_usage(c, e) == -1 ||
	    check_path(c, ask, e) == -1)
		return -1;
	return check_time(c->msg, ask, e);
}

static struct checked *
checked_new(const struct msg *m, const struct verify_ask *ask, struct err *e)
{
	struct checked *c = malloc(sizeof(*c));

	if (c == NULL) {
		err_set(e, E_NOMEM, "out of memory");
		return NULL;
	}
	c->msg = m;
	c->signer = NULL;
	c->is_mac = verify_is_mac(m);
	c->shared = (struct shared){ .reference = SLICE_NONE };
	buf_init(&c->secret, SECRET_MAX);
	c->n_pool = 0;
	fill_pool(c, ask);
	return c;
}

/* Who made what: needs the signer or the reference, and no trust in it. */
static void
identify(struct checked *c)
{
	uint8_t digest[32];

	if (c->is_mac)
		alg_sha256(SLICE_LIT("mac:"), c->shared.reference, c->peer);
	else
		alg_sha256(c->signer->spki, SLICE_NONE, c->peer);
	msg_digest(c->msg, digest);
	alg_sha256(SLICE(digest, 32), SLICE(c->peer, 32), c->identity);
}

int
verify_identity(const struct msg *m, const struct verify_ask *ask,
    uint8_t out[static 32])
{
	struct err ignored = { 0 };
	struct checked *c;
	struct sigalg alg;
	int rc = -1;

	if (!m->has_protection || m->hdr.protection_alg.p == NULL ||
	    (c = checked_new(m, ask, &ignored)) == NULL)
		return -1;
	if (c->is_mac ? ask->secret != NULL && verify_mac(m, ask, &c->shared,
	    &c->secret, &ignored) == 0 :
	    alg_parse(m->hdr.protection_alg, &alg, &ignored) == 0 &&
	    find_signer(c, ask, &alg, &ignored) == 0) {
		identify(c);
		memcpy(out, c->identity, 32);
		rc = 0;
	}
	checked_free(c);
	return rc;
}

int
verify_msg(const struct msg *m, const struct verify_ask *ask,
    struct checked **out, struct err *e)
{
	struct checked *c;

	*out = NULL;
	if (verify_header(m, e) == -1 || (c = checked_new(m, ask, e)) == NULL)
		return -1;
	if (check_protection(c, ask, e) == -1) {
		checked_free(c);
		return -1;
	}
	identify(c);
	*out = c;
	return 0;
}

void
verify_identity_none(const struct msg *m, uint8_t out[static 32])
{
	uint8_t digest[32];

	msg_digest(m, digest);
	/* Each guess of a secret is a message of its own, and counts. */
	alg_sha256(SLICE(digest, 32), verify_is_mac(m) ? m->protection :
	    SLICE_NONE, out);
}

void
checked_free(struct checked *c)
{
	if (c != NULL)
		buf_release(&c->secret);
	free(c);
}

const struct msg *
checked_msg(const struct checked *c)
{
	return c->msg;
}

const struct cert *
checked_signer(const struct checked *c)
{
	return c->signer;
}

const struct path *
checked_path(const struct checked *c)
{
	return c->is_mac ? NULL : &c->path;
}

const struct shared *
checked_mac(const struct checked *c)
{
	return c->is_mac ? &c->shared : NULL;
}

const struct cert *
checked_pool(const struct checked *c, size_t *n)
{
	*n = c->n_pool;
	return c->pool;
}

const uint8_t *
checked_peer(const struct checked *c)
{
	return c->peer;
}

const uint8_t *
checked_identity(const struct checked *c)
{
	return c->identity;
}
