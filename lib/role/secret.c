/* Shared secrets, RFC 9483 4.1.5: tickets at the CA, files at the device. */
#include <string.h>

#include "base/escape.h"
#include "role/engine_int.h"

void
secret_init(struct secret *k, struct store *s)
{
	*k = (struct secret){ .store = s };
	buf_init(&k->row, 1 << 17);
}

void
secret_release(struct secret *k)
{
	buf_release(&k->row);
}

int
secret_find(void *arg, struct slice reference, struct buf *out, struct err *e)
{
	struct secret *k = arg;
	int rc;

	buf_reset(&k->row);
	rc = store_ticket(k->store, reference, &k->ticket, &k->row, out, e);
	return rc == 1 && k->ticket.locked && !k->running ? 0 : rc;
}

/* The peer is not told which of these it is, nor that there is a lock. */
int
secret_explain(const struct secret *k, struct err *e)
{
	char ref[ESCAPE_SHORT];

	if (e->code == E_PROT_MAC && k->ticket.locked && !k->running)
		err_set(e, E_TICKET_LOCKED, "the ticket \"%.80s\" is locked "
		    "after %lld wrong MACs; if they were harmless: cmp-ca "
		    "ticket unlock", escape_short(ref, k->ticket.ref),
		    (long long)k->ticket.failures);
	return -1;
}

void
secret_refill(struct engine *en)
{
	struct verify_budget *b = &en->mac_budget;

	if (b->most != 0 && en->now >= en->mac_since &&
	    en->now < en->mac_since + 60)
		return;
	en->mac_since = en->now;
	b->spent = 0;
	b->most = (uint64_t)en->conf->home.mac_work * 1000000;
}

void
secret_facts(const struct secret *k, struct policy_ticket *t)
{
	*t = (struct policy_ticket){ .ref = k->ticket.ref,
	    .subject = k->ticket.subject, .san = k->ticket.san,
	    .profile = k->ticket.profile, .expires = k->ticket.expires,
	    .uses_left = k->ticket.uses_left };
}

void
secret_use(const struct secret *k, const struct checked *c,
    const struct op_facts *facts, struct effects *f)
{
	if (checked_mac(c) == NULL || facts->policy.recalled ||
	    (!f->has_cert && !f->has_hold))
		return;
	f->ticket = TICKET_USED;
	f->ticket_ref = k->ticket.ref;
}

void
secret_counted(struct policy_ticket *t)
{
	t->uses_left = -1;
	t->expires = 0;
}

/*
 * "Such parameters should remain constant" (4.1.5): all but the salt, which
 * peers make anew for every message.
 */
int
secret_same(const struct checked *c, const struct txn *t, struct err *e)
{
	const struct shared *now = checked_mac(c);
	char is[MAC_TEXT], was[MAC_TEXT];
	struct mac first, same;

	if (now == NULL)
		return 0;
	if (mac_parse(buf_slice(&t->mac_alg), &first, e) == -1)
		return err_wrap(e, "the first message of the transaction");
	same = now->mac;
	same.salt_n = first.salt_n;
	memcpy(same.salt, first.salt, sizeof(same.salt));
	if (mac_same(&same, &first))
		return 0;
	return err_set(e, E_PROT_SAME, "the MAC is %s, that of the first "
	    "message %s", mac_name(is, &now->mac), mac_name(was, &first));
}
