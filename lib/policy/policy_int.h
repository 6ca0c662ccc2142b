#ifndef POLICY_POLICY_INT_H
#define POLICY_POLICY_INT_H

#include "policy/policy.h"

#define POLICY_PATTERNS	64	/* subjectAltName, of a ticket */

struct grant {
	const struct checked		*checked;
	const struct conf_profile	*profile;
	const char			*rule;
	const char			*held;
	const struct conf_rule		*enrol;
	struct conf_quorum		 quorum;
	char				 waits[64];
	struct wish			 wish;
};

/* All zero but for ${c}; NULL with E_NOMEM. */
struct grant	*grant_new(const struct checked *c, struct err *e);

/* policy_rule.c: the profile that ${c} names, or the default.  ${bound}: the
 * only one that may be asked for, or NULL. */
const struct conf_profile *policy_profile(const struct policy_env *env,
	    const struct checked *c, const char *bound, struct err *e);

/* The [enrol] rule that decides about devices and our own certificates. */
const struct conf_rule *policy_enrol_rule(const struct policy_env *env,
	    const struct conf_profile *p, enum body body,
	    const struct policy_facts *facts, struct err *e);
/* Is ${r} the rule of those who may only have their own names? */
int	policy_is_own(const struct conf_rule *r);
/* Is ${body}, or ${profile}, one that ${r} is about? */
int	policy_is_about(const struct conf_rule *r, enum body body,
	    const char *profile);

/* A ticket as a rule: ${rule} borrows from it and owns its list. */
struct policy_ticket_rule {
	struct conf_rule	 rule;
	char			 name[64];
	char			*san[POLICY_PATTERNS];
	struct buf		 text;
};
const struct conf_rule *policy_ticket_rule(struct policy_ticket_rule *r,
	    const struct policy_ticket *t, int64_t now, struct err *e);

/*
 * policy_ra.c: what is to be signed or revoked, as far as an [ra] judges it;
 * ${profile} NULL: no certificate.
 */
struct policy_what {
	enum body	 body;
	const char	*profile;
	struct slice	 subject, san;
};
/*
 * The [ra] rule by which ${ra} may have ${w} from sender ${c}; ${makes}: it
 * asks itself, or vouches, and does not only approve.  E_NOT_AUTHORIZED,
 * E_NOT_SUBJECT, E_NOT_SAN.
 */
const struct conf_rule *policy_ra_rule(const struct policy_env *env,
	    const struct policy_ra *ra, const struct checked *c,
	    const struct policy_what *w, int makes, struct err *e);
/* The same of any of those who approved the message. */
const struct conf_rule *policy_ra_voucher(const struct policy_env *env,
	    const struct policy_facts *f, const struct checked *c,
	    const struct policy_what *w, struct err *e);
/* May all who approved ${c} do so?  E_APPROVAL. */
int	policy_ra_approve(const struct policy_env *env,
	    const struct policy_facts *f, const struct checked *c,
	    const struct policy_what *w, struct err *e);
/* How many of ${q} approved: different keys, none of them the sender's. */
int64_t	policy_ra_count(const struct conf_quorum *q,
	    const struct policy_facts *f, const struct checked *c,
	    const struct policy_what *w);

/*
 * policy_names.c: may ${c} have ${subject} (Name) and ${san} (GeneralNames or
 * none) by ${r}?  E_NOT_SUBJECT, E_NOT_SAN.
 */
int	policy_names(const struct conf_rule *r, const struct checked *c,
	    struct slice subject, struct slice san, struct err *e);
/* Are they those of ${own} (RFC 9483 4.1.3)?  E_UPDATE_NAME. */
int	policy_same_names(const struct cert *own, struct slice subject,
	    struct slice san, struct err *e);

#endif
