#ifndef MSG_PRINT_H
#define MSG_PRINT_H

#include "base/buf.h"
#include "msg/msg.h"

/*
 * The one printer of messages: for cmp-inspect, goldens, traces and failing
 * tests.  Everything from the message is escaped; needs no key and no store.
 */

/*
 * Append ${m} as indented text, "name: value" a line, in the order of the
 * message: header, body, protection, extraCerts.
 */
void	print_text(struct buf *out, const struct msg *m);

/* The same as one JSON object (a line, no newline inside strings). */
void	print_json(struct buf *out, const struct msg *m);

#endif
