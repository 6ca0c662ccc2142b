#ifndef PKI_NAME_H
#define PKI_NAME_H

#include "asn/der.h"
#include "asn/oid.h"
#include "base/buf.h"
#include "base/err.h"

/* Distinguished names: always the DER of a Name (SEQUENCE OF RDN). */

#define NAME_SIZE_MAX	2048	/* bytes of DER */
#define NAME_RDN_MAX	16

/*
 * Check the Name TLV ${name}: at most 16 attributes and 2 KiB, each a
 * known string type, not empty, with no control characters and within the
 * upper bounds of RFC 5280 appendix A.  A Name of no RDNs is fine.
 * E_NAME_SYNTAX.
 */
int	name_check(struct slice name, struct err *e);

/* Is it the NULL-DN, `30 00`? */
int	name_is_empty(struct slice name);

/*
 * Do two Names match by RFC 5280 7.1: same RDNs in the same order, values of
 * string types compared without regard to ASCII case and repeated blanks,
 * others byte for byte?
 */
int	name_eq(struct slice a, struct slice b);

/* Is every RDN of ${base} the start of ${name}?  (directoryName subtree) */
int	name_within(struct slice base, struct slice name);

/*
 * RFC 4514 text ("CN=pump17,O=Example", last RDN first) to DER, appended
 * to ${out}.  Escapes, quotes of RFC 2253, #hex, OIDs and "+" are read;
 * values become UTF8String, or PrintableString (C, serialNumber,
 * dnQualifier) or IA5String (DC, emailAddress).  "" is the NULL-DN.
 * E_NAME_SYNTAX says where.
 */
int	name_parse(const char *text, struct buf *out, struct err *e);

/*
 * The reverse, appended to ${out}: what a terminal or log must not see is
 * escaped as RFC 4514 hex pairs.  Values of no string type are #hex.
 */
void	name_text(struct buf *out, struct slice name);

/* The same, cut to fit an error detail. */
#define NAME_TEXT	256
const char *name_short(char t[static NAME_TEXT], struct slice name);

/*
 * A Name TLV of ${more} and then those RDNs of ${name} that have an attribute
 * ${more} has not, appended to ${out}.  E_NAME_SYNTAX.
 */
int	name_merge(struct slice name, struct slice more, struct buf *out,
	    struct err *e);

/*
 * PATTERN of enrol rules: an RFC 4514 name in which "*" stands for any text, not empty,
 * within a value and "{attribute}" for the value of that attribute in the
 * sender's certificate; "\*" and "\{" are themselves.
 *
 * name_pattern_check() says whether ${pattern} is one (E_CONF).
 * name_match() returns 1 if ${name} has exactly the attributes that
 * ${pattern} names, in any order, each with a matching value, 0 if not.
 * "{attribute}" is taken from ${sender}; a missing or repeated attribute
 * matches nothing.
 */
int	name_pattern_check(const char *pattern, struct err *e);
int	name_match(const char *pattern, struct slice name, struct slice sender);

/* "*" is any text of one byte or more; ASCII case is ignored if ${fold}. */
int	name_glob(struct slice pattern, struct slice text, int fold);

/* The content of the first ${type} in ${name}; 1 if there is one. */
int	name_attribute(struct slice name, enum oid type, struct slice *value);

#endif
