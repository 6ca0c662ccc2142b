/* cmp-inspect: show messages, or the rules that they break. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/file.h"
#include "msg/body.h"
#include "msg/lint.h"
#include "msg/msg.h"
#include "msg/nest.h"
#include "msg/print.h"
#include "tools/inspect_asn1.h"
#include "tools/inspect_dir.h"
#include "tools/tool.h"

#define OUTPUT_MAX	(64u << 20)
#define LEVELS		8	/* of nested messages */

enum mode { MODE_TEXT, MODE_JSON, MODE_LINT, MODE_ASN1 };

static const char usage[] =
"usage: cmp-inspect [--json | --lint | --asn1] [FILE...]\n"
"       cmp-inspect [--json] DIR...\n"
"\n"
"Shows CMP messages (.pki files; \"-\" is standard input), or those of a\n"
"directory as transactions in order.  Needs no keys and no home.\n"
"  --json     one JSON object a line for each FILE\n"
"  --lint     the rules of RFC 9483 that each FILE breaks\n"
"  --asn1     all fields by their names in ASN.1\n"
"\n"
"example: cmp-inspect stick/*.pki\n";

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

/* ${m}, and what is nested in it: "FILE message 2: ..." */
static int
lint(struct buf *out, const char *file, const struct msg *m, int depth)
{
	struct found f = { .out = out, .file = file };
	struct slice in = SLICE_NONE, tlv;
	struct err ignored = { 0 };
	char within[TOOL_PATH];
	struct msg member;

	lint_msg(m, put_found, &f);
	if (m->body == BODY_NESTED && depth < LEVELS)
		der_only(m->content, DER_SEQUENCE, &in);
	for (size_t n = 1; der_get_tlv(&in, DER_SEQUENCE, &tlv) == 0; n++) {
		snprintf(within, sizeof(within), "%.900s message %zu", file,
		    n);
		if (msg_decode(tlv, &member, &ignored) == 0)
			f.broken |= lint(out, within, &member, depth + 1);
	}
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

	if (tool_shape(file, in, e) == -1 || msg_decode(in, &m, e) == -1)
		return err_exit(e->code);
	switch (mode) {
	case MODE_LINT:
		return lint(out, file, &m, 0);
	case MODE_ASN1:
		return inspect_asn1(out, &m, in, e) == -1 ?
		    err_exit(E_SYNTAX) : 0;
	case MODE_JSON:
		put_json(out, file, &m);
		break;
	case MODE_TEXT:
		print_text(out, &m);
		break;
	}
	/* Header and certificates are worth seeing even so. */
	return body_check(&m, e) == -1 ? err_exit(e->code) : 0;
}

static int
inspect(enum mode mode, const char *file, int heading)
{
	struct err e = { 0 }, wrote = { 0 };
	struct buf in, out;
	int rc;

	buf_init(&in, der_limits_genp.size + 1);
	buf_init(&out, OUTPUT_MAX);
	if (heading && (mode == MODE_TEXT || mode == MODE_ASN1)) {
		buf_add_str(&out, "==> ");
		escape_text(&out, slice_str(file), 4096);
		buf_add_str(&out, " <==\n");
	}
	if (file_read(file, der_limits_genp.size, &in, &e) == -1)
		rc = err_exit(e.code);
	else
		rc = show(&out, mode, file, buf_slice(&in), &e);
	if ((e.code == E_FILE_SIZE || e.code == E_DER_COUNT) &&
	    nest_looks(buf_slice(&in)))
		err_wrap(&e, "a large bundle, which cmp-nest show lists");
	if (e.code != E_NONE && mode == MODE_JSON && buf_slice(&out).n == 0)
		put_json_error(&out, file, &e);
	if (buf_bad(&out)) {
		buf_err(&out, "output", &e);
		rc = err_exit(e.code);
	}
	if (e.code != E_NONE)
		tool_fail(file, &e);
	if (file_write(STDOUT_FILENO, buf_slice(&out)) == -1 &&
	    err_set(&wrote, E_IO, "standard output: %s", strerror(errno)) == -1)
		rc = tool_fail(NULL, &wrote);
	buf_release(&out);
	buf_release(&in);
	return rc;
}

static int
is_dir(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static int
operand(enum mode mode, const char *path, int heading)
{
	if (!is_dir(path))
		return inspect(mode, path, heading);
	if (mode != MODE_TEXT && mode != MODE_JSON)
		return tool_usage("--lint and --asn1 take files, expected "
		    "%s/*.pki", path);
	return inspect_dir(path, mode == MODE_JSON);
}

int
main(int argc, char **argv)
{
	int json = 0, lints = 0, asn1 = 0, rc = 0, at;
	const struct tool_opt opts[] = {
		{ "json", 0, OPT_FLAG, &json },
		{ "lint", 0, OPT_FLAG, &lints },
		{ "asn1", 0, OPT_FLAG, &asn1 },
	};
	enum mode mode;

	at = tool_options(argc, argv, usage, opts,
	    sizeof(opts) / sizeof(opts[0]));
	if (json + lints + asn1 > 1)
		return tool_usage("--json, --lint and --asn1 do not go "
		    "together");
	mode = json ? MODE_JSON : lints ? MODE_LINT : asn1 ? MODE_ASN1 :
	    MODE_TEXT;
	if (at == argc && isatty(STDIN_FILENO))
		return tool_usage("expected a FILE, or a message on standard "
		    "input");
	if (at == argc)
		return inspect(mode, "-", 0);
	for (int i = at; i < argc; i++)
		rc = tool_worse(rc, operand(mode, argv[i], argc - at > 1));
	return rc;
}
