/* cmp-inspect: show messages, or the rules that they break. */
#include <getopt.h>
#include <string.h>
#include <unistd.h>

#include "asn/schema.h"
#include "base/escape.h"
#include "base/file.h"
#include "msg/body.h"
#include "msg/lint.h"
#include "msg/msg.h"
#include "msg/print.h"
#include "tools/tool.h"

#define OUTPUT_MAX	(64u << 20)

enum mode { MODE_TEXT, MODE_JSON, MODE_LINT, MODE_ASN1 };

static const char synopsis[] =
    "cmp-inspect [--json | --lint | --asn1] [FILE ... | -]";
static const char help[] =
    "\n"
    "Show CMP messages (.pki files).  Needs no keys and no home.\n"
    "\n"
    "  --json     one JSON object a line for each FILE\n"
    "  --lint     the rules of RFC 9483 that each FILE breaks\n"
    "  --asn1     all fields by their names in ASN.1\n"
    "  --help     this text\n"
    "  --version  the version\n";

/* Does it look like text that somebody took for a message? */
static const char *
text_kind(struct slice s)
{
	static const char begin[] = "-----BEGIN", digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	    "0123456789+/=\r\n\t ";

	while (s.n > 0 && strchr(" \t\r\n", s.p[0]) && s.p[0] != '\0')
		s = SLICE(s.p + 1, s.n - 1);
	if (s.n >= sizeof(begin) - 1 &&
	    memcmp(s.p, begin, sizeof(begin) - 1) == 0)
		return "PEM";
	if (s.n < 8 || s.p[0] != 'M')
		return NULL;
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] == '\0' || !strchr(digits, s.p[i]))
			return NULL;
	return "base64";
}

/* Why ${in} does not decode, in the words that help most. */
static void
explain(struct slice in, struct err *e)
{
	const char *kind = text_kind(in);
	size_t promised = der_promised(in);

	if (in.n == 0)
		err_set(e, E_FILE_PARTIAL, "the file is empty");
	else if (kind != NULL)
		err_set(e, E_FILE_FORMAT, "found %s text, expected the DER "
		    "that is encoded in it", kind);
	else if (promised > in.n)
		err_set(e, E_FILE_PARTIAL, "found %zu bytes, expected %zu",
		    in.n, promised);
}

struct found {
	struct buf	*out;
	const char	*file;
	int		 broken;	/* a MUST */
};

static void
put_found(void *arg, char level, enum err_code code, const char *section,
    const char *text)
{
	struct found *f = arg;

	escape_text(f->out, slice_str(f->file), 4096);
	buf_printf(f->out, ": %s %s %s: %s\n", level == 'M' ? "MUST" :
	    "SHOULD", section, err_name(code), text);
	f->broken |= level == 'M';
}

static int
lint(struct buf *out, const char *file, const struct msg *m)
{
	struct found f = { .out = out, .file = file };

	lint_msg(m, put_found, &f);
	return f.broken;
}

/* The printer's object with the file's name as its first member. */
static void
put_json(struct buf *out, const char *file, const struct msg *m)
{
	struct buf object;

	buf_init(&object, OUTPUT_MAX);
	print_json(&object, m);
	buf_add_str(out, "{\"file\":");
	escape_json(out, slice_str(file));
	buf_add_u8(out, ',');
	if (buf_bad(&object))
		out->bad = 1;
	else
		buf_add(out, object.p + 1, object.n - 1);
	buf_release(&object);
}

static void
put_json_error(struct buf *out, const char *file, const struct err *e)
{
	buf_add_str(out, "{\"file\":");
	escape_json(out, slice_str(file));
	buf_printf(out, ",\"error\":\"%s\",\"detail\":", err_name(e->code));
	escape_json(out, slice_str(e->detail));
	buf_add_str(out, "}\n");
}

/* Append to ${out} what is asked for; a status, with ${e} if not 0 or 1. */
static int
show(struct buf *out, enum mode mode, const char *file, struct slice in,
    struct err *e)
{
	struct msg m;

	if (msg_decode(in, &m, e) == -1) {
		explain(in, e);
		return TOOL_DATA;
	}
	switch (mode) {
	case MODE_LINT:
		return lint(out, file, &m);
	case MODE_ASN1:
		return schema_dump(out, in, e) == -1 ? TOOL_DATA : 0;
	case MODE_JSON:
		put_json(out, file, &m);
		break;
	case MODE_TEXT:
		print_text(out, &m);
		break;
	}
	/* Header and certificates are worth seeing even so. */
	return body_check(&m, e) == -1 ? TOOL_DATA : 0;
}

static int
inspect(enum mode mode, const char *file, int heading)
{
	struct err e = { 0 }, wrote = { 0 };
	const char *object = file;
	struct buf in, out;
	int rc;

	buf_init(&in, der_limits_message.size + 1);
	buf_init(&out, OUTPUT_MAX);
	if (heading && (mode == MODE_TEXT || mode == MODE_ASN1)) {
		buf_add_str(&out, "==> ");
		escape_text(&out, slice_str(file), 4096);
		buf_add_str(&out, " <==\n");
	}
	if (file_read(file, der_limits_message.size, &in, &e) == -1) {
		rc = err_exit(e.code);
		object = NULL;	/* the detail has the path already */
	} else {
		rc = show(&out, mode, file, buf_slice(&in), &e);
	}
	if (e.code != E_NONE && mode == MODE_JSON && buf_slice(&out).n == 0)
		put_json_error(&out, file, &e);
	if (buf_bad(&out)) {
		err_set(&e, E_NOMEM, "output is too long");
		rc = err_exit(e.code);
	}
	if (tool_write(buf_slice(&out), &wrote) == -1)
		rc = tool_error(NULL, &wrote);
	if (e.code != E_NONE)
		tool_error(object, &e);
	buf_release(&out);
	buf_release(&in);
	return rc;
}

static enum mode
options(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "json", no_argument, NULL, MODE_JSON },
		{ "lint", no_argument, NULL, MODE_LINT },
		{ "asn1", no_argument, NULL, MODE_ASN1 },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 },
	};
	enum mode mode = MODE_TEXT;
	int c, at = 0;

	while ((c = getopt_long(argc, argv, "", longs, &at)) != -1) {
		switch (c) {
		case 'h':
			tool_help(help);
		case 'V':
			tool_version();
		case '?':
			tool_usage_again();
		default:
			if (mode == (enum mode)c)
				tool_usage("--%s is given twice",
				    longs[at].name);
			if (mode != MODE_TEXT)
				tool_usage("--%s does not go with another "
				    "form of output", longs[at].name);
			mode = (enum mode)c;
		}
	}
	return mode;
}

int
main(int argc, char **argv)
{
	enum mode mode;
	int rc = 0;

	tool_start("cmp-inspect", synopsis);
	mode = options(argc, argv);
	argc -= optind;
	argv += optind;
	if (argc == 0 && isatty(STDIN_FILENO))
		tool_usage("expected a FILE, or a message on standard input");
	if (argc == 0)
		return inspect(mode, "-", 0);
	for (int i = 0; i < argc; i++)
		rc = tool_worse(rc, inspect(mode, argv[i], argc > 1));
	return rc;
}
