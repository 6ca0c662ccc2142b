#include "asn/schema.h"

#include <libtasn1.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "asn/der.h"
#include "base/escape.h"
/* asn1Parser asks whether there is a config.h. */
#define HAVE_CONFIG_H 0
#include "cmp_asn1_tab.c"

#define LINE_MAX	(1u << 21)

static asn1_node
decode(const char *type, struct slice der, asn1_node *defs, struct err *e)
{
	char why[ASN1_MAX_ERROR_DESCRIPTION_SIZE] = "";
	char name[128];
	asn1_node msg = NULL;
	int len = (int)der.n, rc;

	*defs = NULL;
	if (der.n > der_limits_message.size) {
		err_set(e, E_FILE_SIZE, "%zu bytes", der.n);
		return NULL;
	}
	snprintf(name, sizeof(name), "CmpTools.%s", type);
	if ((rc = asn1_array2tree(schema_table, defs, why)) != ASN1_SUCCESS ||
	    (rc = asn1_create_element(*defs, name, &msg)) !=
	    ASN1_SUCCESS) {
		err_set(e, E_INTERNAL, "schema: %s", asn1_strerror(rc));
		return NULL;
	}
	rc = asn1_der_decoding2(&msg, der.p, &len, ASN1_DECODE_FLAG_STRICT_DER,
	    why);
	if (rc != ASN1_SUCCESS) {
		err_set(e, E_SYNTAX, "libtasn1: %s %.200s",
		    asn1_strerror(rc), why);
		asn1_delete_structure(&msg);
		return NULL;
	}
	return msg;
}

int
schema_agrees(struct slice der, struct err *e)
{
	return schema_agrees_type("PKIMessage", der, e);
}

int
schema_agrees_type(const char *type, struct slice der, struct err *e)
{
	asn1_node defs = NULL, msg;
	int rc;

	msg = decode(type, der, &defs, e);
	rc = msg != NULL ? 0 : -1;
	asn1_delete_structure(&msg);
	asn1_delete_structure(&defs);
	return rc;
}

/*
 * libtasn1 prints strings as they are, and a line break within one would
 * look like another field.  In a copy, controls become dots.
 */
static void
tame_strings(uint8_t *p, size_t n)
{
	struct slice in = SLICE(p, n), v;
	uint8_t tag;

	while (in.n > 0) {
		if (der_any(&in, &tag, &v, NULL) == -1)
			return;
		if (tag & 0x20) {
			/* Go on with the first child. */
			in = SLICE(v.p, (size_t)(p + n - v.p));
			continue;
		}
		if (tag != DER_UTF8_STRING && tag != DER_CTXP(1) &&
		    tag != DER_CTXP(2) && tag != DER_CTXP(6))
			continue;
		for (size_t i = 0; i < v.n; i++)
			if (v.p[i] < 0x20 || v.p[i] == 0x7f)
				p[v.p + i - p] = '.';
	}
}

/*
 * A line of libtasn1's tree; 0 if it is not worth one.  It prints the
 * element type of every SEQUENCE OF as a first element that is empty and
 * called NULL, and DEFAULTs below what has them: ${skip} is the indentation
 * below which lines belong to one of these.
 */
static int
is_field(struct slice line, size_t *skip)
{
	static const char none[] = "name:NULL";
	size_t in = 0;

	while (in < line.n && line.p[in] == ' ')
		in++;
	if (in > *skip)
		return 0;
	*skip = SIZE_MAX;
	if (in > 0 && line.n - in >= sizeof(none) - 1 &&
	    memcmp(line.p + in, none, sizeof(none) - 1) == 0) {
		*skip = in;
		return 0;
	}
	return line.n > 0;
}

/* Lines of ${text}, each escaped. */
static void
put_lines(struct buf *out, const char *text, size_t n)
{
	size_t len, skip = SIZE_MAX;
	const char *end;

	for (; n > 0; text += len, n -= len) {
		end = memchr(text, '\n', n);
		len = end != NULL ? (size_t)(end - text) : n;
		if (is_field(SLICE(text, len), &skip)) {
			escape_text(out, SLICE(text, len), LINE_MAX);
			buf_add_u8(out, '\n');
		}
		len += end != NULL;
	}
}

static int
print_tree(struct buf *out, asn1_node msg, struct err *e)
{
	char *text = NULL;
	size_t n = 0;
	FILE *f;

	if ((f = open_memstream(&text, &n)) == NULL)
		return err_set(e, E_NOMEM, "printing a message");
	asn1_print_structure(f, msg, "", ASN1_PRINT_NAME_TYPE_VALUE);
	if (fclose(f) != 0) {
		free(text);
		return err_set(e, E_NOMEM, "printing a message");
	}
	put_lines(out, text, n);
	free(text);
	return 0;
}

int
schema_dump(struct buf *out, struct slice der, struct err *e)
{
	return schema_dump_type(out, "PKIMessage", der, e);
}

int
schema_dump_type(struct buf *out, const char *type, struct slice der,
    struct err *e)
{
	asn1_node defs = NULL, msg = NULL;
	struct buf copy;
	int rc = -1;

	buf_init(&copy, der_limits_message.size);
	if (der_walk(der, &der_limits_message, 0, e) == -1)
		goto out;
	buf_add_slice(&copy, der);
	if (buf_bad(&copy)) {
		err_set(e, E_NOMEM, "%zu bytes", der.n);
		goto out;
	}
	tame_strings(copy.p, copy.n);
	if ((msg = decode(type, buf_slice(&copy), &defs, e)) == NULL)
		goto out;
	rc = print_tree(out, msg, e);
out:
	asn1_delete_structure(&msg);
	asn1_delete_structure(&defs);
	buf_release(&copy);
	return rc;
}
