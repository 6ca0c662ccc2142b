#ifndef ROLE_REQUEST_INFO_H
#define ROLE_REQUEST_INFO_H

#include "op/info.h"
#include "role/request.h"

/* The words of a general message, read from files.  Owns its bytes. */
struct request_info {
	struct info_words	 words;
	struct certs		 root;
	struct buf		 issuer;
};

/* E_USAGE and whatever reading the files of ${ask} says. */
int	request_info_read(struct request_info *i,
	    const struct request_ask *ask, struct err *e);

/*
 * In the home of ${homefd}: is the root one that is trusted there?  The CRL
 * that is held already tells its thisUpdate.  E_NOT_FOUND, E_CRL_SYNTAX.
 */
int	request_info_home(struct request_info *i, int homefd, struct err *e);
void	request_info_release(struct request_info *i);

#endif
