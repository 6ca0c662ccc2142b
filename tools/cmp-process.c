/* cmp-process: handle messages in the role of HOME. */
#include <string.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/file.h"
#include "role/engine.h"
#include "spool/spool.h"
#include "tools/process.h"
#include "tools/tool.h"

#define INPUT_MAX	((size_t)64 << 20)

static const char usage[] =
"usage: cmp-process [-C HOME] [--watch] [-n] [--flush]\n"
"       cmp-process [-C HOME] [-n] [-o FILE|DIR] [--channel NAME]\n"
"                   [--accept [--fingerprint SHA256...]] FILE...\n"
"       cmp-process [-C HOME] --accept [--fingerprint SHA256...]\n"
"\n"
"Handles messages in the role that HOME/cmp.conf names: a CA answers\n"
"requests, a device (ee) takes answers.\n"
"  without FILE       everything that waits in HOME/spool/in, once\n"
"  --watch            stay and follow the spool\n"
"  FILE               these files; \"-\" is standard input; the spool is left\n"
"                     alone and answers go where -o says\n"
"  --channel NAME     FILEs came by the [channel NAME] of cmp.conf\n"
"  --flush            an RA: let what waits for a bundle leave now\n"
"  --accept           trust the new root that waits in HOME/trust/staged\n"
"  --fingerprint SHA256  of the root to --accept, if there are several\n"
"  -n                 say what would happen, change nothing\n"
"  -o FILE|DIR        default: standard output if it is no terminal and there\n"
"                     is one FILE, else the current directory\n"
"\n"
"examples: cmp-process -C ca\n"
"          cmp-process -C dev1 -o stick/ back/*.pki\n";

static const char *home, *out, *channel = "";
static int dry, follow, trust_new, flush;
static struct tool_many fingerprints;
static struct process_ask ask;

static const struct tool_opt opts[] = {
	{ "home", 'C', OPT_VALUE, &home },
	{ "output", 'o', OPT_VALUE, &out },
	{ "channel", 0, OPT_VALUE, &channel },
	{ "dry-run", 'n', OPT_FLAG, &dry },
	{ "watch", 0, OPT_FLAG, &follow },
	{ "accept", 0, OPT_FLAG, &trust_new },
	{ "fingerprint", 0, OPT_MANY, &fingerprints },
	{ "flush", 0, OPT_FLAG, &flush },
};

/* Put the answer where the user wants it, then remember that it is there. */
static int
deliver(struct engine *en, struct outcome *o, const char *where, struct err *e)
{
	char shown[TOOL_PATH];

	if (o->answer.n == 0)
		return 0;
	if (tool_put(where, o->name, buf_slice(&o->answer), shown, e) == -1)
		return -1;
	if (shown[0] != '\0')
		tool_say("%s %s", o->draft ? "draft" : "wrote", shown);
	if (o->draft)
		tool_say("it is not protected yet; next: cmp-sign --cert FILE "
		    "--key FILE < %s", shown[0] ? shown : "FILE");
	return agent_delivered(en, o->name, e);
}

/*
 * An answer that is given again may find its own file, of a run that was
 * killed; a fresh one finds somebody else's.
 */
static int
check_free(const struct outcome *o, const char *where, struct err *e)
{
	if (o->answer.n == 0 || o->verdict == VERDICT_REPEATED ||
	    where == NULL || strcmp(where, "-") == 0 || tool_is_dir(where) ||
	    access(where, F_OK) == -1)
		return 0;
	return err_set(e, E_EXISTS, "%.200s: exists; choose another name or a "
	    "directory", where);
}

/* One message, in a commit of its own. */
static int
one(struct engine *en, const char *file, struct slice der, const char *where)
{
	struct err e = { 0 };
	struct outcome o;
	int rc;

	outcome_init(&o);
	if (tool_shape(file, der, &e) == -1 || engine_begin(en, &e) == -1) {
		rc = tool_fail(NULL, &e);
		goto out;
	}
	engine_handle(en, ask.by, der, &o);
	if (o.verdict == VERDICT_BUNDLE) {
		engine_abort(en);
		rc = process_bundle(en, &ask, file, der);
		goto out;
	}
	if (dry || o.verdict == VERDICT_TEMPORARY ||
	    o.verdict == VERDICT_BAD) {
		engine_abort(en);
	} else if (check_free(&o, where, &e) == -1) {
		engine_abort(en);
		rc = tool_fail(file, &e);
		goto out;
	} else if (engine_commit(en, &e) == -1 ||
	    engine_install(en, der, &o, &e) == -1 ||
	    deliver(en, &o, where, &e) == -1) {
		rc = tool_fail(file, &e);
		goto out;
	}
	agent_report(file, &o, dry);
	rc = outcome_exit(&o);
out:
	outcome_release(&o);
	return rc;
}

