#ifndef ASN_OID_H
#define ASN_OID_H

#include "base/buf.h"

/* The OBJECT IDENTIFIERs we know by name: one row each in oid.def. */
enum oid {
	OID_UNKNOWN,
#define OID(id, name, dotted, bytes, rfc4514) id,
#include "asn/oid.def"
#undef OID
	OID__COUNT
};

/* Which one the content octets ${v} are; OID_UNKNOWN if none of ours. */
enum oid	 oid_of(struct slice v);

/* Content octets of ${id}, without tag and length. */
struct slice	 oid_bytes(enum oid id);

/* "commonName"; "" for OID_UNKNOWN. */
const char	*oid_name(enum oid id);

/* The attribute type of RFC 4514 ("CN"), or NULL if ${id} names none. */
const char	*oid_attribute(enum oid id);

/*
 * The reverse: by short or long name, in any case.  OID_UNKNOWN if none.
 * ${n} bytes of ${s} are looked at.
 */
enum oid	 oid_by_attribute(const char *s, size_t n);

/* By the name in oid.def ("clientAuth"), in any case. */
enum oid	 oid_by_name(const char *s, size_t n);

/* Dotted form of any content octets into ${t}, cut if too long. */
#define OID_TEXT	288	/* enough for 64 octets: what the walk accepts */
const char	*oid_text(char t[static OID_TEXT], struct slice v);

/*
 * Content octets of a dotted form into ${out}: their number, or 0 if ${s}
 * is not one.
 */
size_t		 oid_parse(const char *s, size_t n, uint8_t out[static 64]);

#endif
