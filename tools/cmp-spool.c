/* cmp-spool: what waits in a home, and media that carry it. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "spool/spool.h"
#include "tools/stick.h"

static const char usage[] =
"usage: cmp-spool [-C HOME] status [--json]\n"
"       cmp-spool [-C HOME] export DIR [--label NAME] [--channel NAME]\n"
"                 [--again] [-n]\n"
"       cmp-spool [-C HOME] import DIR [--channel NAME] [--again] [-n]\n"
"       cmp-spool [-C HOME] init\n"
"\n"
"Carries messages between the spool of HOME and removable media, and says\n"
"what waits.\n"
"  status           what waits upstream, for how long and where; how much is\n"
"                   in each directory of the spool\n"
"  export DIR       copy what waits in spool/out onto the medium at DIR, read\n"
"                   it back, and keep it in spool/sent\n"
"  import DIR       copy messages from the medium at DIR into spool/in\n"
"  init             make the spool of a home that has none\n"
"  --label NAME     what the medium is called (last part of DIR)\n"
"  --channel NAME   out/NAME or in/NAME; for export at an RA: upstream\n"
"  --again          also what has left, or was imported, before\n"
"  --json           as JSON\n"
"  -n               say what would be done\n"
"\n"
"example: cmp-spool -C ra export /media/usb7 --label usb-7\n";

static const char *home, *label, *channel;
static int json, again, dry;

static const struct tool_opt opts[] = {
	{ "home", 'C', OPT_VALUE, &home },
	{ "label", 0, OPT_VALUE, &label },
	{ "channel", 0, OPT_VALUE, &channel },
	{ "again", 0, OPT_FLAG, &again },
	{ "json", 0, OPT_FLAG, &json },
	{ "dry-run", 'n', OPT_FLAG, &dry },
};

enum verb { STATUS, EXPORT, IMPORT, INIT, VERBS };

static int
check_usage(int argc, char **argv, int at, enum verb *v)
{
	static const char *const words[] = { "status", "export", "import",
	    "init" };
	int n = argc - at - 1, medium;

	if (at == argc)
		return tool_usage("expected status, export, import or init");
	for (*v = STATUS; *v < VERBS; (*v)++)
		if (strcmp(argv[at], words[*v]) == 0)
			break;
	if (*v == VERBS)
		return tool_usage("\"%.40s\" is no command, expected status, "
		    "export, import or init", argv[at]);
	medium = *v == EXPORT || *v == IMPORT;
	if (n != medium)
		return tool_usage("%s: expected %s", words[*v], medium ?
		    "one directory, where the medium is" : "no operand");
	if (json && *v != STATUS)
		return tool_usage("--json is for status");
	if (label != NULL && *v != EXPORT)
		return tool_usage("--label is for export");
	if (!medium && (channel != NULL || again || dry))
		return tool_usage("%s: has no --channel, --again and -n",
		    words[*v]);
	return 0;
}

/* "usb7" of "/media/usb7/" */
static const char *
last_part(const char *dir, char t[static 64])
{
	size_t n = strlen(dir), at;

	while (n > 1 && dir[n - 1] == '/')
		n--;
	for (at = n; at > 0 && dir[at - 1] != '/'; at--)
		;
	snprintf(t, 64, "%.*s", (int)(n - at), dir + at);
	return t;
}

static int
check_label(const char *s, struct err *e)
{
	size_t n = strlen(s);

	for (size_t i = 0; i < n; i++)
		if ((unsigned char)s[i] < ' ' || s[i] == 0x7f)
			n = 0;
	return n > 0 && n < 64 ? 0 : err_set(e, E_USAGE, "--label: expected up "
	    "to 63 bytes of text, to know the medium by");
}

/* The store, if there is one; the agent may be at work in it. */
static int
open_store(struct stick *s, enum store_mode mode, struct err *e)
{
	if (faccessat(s->fd, "state/cmp.db", F_OK, 0) == -1)
		return 0;
	return store_open(s->fd, mode, &s->store, e);
}

static int
open_home(struct stick *s, enum verb v, struct err *e)
{
	if ((s->fd = tool_home(home, 0, e)) == -1 ||
	    conf_load(s->fd, "cmp.conf", &s->conf, e) == -1)
		return -1;
	s->is_ra = strcmp(s->conf->home.role, "ra") == 0;
	if (s->channel == NULL)
		s->channel = v == EXPORT && s->is_ra ? "upstream" : "";
	if (conf_channel(s->conf, s->channel) == NULL)
		return err_set(e, E_CONF, "cmp.conf has no [channel %.60s]",
		    s->channel);
	s->max = (size_t)(s->conf->home.max_bundle > s->conf->home.max_size ?
	    s->conf->home.max_bundle : s->conf->home.max_size);
	if ((s->spool = file_open_dir(s->fd, "spool", 0, e)) == -1)
		return err_set(e, E_HOME, "%.200s has no spool; make one with: "
		    "cmp-spool init", s->home);
	return v == IMPORT ? 0 : open_store(s, v == EXPORT && !s->dry ?
	    STORE_WRITE : STORE_READ, e);
}

static int
init(struct err *e)
{
	int fd = tool_home(home, 0, e), rc;

	if (fd == -1)
		return -1;
	rc = spool_init(fd, e);
	close(fd);
	if (rc == 0)
		tool_say("%s/spool is there", home ? home : ".");
	return rc;
}

static int
run(struct stick *s, enum verb v, int *rc, struct err *e)
{
	if (v == INIT)
		return init(e);
	if ((v == EXPORT && check_label(s->label, e) == -1) ||
	    open_home(s, v, e) == -1)
		return -1;
	return v == STATUS ? stick_status(s, e) : v == EXPORT ?
	    stick_export(s, rc, e) : stick_import(s, rc, e);
}

int
main(int argc, char **argv)
{
	int rc, at = tool_options(argc, argv, usage, opts,
	    sizeof(opts) / sizeof(opts[0]));
	struct stick s = { .home = home ? home : ".", .channel = channel,
	    .again = again, .dry = dry, .json = json, .fd = -1, .spool = -1,
	    .now = clock_now() };
	struct err e = { 0 };
	char t[64];
	enum verb v = STATUS;

	if ((rc = check_usage(argc, argv, at, &v)) != 0)
		return rc;
	s.dir = argv[argc - 1];
	s.label = label ? label : last_part(s.dir, t);
	if (run(&s, v, &rc, &e) == -1)
		rc = tool_worse(rc, tool_fail(NULL, &e));
	store_close(s.store);
	conf_free(s.conf);
	if (s.spool != -1)
		close(s.spool);
	if (s.fd != -1)
		close(s.fd);
	return rc;
}
