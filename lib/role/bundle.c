/* Bundles that come: members one by one, a group of them to a commit. */
#include "role/bundle.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "role/approval.h"
#include "store/store_bundle.h"

#define HEAD	2048	/* what nest_looks() needs */

static const struct bundle_role *const roles[] = { &bundle_ca, &bundle_ra,
	&bundle_ra_down };

int
bundle_is(const struct engine *en, struct slice der)
{
	const struct nest_limits any = { der.n, SIZE_MAX, der.n };
	struct nest_source src = nest_source_slice(&der);
	struct err ignored = { 0 };
	struct nest *n;
	int rc;

	if (en->role == ROLE_EE || !nest_looks(SLICE(der.p, der.n < HEAD ?
	    der.n : HEAD)) || nest_open(&src, &any, &n, &ignored) == -1)
		return 0;
	/* One that is neither is refused as an approval. */
	rc = !nest_is_approval(n) && (nest_count(n) > 1 ||
	    nest_check(n, UINT_MAX, &ignored) == 0);
	nest_free(n);
	return rc;
}

static int
is_temporary(enum err_code code)
{
	return engine_is_temporary(code) || code == E_NEST_CHANGED;
}

/* The caller's only commit, or one for each step. */
static int
begin(struct bundle *b, struct err *e)
{
	return b->own_commits ? engine_begin(b->en, e) :
	    store_savepoint(b->en->store, e);
}

static int
commit(struct bundle *b, struct err *e)
{
	return b->own_commits ? engine_commit(b->en, e) :
	    store_release(b->en->store, e);
}

static void
give_up(struct bundle *b)
{
	struct err ignored = { 0 };

	if (b->own_commits)
		engine_abort(b->en);
	else
		store_rollback_to(b->en->store, &ignored);
}

/*
 * Read all of it once.  One that has too many members is read, too: its
 * sender is told so, if it is one of ours.
 */
static int
open_nest(struct bundle *b, const struct nest_source *src, struct err *many,
    struct err *e)
{
	const struct conf_home *h = &b->en->conf->home;
	struct nest_limits l = { (uint64_t)h->max_bundle,
	    (size_t)h->max_members, (size_t)h->max_bundle };

	if (nest_open(src, &l, &b->nest, e) == -1) {
		if (e->code != E_NEST_COUNT)
			return -1;
		*many = *e;
		*e = (struct err){ 0 };
		l.members = SIZE_MAX;
		if (nest_open(src, &l, &b->nest, e) == -1)
			return -1;
	}
	b->msg = nest_msg(b->nest);
	return 0;
}

static int
find_role(struct bundle *b, struct err *e)
{
	int way = nest_way(b->nest);

	/* Errors go either way; only an answer returns a nonce. */
	if (way == 0)
		way = b->msg->hdr.recip_nonce.p != NULL ? -1 : 1;
	for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++)
		if (roles[i]->role == b->en->role && roles[i]->way == way)
			b->role = roles[i];
	return b->role != NULL ? 0 : err_set(e, E_BODY_TYPE, "a bundle of "
	    "%s, which is not for this home", way == 1 ? "requests" :
	    "answers");
}

static int
verify(struct bundle *b, struct verify_ask *ask, struct err *e)
{
	const struct conf_channel *by = b->en->by;
	const struct trust *t = b->role->trust(b->en);

	*ask = (struct verify_ask){ .anchors = t->anchors,
	    .n_anchors = t->n_anchors, .answers = b->role->responder };
	if (verify_header(b->msg, e) == -1)
		return -1;
	ask->now = b->en->now;
	ask->known = buf_slice(&b->en->issued_chain);
	ask->time_past = by->time_past;
	ask->time_future = by->time_future;
	if (verify_msg(b->msg, ask, &b->checked, e) == -1 ||
	    b->role->sender(b, e) == -1)
		return -1;
	return 0;
}

/*
 * What the bundle is known as, whoever signed it and whether or not it would
 * be taken now: one that was begun goes on.
 */
static void
identify(struct bundle *b, const struct verify_ask *ask)
{
	struct verify_ask old = { .anchors = ask->anchors,
	    .n_anchors = ask->n_anchors };

	if (b->checked != NULL)
		memcpy(b->identity, checked_identity(b->checked), 32);
	else if (verify_identity(b->msg, &old, b->identity) == -1)
		verify_identity_none(b->msg, b->identity);
}

