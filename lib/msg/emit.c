#include "msg/emit.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "asn/der.h"
#include "base/escape.h"
#include "pki/name.h"

#define TEXT_MAX	4096
#define HEAD_MAX	32
#define VALUE_MAX	(1u << 22)

static void
put_indent(struct emit *em)
{
	for (int i = 0; i < em->indent; i++)
		buf_add_str(em->out, "  ");
}

/* What stands before a value: a comma, its name. */
static void
put_label(struct emit *em, const char *name)
{
	const char *list = em->level[em->depth].list;
	size_t n = em->level[em->depth].n++;

	if (em->json) {
		if (n > 0)
			buf_add_u8(em->out, ',');
		if (name != NULL) {
			escape_json(em->out, slice_str(name));
			buf_add_u8(em->out, ':');
		}
		return;
	}
	put_indent(em);
	buf_printf(em->out, "%s:", name != NULL ? name : list);
}

static void
push(struct emit *em, const char *list)
{
	/* How deep we go is decided by the printer, not by its input. */
	em->depth++;
	em->level[em->depth].list = list;
	em->level[em->depth].n = 0;
}

void
emit_start(struct emit *em, struct buf *out, int json)
{
	*em = (struct emit){ .out = out, .json = json };
	if (json)
		buf_add_u8(out, '{');
}

void
emit_end(struct emit *em)
{
	if (em->json)
		buf_add_str(em->out, "}\n");
}

void
emit_open(struct emit *em, const char *name)
{
	put_label(em, name);
	if (em->json)
		buf_add_u8(em->out, '{');
	else
		buf_add_u8(em->out, '\n');
	em->indent++;
	push(em, NULL);
}

void
emit_close(struct emit *em)
{
	if (em->json)
		buf_add_u8(em->out, '}');
	em->indent--;
	em->depth--;
}

/* In text a list has no line of its own: its elements bear its name. */
void
emit_open_list(struct emit *em, const char *name)
{
	if (em->json) {
		put_label(em, name);
		buf_add_u8(em->out, '[');
	}
	push(em, name);
}

void
emit_close_list(struct emit *em)
{
	if (em->json)
		buf_add_u8(em->out, ']');
	em->depth--;
}

static void
put_safe(struct emit *em, const char *name, struct slice text)
{
	put_label(em, name);
	if (em->json) {
		escape_json(em->out, text);
		return;
	}
	buf_add_u8(em->out, ' ');
	buf_add_slice(em->out, text.n > 0 ? text : slice_str("\"\""));
	buf_add_u8(em->out, '\n');
}

/* A value that JSON does not quote. */
static void
put_bare(struct emit *em, const char *name, const char *text)
{
	put_label(em, name);
	buf_printf(em->out, "%s%s%s", em->json ? "" : " ", text,
	    em->json ? "" : "\n");
}

void
emit_safe(struct emit *em, const char *name, const char *text)
{
	put_safe(em, name, slice_str(text));
}

void
emit_text(struct emit *em, const char *name, struct slice raw)
{
	struct buf b;

	buf_init(&b, VALUE_MAX);
	escape_text(&b, raw, TEXT_MAX);
	put_safe(em, name, buf_slice(&b));
	buf_release(&b);
}

void
emit_int(struct emit *em, const char *name, int64_t v)
{
	char t[32];

	snprintf(t, sizeof(t), "%" PRId64, v);
	put_bare(em, name, t);
}

void
emit_bool(struct emit *em, const char *name, int v)
{
	put_bare(em, name, v ? "true" : "false");
}

void
emit_time(struct emit *em, const char *name, int64_t t)
{
	char text[DER_TIME_TEXT];

	emit_safe(em, name, der_time_text(text, t));
}

void
emit_hex(struct emit *em, const char *name, struct slice v)
{
	struct buf b;

	buf_init(&b, VALUE_MAX);
	escape_hex(&b, v);
	put_safe(em, name, buf_slice(&b));
	buf_release(&b);
}

void
emit_head(struct emit *em, const char *name, struct slice v)
{
	struct buf b;

	buf_init(&b, VALUE_MAX);
	escape_hex(&b, SLICE(v.p, v.n < HEAD_MAX ? v.n : HEAD_MAX));
	if (v.n > HEAD_MAX)
		buf_printf(&b, "... (%zu octets)", v.n);
	put_safe(em, name, buf_slice(&b));
	buf_release(&b);
}

void
emit_oid(struct emit *em, const char *name, struct slice oid)
{
	char t[OID_TEXT];
	enum oid id = oid_of(oid);

	emit_safe(em, name, id != OID_UNKNOWN ? oid_name(id) :
	    oid_text(t, oid));
}

void
emit_name(struct emit *em, const char *name, struct slice tlv)
{
	struct buf b;

	buf_init(&b, VALUE_MAX);
	name_text(&b, tlv);
	put_safe(em, name, buf_slice(&b));
	buf_release(&b);
}
