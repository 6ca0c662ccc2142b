#ifndef POLICY_POLICY_H
#define POLICY_POLICY_H

#include "msg/crmf.h"
#include "msg/rev.h"
#include "policy/authz.h"
#include "policy/conf.h"
#include "policy/profile.h"
#include "prot/verify.h"
#include "txn/txn.h"

/*
 * Who may do what.  Operations answer only with a grant, and only the
 * functions here make one, from a checked message: default is refuse.
 */
struct grant;

/* One [enrol] or [ra] rule with its files opened. */
struct policy_rule {
	const struct conf_rule	*conf;
	const struct cert	*const *anchors;
	size_t			 n_anchors;
	const struct cert	*const *pinned;	/* ra: cert */
	size_t			 n_pinned;
};

/*
 * A registration authority: which [ra] its certificate fits.  It may do what
 * any of them allows.  One that an "approvals" names is there to approve, and
 * for nothing else: alone it could do what takes several.
 */
#define POLICY_RA_RULES	16
struct policy_ra {
	const struct conf_rule	*rules[POLICY_RA_RULES];
	size_t			 n;
	int			 cmcra;		/* may say raVerified */
	uint8_t			 key[32];	/* alg_key_hash() */
};
#define POLICY_APPROVALS	32	/* of one request */

/* Everything a decision may depend on.  Borrowed, const. */
struct policy_env {
	const struct conf		*conf;
	const struct policy_rule	*rules;
	size_t				 n_rules;
	const struct cert		*issuer;	/* our CA certificate */
	int64_t				 now;
};

/* What the secret is good for that made the MAC of a request. */
struct policy_ticket {
	struct slice	 ref;
	const char	*subject;	/* PATTERN */
	const char	*san;		/* PATTERNs, one a line */
	const char	*profile;
	int64_t		 expires;	/* 0: never */
	int64_t		 uses_left;	/* -1: no limit */
};

/* What the store knows about a request for a certificate and its sender. */
struct policy_facts {
	enum authz_sender	 sender;
	const struct cert	*anchor;	/* below which it counts */
	struct policy_ra	 ra;		/* AUTHZ_RA: who it is */
	/*
	 * Who has approved the message at hand: RFC 9483 5.2.2.1.  Each of
	 * them must be entitled to it.
	 */
	const struct policy_ra	*approvers;
	size_t			 n_approvers;
	/* A pollReq: who has approved the request that is held. */
	const struct policy_ra	*earlier;
	size_t			 n_earlier;
	int			 recalled;	/* it is a pollReq */
	int64_t			 sender_since;	/* own: first issued then */
	const char		*sender_profile;	/* own: its profile */
	int			 key_known;	/* certified here already */
	int			 key_revoked;
	struct slice		 key_subject;	/* Name TLV, for whom */
	struct policy_ticket	 ticket;	/* AUTHZ_MAC */
	struct slice		 target_serial;	/* revocation: of what, ... */
	struct slice		 target_der;	/* none: not issued here */
	const char		*target_profile;
	int			 target_revoked;
};

/*
 * May the sender of ${c} have the certificate that ${r} asks for?
 *
 * The profile is the one that certProfile names, else the default.  The first
 * [enrol] rule for that profile, ${body} and the anchor that the sender's
 * path ends in decides; names are judged on what will be signed, after the
 * profile has been applied; of a NULL-DN, which the profile has to allow, that
 * is the subjectAltName.  A MAC has no rule: the ticket of its secret says
 * profile and names, E_TICKET_USED and E_TICKET_EXPIRED.  The requests of an RA
 * (5.2.3, 5.3.1), and of those it vouches for, are judged by its [ra]; popo may
 * be raVerified if its certificate has cmcRA.  Whoever approved must be
 * entitled to: E_APPROVAL.  E_CERT_PROFILE, E_NOT_AUTHORIZED, E_NOT_SUBJECT,
 * E_NOT_SAN, E_TMPL_*, E_RA_VERIFIED, E_UPDATE_LIMIT.
 */
int	policy_enrol(const struct policy_env *env, const struct checked *c,
	    enum body body, const struct cert_req *r,
	    const struct policy_facts *facts, struct grant **out,
	    struct err *e);

