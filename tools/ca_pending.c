#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/escape.h"
#include "pki/alg.h"
#include "pki/name.h"
#include "pki/san.h"
#include "policy/conf.h"
#include "role/floor.h"
#include "store/store.h"
#include "tools/ca.h"
#include "tools/tool.h"

static const char usage[] =
"usage: cmp-ca [-C HOME] pending [--json]\n"
"       cmp-ca [-C HOME] approve ID...\n"
"       cmp-ca [-C HOME] reject ID... --reason TEXT\n"
"\n"
"pending: requests of profiles and rules that say \"hold = yes\", as they would\n"
"         be granted; at an RA, as they are asked for.\n"
"approve: the device gets its certificate when it asks again; the request is\n"
"         judged once more then, and refused if it would not be as it was\n"
"         shown.  An RA sends it on.\n"
"reject:  the device is told TEXT.\n"
"ID is the beginning of the digest or of the transaction, at least 8 hex\n"
"digits, and of no other request.\n";

#define ID_MIN		8
#define REASON_MAX	120

static void
san_line(struct buf *out, struct slice san)
{
	enum san_type type;
	struct slice in, v;

	if (san.n == 0 || der_only(san, DER_SEQUENCE, &in) == -1)
		return;
	while (san_next(&in, &type, &v) == 0) {
		if (out->n > 0)
			buf_add_str(out, " ");
		san_text(out, type, v);
	}
}

static const char *
state_word(enum txn_state s)
{
	return s == TXN_HELD ? "held" : s == TXN_APPROVED ? "approved" :
	    "refused";
}

/* "EC P-256" and the SHA-256 of the key. */
static void
key_line(const struct store_held *h, char name[static 64],
    char hex[static ESCAPE_SHORT])
{
	struct err ignored = { 0 };
	struct keyinfo k;
	uint8_t hash[32];

	name[0] = '\0';
	if (alg_keyinfo(h->spki, &k, &ignored) == 0)
		alg_key_name(name, &k);
	alg_sha256(h->spki, SLICE_NONE, hash);
	escape_hex_short(hex, SLICE(hash, 32));
}

static void
json_text(struct buf *b, const char *name, struct slice text)
{
	buf_printf(b, ",\"%s\":", name);
	escape_json(b, text);
}

static void
json_name(struct buf *b, const char *key, struct slice name)
{
	struct buf t;

	buf_init(&t, 1 << 15);
	name_text(&t, name);
	json_text(b, key, buf_slice(&t));
	buf_release(&t);
}

/* The store of the list at hand, for what belongs to a row of it. */
static struct store *the_store;

static int
approved_json(void *arg, const struct store_approval *a)
{
	struct buf *b = arg;
	char t[DER_TIME_TEXT];

	buf_printf(b, "%s{\"time\":\"%s\"", b->n > 0 &&
	    b->p[b->n - 1] == '}' ? "," : "", der_time_text(t, a->time));
	json_text(b, "ra", slice_str(a->rules));
	json_name(b, "signer", a->signer);
	buf_add_str(b, "}");
	return 0;
}

static void
json_approved(struct buf *b, int64_t txn)
{
	struct err e = { 0 };

	buf_add_str(b, ",\"approved\":[");
	store_approvals(the_store, txn, approved_json, b, &e);
	buf_add_str(b, "]");
}

/* A time that was not asked for is one that the CA will choose. */
static void
json_time(struct buf *b, const char *name, int64_t t)
{
	char text[DER_TIME_TEXT];

	if (t == 0)
		buf_printf(b, ",\"%s\":null", name);
	else
		buf_printf(b, ",\"%s\":\"%s\"", name, der_time_text(text, t));
}

static void
put_json(const struct store_held *h)
{
	char key[64], hex[ESCAPE_SHORT], t[DER_TIME_TEXT];
	struct buf b, san;

	buf_init(&b, 1 << 18);
	buf_init(&san, 1 << 16);
	san_line(&san, h->san);
	key_line(h, key, hex);
	buf_add_str(&b, "{\"digest\":\"");
	escape_hex(&b, h->digest);
	buf_add_str(&b, "\",\"transactionID\":\"");
	escape_hex(&b, h->transaction_id);
	buf_printf(&b, "\",\"state\":\"%s\",\"request\":\"%s\",\"received\":"
	    "\"%s\"", state_word(h->state), msg_body_name(h->body),
	    der_time_text(t, h->created));
	json_name(&b, "signer", h->signer);
	json_name(&b, "subject", h->subject);
	json_text(&b, "san", buf_slice(&san));
	json_text(&b, "key", slice_str(key));
	json_text(&b, "spki", slice_str(hex));
	json_text(&b, "profile", slice_str(h->profile));
	json_time(&b, "notBefore", h->not_before);
	json_time(&b, "notAfter", h->not_after);
	json_text(&b, "usages", slice_str(h->usages));
	json_text(&b, "changes", slice_str(h->changes));
	json_text(&b, "why", slice_str(h->why));
	if (h->quorum[0] != '\0')
		json_text(&b, "approvals", slice_str(h->quorum));
	json_approved(&b, h->txn);
	if (h->state == TXN_REFUSED)
		json_text(&b, "reason", slice_str(h->reason));
	buf_add_str(&b, "}\n");
	fwrite(b.p, 1, b.n, stdout);
	buf_release(&b);
	buf_release(&san);
}

