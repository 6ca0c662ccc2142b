#ifndef ROLE_REQUEST_H
#define ROLE_REQUEST_H

#include "base/buf.h"
#include "base/err.h"
#include "store/store.h"

/*
 * Making requests at the device: RFC 9483 3.1 and 4.  What is special to an
 * operation is in its op->build().
 */
struct request_ask {
	const char	*op;			/* "ir": a name in op.c's table */
	const char	*subject;		/* RFC 4514 */
	const char	*const *san;		/* "dns:..." */
	size_t		 n_san;
	const char	*csr;			/* p10cr: file, PEM or DER; or */
	/* ir, cr, p10cr by an RA, for whose request ${csr} is (5.3.1); if
	 * either list has PATTERNs, no other names are asked for. */
	int		 on_behalf;
	const char	*const *allow_subject, *const *allow_san;
	size_t		 n_allow_subject, n_allow_san;
	const char	*newkey;		/* SPEC of the key to make, or */
	const char	*newkey_file;		/* one that exists: copied */
	const char	*newkey_pass;		/* passphrase file of either */
	const char	*cert, *key, *key_pass, *chain;	/* NULL: a draft */
	const char	*secret_file, *ref;	/* or a shared secret: 4.1.5 */
	const char	*mac;			/* "pbmac1" (NULL) or "pbm" */
	const char	*const *trust;		/* files of anchors to keep */
	size_t		 n_trust;
	const char	*const *crl;
	size_t		 n_crl;
	const char	*recipient;		/* RFC 4514; default: the anchor */
	const char	*profile;
	int		 confirm;		/* ask for explicit confirmation */
	const char	*reason;		/* rr: "keyCompromise" */
	const char	*serial;		/* rr by an RA (5.3.2): which, of
						 * ${info_issuer} */
	const char	*template_file;		/* to be filled in */
	int		 omit_empty;		/* but not where we have nothing */
	/* genm: a name in op/info.c's table, and what goes with it */
	const char	*info, *info_root, *info_dp, *info_issuer, *info_have;
};

#define REQUEST_NAMES	512
struct request_made {
	struct buf	 message;
	char		 name[STORE_NAME];
	/* Below HOME; "": no new key.  With a csr there is no such file, but
	 * the certificate is named after it. */
	char		 key_file[256];
	int		 draft;
	/* On behalf of others: what names are asked for, or which certificate
	 * is to be revoked; ${key_file} is that of the certificate to come. */
	char		 names[REQUEST_NAMES];
};
void	request_made_init(struct request_made *m);
void	request_made_release(struct request_made *m);

/*
 * Is everything in ${ask} well formed and readable?  Changes nothing.  With
 * ${on_behalf} and no ${csr}: all else that every request needs.
 */
int	request_check(const struct request_ask *ask, struct err *e);
/* The same, and what would be ${names} in struct request_made. */
int	request_check_names(const struct request_ask *ask,
	    char names[static REQUEST_NAMES], struct err *e);

/*
 * Make a new key or take the one given, a request for it, and an open
 * transaction in the home of ${homefd}, which becomes a device's home if it
 * is none yet.  The key file is durable before the transaction, the
 * transaction before this returns: an answer to the request can always be
 * taken.
 */
int	request_make(int homefd, const struct request_ask *ask,
	    struct request_made *out, struct err *e);

#endif
