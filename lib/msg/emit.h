#ifndef MSG_EMIT_H
#define MSG_EMIT_H

#include "asn/oid.h"
#include "base/buf.h"

/*
 * Named values in a tree, written as indented text or as one line of JSON.
 * Whoever walks a message calls these and does not know which; so the two
 * forms always say the same.
 *
 * A value is named by its parent; inside a list the name is NULL.
 */
#define EMIT_DEPTH	24

struct emit {
	struct buf	*out;
	int		 json;
	int		 depth;
	struct {
		const char	*list;	/* its name if it is a list */
		size_t		 n;	/* elements so far */
	} level[EMIT_DEPTH];
	int		 indent;	/* text: objects that are open */
};

/* The outermost object; emit_end() closes it. */
void	emit_start(struct emit *em, struct buf *out, int json);
void	emit_end(struct emit *em);

void	emit_open(struct emit *em, const char *name);
void	emit_close(struct emit *em);
void	emit_open_list(struct emit *em, const char *name);
void	emit_close_list(struct emit *em);

/* Bytes from anywhere: escaped for terminals in both forms. */
void	emit_text(struct emit *em, const char *name, struct slice raw);
/* Text that came out of a function which escapes. */
void	emit_safe(struct emit *em, const char *name, const char *text);
void	emit_int(struct emit *em, const char *name, int64_t v);
void	emit_bool(struct emit *em, const char *name, int v);
void	emit_time(struct emit *em, const char *name, int64_t t);
/* Lower-case hexadecimal, all of it. */
void	emit_hex(struct emit *em, const char *name, struct slice v);
/* The first 32 octets and how many there are. */
void	emit_head(struct emit *em, const char *name, struct slice v);
/* The name of an OBJECT IDENTIFIER, or its dotted form. */
void	emit_oid(struct emit *em, const char *name, struct slice oid);
/* A Name TLV in RFC 4514 form. */
void	emit_name(struct emit *em, const char *name, struct slice tlv);

#endif