static void
line(const char *name, const char *text)
{
	char t[ESCAPE_SHORT];

	if (text[0] != '\0')
		printf("%-10s %s\n", name, escape_short(t, slice_str(text)));
}

static int
approved_line(void *arg, const struct store_approval *a)
{
	char name[NAME_TEXT], rules[ESCAPE_SHORT], t[DER_TIME_TEXT];

	(void)arg;
	printf("%-10s by %s \"%s\" at %s\n", "Approved",
	    escape_short(rules, slice_str(a->rules)),
	    name_short(name, a->signer), der_time_text(t, a->time));
	return 0;
}

/* At an RA as asked for, which may be not at all: then the CA chooses. */
static void
profile_line(const struct store_held *h)
{
	char t[2][DER_TIME_TEXT];

	printf("Profile    %s, ", h->profile[0] != '\0' ? h->profile :
	    "(that of the CA)");
	if (h->not_before == 0 && h->not_after == 0)
		printf("validity as the CA has it\n");
	else
		printf("%s to %s\n", h->not_before == 0 ? "(now)" :
		    der_time_text(t[0], h->not_before), h->not_after == 0 ?
		    "(as the CA has it)" : der_time_text(t[1], h->not_after));
}

/* What is decided on: the names whole, however long they are. */
static void
put_screen(const struct store_held *h)
{
	char key[64], hex[ESCAPE_SHORT], t[DER_TIME_TEXT];
	struct err e = { 0 };
	struct buf b;

	buf_init(&b, 1 << 18);
	printf("Request    %s, %s\n", msg_body_name(h->body),
	    state_word(h->state));
	escape_hex(&b, h->digest);
	printf("Digest     %s\n", buf_str(&b));
	buf_reset(&b);
	escape_hex(&b, h->transaction_id);
	printf("Trans.     %s  received %s\n", buf_str(&b),
	    der_time_text(t, h->created));
	buf_reset(&b);
	name_text(&b, h->signer);
	printf("Signer     %s, verified\n", b.n ? buf_str(&b) : "");
	buf_reset(&b);
	name_text(&b, h->subject);
	printf("Subject    %s\n", b.n ? buf_str(&b) : "(empty)");
	buf_reset(&b);
	san_line(&b, h->san);
	printf("SANs       %s\n", b.n ? buf_str(&b) : "(none)");
	if (h->spki.n > 0) {
		key_line(h, key, hex);
		printf("Key        %s, SHA-256 %s, possession proven\n", key,
		    hex);
	}
	profile_line(h);
	line("Usages", h->usages);
	buf_reset(&b);
	escape_text(&b, slice_str(h->changes), SIZE_MAX);
	if (b.n > 0)	/* all of it: it is what is agreed to */
		printf("Changes    %s\n", buf_str(&b));
	line("Held", h->why);
	line("Needs", h->quorum);
	store_approvals(the_store, h->txn, approved_line, NULL, &e);
	line("Refused", h->reason);
	printf("\n");
	buf_release(&b);
}

struct pending {
	int	 json;
	size_t	 n;
};

static int
show(void *arg, const struct store_held *h)
{
	struct pending *p = arg;

	p->n++;
	if (p->json)
		put_json(h);
	else
		put_screen(h);
	return ferror(stdout) ? -1 : 0;
}

int
ca_pending(const char *home, int argc, char **argv)
{
	struct pending p = { 0 };
	const struct tool_opt opts[] = {
		{ "home", 'C', OPT_VALUE, &home },
		{ "json", 0, OPT_FLAG, &p.json },
	};
	struct err e = { 0 };
	struct store *s;
	int fd, rc = 0;

	if (tool_options(argc, argv, usage, opts,
	    sizeof(opts) / sizeof(opts[0])) != argc)
		return tool_usage("pending takes no operand");
	if ((fd = tool_home(home, 0, &e)) == -1)
		return tool_fail(home, &e);
	if (store_open(fd, STORE_READ, &s, &e) == -1) {
		rc = tool_fail(home, &e);
	} else {
		the_store = s;
		if (store_helds(s, show, &p, &e) == -1 && e.code != E_NONE)
			rc = tool_fail(home, &e);
		store_close(s);
	}
	close(fd);
	if (rc == 0 && p.n == 0 && !p.json)
		tool_say("nothing is pending");
	return fflush(stdout) != 0 ? err_exit(E_IO) : rc;
}

/* --- deciding */

struct search {
	const char	*id;
	size_t		 found;
	int64_t		 txn;
	enum txn_state	 state;
	char		 subject[NAME_TEXT], hex[2 * 32 + 1];
	char		 quorum[160];
	int		 operator;	/* has something to decide */
};

