#ifndef ROLE_REQUEST_TEMPLATE_H
#define ROLE_REQUEST_TEMPLATE_H

#include "base/buf.h"
#include "base/err.h"

/*
 * Fill in the template of ${path} (RFC 9483 4.3.3): what it gives is taken
 * over, what is empty comes from ${subject} (Name TLV) and ${san}
 * (GeneralNames TLV), which become what to ask for; what nobody fills in is
 * left out.  ${spec} gets the first kind of key that we can make, or "".
 * Names that the template has no place for are E_USAGE.
 */
int	request_template(const char *path, struct buf *subject,
	    struct buf *san, char spec[static 64], struct err *e);

#endif
