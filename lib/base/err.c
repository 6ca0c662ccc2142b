#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/escape.h"

static const struct {
	const char	*name;
	enum fail	 fail;
	int		 exit;
	const char	*section;
	const char	*public;
} errs[E__COUNT] = {
	[E_NONE] = { "E_NONE", FAIL_NONE, 0, "-", "" },
#define ERR(code, fail, exit, section, public) \
	[code] = { #code, fail, exit, section, public },
#include "base/err.def"
#undef ERR
};

static const char *const fail_names[FAIL__COUNT] = {
	"badAlg", "badMessageCheck", "badRequest", "badTime", "badCertId",
	"badDataFormat", "wrongAuthority", "incorrectData", "missingTimeStamp",
	"badPOP", "certRevoked", "certConfirmed", "wrongIntegrity",
	"badRecipientNonce", "timeNotAvailable", "unacceptedPolicy",
	"unacceptedExtension", "addInfoNotAvailable", "badSenderNonce",
	"badCertTemplate", "signerNotTrusted", "transactionIdInUse",
	"unsupportedVersion", "notAuthorized", "systemUnavail",
	"systemFailure", "duplicateCertReq",
};

int
err_set_at(struct err *e, const char *file, int line, enum err_code code,
    const char *fmt, ...)
{
	va_list ap;

	e->code = code;
	e->file = file;
	e->line = line;
	va_start(ap, fmt);
	vsnprintf(e->detail, sizeof(e->detail), fmt, ap);
	va_end(ap);
	escape_line(escape_mend(e->detail), sizeof(e->detail));

	return -1;
}

int
err_wrap(struct err *e, const char *fmt, ...)
{
	char where[160], old[sizeof(e->detail)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(where, sizeof(where), fmt, ap);
	va_end(ap);
	memcpy(old, e->detail, sizeof(old));
	snprintf(e->detail, sizeof(e->detail), "%s: %.*s", where,
	    (int)(sizeof(e->detail) - sizeof(where) - 3), old);
	escape_line(escape_mend(e->detail), sizeof(e->detail));

	return -1;
}

const char *
err_name(enum err_code code)
{
	return errs[code].name;
}

const char *
err_public(enum err_code code)
{
	return errs[code].public;
}

enum fail
err_fail(enum err_code code)
{
	return errs[code].fail;
}

int
err_exit(enum err_code code)
{
	return errs[code].exit;
}

const char *
err_section(enum err_code code)
{
	return errs[code].section;
}

const char *
err_fail_name(int fail)
{
	if (fail < 0 || fail >= FAIL__COUNT)
		return "";
	return fail_names[fail];
}
