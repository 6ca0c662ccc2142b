#ifndef PKI_SAN_H
#define PKI_SAN_H

#include "asn/der.h"
#include "base/buf.h"
#include "base/err.h"

/*
 * GeneralNames, as in subjectAltName.  Text form: "dns:pump17.example",
 * "ip:10.0.0.7", "ip:2001:db8::1", "email:a@b.example", "uri:urn:x",
 * "dn:CN=x,O=y", "rid:1.2.3".
 */
enum san_type { SAN_OTHER = 0, SAN_EMAIL = 1, SAN_DNS = 2, SAN_X400 = 3,
	SAN_DN = 4, SAN_EDI = 5, SAN_URI = 6, SAN_IP = 7, SAN_RID = 8 };

#define SAN_MAX	32	/* entries of one subjectAltName */

/* One text form to a GeneralName TLV, appended to ${out}.  E_USAGE. */
int	san_parse(const char *text, struct buf *out, struct err *e);

/*
 * Take the next GeneralName off ${in} (the content of GeneralNames): its
 * type and value (for SAN_DN the Name TLV).  0, or -1 if malformed.
 */
int	san_next(struct slice *in, enum san_type *type, struct slice *value);

/*
 * Check a GeneralNames TLV: 1 to 32 entries, DNS labels and lengths, IP of
 * 4 or 16 octets, email and URI syntax, IA5 without controls.  "*" as the
 * first label of a DNS name only if ${wildcard}.  E_TMPL_SAN.
 */
int	san_check(struct slice names, int wildcard, struct err *e);

/* The text form of one entry, escaped, appended to ${out}. */
void	san_text(struct buf *out, enum san_type type, struct slice value);

/*
 * Does the entry fit PATTERN "dns:*.example"?  The type has to be the same;
 * "*" stands for any text, not empty, in the text form of the value; DNS
 * without regard to case; "dn:" by name_match() with no sender.  A malformed
 * entry fits nothing.
 */
int	san_match(const char *pattern, enum san_type type, struct slice value);

/* Is ${pattern} well formed?  E_CONF. */
int	san_pattern_check(const char *pattern, struct err *e);

/* Same type and value, DNS names without regard to case? */
int	san_same(enum san_type at, struct slice a, enum san_type bt,
	    struct slice b);

#endif
