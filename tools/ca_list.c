#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/escape.h"
#include "pki/cert.h"
#include "pki/name.h"
#include "store/store.h"
#include "tools/ca.h"
#include "tools/tool.h"

static const char usage[] =
"usage: cmp-ca [-C HOME] list|issued [--revoked] [--json]\n"
"       cmp-ca [-C HOME] show SERIAL [--json]\n"
"       cmp-ca [-C HOME] check\n"
"\n"
"list: one line for each certificate issued: serial, state, notAfter, subject;\n"
"      --revoked: only those that are revoked.\n"
"show: one certificate, as text and PEM; SERIAL is hexadecimal, its beginning\n"
"      is enough if no other starts so.\n"
"check: walks the audit trail and prints its head.\n";

struct listing {
	int		 json, revoked;
	const char	*serial;	/* show: what it has to start with */
	size_t		 found;
	int64_t		 now;
	struct store	*store;
};

static const char *
state(const struct listing *l, const struct store_cert *c)
{
	return c->revoked ? "revoked" : c->not_after < l->now ? "expired" :
	    "valid";
}

static void
put_json(const struct listing *l, const struct store_cert *c)
{
	char t1[DER_TIME_TEXT], t2[DER_TIME_TEXT], t3[DER_TIME_TEXT];
	struct buf b, name;

	buf_init(&b, 1 << 16);
	buf_init(&name, 1 << 15);
	name_text(&name, c->subject);
	buf_add_str(&b, "{\"serial\":\"");
	escape_hex(&b, c->serial);
	buf_add_str(&b, "\",\"subject\":");
	escape_json(&b, buf_slice(&name));
	buf_printf(&b, ",\"state\":\"%s\",\"notBefore\":\"%s\",\"notAfter\":"
	    "\"%s\",\"profile\":", state(l, c), der_time_text(t1,
	    c->not_before), der_time_text(t2, c->not_after));
	escape_json(&b, slice_str(c->profile));
	if (c->revoked)
		buf_printf(&b, ",\"revoked\":\"%s\",\"reason\":%d",
		    der_time_text(t3, c->revoked_at), c->reason);
	buf_add_str(&b, "}\n");
	fwrite(b.p, 1, b.n, stdout);
	buf_release(&b);
	buf_release(&name);
}

static void
put_line(const struct listing *l, const struct store_cert *c)
{
	char serial[ESCAPE_SHORT], name[NAME_TEXT], t[DER_TIME_TEXT];

	printf("%s %-7s %s %s\n", escape_hex_short(serial, c->serial),
	    state(l, c), der_time_text(t, c->not_after),
	    name_short(name, c->subject));
}

static int
list_one(void *arg, const struct store_cert *c)
{
	struct listing *l = arg;

	if (l->revoked && !c->revoked)
		return 0;
	l->found++;
	if (l->json)
		put_json(l, c);
	else
		put_line(l, c);
	return ferror(stdout) ? -1 : 0;
}

static int
approved(void *arg, const struct store_approval *a)
{
	char name[NAME_TEXT], rules[ESCAPE_SHORT], t[DER_TIME_TEXT];

	(void)arg;
	printf("approved by %s \"%s\" at %s\n",
	    escape_short(rules, slice_str(a->rules)),
	    name_short(name, a->signer), der_time_text(t, a->time));
	return 0;
}

static int
show_one(void *arg, const struct store_cert *c)
{
	struct listing *l = arg;
	char serial[ESCAPE_SHORT];
	struct err e = { 0 };
	struct buf pem;

	escape_hex_short(serial, c->serial);
	if (strncasecmp(serial, l->serial, strlen(l->serial)) != 0)
		return 0;
	list_one(arg, c);
	if (!l->json) {
		if (c->txn != 0)
			store_approvals(l->store, c->txn, approved, NULL, &e);
		buf_init(&pem, 1 << 16);
		cert_pem(&pem, "CERTIFICATE", c->der);
		fwrite(pem.p, 1, pem.n, stdout);
		buf_release(&pem);
	}
	return 0;
}

/* Open the home's store for reading and run ${each} over its certificates. */
static int
walk(const char *home, int (*each)(void *, const struct store_cert *),
    struct listing *l)
{
	struct err e = { 0 };
	struct store *s;
	int fd, rc = 0;

	l->now = clock_now();
	if ((fd = tool_home(home, 0, &e)) == -1)
		return tool_fail(home, &e);
	if (ca_only(fd, "issues certificates", &e) == -1 ||
	    store_open(fd, STORE_READ, &s, &e) == -1) {
		rc = tool_fail(home, &e);
	} else {
		l->store = s;
		if (store_certs(s, each, l, &e) == -1 && e.code != E_NONE)
			rc = tool_fail(home, &e);
		store_close(s);
	}
	close(fd);
	return fflush(stdout) != 0 ? err_exit(E_IO) : rc;
}

int
ca_list(const char *home, int argc, char **argv)
{
	struct listing l = { 0 };
	const struct tool_opt opts[] = {
		{ "home", 'C', OPT_VALUE, &home },
		{ "json", 0, OPT_FLAG, &l.json },
		{ "revoked", 0, OPT_FLAG, &l.revoked },
	};

	if (tool_options(argc, argv, usage, opts,
	    sizeof(opts) / sizeof(opts[0])) != argc)
		return tool_usage("list takes no operand");
	return walk(home, list_one, &l);
}

int
ca_show(const char *home, int argc, char **argv)
{
	struct listing l = { 0 };
	const struct tool_opt opts[] = {
		{ "home", 'C', OPT_VALUE, &home },
		{ "json", 0, OPT_FLAG, &l.json },
	};
	struct err e = { 0 };
	int at = tool_options(argc, argv, usage, opts,
	    sizeof(opts) / sizeof(opts[0])), rc;

	if (at + 1 != argc || argv[at][0] == '\0')
		return tool_usage("show takes one SERIAL");
	l.serial = argv[at];
	if ((rc = walk(home, show_one, &l)) != 0)
		return rc;
	if (l.found == 1)
		return 0;
	err_set(&e, E_NOT_FOUND, "%zu certificates have a serial that starts "
	    "with it, expected one; see: cmp-ca -C %.200s list", l.found, home);
	return tool_fail(l.serial, &e);
}

int
ca_check(const char *home, int argc, char **argv)
{
	const struct tool_opt opts[] = { { "home", 'C', OPT_VALUE, &home } };
	char hex[ESCAPE_SHORT];
	struct err e = { 0 };
	struct store *s;
	uint8_t head[32];
	int64_t rows;
	int fd, rc = 0;

	if (tool_options(argc, argv, usage, opts, 1) != argc)
		return tool_usage("check takes no operand");
	if ((fd = tool_home(home, 0, &e)) == -1)
		return tool_fail(home, &e);
	if (store_open(fd, STORE_READ, &s, &e) == -1) {
		rc = tool_fail(home, &e);
	} else {
		if (store_audit_check(s, &rows, head, &e) == -1)
			rc = tool_fail(home, &e);
		else
			printf("audit: %lld rows, head %s\n", (long long)rows,
			    escape_hex_short(hex, SLICE(head, 32)));
		store_close(s);
	}
	close(fd);
	return rc;
}
