#ifndef BASE_ERR_H
#define BASE_ERR_H

/* PKIFailureInfo bit numbers (RFC 4210 5.2.3); FAIL_NONE is "no bit". */
enum fail {
	FAIL_NONE = -1,
	FAIL_BAD_ALG = 0,
	FAIL_BAD_MESSAGE_CHECK = 1,
	FAIL_BAD_REQUEST = 2,
	FAIL_BAD_TIME = 3,
	FAIL_BAD_CERT_ID = 4,
	FAIL_BAD_DATA_FORMAT = 5,
	FAIL_WRONG_AUTHORITY = 6,
	FAIL_INCORRECT_DATA = 7,
	FAIL_MISSING_TIME_STAMP = 8,
	FAIL_BAD_POP = 9,
	FAIL_CERT_REVOKED = 10,
	FAIL_CERT_CONFIRMED = 11,
	FAIL_WRONG_INTEGRITY = 12,
	FAIL_BAD_RECIPIENT_NONCE = 13,
	FAIL_TIME_NOT_AVAILABLE = 14,
	FAIL_UNACCEPTED_POLICY = 15,
	FAIL_UNACCEPTED_EXTENSION = 16,
	FAIL_ADD_INFO_NOT_AVAILABLE = 17,
	FAIL_BAD_SENDER_NONCE = 18,
	FAIL_BAD_CERT_TEMPLATE = 19,
	FAIL_SIGNER_NOT_TRUSTED = 20,
	FAIL_TRANSACTION_ID_IN_USE = 21,
	FAIL_UNSUPPORTED_VERSION = 22,
	FAIL_NOT_AUTHORIZED = 23,
	FAIL_SYSTEM_UNAVAIL = 24,
	FAIL_SYSTEM_FAILURE = 25,
	FAIL_DUPLICATE_CERT_REQ = 26,
	FAIL__COUNT
};

#define ERR(code, fail, exit, section, public) code,
enum err_code {
	E_NONE,
#include "base/err.def"
	E__COUNT
};
#undef ERR

/*
 * One failure, described once, where it was detected.
 *
 * Fixed size on purpose: reporting a failure never allocates, so running out
 * of memory can be reported too.  Zero-initialise it; it stays zero until
 * something fails.
 *
 * ${detail} is for the operator: what was found, what was expected, where.
 * It may name files and policy rules.  Text that came from a message enters
 * it only through escape_text().  Only err_public() is ever sent to a peer.
 */
struct err {
	enum err_code	 code;
	char		 detail[512];
	const char	*file;
	int		 line;
};

#define err_set(e, code, ...) \
	err_set_at((e), __FILE__, __LINE__, (code), __VA_ARGS__)

/* Record a failure; return -1, so that callers can `return err_set(...)`. */
int err_set_at(struct err *e, const char *file, int line, enum err_code code,
    const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* Prefix ${detail} with where we were: "certReq 0: ...".  Return -1. */
int err_wrap(struct err *e, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* "E_POPO_SIG": the name of the check, as in logs, tests and .why files. */
const char	*err_name(enum err_code code);

/* The only sentence about ${code} that a peer may see. */
const char	*err_public(enum err_code code);

/* The PKIFailureInfo bit that answers ${code}, or FAIL_NONE. */
enum fail	 err_fail(enum err_code code);

/* The exit status of a program that stops at ${code} (sysexits.h above 63). */
int		 err_exit(enum err_code code);

/* Where the broken rule is written: "RFC 9483 3.5", or "-". */
const char	*err_section(enum err_code code);

/* "badPOP"; "" for FAIL_NONE and numbers without a name. */
const char	*err_fail_name(int fail);

#endif
