/* cmp-process --accept: trust new roots, which are shown first. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "asn/der.h"
#include "base/escape.h"
#include "role/staged.h"
#include "spool/spool.h"
#include "tools/process.h"

static struct staged roots[STAGED_MAX];

static void
show(const struct staged *r)
{
	char from[DER_TIME_TEXT], to[DER_TIME_TEXT];
	struct buf hex;

	buf_init(&hex, 256);
	escape_hex(&hex, SLICE(r->hash, sizeof(r->hash)));
	tool_say("trust/staged/%s: \"%s\", %s to %s, SHA-256 %s", r->name,
	    r->subject, der_time_text(from, r->not_before),
	    der_time_text(to, r->not_after), buf_str(&hex));
	buf_release(&hex);
}

/* 64 hex digits, with or without colons, into ${hash}. */
static int
parse(const char *text, uint8_t hash[static 32])
{
	char pair[3] = "";
	size_t n = 0;

	for (; isxdigit((unsigned char)text[0]) &&
	    isxdigit((unsigned char)text[1]); n++) {
		if (n == 32)
			return -1;
		memcpy(pair, text, 2);
		hash[n] = (uint8_t)strtoul(pair, NULL, 16);
		text += text[2] == ':' && text[3] != '\0' ? 3 : 2;
	}
	return n == 32 && text[0] == '\0' ? 0 : -1;
}

int
process_check_fingerprints(const struct tool_many *f)
{
	uint8_t hash[32];

	for (size_t i = 0; i < f->n; i++)
		if (parse(f->v[i], hash) == -1)
			return tool_usage("--fingerprint \"%.100s\": expected "
			    "SHA-256, 64 hexadecimal digits", f->v[i]);
	return 0;
}

static int
take(int fd, const struct staged *r, struct err *e)
{
	if (staged_accept(fd, r, e) == -1)
		return tool_fail(NULL, e);
	tool_say("trust/%s is trusted now", r->name);
	return 0;
}

/* The one of ${n} roots that ${text} names. */
static int
take_named(int fd, int n, const char *text, struct err *e)
{
	uint8_t hash[32];

	for (int i = 0; parse(text, hash) == 0 && i < n; i++)
		if (memcmp(roots[i].hash, hash, sizeof(hash)) == 0)
			return take(fd, &roots[i], e);
	err_set(e, E_NOT_FOUND, "no root in trust/staged has the SHA-256 "
	    "fingerprint %.100s", text);
	return tool_fail(NULL, e);
}

static int
choose(int fd, const struct tool_many *f, struct err *e)
{
	int n = staged_list(fd, roots, e), rc = 0;

	if (n == -1)
		return tool_fail(NULL, e);
	for (int i = 0; i < n; i++)
		show(&roots[i]);
	if (n == 0 && f->n == 0)
		tool_say("no new root waits in trust/staged");
	else if (n > 1 && f->n == 0)
		return tool_usage("%d new roots wait, nothing is trusted yet; "
		    "choose: --accept --fingerprint SHA256", n);
	else if (f->n == 0)
		return take(fd, &roots[0], e);
	for (size_t i = 0; i < f->n; i++)
		rc = tool_worse(rc, take_named(fd, n, f->v[i], e));
	return rc;
}

int
process_accept(const char *home, const struct tool_many *f)
{
	struct err e = { 0 };
	int fd, lock = -1, rc;

	if ((fd = tool_home(home, 0, &e)) == -1 ||
	    spool_lock(fd, &lock, &e) == -1)
		rc = tool_fail(NULL, &e);
	else
		rc = choose(fd, f, &e);
	if (lock != -1)
		close(lock);
	if (fd != -1)
		close(fd);
	return rc;
}
