/* Protection with a shared secret: RFC 9483 4.1.5. */
#include "prot/verify_int.h"

#include "base/escape.h"
#include "base/rand.h"
#include "base/secret.h"
#include "pki/name.h"

#define REFERENCE_MAX	128	/* octets */

int
verify_is_mac(const struct msg *m)
{
	struct slice alg = m->hdr.protection_alg, in, oid;

	return m->has_protection && alg.p != NULL &&
	    der_only(alg, DER_SEQUENCE, &in) == 0 &&
	    der_get(&in, DER_OID, &oid) == 0 &&
	    (oid_of(oid) == OID_PBM || oid_of(oid) == OID_PBMAC1);
}

/*
 * senderKID has the reference, and so has the commonName of sender.  Peers
 * that know only RFC 4210 give sender the name they ask for, or none: the
 * MAC covers both, so senderKID decides.
 */
int
verify_reference(const struct msg *m, struct slice *out, struct err *e)
{
	const struct hdr *h = &m->hdr;

	*out = h->sender_kid;
	if (h->sender_kid.p == NULL && (h->sender_name.p == NULL ||
	    name_attribute(h->sender_name, OID_CN, out) != 1))
		return err_set(e, E_SENDER_KID, "senderKID is absent and "
		    "sender has no commonName, expected the reference of the "
		    "shared secret in both");
	if (out->n == 0 || out->n > REFERENCE_MAX)
		return err_set(e, E_SENDER_KID, "the reference of the shared "
		    "secret has %zu octets, expected 1 to %d", out->n,
		    REFERENCE_MAX);
	return 0;
}

/*
 * Who guesses references learns nothing: a secret that nobody has is tried
 * instead, and fails in the same way after the same work.
 */
static int
find_secret(const struct verify_ask *ask, struct slice reference,
    struct buf *secret, struct err *e)
{
	uint8_t *p;
	int rc = ask->secret(ask->secret_arg, reference, secret, e);

	if (rc == 0) {
		buf_reset(secret);
		if ((p = buf_extend(secret, 39)) != NULL)
			rand_bytes(p, 39);
	}
	if (rc != -1 && (buf_bad(secret) || secret->n == 0))
		return buf_err(secret, "shared secret", e);
	return rc;
}

/* Before anything is known of the sender, the secret included. */
static int
spend(struct verify_budget *b, uint64_t cost, struct err *e)
{
	if (b == NULL)
		return 0;
	if (b->spent != 0 && cost > b->most - b->spent)
		return err_set(e, E_MAC_BUDGET, "too many wrong MACs in the "
		    "last minute: %llu million hashes, at most %llu; the "
		    "message waits", (unsigned long long)b->spent / 1000000,
		    (unsigned long long)b->most / 1000000);
	b->spent = cost < b->most - b->spent ? b->spent + cost : b->most;
	return 0;
}

int
verify_mac(const struct msg *m, const struct verify_ask *ask,
    struct shared *out, struct buf *secret, struct err *e)
{
	char shown[ESCAPE_SHORT];
	struct verify_budget *b = ask->budget;
	uint64_t before = b == NULL ? 0 : b->spent;
	struct derw part;
	int found, rc = -1;

	if (m->body == BODY_NESTED)	/* RFC 9483 5.2.2: signatures only */
		return err_set(e, E_PROT_KIND, "a nested message is protected "
		    "with a MAC, expected a signature");
	/* Its limits hold before anything is computed. */
	if (mac_parse(m->hdr.protection_alg, &out->mac, e) == -1)
		return err_wrap(e, "protectionAlg");
	if (verify_reference(m, &out->reference, e) == -1 ||
	    spend(b, mac_cost(&out->mac), e) == -1 ||
	    (found = find_secret(ask, out->reference, secret, e)) == -1)
		return -1;
	out->secret = buf_slice(secret);
	if (verify_part(m, &part, e) == 0)
		rc = mac_verify(&out->mac, out->secret, derw_slice(&part),
		    m->protection, e);
	derw_release(&part);
	escape_short(shown, out->reference);
	if (found == 0)
		return err_set(e, E_PROT_MAC, "no shared secret has the "
		    "reference \"%s\"", shown);
	if (rc == -1)
		return err_wrap(e, "reference \"%.100s\"", shown);
	if (b != NULL)
		b->spent = before;
	return 0;
}
