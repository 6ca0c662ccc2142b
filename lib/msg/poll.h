#ifndef MSG_POLL_H
#define MSG_POLL_H

#include "msg/draft.h"

/*
 * Polling (RFC 4210 5.3.22, RFC 9483 4.4): PollReqContent and PollRepContent.
 * The first element is read, ${count} says how many there are.  E_SYNTAX.
 */
struct poll_rep {
	int64_t		 cert_req_id;
	int64_t		 check_after;	/* seconds */
	struct slice	 reason;	/* content of PKIFreeText, or none */
};
int	poll_read_req(struct slice content, int64_t *cert_req_id,
	    size_t *count, struct err *e);
int	poll_read_rep(struct slice content, struct poll_rep *r,
	    size_t *count, struct err *e);

/* Write a body with one element; ${reason} may be NULL. */
void	poll_write_req(struct draft *d, int64_t cert_req_id);
void	poll_write_rep(struct draft *d, int64_t cert_req_id,
	    int64_t check_after, const char *reason);

#endif
