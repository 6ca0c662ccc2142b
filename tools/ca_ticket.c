#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/escape.h"
#include "base/secret.h"
#include "base/slip.h"
#include "asn/der.h"
#include "pki/name.h"
#include "pki/san.h"
#include "policy/conf.h"
#include "role/floor.h"
#include "prot/shared.h"
#include "store/store.h"
#include "tools/ca.h"
#include "tools/tool.h"

#define SLIPS_MAX	10000
#define BITS_MIN	80

static const char usage[] =
"usage: cmp-ca [-C HOME] ticket new [N] --subject PATTERN [--san PATTERN]...\n"
"                  [--profile P] [--expires TIME] [--uses N|unlimited] [--json]\n"
"       cmp-ca [-C HOME] ticket add --ref NAME --secret-file FILE [--weak]\n"
"                  --subject PATTERN [--san PATTERN]... [--profile P]\n"
"                  [--expires TIME] [--uses N|unlimited]\n"
"       cmp-ca [-C HOME] ticket list [--json]\n"
"       cmp-ca [-C HOME] ticket unlock|remove REF\n"
"\n"
"Shared secrets with which devices without a certificate may enrol.\n"
"  new [N]            make N of them (1) and print a slip for each: its\n"
"                     reference and its secret, which is never shown again\n"
"  add                take one that exists\n"
"  unlock REF         forget its wrong MACs: it may be used again\n"
"  --ref NAME         what it is called\n"
"  --secret-file FILE has the secret; under 80 bits only with --weak\n"
"  --subject PATTERN  subjects it may ask for: CN=*,O=Example\n"
"  --san PATTERN      dns:*.example; without it none\n"
"  --profile P        the profile it is for (the default profile; at an RA any)\n"
"  --expires TIME     from now (30d); never: without an end\n"
"  --uses N|unlimited certificates it is good for (1)\n"
"  --json             one object a line\n"
"\n"
"example: cmp-ca -C ca ticket new 5 --subject 'CN=pump*,O=Example'\n";

struct asked {
	const char	*ref, *secret_file, *subject, *profile, *expires, *uses;
	struct tool_many san;
	int		 weak, json;
};

struct work {
	const struct asked *ask;
	int		 fd;
	struct conf	*conf;
	struct store	*store;
	int64_t		 now;
	struct store_ticket t;		/* what all new ones are like */
	struct buf	 san;
};

/* --uses and --expires. */
static int
read_limits(struct work *w, struct err *e)
{
	const char *uses = w->ask->uses, *expires = w->ask->expires;
	int64_t seconds;
	char *end;

	w->t.uses_left = 1;
	if (uses != NULL && strcmp(uses, "unlimited") == 0) {
		w->t.uses_left = -1;
	} else if (uses != NULL) {
		w->t.uses_left = strtoll(uses, &end, 10);
		if (*end != '\0' || w->t.uses_left < 1 ||
		    w->t.uses_left > 1000000000)
			return err_set(e, E_USAGE, "--uses is \"%.40s\", "
			    "expected a number or unlimited", uses);
	}
	if (expires != NULL && strcmp(expires, "never") == 0)
		return 0;
	seconds = conf_duration(expires == NULL ? "30d" : expires);
	if (seconds <= 0)
		return err_set(e, E_USAGE, "--expires is \"%.40s\", expected "
		    "a time like 30d or 12h, or never", expires);
	w->t.expires = w->now + seconds;
	return 0;
}