static int
read_and_do(struct engine *en, const char *file, const char *where)
{
	size_t max = (size_t)engine_conf(en)->home.max_size;
	struct err e = { 0 };
	struct buf der;
	int rc;

	buf_init(&der, max + 1);
	if (file_read(file, max, &der, &e) == 0)
		rc = one(en, file, buf_slice(&der), where);
	else
		rc = process_large(en, &ask, file, &e);
	buf_release(&der);
	return rc;
}

static int
check_channel(struct engine *en, struct err *e)
{
	char shown[ESCAPE_SHORT];

	ask.by = conf_channel(engine_conf(en), channel);
	if (ask.by != NULL)
		return 0;
	return err_set(e, E_CONF, "cmp.conf has no [channel %s]",
	    escape_short(shown, slice_str(channel)));
}

/*
 * In a pipeline all programs start at once: standard input is read to its
 * end before the home is looked at, which the first of them may just make.
 */
static int
files(char **v, int n, struct err *e)
{
	const char *where = out == NULL && n > 1 ? "./" : out;
	struct engine *en = NULL;
	int fd = -1, lock = -1, rc = 0;
	struct buf input;

	ask = (struct process_ask){ .where = where, .dry = dry };
	buf_init(&input, INPUT_MAX + 1);
	if ((!dry && tool_can_put(where, 1, e) == -1) ||
	    (n == 1 && strcmp(v[0], "-") == 0 &&
	    (file_read("-", INPUT_MAX, &input, e) == -1 ||
	    tool_shape("standard input", buf_slice(&input), e) == -1)) ||
	    (fd = tool_home(home, 0, e)) == -1 ||
	    spool_lock(fd, &lock, e) == -1 ||
	    engine_open(fd, STORE_WRITE, &en, e) == -1 ||
	    check_channel(en, e) == -1 ||
	    (!dry && agent_due(en, 0, e) == -1))
		rc = tool_fail(NULL, e);
	else if (n == 1 && strcmp(v[0], "-") == 0)
		rc = one(en, "standard input", buf_slice(&input), where);
	else
		for (int i = 0; i < n; i++)
			rc = tool_worse(rc, read_and_do(en, v[i], where));
	if (en != NULL && !dry)
		rc = tool_worse(rc, agent_crl_due(en, home ? home : "."));
	engine_close(en);
	if (lock != -1)
		close(lock);
	if (fd != -1)
		close(fd);
	buf_release(&input);
	return rc;
}

int
main(int argc, char **argv)
{
	struct err e = { 0 };
	int fd, rc, at = tool_options(argc, argv, usage, opts,
	    sizeof(opts) / sizeof(opts[0]));

	if ((follow || flush) && (at < argc || dry))
		return tool_usage("--watch and --flush are for the spool, with "
		    "no FILE and no -n");
	if (out != NULL && argc - at > 1 && !tool_is_dir(out))
		return tool_usage("-o is \"%.200s\", several FILEs need a "
		    "directory there", out);
	if (out != NULL && at == argc)
		return tool_usage("-o is for FILEs; answers to the spool go to "
		    "HOME/spool/out");
	if (channel[0] != '\0' && at == argc)
		return tool_usage("--channel is for FILEs; in the spool, "
		    "HOME/spool/in/NAME says it");
	if (trust_new && (dry || follow))
		return tool_usage("--accept is not for -n and --watch");
	if (fingerprints.n > 0 && !trust_new)
		return tool_usage("--fingerprint is for --accept");
	if ((rc = process_check_fingerprints(&fingerprints)) != 0)
		return rc;
	if (at < argc) {
		rc = files(argv + at, argc - at, &e);
		return trust_new ? tool_worse(rc, process_accept(home,
		    &fingerprints)) : rc;
	}
	if (trust_new)
		return process_accept(home, &fingerprints);
	if ((fd = tool_home(home, 0, &e)) == -1)
		return tool_fail(NULL, &e);
	rc = agent_run(fd, home ? home : ".", follow, dry, flush);
	close(fd);
	return rc;
}
