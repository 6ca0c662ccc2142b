/*
 * Path building: up from the target, depth first, with a stack of fixed
 * size.  Only certificates from which names lead up to an anchor are tried,
 * the nearest to an anchor first, and every edge costs one of a fixed number
 * of signature checks, so that no pool makes the search long.
 */
#include "pki/path.h"

#include <string.h>

#include "pki/path_int.h"

/* Entries of the caller's pool that we look at at all. */
#define POOL_LOOK	256

/* How far a candidate got; a failure later on is the better explanation. */
enum stage { STAGE_FORM, STAGE_SIG, STAGE_NAMES, STAGE_STATUS };

struct search {
	const struct path_ask	*ask;
	const struct cert	*up[PATH_MAX_POOL];	/* above the target */
	size_t			 n_up;
	const struct cert	*pool[PATH_MAX_POOL];	/* below an anchor */
	unsigned		 dist[PATH_MAX_POOL];	/* steps to it */
	size_t			 n_pool;
	struct path		 at;		/* anchor is set last */
	size_t			 next[PATH_MAX_CERTS];	/* candidates tried */
	struct path_budget	 budget;
	struct err		 best;
	long			 best_rank;
};

static int
has_der(const struct cert *const *v, size_t n, const struct cert *c)
{
	for (size_t i = 0; i < n; i++)
		if (slice_eq(v[i]->der, c->der))
			return 1;
	return 0;
}

/* Add the certificates of the pool that may have issued ${child} to up. */
static void
collect_issuers(struct search *s, const struct cert *child)
{
	const struct path_ask *ask = s->ask;
	size_t n = ask->n_pool < POOL_LOOK ? ask->n_pool : POOL_LOOK;

	for (size_t i = 0; i < n && s->n_up < PATH_MAX_POOL; i++) {
		const struct cert *c = &ask->pool[i];

		if (path_link(child, c) && !has_der(s->up, s->n_up, c) &&
		    !slice_eq(c->der, ask->target->der))
			s->up[s->n_up++] = c;
	}
}

static void
collect(struct search *s)
{
	collect_issuers(s, s->ask->target);
	for (size_t i = 0; i < s->n_up; i++)
		collect_issuers(s, s->up[i]);
}

/* Move what ${issuer}, ${dist} steps from an anchor, issued to the pool. */
static void
order_below(struct search *s, const struct cert *issuer, unsigned dist)
{
	for (size_t i = 0; i < s->n_up; i++) {
		if (!s->up[i] || !path_link(s->up[i], issuer))
			continue;
		s->pool[s->n_pool] = s->up[i];
		s->dist[s->n_pool++] = dist + 1;
		s->up[i] = NULL;
	}
}

/* Sort up[] into pool[] by the distance to an anchor; drop the rest. */
static void
order(struct search *s)
{
	for (size_t i = 0; i < s->ask->n_anchors; i++)
		order_below(s, s->ask->anchors[i].cert, 0);
	for (size_t i = 0; i < s->n_pool; i++)
		order_below(s, s->pool[i], s->dist[i]);
}

/* Keep ${e} if no candidate got closer to an anchor; return 0. */
static int
note(struct search *s, unsigned dist, enum stage stage, const struct err *e)
{
	long rank = (long)stage - 10L * (long)dist;

	if (s->best.code == E_NONE || rank > s->best_rank ||
	    e->code == E_NOMEM) {
		s->best = *e;
		s->best_rank = e->code == E_NOMEM ? STAGE_STATUS + 1L : rank;
	}
	return 0;
}

/* Is ${c}, or another certificate for its subject and key, in the path? */
static int
seen(const struct path *p, const struct cert *c)
{
	for (size_t i = 0; i < p->n; i++)
		if (slice_eq(p->certs[i]->der, c->der) ||
		    (slice_eq(p->certs[i]->spki, c->spki) &&
		    name_eq(p->certs[i]->subject, c->subject)))
			return 1;
	return 0;
}

/* May ${issuer} stand above the path so far?  The costly checks last. */
static int
try_issuer(struct search *s, const struct cert *issuer, unsigned dist)
{
	const struct cert *top = s->at.certs[s->at.n - 1];
	struct err e = { 0 };

	if (!path_link(top, issuer) || seen(&s->at, issuer))
		return 0;
	if (path_check_issuer(s->ask, &s->at, issuer, dist == 0, &e) == -1)
		return note(s, dist, STAGE_FORM, &e);
	if (path_check_sig(top, issuer, &s->budget, &e) == -1)
		return note(s, dist, STAGE_SIG, &e);
	if (path_names(issuer, &s->at, &e) == -1)
		return note(s, dist, STAGE_NAMES, &e);
	return 1;
}

