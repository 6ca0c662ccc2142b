/*
 * Revocation status (RFC 5280 6.3) by full CRLs that the issuer itself
 * signed.  Three answers: good, revoked, unknown; unknown is refused.
 */
#include "pki/path.h"

#include <stdio.h>

#include "base/escape.h"
#include "pki/path_int.h"

/* A CRL may come from a clock that is this many seconds ahead of ours. */
#define STATUS_SKEW	600

struct status {
	const struct path_ask	*ask;
	const struct cert	*cert, *issuer;
	struct path_budget	*budget;
	int			 good;
	char			 why[96];	/* it is not known */
};

static int
because(struct status *s, const char *why)
{
	snprintf(s->why, sizeof(s->why), "%s", why);
	return 0;
}

/* Is ${crl} about certificates of this issuer and key? */
static int
concerns(const struct status *s, const struct crl *crl)
{
	struct slice aki = crl_aki(crl);

	if (!name_eq(crl_issuer(crl), s->cert->issuer))
		return 0;
	return !aki.p || !s->issuer->ski.p || slice_eq(aki, s->issuer->ski);
}

static int
current(struct status *s, const struct crl *crl)
{
	char t[DER_TIME_TEXT], why[sizeof(s->why)];
	int64_t now = s->ask->now, next = crl_next_update(crl);

	if (crl_this_update(crl) > now + STATUS_SKEW) {
		snprintf(why, sizeof(why), "is not valid before %s",
		    der_time_text(t, crl_this_update(crl)));
		return because(s, why);
	}
	if (next == INT64_MIN)
		return because(s, "has no nextUpdate");
	if (next < now) {
		snprintf(why, sizeof(why), "expired at %s",
		    der_time_text(t, next));
		return because(s, why);
	}
	return 1;
}

/* 1 signed by the issuer, 0 not, -1 no check left or no memory. */
static int
signed_by_issuer(struct status *s, const struct crl *crl, struct err *e)
{
	const struct cert *i = s->issuer;
	struct err bad = { 0 };

	if (i->has_ku && !(i->ku & KU_CRL_SIGN))
		return because(s, "is not usable: its issuer's keyUsage "
		    "lacks cRLSign");
	if (path_spend(s->budget, e) == -1)
		return -1;
	if (crl_verify(crl, i->spki, &bad) == 0)
		return 1;
	if (bad.code == E_NOMEM) {
		*e = bad;
		return -1;
	}
	return because(s, "is not signed by its issuer's key");
}

static int
revoked(const struct status *s, int64_t when, int reason, struct err *e)
{
	char who[NAME_TEXT], hex[ESCAPE_SHORT], t[DER_TIME_TEXT];

	return err_set(e, E_PATH_REVOKED,
	    "%s (serial %s) was revoked at %s, reason %d",
	    path_who(who, s->cert), escape_hex_short(hex, s->cert->serial),
	    der_time_text(t, when), reason);
}

/* What one CRL says.  Revoked counts even when the CRL is out of date. */
static int
ask_crl(struct status *s, const struct crl *crl, struct err *e)
{
	int reason = 0, listed, ok, in_date;
	int64_t when = 0;

	if (crl_not_understood(crl))
		return because(s, "has a critical extension we do not process");
	listed = crl_lookup(crl, s->cert->serial, &reason, &when);
	in_date = current(s, crl);
	if (!listed && !in_date)
		return 0;
	if ((ok = signed_by_issuer(s, crl, e)) != 1)
		return ok;
	if (listed)
		return revoked(s, when, reason, e);
	s->good = 1;
	return 0;
}

static int
status_one(struct status *s, const struct anchor *a, struct err *e)
{
	char who[NAME_TEXT];

	because(s, "is missing");
	for (size_t i = 0; i < a->n_crls; i++)
		if (concerns(s, a->crls[i]) && ask_crl(s, a->crls[i], e) == -1)
			return -1;
	if (s->good)
		return 0;
	return err_set(e, E_PATH_STATUS, "the CRL of %s %s; add one with: "
	    "cmp-ca trust crl FILE", name_short(who, s->cert->issuer), s->why);
}

int
path_status(const struct path_ask *ask, const struct path *p,
    struct path_budget *b, struct err *e)
{
	/* From the anchor down: who is not good cannot vouch for others. */
	for (size_t i = p->anchor->n_crls > 0 ? p->n : 0; i-- > 0;) {
		struct status s = { .ask = ask, .budget = b,
			.cert = p->certs[i],
			.issuer = i + 1 < p->n ? p->certs[i + 1] :
			    p->anchor->cert };

		if (status_one(&s, p->anchor, e) == -1)
			return -1;
	}
	return 0;
}