/* Was it answered before?  1, 0, -1. */
static int
repeated(struct bundle *b, const uint8_t id[static 32], struct err *e)
{
	struct outcome *o = b->o;
	struct buf name;
	int rc;

	buf_init(&name, STORE_NAME);
	rc = store_answer(b->en->store, id, &name, &o->answer, e);
	if (rc == 1) {
		snprintf(o->name, sizeof(o->name), "%.*s", (int)name.n,
		    name.n > 0 ? (const char *)name.p : "");
		snprintf(o->note, sizeof(o->note), "a bundle that was handled "
		    "before%s", name.n > 0 ? ", the same answer again" : "");
		o->bundle = o->answer.n == 0 && name.n > 0;
		o->verdict = VERDICT_REPEATED;
		o->err = (struct err){ 0 };
	}
	buf_release(&name);
	return rc;
}

/* All of it is refused, for ${b->o->err}; in the open commit. */
static int
refuse(struct bundle *b, struct err *e)
{
	struct outcome *o = b->o;
	struct effects f = { .event = "refused" };
	struct store_row row = { .identity = b->identity, .effects = &f,
	    .dir = o->dir, .name = o->name, .code = o->err.code,
	    .unverified = b->checked == NULL, .now = b->en->now };
	char final[STORE_NAME];

	if (!b->role->answers) {
		o->verdict = VERDICT_BAD;
		return 0;
	}
	if (b->checked == NULL)
		verify_identity_none(b->msg, b->identity);
	snprintf(f.detail, sizeof(f.detail), "bundle: %.220s", o->err.detail);
	snprintf(o->note, sizeof(o->note), "refused");
	buf_reset(&o->answer);
	if (reject_make(b->en, b->msg, NULL, NULL, 0, 2, o, e) == -1)
		return -1;
	row.answer = buf_slice(&o->answer);
	if (store_put(b->en->store, &row, final, e) == -1)
		return -1;
	memcpy(o->name, final, sizeof(o->name));
	o->verdict = VERDICT_REFUSED;
	return 0;
}

static int
refuse_now(struct bundle *b)
{
	struct err e = { 0 };

	if (begin(b, &e) == 0) {
		if (refuse(b, &e) == 0 && commit(b, &e) == 0)
			return 0;
		give_up(b);
	}
	b->o->err = e;
	b->o->verdict = VERDICT_TEMPORARY;
	return -1;
}

/*
 * In the open commit: 1 its members are to be handled, 0 it has its answer,
 * -1 it is to be refused.
 */
static int
accept(struct bundle *b, int good, const struct err *many, struct err *e)
{
	struct store *s = b->en->store;
	struct err failure = { 0 };
	uint8_t none[32];
	int rc, known;

	verify_identity_none(b->msg, none);
	rc = repeated(b, b->identity, &failure);
	if (rc == 0 && !good)
		rc = repeated(b, none, &failure);
	known = rc != 0 ? rc : store_bundle_find(s, b->identity, &b->row,
	    &failure);
	if (rc == -1 || known == -1) {
		*e = failure;
		return -1;
	}
	if (rc == 1)
		return 0;
	if (known == 1) {
		b->again = 1;
		*e = failure;
		return 1;
	}
	if (many->code != E_NONE && good) {
		*e = *many;
		return -1;
	}
	if (!good || nest_check(b->nest, approval_layers(b->en->conf), e) == -1 ||
	    store_bundle_open(s, b->identity, &b->row, e) == -1)
		return -1;
	return b->role->begin(b, e) == -1 ? -1 : 1;
}

/* The beginning, in its commit: 1 go on, 0 that was all. */
static int
start(struct bundle *b, const struct err *many)
{
	struct err *e = &b->o->err;
	struct verify_ask ask;
	int good, rc;

	if (begin(b, e) == -1)
		return 0;
	good = verify(b, &ask, e) == 0;
	identify(b, &ask);
	rc = !good && is_temporary(e->code) ? -1 : accept(b, good, many, e);
	if (rc >= 0 && commit(b, e) == 0)
		return rc;
	give_up(b);
	if (rc == -1 && !is_temporary(e->code))
		refuse_now(b);
	else
		b->o->verdict = VERDICT_TEMPORARY;
	return 0;
}

static void
count(struct bundle *b, const struct outcome *m)
{
	b->n++;
	switch (m->verdict) {
	case VERDICT_REPEATED:
		b->again_n++;
		break;
	case VERDICT_REFUSED:
	case VERDICT_NO:
		b->refused++;
		break;
	case VERDICT_BAD:
		if (b->bad++ > 0)
			break;
		b->first_bad = m->err;
		err_wrap(&b->first_bad, "message %zu within", b->n);
		break;
	default:
		b->good++;
		break;
	}
}