/*
 * May the certificate that protects ${c} be updated by what ${r} asks for
 * (RFC 9483 4.1.3)?  Only itself, in force, with its names unchanged, a new
 * key, and within the profile's time to renew.  The profile is the one it was
 * issued under, and certProfile may name no other.  E_CERT_PROFILE,
 * E_RA_VERIFIED, E_NOT_AUTHORIZED, E_UPDATE_NAME, E_UPDATE_ID,
 * E_UPDATE_LIMIT, E_TMPL_*.
 */
int	policy_update(const struct policy_env *env, const struct checked *c,
	    const struct cert_req *r, const struct policy_facts *facts,
	    struct grant **out, struct err *e);

/*
 * May the sender of ${c} have the certificate revoked that ${d} names (RFC
 * 9483 4.2, 5.1.3, 5.3.2)?  Only the one that protects the request, or for an
 * RA one whose profile and names its [ra] allows; ours and not revoked yet.
 * E_RR_*, E_NOT_AUTHORIZED, E_NOT_SUBJECT, E_NOT_SAN, E_APPROVAL.
 */
int	policy_revoke(const struct policy_env *env, const struct checked *c,
	    const struct rev_details *d, const struct policy_facts *facts,
	    struct grant **out, struct err *e);

/*
 * May the sender of ${c} go on with transaction ${t}?  Only with the
 * credentials of its first request, certificate or secret (RFC 9483 3.2,
 * 4.1.1): E_PROT_SAME, E_NOT_AUTHORIZED.
 */
int	policy_continue(const struct checked *c, const struct txn *t,
	    const struct policy_facts *facts, struct grant **out,
	    struct err *e);

/*
 * May the sender of ${c} ask for what is no certificate: CA certificates, a
 * new root, CRLs (RFC 9483 4.3)?  E_NOT_AUTHORIZED.
 */
int	policy_inform(const struct policy_env *env, const struct checked *c,
	    const struct policy_facts *facts, struct grant **out,
	    struct err *e);

/*
 * May all of ${facts->approvers} approve the held request ${c} for a
 * certificate with that ${profile} and those names?  E_APPROVAL.
 */
int	policy_approve(const struct policy_env *env, const struct checked *c,
	    const struct policy_facts *facts, enum body body,
	    const char *profile, struct slice subject, struct slice san,
	    struct err *e);

/*
 * What may the sender of ${c} ask for under the profile that it names (4.3.3)?
 * The rule is that for its ir, or of its own names: NULL in grant_enrol().
 */
int	policy_template(const struct policy_env *env, const struct checked *c,
	    const struct policy_facts *facts, struct grant **out,
	    struct err *e);

/*
 * At an RA: may what the sender of ${c} asks for go upstream?  ${rule} is the
 * first [forward] for ${body}, the profile that certProfile names and the
 * anchor of the sender, or for shared secrets.  ${r}, of a request for a
 * certificate, is judged by its names as they are asked for; an update's are
 * for the CA.  grant_enrol() is the rule.  E_NOT_AUTHORIZED, E_NOT_SUBJECT,
 * E_NOT_SAN, E_TICKET_*, E_RA_VERIFIED.
 */
int	policy_forward(const struct policy_env *env, const struct checked *c,
	    enum body body, const struct cert_req *r,
	    const struct policy_facts *facts, struct grant **out,
	    struct err *e);

/* subjectAltName among the ${extensions} of a template: GeneralNames TLV, or
 * nothing. */
struct slice			 policy_asked_san(struct slice extensions);

void				 grant_free(struct grant *g);
const struct checked		*grant_checked(const struct grant *g);
/* For certificates only: what to sign, and how. */
const struct wish		*grant_wish(const struct grant *g);
const struct conf_profile	*grant_profile(const struct grant *g);
/* Why an operator has to agree; NULL if none has to. */
const char			*grant_held(const struct grant *g);
/* "1 of 2 approvals", if there are too few; NULL. */
const char			*grant_waits(const struct grant *g);
/* How many approvals of whom are asked for; need 0: none. */
const struct conf_quorum	*grant_quorum(const struct grant *g);
/* The [enrol] rule, NULL if the sender may only have its own names. */
const struct conf_rule		*grant_enrol(const struct grant *g);
/* The name of the rule that said yes, for the audit row. */
const char			*grant_rule(const struct grant *g);

#endif
