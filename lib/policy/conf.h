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

/* A list of words: NULL-terminated, owned by the conf. */
struct conf_list {
	char	**v;
	size_t	  n;
};

/* [ca] and what every role has. */
struct conf_home {
	char	*role;			/* "ee", "ra", "ca" */
	char	*profile;		/* profile used if none is asked for */
	char	*ca_key, *ca_cert, *ca_chain, *ca_pass;	/* files below HOME */
	char	*prot_key, *prot_cert, *prot_pass;
	int64_t	 time_past, time_future;	/* messageTime, seconds */
	int64_t	 confirm_wait;		/* seconds */
	int64_t	 check_after;		/* of a pollRep, seconds */
	int64_t	 group;			/* messages to a commit */
	int64_t	 mac_work;		/* million hashes a minute */
	int64_t	 crl_days, crl_every;	/* seconds */
	int	 crl_after_revoke;
	int64_t	 max_size;		/* bytes of a message */
	int64_t	 settle, poll;		/* seconds */
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

/* [enrol NAME]: whose devices may ask for which names. */
struct conf_enrol {
	char	*name;
	struct conf_list anchor;	/* files below HOME */
	struct conf_list crl;		/* files below HOME */
	struct conf_list body;		/* "ir" ...; empty: all that enrol */
	struct conf_list profiles;	/* empty: any */
	char	*subject;		/* PATTERN; NULL: own name only */
	struct conf_list san;		/* PATTERNs; empty: none */
	int	 hold;			/* an operator decides */
	int	 line;
};

struct conf {
	struct conf_home	 home;
	struct conf_profile	*profiles;
	size_t			 n_profiles;
	struct conf_enrol	*enrols;
	size_t			 n_enrols;
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

/*
 * A complete cmp.conf with every key of ${role} commented, with its default
 * and its meaning, as `cmp-ca init` writes it.
 */
void	conf_template(struct buf *out, enum role role);

/*
 * Editing, for `cmp-ca trust`: the text of ${text} with [enrol NAME] added at
 * the end, or taken out with the comment lines directly above it.  Comments
 * and order of everything else are kept.  E_EXISTS, E_NOT_FOUND.
 */
int	conf_add_enrol(struct slice text, const struct conf_enrol *r,
	    struct buf *out, struct err *e);
int	conf_remove_enrol(struct slice text, const char *name,
	    struct buf *out, struct err *e);

/*
 * ${key} = ${value} in the place of the first line that sets it or has it
 * commented out; conf_set_enrol() within [enrol ${name}], where it is added
 * if it is absent.  E_NOT_FOUND.
 */
int	conf_set(struct slice text, const char *key, const char *value,
	    struct buf *out, struct err *e);
int	conf_set_enrol(struct slice text, const char *name, const char *key,
	    const char *value, struct buf *out, struct err *e);

/* "365d", "12h", "30m", "90s", "2y" (of 365 d) to seconds; -1 if neither. */
int64_t	conf_duration(const char *s);

/* Every key, for cmp.conf(5) and its test: one call a row. */
void	conf_each_key(void (*each)(void *arg, const char *section,
	    const char *key, const char *type, const char *dflt,
	    const char *doc), void *arg);

#endif
