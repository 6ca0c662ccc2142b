#ifndef MSG_BODY_H
#define MSG_BODY_H

#include "msg/msg.h"

/*
 * Is the content of ${m}'s body as its ASN.1 type asks?  Values behind an
 * OBJECT IDENTIFIER and bodies that RFC 9483 does not use are only known to
 * be DER.  E_SYNTAX; of p10cr E_CSR_SYNTAX and E_NAME_SYNTAX.
 */
int	body_check(const struct msg *m, struct err *e);

/* Bodies of one syntax: CertReqMessages, CertRepMessage. */
int	body_is_request(enum body b);
int	body_is_response(enum body b);

#endif