/* A member as any message: max-size is for each. */
static void
take(struct bundle *b, struct slice der, struct outcome *m)
{
	int64_t most = b->en->conf->home.max_size;

	if ((uint64_t)der.n <= (uint64_t)most) {
		b->role->member(b, der, m);
		return;
	}
	m->verdict = VERDICT_BAD;
	err_set(&m->err, E_FILE_SIZE, "%zu bytes, more than the %lld of "
	    "max-size", der.n, (long long)most);
}

/* The next members, in the open commit: 1 there are more, 0, or -1. */
static int
take_group(struct bundle *b, struct err *e)
{
	int64_t most = b->en->conf->home.group;
	struct outcome m;
	struct slice der;
	int rc, stop = 0;

	for (int64_t i = 0; i < most || i == 0; i++) {
		if ((rc = nest_next(b->nest, &der, e)) != 1)
			return rc;
		outcome_init(&m);
		take(b, der, &m);
		if (m.verdict == VERDICT_TEMPORARY) {
			stop = 1;
			*e = m.err;
			err_wrap(e, "message %zu within", b->n + 1);
		} else {
			count(b, &m);
		}
		outcome_release(&m);
		if (stop)
			return -1;
	}
	return 1;
}

/* Go past what an earlier run has handled. */
static int
skip(struct bundle *b, struct err *e)
{
	struct slice ignored;
	int rc = 1;

	if (store_bundle_passed(b->en->store, b->row, &b->before, e) == -1)
		return -1;
	while (b->n < b->before && (rc = nest_next(b->nest, &ignored, e)) == 1)
		b->n++;
	return rc == -1 ? -1 : 0;
}

/* All members: what was finished before a failure stays finished. */
static int
take_all(struct bundle *b, struct err *e)
{
	struct err failure = { 0 };
	int rc;

	if (skip(b, e) == -1)
		return -1;
	do {
		if (begin(b, e) == -1)
			return -1;
		rc = take_group(b, e);
		if (store_bundle_pass(b->en->store, b->row, b->n,
		    &failure) == -1 || commit(b, &failure) == -1) {
			*e = failure;
			give_up(b);
			return -1;
		}
	} while (rc == 1);
	return rc;
}

static void
note(struct bundle *b)
{
	char *t = b->o->note;
	size_t size = sizeof(b->o->note), n;

	n = (size_t)snprintf(t, size, "bundle of %zu messages: %zu good, %zu "
	    "refused", b->n, b->good, b->refused);
	if (b->before > 0)
		n += (size_t)snprintf(t + n, size - n, ", %zu by an earlier "
		    "run", b->before);
	if (b->again_n > 0)
		n += (size_t)snprintf(t + n, size - n, ", %zu seen before",
		    b->again_n);
	if (b->bad > 0)
		snprintf(t + n, size - n, ", %zu without an answer, the first "
		    "of them: %s: %.200s", b->bad,
		    err_name(b->first_bad.code), b->first_bad.detail);
}

static void
finish(struct bundle *b)
{
	struct outcome *o = b->o;
	struct err *e = &o->err;

	o->verdict = VERDICT_TEMPORARY;
	if (begin(b, e) == -1)
		return;
	if (b->role->end(b, e) == 0 && commit(b, e) == 0) {
		o->verdict = VERDICT_ANSWERED;
		note(b);
		return;
	}
	give_up(b);
	o->name[0] = '\0';
	o->bundle = 0;
	if (!is_temporary(e->code))
		refuse_now(b);
}

void
bundle_handle(struct engine *en, const struct nest_source *src,
    struct outcome *o)
{
	struct bundle b = { .en = en, .o = o,
	    .own_commits = !store_begun(en->store) };
	struct err many = { 0 };

	o->verdict = VERDICT_BAD;
	if (open_nest(&b, src, &many, &o->err) == -1 ||
	    find_role(&b, &o->err) == -1) {
		if (is_temporary(o->err.code))
			o->verdict = VERDICT_TEMPORARY;
		nest_free(b.nest);
		return;
	}
	o->verdict = VERDICT_TEMPORARY;
	if (start(&b, &many) && take_all(&b, &o->err) == 0)
		finish(&b);
	checked_free(b.checked);
	nest_free(b.nest);
	free(b.arg);
}
