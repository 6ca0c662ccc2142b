#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "role/rollover.h"
#include "spool/spool.h"
#include "tools/ca.h"
#include "tools/tool.h"

static const char usage[] =
"usage: cmp-ca [-C HOME] rollover [--newkey SPEC] [--days N]\n"
"       cmp-ca [-C HOME] rollover --activate\n"
"\n"
"Gives a root CA a new key.  The first form makes it, with a new root\n"
"certificate and the two that link old and new, in HOME/certs/next; devices\n"
"that ask get them from then on.  The second form puts it to use.\n"
"  --newkey SPEC      as of cmp-ca init; default: as the key in use\n"
"  --days N           validity of the new root certificate (7300)\n"
"  --activate         issue with the new key from now on; certificates issued\n"
"                     before stay valid\n"
"\n"
"example: cmp-ca -C ca rollover --newkey ec:P-384\n";

int
ca_rollover(const char *home, int argc, char **argv)
{
	const char *newkey = NULL, *text = "7300";
	int act = 0, fd, lock = -1, rc, at;
	const struct tool_opt opts[] = {
		{ "home", 'C', OPT_VALUE, &home },
		{ "newkey", 0, OPT_VALUE, &newkey },
		{ "days", 0, OPT_VALUE, &text },
		{ "activate", 0, OPT_FLAG, &act },
	};
	struct err e = { 0 };
	char *end;
	long days;

	at = tool_options(argc, argv, usage, opts,
	    sizeof(opts) / sizeof(opts[0])) + 1;
	if (at - 1 < argc)
		return tool_usage("\"%.80s\" is not expected here",
		    argv[at - 1]);
	days = strtol(text, &end, 10);
	if (*end != '\0' || days < 1 || days > 36500)
		return tool_usage("--days is \"%.20s\", expected 1 to 36500",
		    text);
	if (act && newkey != NULL)
		return tool_usage("--newkey is for making, --activate for "
		    "using");
	if ((fd = tool_home(home, 0, &e)) == -1)
		return tool_fail(home, &e);
	rc = spool_lock(fd, &lock, &e);
	if (rc == 0)
		rc = act ? rollover_activate(fd, &e) :
		    rollover_make(fd, newkey, days, &e);
	if (lock != -1)
		close(lock);
	close(fd);
	if (rc == -1)
		return tool_fail(home, &e);
	if (act) {
		tool_say("%s issues with its new key now", home);
		return 0;
	}
	tool_say("the new root is in %s/certs/next, and devices can ask for it",
	    home);
	tool_say("next, when they have it: cmp-ca -C %s rollover --activate",
	    home);
	return 0;
}
