#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include "base/buf.h"
#include "base/err.h"

#define SECRET_MAX	1024

/*
 * Read a secret or passphrase from the file ${path}: its bytes without one
 * final newline, at most SECRET_MAX.  The caller releases ${out} with
 * buf_release(), which overwrites it.  Empty is E_KEY_PASS.
 */
int	secret_read(const char *path, struct buf *out, struct err *e);

/* Same length and same bytes, in a time that tells nothing about where. */
int	secret_eq(struct slice a, struct slice b);

#endif
