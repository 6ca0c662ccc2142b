#ifndef ASN_SCHEMA_H
#define ASN_SCHEMA_H

#include "base/buf.h"
#include "base/err.h"

/*
 * The only door to libtasn1: messages by the compiled schemas/asn1.  Nothing
 * on the way of a message depends on it.  It names the fields for people,
 * and in tests it is the second opinion on what we accept and produce.
 */

/*
 * Append the tree of the PKIMessage ${der} to ${out}: a line a field, with
 * its name, type and value.  E_SYNTAX if libtasn1 does not take it, E_DER_*
 * if we do not.
 */
int	schema_dump(struct buf *out, struct slice der, struct err *e);

/* The same of ${der} as another type of schemas/asn1. */
int	schema_dump_type(struct buf *out, const char *type, struct slice der,
	    struct err *e);

/* Does libtasn1 take ${der} as a PKIMessage?  0, or -1 with E_SYNTAX. */
int	schema_agrees(struct slice der, struct err *e);

/* The same for another type of schemas/asn1: "CertReqTemplateContent". */
int	schema_agrees_type(const char *type, struct slice der,
	    struct err *e);

#endif
