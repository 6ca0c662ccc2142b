/* cmp-mkreq list and poll: requests that have no answer yet. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "asn/der.h"
#include "base/clock.h"
#include "base/file.h"
#include "msg/emit.h"
#include "role/request_open.h"
#include "tools/mkreq.h"
#include "tools/tool.h"

struct list {
	struct buf	 out;
	const char	*home;
	int		 json;
	int64_t		 now;
};

static const char *
state_word(const struct request_open *r, int64_t now)
{
	switch (r->state) {
	case TXN_OPEN:		return "no answer yet";
	case TXN_PKICONF:	return "certificate there, no pkiConf yet";
	default:		return now < r->check_at ? "told to wait" :
				    "told to wait, the pollReq is due";
	}
}

static void
put_text(struct list *l, const struct request_open *r)
{
	char when[DER_TIME_TEXT];

	buf_printf(&l->out, "%.16s  %-5s  %s  \"%s\"  %s", r->id, r->op,
	    der_time_text(when, r->created), r->about, state_word(r, l->now));
	if (r->state == TXN_WAITING && r->check_at > l->now)
		buf_printf(&l->out, " until %s", der_time_text(when,
		    r->check_at));
	buf_add_u8(&l->out, '\n');
}

static void
put_json(struct list *l, const struct request_open *r)
{
	struct emit em;

	emit_start(&em, &l->out, 1);
	emit_safe(&em, "transactionID", r->id);
	emit_safe(&em, "request", r->op);
	emit_safe(&em, "about", r->about);
	emit_time(&em, "created", r->created);
	emit_safe(&em, "state", r->state == TXN_OPEN ? "open" :
	    r->state == TXN_PKICONF ? "confirming" : "waiting");
	if (r->state == TXN_WAITING && r->check_at != 0)
		emit_time(&em, "checkAfter", r->check_at);
	if (r->key_file[0] != '\0')
		emit_text(&em, "key", slice_str(r->key_file));
	emit_end(&em);
}

static void
put_one(void *arg, const struct request_open *r)
{
	struct list *l = arg;

	if (l->json)
		put_json(l, r);
	else
		put_text(l, r);
}

int
mkreq_list(const char *home, int json)
{
	struct list l = { .home = home, .json = json, .now = clock_now() };
	struct err e = { 0 };
	int fd, n = -1, rc = 0;

	buf_init(&l.out, 64u << 20);
	if ((fd = tool_home(home, 0, &e)) != -1 &&
	    (n = request_list(fd, put_one, &l, &e)) != -1) {
		if (buf_bad(&l.out))
			n = err_set(&e, E_NOMEM, "output is too long");
		else if (file_write(STDOUT_FILENO, buf_slice(&l.out)) == -1)
			n = err_set(&e, E_IO, "standard output: %s",
			    strerror(errno));
	}
	if (n == -1)
		rc = tool_fail(NULL, &e);
	else if (n == 0 && !json)
		tool_say("no request is open");
	if (fd != -1)
		close(fd);
	buf_release(&l.out);
	return rc;
}

int
mkreq_poll(const char *home, const char *id, const char *out, int dry)
{
	const char *where = home ? home : ".";
	struct request_polled p = { .when = 0 };
	struct request_made made;
	char shown[TOOL_PATH] = "";
	struct err e = { 0 };
	int fd, rc = 0;

	request_made_init(&made);
	if ((fd = tool_home(home, 0, &e)) == -1 ||
	    request_poll(fd, id, clock_now(), &made, &p, &e) == -1 ||
	    (!dry && (tool_can_put(out, 1, &e) == -1 || tool_put(out,
	    made.name, buf_slice(&made.message), shown, &e) == -1))) {
		rc = tool_fail(NULL, &e);
		if (e.code == E_ANSWER_WAITING)
			tool_say("next, then: cmp-mkreq -C %s poll %.16s",
			    where, p.id_full);
	} else if (dry) {
		tool_say("would write %s", made.name);
	} else {
		tool_say("pollReq for %.16s%s%s", p.id_full, shown[0] ?
		    " written to " : "", shown);
		if (made.draft)
			tool_say("next: cmp-sign --cert FILE --key FILE < "
			    "DRAFT");
		else
			tool_say("next: bring it to the CA, and its answer "
			    "to: cmp-process -C %s FILE", where);
	}
	if (fd != -1)
		close(fd);
	request_made_release(&made);
	return rc;
}
