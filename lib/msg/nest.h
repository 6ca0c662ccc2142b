#ifndef MSG_NEST_H
#define MSG_NEST_H

#include "msg/msg.h"

/*
 * Nested messages (RFC 9483 5.2.2), read in pieces: memory does not grow with
 * their number.
 *
 * An approval holds one message and repeats its transactionID and
 * senderNonce (5.2.2.1).  Any other nested message is a bundle (5.2.2.2): a
 * transport, which says nothing about the messages in it.
 */

/*
 * Bytes at offsets.  read() fills all of ${n} bytes from ${at}, which lie
 * within ${size}, or returns -1.  Must outlive the nest that reads it.
 */
struct nest_source {
	int		(*read)(void *arg, uint64_t at, void *p, size_t n,
			    struct err *e);
	uint64_t	 size;
	void		*arg;
};

/* The bytes of ${*s}; borrowed. */
struct nest_source nest_source_slice(const struct slice *s);
/* The regular file ${*fd}, with pread(); borrowed.  E_IO, E_FILE_TYPE. */
int	nest_source_fd(const int *fd, struct nest_source *out, struct err *e);

struct nest_limits {
	uint64_t	 size;		/* of the whole: E_FILE_SIZE */
	size_t		 members;	/* E_NEST_COUNT */
	size_t		 member_size;	/* of one message: E_FILE_SIZE */
};
/* 64 MiB, 10000 messages of 1 MiB. */
extern const struct nest_limits nest_limits_default;

struct nest;

/*
 * Read ${src} once: header, framing of all members, protection and
 * extraCerts are strict DER; the members themselves are not looked into but
 * for what nest_check() needs.  A message that is not nested is E_BODY_TYPE,
 * an empty one E_SYNTAX; E_DER_*, E_SYNTAX, E_EXTRA_COUNT, the limits.
 */
int	nest_open(const struct nest_source *src, const struct nest_limits *l,
	    struct nest **out, struct err *e);
void	nest_free(struct nest *n);

/*
 * The outer message, for verify_msg(): header, protection and extraCerts; no
 * der, header_tlv, body_tlv and content.  Borrowed from ${n}.
 */
const struct msg *nest_msg(const struct nest *n);

size_t	nest_count(const struct nest *n);
int	nest_is_approval(const struct nest *n);
/* Are its members requests (1) or responses (-1)?  0: both, or neither. */
int	nest_way(const struct nest *n);

/*
 * Is it one or the other without contradiction?  E_NESTED: requests and
 * responses together; one member with the transactionID of the outer message
 * but another senderNonce; several, one of them with that transactionID; an
 * approval of a response.
 * E_NEST_DEPTH: a member is a bundle, or an approval is nested deeper than
 * ${layers} approvals around one message.
 * A member that cannot be read is none of its business.
 */
int	nest_check(const struct nest *n, unsigned layers, struct err *e);

/*
 * The next member, bit for bit: 1, 0 after the last, -1.  ${member} is valid
 * until the next call.  If the source is not what nest_open() saw,
 * E_NEST_CHANGED: what is handed out is what was hashed and verified.
 */
int	nest_next(struct nest *n, struct slice *member, struct err *e);
/* From the first member again. */
void	nest_rewind(struct nest *n);

/*
 * Does a file that begins with ${head} hold a nested message?  2 KiB of it
 * are enough for any header that we would make.  1, 0.
 */
int	nest_looks(struct slice head);

/*
 * How many approvals are around the message in ${der}, which need not have
 * been walked: 0 for one that is not nested, or cannot be read.  ${inner} gets
 * the message within.  A bundle among them, or more than ${max} layers, is
 * E_NEST_DEPTH: -1.
 */
int	nest_layers(struct slice der, unsigned max, struct slice *inner,
	    struct err *e);

/* Append tag and length of an element whose value comes apart. */
void	nest_put_head(struct buf *b, uint8_t tag, uint64_t len);

/* Does ${b} go up (1), down (-1), either way or neither (0)? */
int	nest_direction(enum body b);

#endif
