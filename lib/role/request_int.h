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
	struct buf		 issuer;	/* rr by an RA: Name TLV */
	uint8_t			 serial[21];	/* INTEGER content */
	size_t			 n_serial;
};

/*
 * Append the name of who answers the home of an RA, a Name TLV: 1, or 0 if it
 * is none, or nobody does; -1.
 */
int	request_home_upstream(struct making *k, struct buf *name,
	    struct err *e);

/* A directory becomes a device's home; anchors and CRLs given are kept. */
int	request_home(struct making *k, struct err *e);

/*
 * request_behalf.c: what an RA asks for others.
 *
 * request_behalf_names(): what the request in ${k->csr} asks for may be asked
 * for (E_TMPL_SUBJECT, E_TMPL_SAN), and as text.  request_behalf_file(): how
 * the certificate is to be called, after the file of the request.
 * request_behalf_cert(): issuer and serial of --issuer and --serial; E_USAGE.
 */
int	request_behalf_names(struct making *k, struct err *e);
void	request_behalf_file(struct making *k);
int	request_behalf_cert(struct making *k, struct err *e);

/* Make the new key, or take the one given, and put it into keys/. */
int	request_key(struct making *k, struct err *e);

#endif
