/* What the store knows about a request. */
#include <string.h>

#include "base/rand.h"
#include "role/ca_int.h"

/* INTEGER content as the store has serials. */
static struct slice
unsigned_serial(struct slice v)
{
	return v.n > 1 && v.p[0] == 0 ? SLICE(v.p + 1, v.n - 1) : v;
}

int
ca_sender(struct step *s, struct err *e)
{
	struct policy_facts *f = &s->facts.policy;
	struct sender *by = &s->sender;

	f->approvers = s->approvals.by;
	f->n_approvers = s->approvals.n;
	if (checked_signer(s->checked) == NULL) {
		f->sender = AUTHZ_MAC;
		secret_facts(&s->secret, &f->ticket);
		return 0;
	}
	if (sender_find(s->en, s->checked, s->en->now, by, e) == -1)
		return -1;
	/* Whoever is known, or says to be ours and is not, has no voucher. */
	f->sender = by->kind == AUTHZ_STRANGER && s->approvals.n > 0 &&
	    !ca_is_own(s->en, checked_path(s->checked)->anchor->cert) ?
	    AUTHZ_VOUCHED : by->kind;
	f->anchor = by->anchor;
	f->ra = by->ra;
	f->sender_since = by->own.first_issued;
	f->sender_profile = by->own.profile;
	/* Who signs its own revocation need not be in force. */
	if ((s->op->flags & OP_ENROLS) || f->sender == AUTHZ_RA ||
	    (by->own.revoked && !(s->op->flags & OP_REVOKES)))
		return sender_in_force(by, e);
	return 0;
}

/* What the store knows of the certificate that the request is about. */
static int
find_target(struct step *s, struct err *e)
{
	struct policy_facts *f = &s->facts.policy;
	struct store_cert row;
	int rc;

	if (s->msg.body == BODY_CERTCONF)
		f->target_serial = buf_slice(&s->txn.serial);
	else
		f->target_serial = unsigned_serial(s->request.target);
	if (f->target_serial.n == 0)
		return 0;
	rc = store_cert(s->en->store, f->target_serial, &row, &s->target_row,
	    e);
	if (rc == 1) {
		f->target_der = row.der;
		f->target_revoked = row.revoked;
		f->target_profile = row.profile;
	}
	return rc == -1 ? -1 : 0;
}

/* What the store knows of the key. */
static int
find_key(struct step *s, struct err *e)
{
	int rc;

	if (s->request.spki.n > 0) {
		if (alg_key_hash(buf_slice(&s->request.spki), s->key_hash,
		    e) == -1 || (rc = known_key(s->en->store, s->key_hash,
		    &s->key_subject, &s->facts.policy.key_revoked, e)) == -1)
			return -1;
		s->facts.key_hash = SLICE(s->key_hash, sizeof(s->key_hash));
		s->facts.policy.key_known = rc;
		s->facts.policy.key_subject = buf_slice(&s->key_subject);
	}
	return 0;
}

int
ca_facts(struct step *s, struct err *e)
{
	int taken;

	if (find_key(s, e) == -1 || find_target(s, e) == -1)
		return -1;
	s->facts.serial = SLICE(s->serial, sizeof(s->serial));
	do {
		/* 159 random bits, always 20 octets, always positive. */
		rand_bytes(s->serial, sizeof(s->serial));
		s->serial[0] &= 0x7f;
		taken = s->serial[0] == 0 ? 1 :
		    store_serial_taken(s->en->store, s->facts.serial, e);
	} while (taken == 1);
	return taken;
}
