#ifndef TOOLS_CA_TRUST_H
#define TOOLS_CA_TRUST_H

#include "pki/crl.h"
#include "policy/conf.h"
#include "role/home.h"
#include "tools/tool.h"

/* cmp-ca trust, whose files share this. */

/* A home whose cmp.conf is being changed. */
struct editing {
	int		 fd;
	struct home_edit h;
	struct buf	 next;
	struct conf	*conf;
};

/* What is to be added, and what comes of it. */
struct adding {
	const char	*file, *ra, *forward, *upstream;	/* one of them, */
	int		 tickets;		/* or this */
	const char	*mode;
	int		 batch;
	const char	*subject, *profile, *name;
	struct tool_many san, crl;
	char		 crl_names[TOOL_MANY][160];
	char		*crl_files[TOOL_MANY];
	size_t		 n_crls;
	char		 anchor[96], chosen[64];
};

int	ca_trust_save(struct editing *d, struct err *e);

/* The rule of any kind that is called so: files have these names, too. */
const struct conf_rule *ca_trust_rule(const struct editing *d,
	    const char *name);
const char *ca_trust_word(const struct conf_rule *r);

/* A name after ${file} that nothing has. */
void	ca_trust_name(const struct editing *d, const char *file,
	    char name[static 64]);

/* All certificates of ${file} into trust/NAME.pem. */
int	ca_trust_anchor(struct editing *d, const char *file, const char *name,
	    int pinned, struct err *e);

/* ca_trust_crl.c: what the CRLs of ${a} will be called; put them there; one
 * more for the rule ${name}, or that of its issuer. */
int	ca_trust_name_crls(struct adding *a, struct err *e);
int	ca_trust_add_crls(struct editing *d, struct adding *a, struct err *e);
int	ca_trust_take_crl(struct editing *d, const char *file,
	    const char *name, struct err *e);

/* ca_trust_ra.c: in the home of an RA, ${a->upstream}; the rest of ${r}, a
 * [forward]; what it has, listed. */
int	ca_trust_upstream(struct editing *d, struct adding *a, struct err *e);
int	ca_trust_forward(const struct adding *a, struct conf_rule *r,
	    struct err *e);
void	ca_trust_list_upstream(const struct conf *c);

#endif
