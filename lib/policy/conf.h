#ifndef POLICY_CONF_H
#define POLICY_CONF_H

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/*
 * cmp.conf: strict INI.  "key = value" a line, "#" starts a comment, global
 * keys come before the first [section].  An unknown or repeated key, section
 * or a bad value is E_CONF with file:line, what was found and what was
 * expected.  Every key is one row of schemas/conf.def, from which the parser,
 * the commented file that `cmp-ca init` writes, and cmp.conf(5) are made or
 * checked.  Loaded once, const afterwards.  No secrets: only paths.
 */
enum role { ROLE_EE, ROLE_RA, ROLE_CA };

/* The sections of the file; from CONF_channel on they have names. */
enum conf_section { CONF_global, CONF_ca, CONF_relay, CONF_spool,
	CONF_channel, CONF_profile, CONF_enrol, CONF_ra, CONF_forward,
	CONF__SECTIONS };

/* A list of words: NULL-terminated, owned by the conf. */
struct conf_list {
	char	**v;
	size_t	  n;
};

/* "2 of a b c"; none are needed if there is nobody. */
struct conf_quorum {
	struct conf_list of;		/* names of [ra] sections */
	int64_t	 need;
};

/* What an RA does with a request (RFC 9483 5.2). */
enum conf_mode {
	FORWARD_KEEP,			/* 5.2.1: nothing is changed */
	FORWARD_ADD,			/* 5.2.2.1: our approval around it */
	FORWARD_REPLACE,		/* 5.2.3.1: our protection instead */
	FORWARD_RAVERIFIED,		/* 5.2.3.2: and another template */
	FORWARD_REFUSE,
};

/* [ca], [relay] and what every role has. */
struct conf_home {
	char	*role;			/* "ee", "ra", "ca" */
	char	*profile;		/* profile used if none is asked for */
	char	*ca_key, *ca_cert, *ca_chain, *ca_pass;	/* files below HOME */
	char	*prot_key, *prot_cert, *prot_pass;
	int64_t	 time_past, time_future;	/* messageTime, seconds */
	int	 accept_roots;		/* EE: no --accept is needed */
	int64_t	 confirm_wait;		/* seconds */
	int64_t	 check_after;		/* of a pollRep, seconds */
	int64_t	 group;			/* messages to a commit */
	int64_t	 mac_work;		/* million hashes a minute */
	int64_t	 crl_days, crl_every;	/* seconds */
	int	 crl_after_revoke;
	char	*answer_key, *answer_cert, *answer_pass;
	struct conf_list relay_chain;	/* RA: files below HOME */
	struct conf_list upstream, upstream_crl;	/* who answers it */
	int64_t	 batch_count, batch_size, batch_wait; /* when one is full */
	int64_t	 max_size;		/* bytes of a message */
	int64_t	 max_bundle;		/* bytes of a bundle of them */
	int64_t	 max_members;		/* messages in one */
	int64_t	 settle, poll;		/* seconds */
};

/*
 * [channel NAME]: a way that messages come by, below spool/in/NAME.  What it
 * does not say is as in the global keys, and so is all of the one without a
 * name, which is always the first.
 */
#define CONF_CHANNELS	64		/* with a name */
struct conf_channel {
	char	*name;			/* a safe name of a directory, or "" */
	int64_t	 time_past, time_future;
	int	 line;
};

/* [profile NAME]: what a certificate may be. */
struct conf_profile {
	char	*name;
	int64_t	 validity;		/* seconds: granted if none is asked */
	int64_t	 max_validity;		/* longest that may be asked for */
	int64_t	 backdate;		/* notBefore lies so far in the past */
	struct conf_list keys;		/* "rsa:2048-8192" "ec:P-256" ... */
	struct conf_list key_usage;	/* names; allowed and given */
	struct conf_list eku;		/* names or OIDs; allowed and given */
	struct conf_list san;		/* types allowed: dns ip email uri dn */
	int64_t	 max_san;
	int	 wildcard;		/* dns:*.x may be asked for */
	int	 empty_subject;		/* NULL-DN with a SAN may be asked for */
	struct conf_list crl_dp, ca_issuers, ocsp;	/* URIs */
	int	 confirm_explicit;	/* certConf wanted from everybody */
	int	 reuse_key;		/* same key, same subject again */
	int64_t	 renew_for;		/* seconds from the first issue */
	int	 hold;			/* an operator decides */
	int	 line;			/* of its section, for messages */
};

