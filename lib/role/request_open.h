#ifndef ROLE_REQUEST_OPEN_H
#define ROLE_REQUEST_OPEN_H

#include "role/request.h"

/* A request of a device that is not over yet: RFC 9483 4.4 and 4.1.1. */
struct request_open {
	char		 id[65];	/* transactionID, hex */
	const char	*op;		/* "ir" */
	enum txn_state	 state;
	int64_t		 created;	/* seconds */
	int64_t		 check_at;	/* waiting: not before; 0: any time */
	char		 about[512];	/* names, or what a genm asks for */
	const char	*key_file;	/* below HOME; "" if there is none */
};

/*
 * Those of the home of ${homefd}, oldest first; ${each} is called for each,
 * with what is borrowed until it returns.  The number of them, or -1;
 * E_USAGE if this is no device's home.
 */
int	request_list(int homefd, void (*each)(void *arg,
	    const struct request_open *r), void *arg, struct err *e);

/*
 * The pollReq that is to be sent for the request ${id}, some first digits of
 * its transactionID; NULL: for the only one that waits.  It is the one that
 * was made when the last answer was taken, byte for byte, so that it does no
 * harm if the CA has had it.  E_NOT_FOUND: nothing waits, or not this;
 * E_USAGE: which one?  E_ANSWER_WAITING: it is not due yet, ${when} says
 * when; ${id_full} is whole.
 */
struct request_polled {
	char	 id_full[65];
	int64_t	 when;
};
int	request_poll(int homefd, const char *id, int64_t now,
	    struct request_made *out, struct request_polled *p,
	    struct err *e);

#endif
