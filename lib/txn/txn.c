#include "txn/txn.h"

#define FIELD_MAX	(64u << 10)
#define CERTS_MAX	(256u << 10)	/* MSG_EXTRA_MAX usual ones */

const char *
txn_state_name(enum txn_state s)
{
	switch (s) {
	case TXN_NONE:
		return "not known";
	case TXN_CONFIRM:
		return "waits for certConf";
	case TXN_DONE:
		return "finished";
	case TXN_FAILED:
		return "failed";
	case TXN_HELD:
		return "waits for an operator";
	case TXN_APPROVED:
		return "approved, waits for pollReq";
	case TXN_REFUSED:
		return "refused by an operator, waits for pollReq";
	case TXN_OPEN:
		return "waits for the answer";
	case TXN_PKICONF:
		return "waits for pkiConf";
	case TXN_WAITING:
		return "waits, to be asked for with pollReq";
	case TXN_RELAYED:
		return "is upstream";
	case TXN_DELAYED:
		return "was told to wait";
	case TXN_ANSWERED:
		return "has an answer, more may come";
	case TXN__MAX:
		break;
	}
	return "unknown state";
}

void
txn_init(struct txn *t)
{
	*t = (struct txn){ .state = TXN_NONE };
	buf_init(&t->transaction_id, FIELD_MAX);
	buf_init(&t->peer, FIELD_MAX);
	buf_init(&t->signer_hash, FIELD_MAX);
	buf_init(&t->our_nonce, FIELD_MAX);
	buf_init(&t->peer_nonce, FIELD_MAX);
	buf_init(&t->serial, FIELD_MAX);
	buf_init(&t->cert, FIELD_MAX);
	buf_init(&t->signer_certs, CERTS_MAX);
	buf_init(&t->subject, FIELD_MAX);
	buf_init(&t->san, FIELD_MAX);
	buf_init(&t->key_file, FIELD_MAX);
	buf_init(&t->answer_dir, FIELD_MAX);
	buf_init(&t->cert_file, FIELD_MAX);
	buf_init(&t->sign_key_file, FIELD_MAX);
	buf_init(&t->chain_file, FIELD_MAX);
	buf_init(&t->pass_file, FIELD_MAX);
	buf_init(&t->spki, FIELD_MAX);
	buf_init(&t->first_nonce, FIELD_MAX);
	buf_init(&t->mac_alg, FIELD_MAX);
	buf_init(&t->mac_ref, FIELD_MAX);
	buf_init(&t->secret_file, FIELD_MAX);
}

void
txn_release(struct txn *t)
{
	buf_release(&t->transaction_id);
	buf_release(&t->peer);
	buf_release(&t->signer_hash);
	buf_release(&t->our_nonce);
	buf_release(&t->peer_nonce);
	buf_release(&t->serial);
	buf_release(&t->cert);
	buf_release(&t->signer_certs);
	buf_release(&t->subject);
	buf_release(&t->san);
	buf_release(&t->key_file);
	buf_release(&t->answer_dir);
	buf_release(&t->cert_file);
	buf_release(&t->sign_key_file);
	buf_release(&t->chain_file);
	buf_release(&t->pass_file);
	buf_release(&t->spki);
	buf_release(&t->first_nonce);
	buf_release(&t->mac_alg);
	buf_release(&t->mac_ref);
	buf_release(&t->secret_file);
}

#define BIT(body)	(1u << (body))

/*
 * What may come, by state; a state that is not here takes nothing.  Repeated
 * messages never get this far: their identity is known to the store.
 * Which answer fits the request that was made is for the operation.
 */
static const uint32_t at_ca[TXN__MAX] = {
	[TXN_NONE] = BIT(BODY_IR) | BIT(BODY_CR) | BIT(BODY_KUR) |
	    BIT(BODY_P10CR) | BIT(BODY_RR) | BIT(BODY_GENM),
	[TXN_CONFIRM] = BIT(BODY_CERTCONF),
	[TXN_HELD] = BIT(BODY_POLLREQ),
	[TXN_APPROVED] = BIT(BODY_POLLREQ),
	[TXN_REFUSED] = BIT(BODY_POLLREQ),
};
static const uint32_t at_device[TXN__MAX] = {
	[TXN_OPEN] = BIT(BODY_IP) | BIT(BODY_CP) | BIT(BODY_KUP) |
	    BIT(BODY_RP) | BIT(BODY_GENP) | BIT(BODY_ERROR),
	[TXN_PKICONF] = BIT(BODY_PKICONF) | BIT(BODY_ERROR),
	[TXN_WAITING] = BIT(BODY_IP) | BIT(BODY_CP) | BIT(BODY_KUP) |
	    BIT(BODY_RP) | BIT(BODY_GENP) | BIT(BODY_ERROR) |
	    BIT(BODY_PKICONF) | BIT(BODY_POLLREP),
};

/* Only requests: which answer fits which request upstream knows. */
static const uint32_t at_ra[TXN__MAX] = {
	[TXN_NONE] = BIT(BODY_IR) | BIT(BODY_CR) | BIT(BODY_KUR) |
	    BIT(BODY_P10CR) | BIT(BODY_RR) | BIT(BODY_GENM),
	[TXN_HELD] = BIT(BODY_POLLREQ),
	[TXN_APPROVED] = BIT(BODY_POLLREQ),
	[TXN_REFUSED] = BIT(BODY_POLLREQ),
	[TXN_DELAYED] = BIT(BODY_POLLREQ),
	[TXN_ANSWERED] = BIT(BODY_POLLREQ) | BIT(BODY_CERTCONF),
};

int
txn_may(enum txn_state state, enum body body, enum txn_side side,
    struct err *e)
{
	static const uint32_t *const tables[] = {
		[TXN_AT_DEVICE] = at_device, [TXN_AT_CA] = at_ca,
		[TXN_AT_RA] = at_ra,
	};
	const uint32_t *table = tables[side];

	if ((unsigned)state < TXN__MAX && (unsigned)body < BODY__COUNT &&
	    (table[state] & BIT(body)) != 0)
		return 0;
	return err_set(e, E_BODY_STATE, "%s, but the transaction: %s",
	    (unsigned)body < BODY__COUNT ? msg_body_name(body) :
	    "a message of unknown type", txn_state_name(state));
}
