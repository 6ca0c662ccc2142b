#include <string.h>

#include "tap.h"
#include "txn/txn.h"

/* The bodies that ${state} takes, by number, are exactly ${list}. */
static int
takes(enum txn_state state, int ca, const enum body *list, size_t n)
{
	int good = 1;

	for (int b = 0; b < BODY__COUNT; b++) {
		struct err e = { 0 };
		int listed = 0, may = txn_may(state, (enum body)b, ca ? TXN_AT_CA :
		    TXN_AT_DEVICE, &e) == 0;

		for (size_t i = 0; i < n; i++)
			listed |= (int)list[i] == b;
		good &= may == listed && (may || e.code == E_BODY_STATE);
	}
	return good;
}
#define TAKES(state, ca, ...) takes((state), (ca), \
	(const enum body[]){ __VA_ARGS__ }, \
	sizeof((const enum body[]){ __VA_ARGS__ }) / sizeof(enum body))

int
main(void)
{
	struct err e = { 0 };
	struct txn t;

	ok(TAKES(TXN_NONE, 1, BODY_IR, BODY_CR, BODY_KUR, BODY_P10CR, BODY_RR,
	    BODY_GENM), "ca: a transaction starts with a request only");
	ok(TAKES(TXN_CONFIRM, 1, BODY_CERTCONF),
	    "ca: after the certificate only certConf may come");
	ok(takes(TXN_DONE, 1, NULL, 0) && takes(TXN_FAILED, 1, NULL, 0),
	    "ca: a finished transaction takes nothing");
	ok(takes(TXN_OPEN, 1, NULL, 0) && takes(TXN_PKICONF, 1, NULL, 0),
	    "ca: states of a device take nothing");
	ok(TAKES(TXN_OPEN, 0, BODY_IP, BODY_CP, BODY_KUP, BODY_RP, BODY_GENP,
	    BODY_ERROR), "device: an open request takes answers only");
	ok(TAKES(TXN_PKICONF, 0, BODY_PKICONF, BODY_ERROR),
	    "device: after certConf only pkiConf or error may come");
	ok(takes(TXN_NONE, 0, NULL, 0) && takes(TXN_DONE, 0, NULL, 0) &&
	    takes(TXN_FAILED, 0, NULL, 0) && takes(TXN_CONFIRM, 0, NULL, 0),
	    "device: without an open request nothing is taken");
	ok(txn_may(TXN__MAX, BODY_IR, TXN_AT_CA, &e) == -1 &&
	    txn_may((enum txn_state)-1, BODY_IR,
	    TXN_AT_DEVICE, &e) == -1 &&
	    txn_may(TXN_NONE, (enum body)99, TXN_AT_CA, &e) == -1,
	    "numbers outside of the table are refused");

	txn_may(TXN_CONFIRM, BODY_IR, TXN_AT_CA, &e);
	ok(strstr(e.detail, "ir") != NULL &&
	    strstr(e.detail, txn_state_name(TXN_CONFIRM)) != NULL,
	    "a refusal names the state and the body");

	txn_init(&t);
	ok(t.id == 0 && t.state == TXN_NONE && t.spki.max > 0,
	    "a new transaction is empty and ready to be filled");
	buf_add_str(&t.peer, "peer");
	txn_release(&t);
	ok(t.peer.p == NULL, "a released transaction holds no memory");
	return done();
}
