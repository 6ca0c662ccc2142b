#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stddef.h>
#include <stdint.h>

struct err;

/* Bytes we borrow: valid only while their owner is.  {NULL, 0} is "absent". */
struct slice {
	const uint8_t	*p;
	size_t		 n;
};

#define SLICE(ptr, len)	((struct slice){ (const uint8_t *)(ptr), (len) })
#define SLICE_NONE	((struct slice){ NULL, 0 })
/* A slice over a string literal or a char array, without its final NUL. */
#define SLICE_LIT(s)	SLICE((s), sizeof(s) - 1)

/* A slice over the C string ${s}. */
struct slice	 slice_str(const char *s);

/* Same length, same bytes.  Not for secrets: see secret_eq(). */
int		 slice_eq(struct slice a, struct slice b);

/* Lexicographic order of bytes, a shorter prefix first: <0, 0, >0. */
int		 slice_cmp(struct slice a, struct slice b);

/*
 * Bytes we own.  A buffer that ever fails (no memory, or past ${max}) is
 * "bad" from then on: appending to it does nothing, and buf_slice() is empty.
 * Append freely, check buf_bad() once.  Why it is bad matters: memory comes
 * back, what is too long will be too long again.
 */
enum buf_state { BUF_GOOD, BUF_FULL, BUF_NOMEM };
struct buf {
	uint8_t		*p;
	size_t		 n, cap, max;
	enum buf_state	 bad;
};

/* An empty buffer that may grow up to ${max} bytes.  Allocates nothing. */
void		 buf_init(struct buf *b, size_t max);
void		 buf_add(struct buf *b, const void *p, size_t n);
void		 buf_add_slice(struct buf *b, struct slice s);
void		 buf_add_str(struct buf *b, const char *s);
void		 buf_add_u8(struct buf *b, uint8_t c);
void		 buf_printf(struct buf *b, const char *fmt, ...)
		    __attribute__((format(printf, 2, 3)));
/* Make room for ${n} bytes and count them as there; NULL if that is bad. */
uint8_t		*buf_extend(struct buf *b, size_t n);
/* Keep memory, forget content and badness. */
void		 buf_reset(struct buf *b);
int		 buf_bad(const struct buf *b);
/* Why ${b}, which is bad and is to hold ${what}: E_TOO_LARGE, E_NOMEM; -1. */
int		 buf_err(const struct buf *b, const char *what, struct err *e);
struct slice	 buf_slice(const struct buf *b);
/* The content as a C string, owned by ${b}; NULL if bad. */
const char	*buf_str(struct buf *b);
/* Free, after overwriting: buffers hold secrets as well as messages. */
void		 buf_release(struct buf *b);

#endif