static int
read_ticket(struct work *w, struct err *e)
{
	const struct asked *a = w->ask;
	/* An RA has no profiles: with none it is for all that [forward] is. */
	int ra = strcmp(w->conf->home.role, "ra") == 0;
	const char *p = a->profile ? a->profile : ra ? "" :
	    w->conf->home.profile;

	if (name_pattern_check(a->subject, e) == -1)
		return err_wrap(e, "--subject");
	for (size_t i = 0; i < a->san.n; i++) {
		if (strchr(a->san.v[i], '\n') != NULL)
			return err_set(e, E_CONF, "--san: it has two lines");
		if (san_pattern_check(a->san.v[i], e) == -1)
			return err_wrap(e, "--san");
		if (i > 0)
			buf_add_u8(&w->san, '\n');
		buf_add_str(&w->san, a->san.v[i]);
	}
	if (!ra && conf_profile(w->conf, p, strlen(p)) == NULL)
		return err_set(e, E_NOT_FOUND, "cmp.conf has no [profile "
		    "%.60s]", p);
	w->t.subject = a->subject;
	w->t.profile = p;
	w->t.created = w->now;
	if ((w->t.san = buf_str(&w->san)) == NULL)
		return buf_err(&w->san, "--san", e);
	return read_limits(w, e);
}

/* Write down in the audit trail what was done to ${ref}. */
static int
note(struct work *w, const char *event, struct slice ref, struct err *e)
{
	char shown[ESCAPE_SHORT], name[STORE_NAME];
	struct effects f = { .changes_txn = 0 };
	struct store_row row = { .effects = &f, .name = "", .now = w->now };

	snprintf(f.event, sizeof(f.event), "%s", event);
	snprintf(f.detail, sizeof(f.detail), "ticket \"%.80s\"%s%.120s",
	    escape_short(shown, ref), w->t.subject ? " for " : "",
	    w->t.subject ? w->t.subject : "");
	return store_put(w->store, &row, name, e);
}

/* 1 added, 0 the reference is taken, -1. */
static int
put(struct work *w, struct slice ref, struct slice secret, struct err *e)
{
	int rc;

	w->t.ref = ref;
	rc = store_ticket_add(w->store, &w->t, secret, e);
	if (rc == 1 && note(w, "ticket-new", ref, e) == -1)
		rc = -1;
	return rc;
}

static const char *
until(const struct store_ticket *t, char text[static DER_TIME_TEXT])
{
	if (t->expires == 0)
		return "never";
	return der_time_text(text, t->expires);
}

/* ${secret} only for the one who has just made it. */
static void
put_json(const struct store_ticket *t, const char *secret)
{
	char text[DER_TIME_TEXT];
	struct buf b;

	buf_init(&b, 1 << 18);
	buf_add_str(&b, "{\"ref\":");
	escape_json(&b, t->ref);
	if (secret != NULL)
		buf_printf(&b, ",\"secret\":\"%s\"", secret);
	buf_add_str(&b, ",\"subject\":");
	escape_json(&b, slice_str(t->subject));
	buf_add_str(&b, ",\"profile\":");
	escape_json(&b, slice_str(t->profile));
	buf_printf(&b, ",\"expires\":\"%s\",\"uses\":%lld",
	    until(t, text), (long long)t->uses_left);
	if (secret == NULL)
		buf_printf(&b, ",\"failures\":%lld,\"locked\":%s",
		    (long long)t->failures, t->locked ? "true" : "false");
	buf_add_str(&b, "}\n");
	fwrite(b.p, 1, b.n, stdout);
	buf_release(&b);
}

static void
put_slip(const struct store_ticket *t, const char *secret)
{
	char text[DER_TIME_TEXT];

	printf("reference  %.*s\nsecret     %s\nfor        %s\n"
	    "profile    %s\nexpires    %s\n\n", (int)t->ref.n,
	    (const char *)t->ref.p, secret, t->subject,
	    t->profile[0] ? t->profile : "any", until(t, text));
}

struct slip {
	char	ref[SLIP_NAME], secret[SLIP_TEXT];
};

static int
make_slips(struct work *w, struct slip *v, size_t n, struct err *e)
{
	size_t done = 0;
	int rc = 0;

	if (floor_begin(w->store, w->now, e) == -1)
		return -1;
	while (done < n && rc != -1) {
		slip_name(v[done].ref);
		slip_make(v[done].secret);
		rc = put(w, slice_str(v[done].ref), slice_str(v[done].secret),
		    e);
		done += rc == 1;
	}
	if (rc == -1) {
		store_rollback(w->store);
		return -1;
	}
	return store_commit(w->store, e);
}