/* 1 if the path is complete. */
static int
try_anchor(struct search *s, const struct anchor *a)
{
	struct err e = { 0 };

	if (!try_issuer(s, a->cert, 0))
		return 0;
	s->at.anchor = a;
	if (path_status(s->ask, &s->at, &s->budget, &e) == -1)
		return note(s, 0, STAGE_STATUS, &e);
	return 1;
}

static void
try_cert(struct search *s, size_t i)
{
	struct err e = { 0 };

	if (s->at.n == PATH_MAX_CERTS) {
		if (!path_link(s->at.certs[s->at.n - 1], s->pool[i]))
			return;
		err_set(&e, E_PATH_LENGTH,
		    "the path is longer than %d certificates", PATH_MAX_CERTS);
		note(s, s->dist[i], STAGE_FORM, &e);
		return;
	}
	if (!try_issuer(s, s->pool[i], s->dist[i]))
		return;
	s->next[s->at.n] = 0;
	s->at.certs[s->at.n++] = s->pool[i];
}

/* 1 and s->at if there is a path. */
static int
search(struct search *s)
{
	size_t n_anchors = s->ask->n_anchors;

	s->at.certs[0] = s->ask->target;
	s->at.n = 1;
	while (s->at.n > 0 && !s->budget.spent) {
		size_t k = s->next[s->at.n - 1]++;

		if (k < n_anchors) {
			if (try_anchor(s, &s->ask->anchors[k]))
				return 1;
		} else if (k - n_anchors < s->n_pool) {
			try_cert(s, k - n_anchors);
		} else {
			s->at.n--;
		}
	}
	return 0;
}

/* Is there a certificate for the issuer's name of ${c}, with another key? */
static int
other_key(const struct path_ask *ask, const struct cert *c)
{
	for (size_t i = 0; i < ask->n_anchors; i++)
		if (name_eq(ask->anchors[i].cert->subject, c->issuer))
			return 1;
	for (size_t i = 0; i < ask->n_pool && i < POOL_LOOK; i++)
		if (name_eq(ask->pool[i].subject, c->issuer))
			return 1;
	return 0;
}

/*
 * Nothing led to an anchor, not even by names: say whose certificate is
 * missing, following first issuers up from the target.
 */
static int
explain_none(struct search *s, struct err *e)
{
	const struct cert *top = s->ask->target, *up;
	char issuer[NAME_TEXT], who[NAME_TEXT];
	size_t i;

	do {
		up = NULL;
		for (i = 0; i < s->n_up && !up; i++)
			if (s->up[i] && path_link(top, s->up[i])) {
				up = s->up[i];
				s->up[i] = NULL;
			}
		if (up)
			top = up;
	} while (up);

	name_short(issuer, top->issuer);
	path_who(who, top);
	if (path_self_issued(top))
		return err_set(e, E_PATH_NONE,
		    "%s is self-issued and not a trust anchor", who);
	if (other_key(s->ask, top))
		return err_set(e, E_PATH_NONE,
		    "no trust anchor found above issuer %s of %s: "
		    "what is there of that name has another key, leads "
		    "round in a circle or is too much to look at", issuer,
		    who);
	return err_set(e, E_PATH_NONE, "issuer %s of %s not found", issuer,
	    who);
}

static const struct anchor *
pinned(const struct path_ask *ask)
{
	for (size_t i = 0; i < ask->n_anchors; i++)
		if (slice_eq(ask->anchors[i].cert->der, ask->target->der))
			return &ask->anchors[i];
	return NULL;
}

int
path_find(const struct path_ask *ask, struct path *out, struct err *e)
{
	struct search s = { .ask = ask, .budget = { PATH_MAX_SIGS, 0 } };

	memset(out, 0, sizeof(*out));
	if ((out->anchor = pinned(ask)))
		return path_check_target(ask, 1, e);
	if (path_check_target(ask, 0, e) == -1)
		return -1;
	collect(&s);
	order(&s);
	if (search(&s)) {
		*out = s.at;
		return 0;
	}
	if (s.budget.spent)
		return path_spend(&s.budget, e);
	if (s.best.code == E_NONE)
		return explain_none(&s, e);
	*e = s.best;
	return -1;
}
