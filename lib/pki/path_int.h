#ifndef PKI_PATH_INT_H
#define PKI_PATH_INT_H

#include "pki/name.h"
#include "pki/path.h"

/* What the parts of path building share; nobody else includes this. */

/* Signature checks that are left; ${spent} once one was refused. */
struct path_budget {
	unsigned left;
	int	 spent;
};

/* Who ${c} is, for an error detail: its subject, or its serial number. */
const char *path_who(char t[static NAME_TEXT], const struct cert *c);

/* Are subject and issuer of ${c} the same name? */
int	path_self_issued(const struct cert *c);

/* Do names and key identifiers say that ${issuer} issued ${child}? */
int	path_link(const struct cert *child, const struct cert *issuer);

/*
 * What is asked of the target itself.  A ${pinned} one is trusted as it
 * stands: validity, ku and eku only.
 */
int	path_check_target(const struct path_ask *ask, int pinned,
	    struct err *e);

/*
 * All of RFC 5280 6.1.4 about ${issuer} above the path ${below} that costs no
 * signature and no walk over names.  ${anchor}: it is trusted as given, and
 * may be version 1.
 */
int	path_check_issuer(const struct path_ask *ask, const struct path *below,
	    const struct cert *issuer, int anchor, struct err *e);

/* Did the key of ${issuer} sign ${child}?  E_PATH_SIG; E_PATH_LENGTH. */
int	path_check_sig(const struct cert *child, const struct cert *issuer,
	    struct path_budget *b, struct err *e);

/* Take one signature check off ${b}.  E_PATH_LENGTH when none is left. */
int	path_spend(struct path_budget *b, struct err *e);

/* Do the certificates of ${below} obey the name constraints of ${ca}? */
int	path_names(const struct cert *ca, const struct path *below,
	    struct err *e);

/* Does ${base} of a subtree allow for ${name}?  In path_forms.c. */
enum path_fit { PATH_FIT_NO, PATH_FIT_YES, PATH_FIT_UNKNOWN };

/* Can we process constraints of this form, and is ${base} well formed? */
int	path_base_ok(unsigned form, struct slice base);

/*
 * Does ${name} of ${form} lie within ${base}?  ${exclude} asks whether it
 * might: what could be the same counts as the same.
 */
enum path_fit path_fit(unsigned form, struct slice base, struct slice name,
	    int exclude);

/* Is every certificate of the complete ${p} "good" by its anchor's CRLs? */
int	path_status(const struct path_ask *ask, const struct path *p,
	    struct path_budget *b, struct err *e);

#endif
