#ifndef POLICY_POLICY_INT_H
#define POLICY_POLICY_INT_H

#include "policy/policy.h"

/* What the files of policy_*.c share; nobody else's business. */
struct grant {
	const struct checked		*checked;
	const struct conf_profile	*profile;
	const char			*rule;
	const char			*held;
	const struct conf_rule		*enrol;
	struct wish			 wish;
};

/* All zero but for ${c}; NULL with E_NOMEM. */
struct grant	*grant_new(const struct checked *c, struct err *e);

/* A ticket as a rule: ${rule} borrows from it and owns its list. */
#define SAN_PATTERNS	64
struct ticket_rule {
	struct conf_rule	 rule;
	char			 name[64];
	char			*san[SAN_PATTERNS];
	struct buf		 text;
};
const struct conf_rule	*policy_ticket_rule(struct ticket_rule *r,
			    const struct policy_ticket *t, int64_t now,
			    struct err *e);

int	policy_in_list(const struct conf_list *l, const char *s);
int	policy_has_anchor(const struct policy_rule *r,
	    const struct anchor *a);

/* May the sender of ${c} ask for these names?  E_NOT_SUBJECT, E_NOT_SAN. */
int	policy_check_subject(const struct conf_rule *rule,
	    const struct checked *c, struct slice subject, struct err *e);
int	policy_check_san(const struct conf_rule *rule,
	    const struct checked *c, struct slice names, struct err *e);

#endif
