#ifndef OP_ENROL_H
#define OP_ENROL_H

#include "op/op.h"

/*
 * What all operations that end in a certificate share: reading one
 * CertReqMsg with its proof of possession, issuing, and judging the
 * certificate at the device.
 */

/*
 * Read the one CertReqMsg of ${r->msg} and verify its proof of possession
 * over the bytes received (RFC 9483 4.1.1, 5.1.1).  E_REQ_*, E_POPO_*,
 * E_TMPL_KEY, E_SYNTAX.
 */
int	enrol_read(struct op_request *r, struct err *e);

/* The key that is to be certified can be read and is not too weak for its
 * proof to count.  E_TMPL_KEY, E_TMPL_KEY_WEAK. */
int	enrol_key(const struct op_request *r, struct err *e);

/*
 * Decide by policy, sign the certificate, write the positive response and
 * the effects.  implicitConfirm is granted if it was asked for and the
 * profile does not want a confirmation; else confirmWaitTime is set.
 */
int	enrol_answer(const struct op_ca *ca, const struct op_request *r,
	    struct op_facts *facts, struct op_answer *a, struct err *e);

/* The same for an update of the certificate that protects the request. */
int	enrol_update(const struct op_ca *ca, const struct op_request *r,
	    struct op_facts *facts, struct op_answer *a, struct err *e);

/*
 * Judge an ip, cp or kup at the device: the rules of 4.1.1 on the response,
 * then the certificate: its key and names are those asked for, it has no CA
 * powers, and it is valid under the anchors, or if there are none under
 * that of enrol_root(); if that is not there either, E_PATH_NONE and nothing
 * is decided.  A certificate that is refused
 * is reported in ${res->refused}, with a certConf "rejection" unless
 * implicit confirmation was granted (3.6.1).
 */
int	enrol_accept(const struct checked *c, const struct op_device *d,
	    struct op_result *res, struct err *e);

/*
 * The root in caPubs of ${c}, an ip that a MAC protects, for a device that
 * has no trust anchor: 1, or 0 if there is none, or it is another answer: a
 * signature never brings trust.  E_ANSWER_ROOT if it is not one valid
 * self-signed certificate of a CA.
 */
int	enrol_root(const struct checked *c, int64_t now, struct cert *out,
	    struct err *e);

/*
 * Write CertReqMessages with one request for ${b->new_key}, its names, its
 * proof of possession and, in a kur, the oldCertID of ${b->old}.  With
 * ${b->ra_verified} it is for that key, with raVerified (RFC 9483 5.3.1).
 */
int	enrol_build(const struct op_build *b, struct draft *d, struct err *e);

#endif
