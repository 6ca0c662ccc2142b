#ifndef TOOLS_INSPECT_ASN1_H
#define TOOLS_INSPECT_ASN1_H

#include "msg/msg.h"

/*
 * Append all fields of ${m}, whose bytes are ${der}, by their names in ASN.1,
 * then each infoValue of header and body that has a type of its own, which
 * the message itself leaves open.  One that is not of its type is said to be
 * so.  E_SYNTAX, E_DER_*, of the message only.
 */
int	inspect_asn1(struct buf *out, const struct msg *m, struct slice der,
	    struct err *e);

#endif
