#ifndef MSG_SYNTAX_H
#define MSG_SYNTAX_H

#include "asn/der.h"
#include "base/err.h"

/*
 * The shapes that CMP and CRMF have in common.  Input has passed
 * der_walk(); these say whether what is there is also what the module asks
 * for.  Each returns 0, or -1 with E_SYNTAX naming ${what}.
 */

/* Record E_SYNTAX: "${what}: expected ...".  Returns -1. */
int	syntax_bad(struct err *e, const char *what, const char *expected);

/* An INTEGER of any size off ${in}, cut to the range of ${v}. */
int	syntax_int(struct slice *in, int64_t *v, const char *what,
	    struct err *e);

/* Is the content ${v} of an implicitly tagged INTEGER minimal? */
int	syntax_implicit_int(struct slice v, const char *what, struct err *e);

/* Is the content ${v} of an implicitly tagged BIT STRING well formed? */
int	syntax_implicit_bits(struct slice v, const char *what, struct err *e);

/*
 * [n] EXPLICIT ${tag} OPTIONAL off ${in}: 1 and its value or whole TLV, 0 if
 * absent, -1 if there is something else inside.
 */
int	syntax_opt(struct slice *in, unsigned n, uint8_t tag,
	    struct slice *value, struct slice *tlv, const char *what,
	    struct err *e);

/* Content of a SEQUENCE SIZE (1..MAX) OF elements of ${tag}. */
int	syntax_list(struct slice content, uint8_t tag, const char *what,
	    struct err *e);

/* Content of SEQUENCE SIZE (1..MAX) OF SEQUENCE { OID, ANY }. */
int	syntax_attributes(struct slice content, const char *what,
	    struct err *e);

int	syntax_algid(struct slice tlv, const char *what, struct err *e);
int	syntax_name(struct slice tlv, const char *what, struct err *e);
int	syntax_general_name(struct slice tlv, const char *what,
	    struct err *e);
/* Content of Extensions: SIZE (1..MAX). */
int	syntax_extensions(struct slice content, const char *what,
	    struct err *e);

#endif
