/* cmp-ca revoke and cmp-ca crl. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/escape.h"
#include "msg/rev.h"
#include "pki/name.h"
#include "role/crl.h"
#include "role/floor.h"
#include "spool/spool.h"
#include "tools/agent.h"
#include "tools/ca.h"
#include "tools/tool.h"

static const char usage[] =
"usage: cmp-ca [-C HOME] revoke SERIAL [--reason NAME]\n"
"       cmp-ca [-C HOME] crl\n"
"\n"
"revoke: a certificate that this CA issued; SERIAL is hexadecimal, its\n"
"        beginning is enough if no other starts so.\n"
"crl: makes a new CRL, certs/ca.crl (DER) and certs/ca.crl.pem.\n"
"  --reason NAME      unspecified (default) keyCompromise cACompromise\n"
"                     affiliationChanged superseded cessationOfOperation\n"
"                     certificateHold privilegeWithdrawn aACompromise\n";

struct wanted {
	const char	*start;
	size_t		 found;
	struct buf	 serial;
	int		 revoked;
	char		 name[NAME_TEXT];
};

static int
look(void *arg, const struct store_cert *c)
{
	char serial[ESCAPE_SHORT];
	struct wanted *w = arg;

	escape_hex_short(serial, c->serial);
	if (strncasecmp(serial, w->start, strlen(w->start)) != 0)
		return 0;
	w->found++;
	buf_reset(&w->serial);
	buf_add_slice(&w->serial, c->serial);
	w->revoked = c->revoked;
	name_short(w->name, c->subject);
	return 0;
}

static int
find(struct store *s, struct wanted *w, struct err *e)
{
	if (store_certs(s, look, w, e) == -1)
		return -1;
	if (w->found != 1)
		return err_set(e, E_NOT_FOUND, "%zu certificates have a serial "
		    "that starts with %.40s, expected one; see: cmp-ca list",
		    w->found, w->start);
	if (w->revoked)
		return err_set(e, E_RR_REVOKED, "certificate of \"%.150s\" is "
		    "revoked already", w->name);
	return buf_bad(&w->serial) ? err_set(e, E_NOMEM, "out of memory") : 0;
}

static int
put(struct store *s, const struct wanted *w, int reason, int64_t now,
    struct err *e)
{
	struct effects f = { .revoke = 1, .revoke_reason = reason,
	    .event = "revoked" };
	struct store_row row = { .effects = &f, .now = now };
	char name[STORE_NAME], serial[ESCAPE_SHORT];
	struct txn t;
	int rc;

	txn_init(&t);
	buf_add_slice(&t.serial, buf_slice(&w->serial));
	f.txn = &t;
	snprintf(f.detail, sizeof(f.detail), "serial %.40s reason %s by the "
	    "operator", escape_hex_short(serial, buf_slice(&w->serial)),
	    rev_reason_name(reason));
	rc = store_put(s, &row, name, e);
	txn_release(&t);
	return rc;
}

/*
 * The store alone: it has to be possible while a token is out of reach, and
 * while an agent works.
 */
static int
revoke_one(int fd, struct wanted *w, int reason, struct err *e)
{
	int64_t now = clock_now();
	struct store *s;
	int rc = -1;

	if (store_open(fd, STORE_WRITE, &s, e) == -1)
		return -1;
	if (floor_begin(s, now, e) == 0) {
		if (find(s, w, e) == 0 && put(s, w, reason, now, e) == 0)
			rc = store_commit(s, e);
		else
			store_rollback(s);
	}
	store_close(s);
	return rc;
}

/* By cmp.conf it may be due now.  An agent that runs looks for itself. */
static int
then_crl(const char *home, int fd)
{
	struct engine *en = NULL;
	struct err e = { 0 };
	int lock = -1, rc = 0;

	if (spool_lock(fd, &lock, &e) == -1) {
		if (e.code != E_LOCKED)
			return tool_fail(home, &e);
		tool_say("the agent that runs makes the CRL, if cmp.conf says "
		    "so");
		return 0;
	}
	if (engine_open(fd, STORE_WRITE, &en, &e) == -1)
		rc = tool_fail(home, &e);
	else if ((rc = crl_due(en, &e)) == -1)
		rc = tool_fail(home, &e);
	else if (rc == 1)
		rc = agent_crl(en, home);
	else
		tool_say("next: cmp-ca -C %s crl", home);
	engine_close(en);
	close(lock);
	return rc;
}

int
ca_revoke(const char *home, int argc, char **argv)
{
	const char *word = "unspecified";
	const struct tool_opt opts[] = {
		{ "home", 'C', OPT_VALUE, &home },
		{ "reason", 0, OPT_VALUE, &word },
	};
	struct wanted w = { .found = 0 };
	struct err e = { 0 };
	int at = tool_options(argc, argv, usage, opts,
	    sizeof(opts) / sizeof(opts[0])), reason, fd, rc = 0;

	if (at + 1 != argc || argv[at][0] == '\0')
		return tool_usage("revoke takes one SERIAL");
	reason = rev_reason(word);
	if (reason == REASON_REMOVE_FROM_CRL)
		return tool_usage("--reason is removeFromCRL, but what is "
		    "revoked or on hold stays so");
	if (reason == -1)
		return tool_usage("--reason is \"%.40s\", expected a name like "
		    "keyCompromise", word);
	w.start = argv[at];
	if ((fd = tool_home(home, 0, &e)) == -1)
		return tool_fail(home, &e);
	buf_init(&w.serial, 64);
	if (ca_only(fd, "revokes", &e) == -1 ||
	    revoke_one(fd, &w, reason, &e) == -1) {
		rc = tool_fail(home, &e);
	} else {
		tool_say("revoked the certificate of \"%s\", reason %s",
		    w.name, word);
		rc = then_crl(home, fd);
	}
	buf_release(&w.serial);
	close(fd);
	return rc;
}

int
ca_crl(const char *home, int argc, char **argv)
{
	const struct tool_opt opts[] = { { "home", 'C', OPT_VALUE, &home } };
	struct engine *en = NULL;
	struct err e = { 0 };
	int fd, lock = -1, rc;

	if (tool_options(argc, argv, usage, opts, 1) != argc)
		return tool_usage("crl takes no operand");
	if ((fd = tool_home(home, 0, &e)) == -1)
		return tool_fail(home, &e);
	if (spool_lock(fd, &lock, &e) == -1 ||
	    engine_open(fd, STORE_WRITE, &en, &e) == -1)
		rc = tool_fail(home, &e);
	else
		rc = agent_crl(en, home);
	engine_close(en);
	if (rc == 0)
		tool_say("next: publish it where crl-dp says, and bring it to "
		    "those who check certificates");
	if (lock != -1)
		close(lock);
	close(fd);
	return rc;
}
