#ifndef ROLE_REQUEST_INT_H
#define ROLE_REQUEST_INT_H

#include "op/info.h"
#include "op/op.h"
#include "pki/csr.h"
#include "pki/mac.h"
#include "role/request.h"
#include "role/request_info.h"
#include "role/request_template.h"

/* A request while it is being made. */
struct making {
	const struct request_ask *ask;
	const struct op		*op;
	int			 homefd;
	struct request_made	*made;
	struct buf		 subject, san, recipient;
	struct key		*new_key, *key;
	struct buf		 csr_der;
	struct csr		 csr;
	struct certs		 cert, chain;
	struct buf		 secret;
	struct mac		 mac;
	struct draft		 draft;
	struct request_info	 info;
	struct request_template	 tmpl;		/* empty: none was given */
	const char		*newkey;	/* SPEC of the new key */
	uint8_t			 id[16], nonce[16];
	int64_t			 now;
	int			 reason;	/* CRLReason */
};

/* A directory becomes a device's home; anchors and CRLs given are kept. */
int	request_home(struct making *k, struct err *e);

/* Make the new key, or take the one given, and put it into keys/. */
int	request_key(struct making *k, struct err *e);

#endif
