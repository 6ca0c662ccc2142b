/* Where in its transaction a message stands. */
#include <string.h>

#include "base/escape.h"
#include "role/ca_int.h"

int
ca_place(struct step *s, struct err *e)
{
	const struct hdr *h = &s->msg.hdr;
	char id[ESCAPE_SHORT];
	int found;

	found = store_txn(s->en->store, SLICE(checked_peer(s->checked), 32),
	    h->transaction_id, &s->txn, e);
	if (found == -1)
		return -1;
	if (s->op->flags & OP_STARTS) {
		if (found)
			return err_set(e, E_TXID_IN_USE, "transactionID %.32s "
			    "belongs to another request of this sender; a new "
			    "request needs a new transactionID",
			    escape_hex_short(id, h->transaction_id));
		if (h->recip_nonce.p != NULL)
			return err_set(e, E_RECIP_NONCE_FIRST, "recipNonce is "
			    "present in a first message");
		return 0;
	}
	if (!found && s->others > 0)
		return err_set(e, E_PROT_SAME, "transactionID %.32s belongs to "
		    "another sender; the credentials have to be those of its "
		    "first request", escape_hex_short(id, h->transaction_id));
	if (found && secret_same(s->checked, &s->txn, e) == -1)
		return -1;
	if (s->txn.state == TXN_DONE && s->msg.body == BODY_CERTCONF)
		return err_set(e, E_CONF_AGAIN, "the certificate is confirmed "
		    "already, this certConf is another one");
	if (txn_may(s->txn.state, s->msg.body, TXN_AT_CA, e) == -1)
		return -1;
	if (!slice_eq(h->recip_nonce, buf_slice(&s->txn.our_nonce)))
		return err_set(e, E_RECIP_NONCE, "recipNonce is %s, expected "
		    "the senderNonce of our last message", h->recip_nonce.p ?
		    "another" : "missing");
	return 0;
}

void
ca_begin(struct step *s)
{
	const struct msg *m = &s->msg;
	struct txn *t = &s->txn;
	uint8_t hash[32];

	if (t->id != 0)
		return;
	t->body = m->body;
	t->created = s->en->now;
	buf_reset(&t->transaction_id);
	buf_reset(&t->peer);
	buf_reset(&t->signer_certs);
	buf_add_slice(&t->transaction_id, m->hdr.transaction_id);
	buf_add(&t->peer, checked_peer(s->checked), 32);
	if (checked_mac(s->checked) != NULL) {
		buf_reset(&t->mac_alg);
		buf_reset(&t->mac_ref);
		buf_add_slice(&t->mac_alg, m->hdr.protection_alg);
		buf_add_slice(&t->mac_ref, checked_mac(s->checked)->reference);
		return;
	}
	alg_sha256(checked_signer(s->checked)->der, SLICE_NONE, hash);
	buf_reset(&t->signer_hash);
	buf_add(&t->signer_hash, hash, sizeof(hash));
	engine_keep_signer(s->checked, &s->txn.signer_certs);
}