static int
new_tickets(struct work *w, const char *count, struct err *e)
{
	char *end = NULL;
	long n = count == NULL ? 1 : strtol(count, &end, 10);
	struct slip *v;
	int rc;

	if (n < 1 || n > SLIPS_MAX || (end != NULL && *end != '\0'))
		return err_set(e, E_USAGE, "\"%.40s\" tickets, expected 1 to "
		    "%d", count, SLIPS_MAX);
	if (read_ticket(w, e) == -1)
		return -1;
	if ((v = calloc((size_t)n, sizeof(*v))) == NULL)
		return err_set(e, E_NOMEM, "out of memory");
	/* They are good before anybody can read them. */
	if ((rc = make_slips(w, v, (size_t)n, e)) == 0)
		for (long i = 0; i < n; i++) {
			w->t.ref = slice_str(v[i].ref);
			if (w->ask->json)
				put_json(&w->t, v[i].secret);
			else
				put_slip(&w->t, v[i].secret);
		}
	explicit_bzero(v, (size_t)n * sizeof(*v));
	free(v);
	if (rc == 0)
		tool_say("%ld made; next, at the device: cmp-mkreq ir "
		    "--secret-file FILE --ref REFERENCE ...", n);
	return rc;
}

static int
read_secret(const struct asked *a, struct buf *secret, struct err *e)
{
	unsigned bits;

	if (shared_load(a->secret_file, secret, e) == -1)
		return -1;
	bits = slip_bits(buf_slice(secret));
	if (bits < BITS_MIN && !a->weak)
		return err_set(e, E_SECRET_WEAK, "%.200s: the secret has %u "
		    "bits at most, expected %d: who sees a message can guess "
		    "it; let \"ticket new\" make one, or give --weak",
		    a->secret_file, bits, BITS_MIN);
	return 0;
}

static int
add_ticket(struct work *w, struct err *e)
{
	struct slice ref = slice_str(w->ask->ref);
	struct buf secret;
	int rc = -1;

	buf_init(&secret, SECRET_MAX + 1);
	if (ref.n == 0 || ref.n > 128) {
		err_set(e, E_USAGE, "--ref has %zu characters, expected 1 to "
		    "128", ref.n);
	} else if (read_ticket(w, e) == 0 &&
	    read_secret(w->ask, &secret, e) == 0 &&
	    floor_begin(w->store, w->now, e) == 0) {
		if ((rc = put(w, ref, buf_slice(&secret), e)) == 1) {
			rc = store_commit(w->store, e);
		} else {
			store_rollback(w->store);
			if (rc == 0)
				rc = err_set(e, E_EXISTS, "there is a ticket "
				    "\"%.80s\" already", w->ask->ref);
		}
	}
	buf_release(&secret);
	return rc;
}

static int
list_one(void *arg, const struct store_ticket *t)
{
	const struct work *w = arg;
	char ref[ESCAPE_SHORT], uses[32], text[DER_TIME_TEXT], bad[48] = "";
	const char *state = t->locked ? "locked" : t->uses_left == 0 ? "used" :
	    t->expires != 0 && t->expires < w->now ? "expired" : "open";

	if (w->ask->json) {
		put_json(t, NULL);
		return ferror(stdout) ? -1 : 0;
	}
	if (t->uses_left == -1)
		snprintf(uses, sizeof(uses), "unlimited");
	else
		snprintf(uses, sizeof(uses), "%lld", (long long)t->uses_left);
	if (t->failures > 0)
		snprintf(bad, sizeof(bad), " (%lld wrong MACs)",
		    (long long)t->failures);
	printf("%s %-7s %s %s %s %s%s\n", escape_short(ref, t->ref), state,
	    uses, until(t, text), t->profile[0] ? t->profile : "any",
	    t->subject, bad);
	return ferror(stdout) ? -1 : 0;
}

