/* What all general messages share. */
#include "op/info.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/escape.h"

static const struct info *const infos[] = { &info_cacerts, &info_rootupdate,
	&info_reqtemplate, &info_crl, &info_current_crl };
#define INFOS	(sizeof(infos) / sizeof(infos[0]))

const struct info *
info_at(size_t i)
{
	return i < INFOS ? infos[i] : NULL;
}

const struct info *
info_by_name(const char *name)
{
	for (size_t i = 0; i < INFOS; i++)
		if (strcmp(infos[i]->name, name) == 0)
			return infos[i];
	return NULL;
}

const struct info *
info_by_request(struct slice oid)
{
	for (size_t i = 0; i < INFOS; i++)
		if (oid_of(oid) == infos[i]->request)
			return infos[i];
	return NULL;
}

int
info_read(struct slice content, struct slice *oid, struct slice *value,
    struct err *e)
{
	struct slice in, other, ignored;
	size_t n = 0;

	if (der_only(content, DER_SEQUENCE, &in) == -1)
		return err_set(e, E_SYNTAX, "body is no SEQUENCE of "
		    "InfoTypeAndValue");
	while (in.n > 0) {
		if (msg_next_info(&in, n == 0 ? oid : &other, n == 0 ? value :
		    &ignored) == -1)
			return err_set(e, E_SYNTAX, "InfoTypeAndValue %zu is "
			    "malformed", n + 1);
		n++;
	}
	if (n != 1)
		return err_set(e, E_INFO_COUNT, "%zu InfoTypeAndValue, "
		    "expected one; send each in a message of its own", n);
	return 0;
}

struct op_file *
info_file(struct op_result *res, const char *fmt, ...)
{
	struct op_file *f = &res->files[res->n_files++];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(f->name, sizeof(f->name), fmt, ap);
	va_end(ap);
	buf_init(&f->content, der_limits_genp.size);
	return f;
}

const char *
info_file_name(char t[static INFO_NAME], struct slice text,
    struct slice unique)
{
	char hex[ESCAPE_SHORT];
	uint8_t hash[32];
	size_t n = 0;

	for (size_t i = 0; i < text.n && n < 48; i++)
		if (isalnum(text.p[i]) || (n > 0 && text.p[i] != '\0' &&
		    strchr(".-_", text.p[i]) != NULL))
			t[n++] = (char)text.p[i];
	alg_sha256(unique, SLICE_NONE, hash);
	escape_hex_short(hex, SLICE(hash, 4));
	snprintf(t + n, INFO_NAME - n, "%s%.8s", n > 0 ? "-" : "", hex);
	return t;
}