static int
starts(const char *id, struct slice bytes)
{
	struct buf b;
	int rc;

	buf_init(&b, 4096);
	escape_hex(&b, bytes);
	rc = b.n > 0 && strncasecmp(buf_str(&b), id, strlen(id)) == 0;
	buf_release(&b);
	return rc;
}

static int
match(void *arg, const struct store_held *h)
{
	struct search *f = arg;
	struct buf b;

	if (!starts(f->id, h->digest) && !starts(f->id, h->transaction_id))
		return 0;
	buf_init(&b, 4096);
	escape_hex(&b, h->digest);
	snprintf(f->hex, sizeof(f->hex), "%s", buf_str(&b));
	buf_release(&b);
	f->found++;
	f->txn = h->txn;
	f->state = h->state;
	f->operator = h->why[0] != '\0';
	snprintf(f->quorum, sizeof(f->quorum), "%s", h->quorum);
	name_short(f->subject, h->subject);
	return 0;
}

/* An RA passes on what is approved, it does not wait to be asked. */
static int at_ra;

static int
read_role(int fd, struct err *e)
{
	struct conf *c;

	if (conf_load(fd, "cmp.conf", &c, e) == -1)
		return -1;
	at_ra = strcmp(c->home.role, "ra") == 0;
	conf_free(c);
	return 0;
}

/* One decision, in a commit of its own. */
static int
decide(struct store *s, const char *id, const char *reason, struct err *e)
{
	struct search f = { .id = id };
	int64_t now = clock_now();
	int rc;

	if (floor_begin(s, now, e) == -1)
		return -1;
	if (store_helds(s, match, &f, e) == -1)
		rc = -1;
	else if (f.found != 1)
		rc = err_set(e, E_NOT_FOUND, "%zu requests have a digest or "
		    "transaction that starts with it, expected one; see: "
		    "cmp-ca pending", f.found);
	else if (f.state != TXN_HELD)
		rc = err_set(e, E_NOT_FOUND, "it has been decided already: "
		    "%s", state_word(f.state));
	else if (reason == NULL && !f.operator)
		rc = err_set(e, E_NOT_APPROVED, "it waits for approvals, %s, "
		    "which an operator cannot give in their place", f.quorum);
	else
		rc = store_decide(s, f.txn, reason, f.hex, now, e);
	if (rc == -1) {
		store_rollback(s);
		return -1;
	}
	if (store_commit(s, e) == -1)
		return -1;
	tool_say("%s \"%s\", digest %s; %s", reason ? "rejected" : "approved",
	    f.subject, f.hex, !at_ra ? "the device learns it when it asks "
	    "again" : reason ? "the next cmp-process tells the device" :
	    "the next cmp-process sends it on");
	return 0;
}

static int
decide_all(const char *home, char **ids, int n, const char *reason)
{
	struct err e = { 0 };
	struct store *s = NULL;
	int fd, rc = 0;

	/* No lock but that of the store: an agent may go on with its work. */
	if ((fd = tool_home(home, 0, &e)) == -1 ||
	    read_role(fd, &e) == -1 ||
	    store_open(fd, STORE_WRITE, &s, &e) == -1)
		rc = tool_fail(home, &e);
	for (int i = 0; rc == 0 && i < n; i++)
		if (decide(s, ids[i], reason, &e) == -1)
			rc = tool_fail(ids[i], &e);
	store_close(s);
	if (fd != -1)
		close(fd);
	return rc;
}

static int
check_ids(char **ids, int n)
{
	if (n == 0)
		return tool_usage("no ID given; see: cmp-ca pending");
	for (int i = 0; i < n; i++)
		if (strspn(ids[i], "0123456789abcdefABCDEF") != strlen(ids[i]) ||
		    strlen(ids[i]) < ID_MIN)
			return tool_usage("\"%.40s\" is no ID: expected at "
			    "least %d hexadecimal digits", ids[i], ID_MIN);
	return 0;
}

int
ca_approve(const char *home, int argc, char **argv)
{
	const struct tool_opt opts[] = { { "home", 'C', OPT_VALUE, &home } };
	int at = tool_options(argc, argv, usage, opts, 1), rc;

	if ((rc = check_ids(argv + at, argc - at)) != 0)
		return rc;
	return decide_all(home, argv + at, argc - at, NULL);
}

int
ca_reject(const char *home, int argc, char **argv)
{
	const char *reason = NULL;
	const struct tool_opt opts[] = {
		{ "home", 'C', OPT_VALUE, &home },
		{ "reason", 0, OPT_VALUE, &reason },
	};
	char clean[ESCAPE_SHORT];
	int at = tool_options(argc, argv, usage, opts,
	    sizeof(opts) / sizeof(opts[0])), rc;

	if ((rc = check_ids(argv + at, argc - at)) != 0)
		return rc;
	if (reason == NULL || reason[0] == '\0')
		return tool_usage("reject wants a --reason, which the device "
		    "is told");
	escape_short(clean, slice_str(reason));
	if (strlen(reason) > REASON_MAX || strcmp(clean, reason) != 0)
		return tool_usage("--reason: expected at most %d printable "
		    "characters", REASON_MAX);
	return decide_all(home, argv + at, argc - at, reason);
}
