/* Every cell of the authorisation table, against one that is written out. */
#include "tap.h"

#include <string.h>

#include "policy/authz.h"

/*
 * What is allowed, a letter for each target: n(ew certificate), s(elf),
 * o(ther), - (no certificate).  What has no row here is for nobody.
 */
static const struct {
	enum body	 body;
	const char	*may[AUTHZ__SENDERS];
} expected[] = {
	/*		  device own   expired revoked stranger MAC  RA
	 *		  vouched */
	{ BODY_IR,	{ "n",   "",   "",     "",     "",      "n", "n",
			  "n" } },
	{ BODY_CR,	{ "",    "n",  "",     "",     "",      "n", "n",
			  "n" } },
	{ BODY_P10CR,	{ "n",   "n",  "",     "",     "",      "n", "n",
			  "n" } },
	{ BODY_KUR,	{ "",    "s",  "",     "",     "",      "",  "",
			  "" } },
	{ BODY_RR,	{ "",    "s",  "",     "",     "",      "",  "so",
			  "" } },
	{ BODY_GENM,	{ "-",   "-",  "",     "",     "",      "",  "-",
			  "" } },
	{ BODY_CERTCONF, { "n",  "ns", "",     "",     "",      "n", "n",
			  "n" } },
	{ BODY_POLLREQ,	{ "n",   "ns", "",     "",     "",      "n", "n",
			  "n" } },
	{ BODY_NESTED,	{ "",    "",   "",     "",     "",      "",  "-",
			  "" } },
};

static int
may(enum body body, enum authz_sender s, enum authz_target t)
{
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
		if (expected[i].body == body)
			return strchr(expected[i].may[s], "nso-"[t]) != NULL;
	return 0;
}

static int cells;

/* The table as it is shown and as it is used. */
static void
cell(void *arg, enum body body, enum authz_sender s, enum authz_target t,
    int allowed)
{
	struct err e = { 0 };
	int rc = authz_check(body, s, t, &e), want = may(body, s, t);
	enum err_code code = want ? E_NONE : s == AUTHZ_MAC ? E_PROT_KIND :
	    E_NOT_AUTHORIZED;

	(void)arg;
	cells++;
	ok(allowed == want && rc == (want ? 0 : -1) && e.code == code,
	    "%s about %s from \"%s\" is %s", msg_body_name(body),
	    authz_target_name(t), authz_sender_name(s),
	    want ? "allowed" : "refused");
}

int
main(void)
{
	authz_each(cell, NULL);
	ok(cells == BODY__COUNT * AUTHZ__SENDERS * 4, "every cell was there");
	return done();
}