/*
 * A rule about who may ask for what, of which the first that fits decides.
 *
 * [enrol NAME]   at a CA: devices below an anchor
 * [ra NAME]      at a CA or RA: a registration authority, which is one of
 *                ${cert}, or has cmcRA and is below an anchor
 * [forward NAME] at an RA: devices below an anchor, or without one those
 *                with a shared secret, and how to pass on what they send
 */
struct conf_rule {
	char	*name;
	enum conf_section kind;
	struct conf_list cert;		/* ra: files below HOME */
	struct conf_list anchor;	/* files below HOME */
	struct conf_list crl;		/* files below HOME */
	struct conf_list body;		/* "ir" ...; empty: all */
	struct conf_list profiles;	/* empty: any */
	char	*subject;		/* PATTERN; NULL: own name only,
					 * ra: any */
	struct conf_list san;		/* PATTERNs; empty: none, ra: any */
	int	 hold;			/* an operator decides */
	struct conf_quorum approvals;	/* enrol: of these RAs */
	struct conf_list ras;		/* forward: made or approved by ... */
	enum conf_mode mode;		/* forward: and the rest */
	int	 batch;			/* with others, in a bundle */
	int	 down_replace;		/* answers get our protection */
	int	 orig;			/* with origPKIMessage */
	char	*add_subject;		/* raverified: Name as text */
	struct conf_list add_san;
	int	 line;
};

/* Rules of one section. */
struct conf_rules {
	struct conf_rule	*v;
	size_t			 n;
};

struct conf {
	struct conf_home	 home;
	struct conf_channel	*channels;
	size_t			 n_channels;
	struct conf_profile	*profiles;
	size_t			 n_profiles;
	struct conf_rules	 enrol, ra, forward;
};

/*
 * Parse ${text} of the file shown as ${path}; ${base} is left alone.
 * A conf without any [profile] has one named "default" with all defaults.
 */
int	conf_parse(struct slice text, const char *path, struct conf **out,
	    struct err *e);
int	conf_load(int homefd, const char *name, struct conf **out,
	    struct err *e);
void	conf_free(struct conf *c);

const struct conf_profile *conf_profile(const struct conf *c,
	    const char *name, size_t n);
/* The channel ${name}; "" is always there; NULL if cmp.conf has none. */
const struct conf_channel *conf_channel(const struct conf *c,
	    const char *name);

/*
 * A complete cmp.conf with every key of ${role} commented, with its default
 * and its meaning, as `cmp-ca init` writes it.
 */
void	conf_template(struct buf *out, enum role role);

/* "keep" */
const char *conf_mode_word(enum conf_mode m);

/* The rule of that name in ${l}, or NULL. */
const struct conf_rule *conf_rule(const struct conf_rules *l,
	    const char *name);

/* Where the rules of [${kind} NAME] are. */
const struct conf_rules *conf_rules(const struct conf *c,
	    enum conf_section kind);

/*
 * Editing, for `cmp-ca trust`: the text of ${text} with the rule ${r} added at
 * the end, or that of ${kind} taken out with the comment lines directly above
 * it.  Comments and order of everything else are kept.  E_EXISTS,
 * E_NOT_FOUND.
 */
int	conf_add_rule(struct slice text, const struct conf_rule *r,
	    struct buf *out, struct err *e);
int	conf_remove_rule(struct slice text, enum conf_section kind,
	    const char *name, struct buf *out, struct err *e);

/*
 * ${key} = ${value} in the place of the first line that sets it or has it
 * commented out; conf_set_rule() within [${kind} ${name}], where it is added
 * if it is absent.  E_NOT_FOUND.
 */
int	conf_set(struct slice text, const char *key, const char *value,
	    struct buf *out, struct err *e);
int	conf_set_rule(struct slice text, enum conf_section kind,
	    const char *name, const char *key, const char *value,
	    struct buf *out, struct err *e);

/* "365d", "12h", "30m", "90s", "2y" (of 365 d) to seconds; -1 if neither. */
int64_t	conf_duration(const char *s);

/* Every key, for cmp.conf(5) and its test: one call a row. */
void	conf_each_key(void (*each)(void *arg, const char *section,
	    const char *key, const char *type, const char *dflt,
	    const char *doc), void *arg);

#endif
