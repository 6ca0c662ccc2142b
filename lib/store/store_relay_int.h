#ifndef STORE_STORE_RELAY_INT_H
#define STORE_STORE_RELAY_INT_H

#include "store/store_int.h"
#include "store/store_relay.h"

/* What store_relay.c and store_batch.c share. */
#define RELAY_COLUMNS	"relay.id, txn, state, body, rule, " \
		"transaction_id, nonce, identity, request, relay.dir, " \
		"outbox.name, medium, relay.bundle, created, sent"
#define RELAY_N		15	/* columns; a further one comes behind */
#define RELAY_FROM	" FROM relay JOIN outbox ON outbox.id = relay.up "

/* Step ${u}, which selects RELAY_COLUMNS, once, and end it. */
int	store_relay_one(struct store_use *u, struct store_relay *r,
	    struct buf *keep, struct err *e);

#endif
