#ifndef PKI_NAME_ATTR_H
#define PKI_NAME_ATTR_H

#include "pki/name.h"

/* Inside names: for pki/name*.c only. */

/* One AttributeTypeAndValue. */
struct name_attr {
	struct slice	type;		/* content of the OID */
	struct slice	tlv, value;	/* value with and without header */
	uint8_t		tag;
};

/* Take the next attribute off ${rdn}, the content of an RDN: 0 or -1. */
int	name_next_attr(struct slice *rdn, struct name_attr *a);

/*
 * Take the next attribute off a whole name.  ${rdns} starts as the content
 * of the Name, ${rdn} as SLICE_NONE.  1 taken, 0 at the end, -1 malformed.
 */
int	name_each_attr(struct slice *rdns, struct slice *rdn,
	    struct name_attr *a);

/* Is ${tag} a string type that name_char() reads? */
int	name_is_string(uint8_t tag);

/* Read a value of any string type character by character. */
struct name_chars {
	struct slice	in;
	uint8_t		tag;
};
#define NAME_CHAR_END	(-1)
#define NAME_CHAR_BAD	(-2)
int32_t	name_char(struct name_chars *c);

/* Append the value as UTF-8; -1 (with ${out} as before) if it is no text. */
int	name_value_text(const struct name_attr *a, struct buf *out);

/* "CN", or the dotted form, into ${t}; returns ${t}. */
const char *name_type_text(char t[static OID_TEXT], struct slice type);

/*
 * RFC 4514 text taken apart, in the order of the text.  Values are UTF-8,
 * or for ${hex} a DER value.  In patterns the byte NAME_STAR stands for "*",
 * and NAME_INSERT with one byte of enum oid for "{attribute}"; neither byte
 * is ever part of UTF-8.
 */
#define NAME_STAR	0xff
#define NAME_INSERT	0xfe
#define NAME_PARTS_MAX	8192

struct name_part {
	uint8_t	type[64];
	size_t	type_n;
	size_t	at, n;		/* where in ${values} */
	int	hex;
	int	joined;		/* with the next one, by "+" */
};
struct name_parts {
	struct name_part part[NAME_RDN_MAX];
	size_t		 n;
	struct buf	 values;
};

/*
 * E_NAME_SYNTAX, or for a pattern E_CONF, with the column and what was
 * expected.  ${p} is to be released in any case.
 */
int	name_parts_read(struct name_parts *p, const char *text, int pattern,
	    struct err *e);
void	name_parts_release(struct name_parts *p);
struct slice name_part_value(const struct name_parts *p, size_t i);

#endif
