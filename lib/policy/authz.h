#ifndef POLICY_AUTHZ_H
#define POLICY_AUTHZ_H

#include "base/err.h"
#include "msg/msg.h"

/*
 * Who may ask for which operation about whose certificate: one table for
 * every body type and every way in.  What it does not allow is refused.
 */
enum authz_sender {
	AUTHZ_DEVICE,		/* of a vendor: its anchor is in an [enrol] */
	AUTHZ_OWN,		/* a certificate of ours, in force */
	AUTHZ_OWN_EXPIRED,
	AUTHZ_OWN_REVOKED,
	AUTHZ_STRANGER,		/* of ours by its issuer, but not in the store;
				 * below an anchor of [ra] without cmcRA */
	AUTHZ_MAC,		/* a shared secret */
	AUTHZ_RA,		/* a certificate that an [ra] is about */
	AUTHZ_VOUCHED,		/* no anchor of ours is above it, but an RA
				 * has approved (RFC 9483 5.2.2.1) */
	AUTHZ__SENDERS
};

enum authz_target {
	AUTHZ_NEW,		/* a certificate that does not exist yet */
	AUTHZ_SELF,		/* the one that protects the message */
	AUTHZ_OTHER,		/* another one */
	AUTHZ_NOTHING,		/* no certificate at all */
	AUTHZ__TARGETS
};

/* E_NOT_AUTHORIZED, or E_PROT_KIND for a MAC where only signatures count. */
int	authz_check(enum body body, enum authz_sender sender,
	    enum authz_target target, struct err *e);

/* Every cell of the table, for `cmp-ca policy` and the tests. */
void	authz_each(void (*each)(void *arg, enum body body,
	    enum authz_sender sender, enum authz_target target, int allowed),
	    void *arg);

const char *authz_sender_name(enum authz_sender s);
const char *authz_target_name(enum authz_target t);

#endif
