/* cmp-nest: nested messages by hand. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/escape.h"
#include "tools/nest.h"

static const char usage[] =
"usage: cmp-nest wrap --cert FILE --key FILE [--key-pass FILE] [--chain FILE]\n"
"           [-o FILE|DIR] [FILE]\n"
"       cmp-nest batch --cert FILE --key FILE [--key-pass FILE]\n"
"           [--chain FILE] [--max-members N] [--max-size SIZE] [-o FILE|DIR]\n"
"           FILE|DIR|@LIST|- ...\n"
"       cmp-nest split -o DIR [--trust FILE...] [--max-members N]\n"
"           [--max-size SIZE] [FILE]\n"
"       cmp-nest show [--json] [--trust FILE...] [--max-members N]\n"
"           [--max-size SIZE] [FILE]\n"
"\n"
"wrap approves a request: it adds a signature, the request stays as it is.\n"
"batch puts many messages into one, split takes them out, show lists them.\n"
"  --cert, --key      the certificate and key that protect what is made\n"
"  --chain FILE       certificates between --cert and its root\n"
"  --trust FILE       an anchor to verify the nested message against\n"
"  --max-members N    messages in one (10000)\n"
"  --max-size SIZE    bytes of one, with k, m or g (64m)\n"
"  @LIST, -           file names, a line each, in LIST or on standard input\n"
"  -o FILE|DIR        where to write\n"
"\n"
"example: cmp-nest batch --cert ra.pem --key ra.key waiting/ -o stick/\n";

static const char *cert_file, *key_file, *pass_file, *chain_file, *out,
    *max_members, *max_size;
static struct tool_many trust;
static int json;

static const struct tool_opt opts[] = {
	{ "cert", 0, OPT_VALUE, &cert_file },
	{ "key", 0, OPT_VALUE, &key_file },
	{ "key-pass", 0, OPT_VALUE, &pass_file },
	{ "chain", 0, OPT_VALUE, &chain_file },
	{ "trust", 0, OPT_MANY, &trust },
	{ "max-members", 0, OPT_VALUE, &max_members },
	{ "max-size", 0, OPT_VALUE, &max_size },
	{ "json", 0, OPT_FLAG, &json },
	{ "output", 'o', OPT_VALUE, &out },
};

/* What a command takes; ${signs} needs a key, ${reads} takes one file. */
static const struct command {
	const char	*name;
	int		(*run)(const struct nest_job *j);
	int		 signs, reads;
} commands[] = {
	{ "wrap", nest_wrap, 1, 1 },
	{ "batch", nest_batch, 1, 0 },
	{ "split", nest_split, 0, 1 },
	{ "show", nest_show, 0, 1 },
};

/* Everything the program opens. */
static struct {
	struct certs	 cert, chain, anchors[TOOL_MANY];
	struct anchor	 list[TOOL_MANY];
	struct key	*key;
} in;

static const struct command *
find(const char *name)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

static int
check_usage(const struct command *c, size_t n_files)
{
	int keys = cert_file || key_file || pass_file || chain_file;

	if (c->signs && (cert_file == NULL || key_file == NULL))
		return tool_usage("%s: --cert and --key are needed", c->name);
	if (!c->signs && keys)
		return tool_usage("%s: needs no certificate and no key",
		    c->name);
	if (c->signs && trust.n > 0)
		return tool_usage("%s: verifies nothing, so --trust has no "
		    "use", c->name);
	if (json && c->run != nest_show)
		return tool_usage("--json goes with show");
	if (c->run == nest_wrap && (max_members || max_size))
		return tool_usage("wrap: has no limits to set");
	if (c->run == nest_show && out != NULL)
		return tool_usage("show: writes to standard output, without "
		    "-o");
	if (c->run == nest_split && (out == NULL || strcmp(out, "-") == 0))
		return tool_usage("split: -o DIR is needed");
	if (c->reads && n_files > 1)
		return tool_usage("%s: one FILE at most", c->name);
	if (!c->reads && n_files == 0)
		return tool_usage("batch: expected files, a directory, @LIST "
		    "or -");
	if (c->reads && n_files == 0 && isatty(STDIN_FILENO))
		return tool_usage("%s: expected a FILE, or a message on "
		    "standard input", c->name);
	return 0;
}

/* A positive number, with k, m or g. */
static int
number(const char *s, uint64_t max, uint64_t *v)
{
	unsigned long long n;
	uint64_t unit = 1;
	char *end;

	if (s == NULL)
		return 0;
	if (s[0] < '0' || s[0] > '9')
		return -1;
	n = strtoull(s, &end, 10);
	if (*end == 'k' || *end == 'm' || *end == 'g')
		unit = (uint64_t)1 << (*end == 'k' ? 10 : *end == 'm' ? 20 :
		    30);
	if (unit > 1)
		end++;
	if (*end != '\0' || n == 0 || n > max / unit)
		return -1;
	*v = n * unit;
	return 0;
}

static int
set_limits(struct nest_limits *l)
{
	uint64_t members = nest_limits_default.members,
	    size = nest_limits_default.size;

	if (number(max_members, 10000000, &members) == -1)
		return tool_usage("--max-members %s: expected a number up to "
		    "10000000", max_members);
	if (number(max_size, (uint64_t)3 << 30, &size) == -1)
		return tool_usage("--max-size %s: expected a number of bytes "
		    "up to 3g", max_size);
	*l = nest_limits_default;
	l->members = (size_t)members;
	l->size = size;
	return 0;
}

static int
open_inputs(struct nest_job *j, struct err *e)
{
	for (size_t i = 0; i < trust.n; i++) {
		if (certs_load(trust.v[i], &in.anchors[i], e) == -1)
			return -1;
		for (size_t k = 0; k < in.anchors[i].n &&
		    j->n_anchors < TOOL_MANY; k++)
			in.list[j->n_anchors++].cert = &in.anchors[i].v[k];
	}
	j->anchors = in.list;
	if (cert_file == NULL)
		return 0;
	if (certs_load(cert_file, &in.cert, e) == -1 ||
	    key_load(key_file, pass_file, &in.key, e) == -1 ||
	    (chain_file && certs_load(chain_file, &in.chain, e) == -1))
		return -1;
	if (in.cert.n == 0)
		return err_set(e, E_CERT_SYNTAX, "%s: no certificate in it",
		    cert_file);
	j->signer = (struct signer){ .key = in.key, .cert = &in.cert.v[0],
	    .chain = &in.chain };
	return protect_check(&j->signer, e);
}

int
main(int argc, char **argv)
{
	int rc, at = tool_options(argc, argv, usage, opts,
	    sizeof(opts) / sizeof(opts[0]));
	struct nest_job j = { .out = out, .json = json };
	const struct command *c;
	struct err e = { 0 };

	if (at == argc)
		return tool_usage("expected wrap, batch, split or show");
	if ((c = find(argv[at])) == NULL)
		return tool_usage("\"%.40s\" is no command, expected wrap, "
		    "batch, split or show", argv[at]);
	j.files = argv + at + 1;
	j.n_files = (size_t)(argc - at - 1);
	if ((rc = check_usage(c, j.n_files)) != 0 ||
	    (rc = set_limits(&j.limits)) != 0)
		return rc;
	rc = open_inputs(&j, &e) == -1 ? tool_fail(NULL, &e) : c->run(&j);
	key_free(in.key);
	certs_free(&in.cert);
	certs_free(&in.chain);
	for (size_t i = 0; i < trust.n; i++)
		certs_free(&in.anchors[i]);
	return rc;
}