/* ${change} the ticket ${ref}, and write it down as ${event}. */
static int
change_ticket(struct work *w, const char *ref, const char *event,
    int (*change)(struct store *, struct slice, struct err *), struct err *e)
{
	int rc;

	if (floor_begin(w->store, w->now, e) == -1)
		return -1;
	rc = change(w->store, slice_str(ref), e);
	if (rc == 1 && note(w, event, slice_str(ref), e) == 0)
		return store_commit(w->store, e);
	store_rollback(w->store);
	if (rc == 0)
		err_set(e, E_NOT_FOUND, "there is no ticket \"%.80s\"; see: "
		    "cmp-ca ticket list", ref);
	return -1;
}

static int
check_usage(const struct asked *a, int argc, char **argv, int at)
{
	const char *verb = at < argc ? argv[at] : "";
	int n = argc - at;

	if (strcmp(verb, "new") == 0 ? n > 2 || a->ref || a->secret_file ||
	    a->weak :
	    strcmp(verb, "add") == 0 ? n != 1 || a->json :
	    strcmp(verb, "list") == 0 ? n != 1 || a->subject :
	    strcmp(verb, "remove") == 0 || strcmp(verb, "unlock") == 0 ?
	    n != 2 || a->subject : 1)
		return tool_usage("expected ticket new [N] --subject PATTERN, "
		    "ticket add --ref NAME --secret-file FILE --subject "
		    "PATTERN, ticket list, ticket unlock REF or ticket remove "
		    "REF");
	if ((verb[0] == 'n' || verb[0] == 'a') && a->subject == NULL)
		return tool_usage("--subject is missing: what may be asked "
		    "for, for example --subject 'CN=*,O=Example'");
	if (verb[0] == 'a' && (a->ref == NULL || a->secret_file == NULL))
		return tool_usage("ticket add needs --ref and --secret-file");
	return 0;
}

static int
run(struct work *w, const char *home, const char *verb, const char *operand,
    struct err *e)
{
	int rc;

	w->now = clock_now();
	if ((w->fd = tool_home(home, 0, e)) == -1 ||
	    conf_load(w->fd, "cmp.conf", &w->conf, e) == -1 ||
	    store_open(w->fd, verb[0] == 'l' ? STORE_READ : STORE_WRITE,
	    &w->store, e) == -1)
		return -1;
	rc = verb[0] == 'n' ? new_tickets(w, operand, e) :
	    verb[0] == 'a' ? add_ticket(w, e) :
	    verb[0] == 'u' ? change_ticket(w, operand, "ticket-unlocked",
	    store_ticket_unlock, e) :
	    verb[0] == 'r' ? change_ticket(w, operand, "ticket-removed",
	    store_ticket_remove, e) :
	    store_tickets(w->store, list_one, w, e);
	if (fflush(stdout) != 0 || ferror(stdout))
		return err_set(e, E_IO, "standard output cannot be written");
	return rc;
}

int
ca_ticket(const char *home, int argc, char **argv)
{
	static struct asked a;
	const struct tool_opt opts[] = {
		{ "home", 'C', OPT_VALUE, &home },
		{ "ref", 0, OPT_VALUE, &a.ref },
		{ "secret-file", 0, OPT_VALUE, &a.secret_file },
		{ "subject", 0, OPT_VALUE, &a.subject },
		{ "san", 0, OPT_MANY, &a.san },
		{ "profile", 0, OPT_VALUE, &a.profile },
		{ "expires", 0, OPT_VALUE, &a.expires },
		{ "uses", 0, OPT_VALUE, &a.uses },
		{ "weak", 0, OPT_FLAG, &a.weak },
		{ "json", 0, OPT_FLAG, &a.json },
	};
	int at = tool_options(argc, argv, usage, opts,
	    sizeof(opts) / sizeof(opts[0])), rc;
	struct work w = { .ask = &a, .fd = -1 };
	struct err e = { 0 };

	if ((rc = check_usage(&a, argc, argv, at)) != 0)
		return rc;
	buf_init(&w.san, 1 << 15);
	rc = run(&w, home, argv[at], at + 1 < argc ? argv[at + 1] : NULL, &e);
	store_close(w.store);
	conf_free(w.conf);
	buf_release(&w.san);
	if (w.fd != -1)
		close(w.fd);
	return rc == -1 ? tool_fail(home, &e) : 0;
}
