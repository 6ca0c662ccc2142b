#include "policy/authz.h"

#include <stddef.h>

/* Targets a sender may name, as a set. */
#define NEW	(1u << AUTHZ_NEW)
#define SELF	(1u << AUTHZ_SELF)
#define OTHER	(1u << AUTHZ_OTHER)
#define NOTHING	(1u << AUTHZ_NOTHING)

/*
 * A body without a row is for nobody.  certConf and pollReq are about what the
 * first request of their transaction was about, and only for its sender:
 * policy_continue().
 */
static const struct {
	enum body	body;
	unsigned char	allow[AUTHZ__SENDERS];
} rows[] = {
	/*		  device    own            exp. rev. str. MAC
	 *		  RA            vouched */
	{ BODY_IR,	{ NEW,      0,             0,   0,   0,   NEW,
			  NEW,          NEW } },
	{ BODY_CR,	{ 0,        NEW,           0,   0,   0,   NEW,
			  NEW,          NEW } },
	{ BODY_P10CR,	{ NEW,      NEW,           0,   0,   0,   NEW,
			  NEW,          NEW } },
	{ BODY_KUR,	{ 0,        SELF,          0,   0,   0,   0,
			  0,            0 } },
	{ BODY_RR,	{ 0,        SELF,          0,   0,   0,   0,
			  SELF | OTHER, 0 } },
	{ BODY_GENM,	{ NOTHING,  NOTHING,       0,   0,   0,   0,
			  NOTHING,      0 } },
	{ BODY_CERTCONF, { NEW,     NEW | SELF,    0,   0,   0,   NEW,
			  NEW,          NEW } },
	{ BODY_POLLREQ,	{ NEW,      NEW | SELF,    0,   0,   0,   NEW,
			  NEW,          NEW } },
	{ BODY_NESTED,	{ 0,        0,             0,   0,   0,   0,
			  NOTHING,      0 } },
};
#define ROWS	(sizeof(rows) / sizeof(rows[0]))

static const char *const senders[] = {
	[AUTHZ_DEVICE] = "device of a vendor",
	[AUTHZ_OWN] = "own certificate",
	[AUTHZ_OWN_EXPIRED] = "own, expired",
	[AUTHZ_OWN_REVOKED] = "own, revoked",
	[AUTHZ_STRANGER] = "unknown here",
	[AUTHZ_MAC] = "shared secret",
	[AUTHZ_RA] = "registration authority",
	[AUTHZ_VOUCHED] = "vouched for by an RA",
};

static const char *const targets[] = {
	[AUTHZ_NEW] = "a new certificate",
	[AUTHZ_SELF] = "its own certificate",
	[AUTHZ_OTHER] = "another certificate",
	[AUTHZ_NOTHING] = "no certificate",
};

const char *
authz_sender_name(enum authz_sender s)
{
	return senders[s];
}

const char *
authz_target_name(enum authz_target t)
{
	return targets[t];
}

static int
allowed(enum body body, enum authz_sender sender, enum authz_target target)
{
	for (size_t i = 0; i < ROWS; i++)
		if (rows[i].body == body)
			return rows[i].allow[sender] >> target & 1;
	return 0;
}

int
authz_check(enum body body, enum authz_sender sender,
    enum authz_target target, struct err *e)
{
	if (allowed(body, sender, target))
		return 0;
	/* Someone with a secret is not told more than a stranger. */
	if (sender == AUTHZ_MAC)
		return err_set(e, E_PROT_KIND, "%s with a MAC, expected a "
		    "signature", msg_body_name(body));
	return err_set(e, E_NOT_AUTHORIZED, "%s about %s is not for a sender "
	    "of the kind \"%s\"; see: cmp-ca policy", msg_body_name(body),
	    targets[target], senders[sender]);
}

void
authz_each(void (*each)(void *arg, enum body body, enum authz_sender sender,
    enum authz_target target, int allowed), void *arg)
{
	for (int b = 0; b < BODY__COUNT; b++)
		for (int s = 0; s < AUTHZ__SENDERS; s++)
			for (int t = 0; t < AUTHZ__TARGETS; t++)
				each(arg, (enum body)b, (enum authz_sender)s,
				    (enum authz_target)t, allowed((enum body)b,
				    (enum authz_sender)s, (enum authz_target)t));
}
