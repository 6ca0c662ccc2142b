#ifndef ASN_DER_H
#define ASN_DER_H

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/*
 * Reading and writing DER.
 *
 * Reading takes two steps.  First der_walk() goes once over a whole file (or
 * over the content of an OCTET STRING that we open) and refuses everything
 * that is not strict DER; then readers take it apart with the cursor below.
 * A cursor is a slice that shrinks from its front; nothing is copied, and
 * what is handed out points into the input.
 *
 * Writing goes from the last byte to the first, so that every length is
 * known when its header is written and nothing is ever moved.
 */

enum der_tag {
	DER_BOOLEAN = 0x01, DER_INTEGER = 0x02, DER_BIT_STRING = 0x03,
	DER_OCTET_STRING = 0x04, DER_NULL = 0x05, DER_OID = 0x06,
	DER_ENUMERATED = 0x0a, DER_UTF8_STRING = 0x0c,
	DER_NUMERIC_STRING = 0x12, DER_PRINTABLE_STRING = 0x13,
	DER_T61_STRING = 0x14, DER_IA5_STRING = 0x16, DER_UTC_TIME = 0x17,
	DER_GENERALIZED_TIME = 0x18, DER_VISIBLE_STRING = 0x1a,
	DER_UNIVERSAL_STRING = 0x1c, DER_BMP_STRING = 0x1e,
	DER_SEQUENCE = 0x30, DER_SET = 0x31,
};
#define DER_CTX(n)	((uint8_t)(0xa0 | (n)))	/* constructed [n] */
#define DER_CTXP(n)	((uint8_t)(0x80 | (n)))	/* primitive [n] */

struct der_limits {
	size_t	size;		/* bytes of the whole */
	unsigned depth;		/* levels of nesting */
	size_t	children;	/* elements of one SEQUENCE or SET */
	/* Within the element of the whole that has tag ${list_in}, if not 0:
	 * elements of what is ${list_depth} levels down or more. */
	uint8_t	 list_in;
	unsigned list_depth;
	size_t	 list_children;
};
/* ..._genp: of a PKIMessage with that body, which may have a CRL in it. */
extern const struct der_limits der_limits_message, der_limits_genp,
	der_limits_crl;

/*
 * Is ${in} exactly one strict DER value?
 *
 * Definite minimal lengths, low tags, minimal INTEGERs, BOOLEAN 00/FF, BIT
 * STRING padding, OIDs of at most 64 bytes, string and time contents, sorted
 * SETs, no encoded DEFAULT of an Extension, nothing before or after, within
 * ${limits}.  Iterative; cost is linear.  Contents of OCTET STRINGs and
 * primitive context tags are for their readers, who pass in ${depth} how
 * deep they are already (0 for a file).  E_DER_*.
 */
int der_walk(struct slice in, const struct der_limits *limits, unsigned depth,
    struct err *e);

/* Walk the content of an OCTET STRING within a message: small and shallow. */
int der_walk_inner(struct slice in, struct err *e);

/*
 * Does the header of ${in} promise more bytes than there are?  Returns the
 * total size promised, or 0 if ${in} does not start with a DER SEQUENCE
 * header; needs the first 6 bytes at most.
 */
size_t der_promised(struct slice in);

/*
 * Cursor.  Each takes the next element off ${in} and returns 0; if it is
 * absent or not as asked they return -1 and leave ${in} as it was.  Output
 * pointers may be NULL, but never ${in} itself: what is behind the element
 * would then be taken for its content.  (der_only() takes ${in} by value.)
 */
int der_any(struct slice *in, uint8_t *tag, struct slice *value,
    struct slice *tlv);
int der_get(struct slice *in, uint8_t tag, struct slice *value);
int der_get_tlv(struct slice *in, uint8_t tag, struct slice *tlv);
/* An OPTIONAL element: 1 taken, 0 absent (${value} is then SLICE_NONE). */
int der_opt(struct slice *in, uint8_t tag, struct slice *value);
/* Is the next tag ${tag}? */
int der_peek(struct slice in, uint8_t tag);
/* Open an explicit wrapper: ${in} must be exactly one element of ${tag}. */
int der_only(struct slice in, uint8_t tag, struct slice *value);

/* Typed elements.  der_int64() refuses what does not fit. */
int der_int64(struct slice *in, int64_t *v);
int der_int64_value(struct slice v, int64_t *out);
int der_bool_value(struct slice v, int *out);
/* BIT STRING content with no unused bits: the octets. */
int der_octets_of_bits(struct slice value, struct slice *octets);
/* A named-bit list: bit 0 is the first; strict (no trailing zero bits). */
int der_named_bits(struct slice value, uint32_t *bits);
/* UTCTime or GeneralizedTime, as in certificates (RFC 5280 4.1.2.5). */
int der_time(struct slice *in, int64_t *t);
int der_generalized_value(struct slice value, int64_t *t);

/* Backward writer: sticky like buf, bad past ${max} or without memory. */
struct derw {
	uint8_t	*p;		/* allocation of ${cap} bytes */
	size_t	 cap, n, max;	/* the ${n} last bytes are written */
	enum buf_state bad;
};
void		 derw_init(struct derw *w, size_t max);
void		 derw_reset(struct derw *w);
void		 derw_release(struct derw *w);
int		 derw_bad(const struct derw *w);
/* As buf_err(). */
int		 derw_err(const struct derw *w, const char *what,
		    struct err *e);
/* All that is written; SLICE_NONE if bad. */
struct slice	 derw_slice(const struct derw *w);
/* Where we are; pass it to derw_wrap() after writing a content before it. */
size_t		 derw_mark(const struct derw *w);
/* Put tag and length before everything written since ${mark}. */
void		 derw_wrap(struct derw *w, uint8_t tag, size_t mark);
/* Bytes as they are: for complete DER values. */
void		 derw_raw(struct derw *w, struct slice s);
void		 derw_u8(struct derw *w, uint8_t c);
void		 derw_prim(struct derw *w, uint8_t tag, struct slice value);
void		 derw_int(struct derw *w, uint8_t tag, int64_t v);
/* A positive INTEGER of any size from big-endian bytes. */
void		 derw_unsigned(struct derw *w, uint8_t tag, struct slice v);
void		 derw_oid(struct derw *w, struct slice oid);
void		 derw_null(struct derw *w);
void		 derw_bool(struct derw *w, int v);
/* BIT STRING of whole octets. */
void		 derw_bits(struct derw *w, uint8_t tag, struct slice octets);
/* BIT STRING of named bits, trailing zeros stripped. */
void		 derw_named_bits(struct derw *w, uint8_t tag, uint32_t bits);
void		 derw_utf8(struct derw *w, const char *s);
/* UTCTime up to 2049, GeneralizedTime after: RFC 5280 4.1.2.5. */
void		 derw_time(struct derw *w, int64_t t);
void		 derw_generalized(struct derw *w, int64_t t);

/* "2026-11-22T01:02:03Z" into ${t}; returns ${t}. */
#define DER_TIME_TEXT	64
const char	*der_time_text(char t[static DER_TIME_TEXT], int64_t when);

#endif
