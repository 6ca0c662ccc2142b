#ifndef PKI_CRL_H
#define PKI_CRL_H

#include "asn/der.h"
#include "base/buf.h"
#include "base/err.h"
#include "pki/alg.h"
#include "pki/key.h"

/*
 * A CRL that we hold: owns its bytes, and an index of its serials so that a
 * look-up does not depend on its length.
 */
struct crl;

/*
 * Read one CRL (PEM or DER) of at most 256 MiB.  Checks syntax only; who
 * signed it is for path.c.  Any critical extension of the CRL or of an entry
 * that we do not process (delta, issuingDistributionPoint,
 * certificateIssuer) is remembered and makes every answer "unknown".
 * E_CRL_SYNTAX, E_DER_*.
 */
int	crl_open(struct slice data, struct crl **out, struct err *e);
int	crl_load(const char *path, struct crl **out, struct err *e);
void	crl_free(struct crl *c);

struct slice	 crl_der(const struct crl *c);
struct slice	 crl_issuer(const struct crl *c);	/* Name TLV */
struct slice	 crl_aki(const struct crl *c);		/* or SLICE_NONE */
int64_t		 crl_this_update(const struct crl *c);
int64_t		 crl_next_update(const struct crl *c);	/* INT64_MIN: absent */
/* cRLNumber content octets, or SLICE_NONE. */
struct slice	 crl_number(const struct crl *c);
size_t		 crl_count(const struct crl *c);
/* Is there something critical in it that we do not process? */
int		 crl_not_understood(const struct crl *c);

/* Check its signature with the issuer's ${spki}.  E_PATH_SIG, E_ALG_*. */
int	crl_verify(const struct crl *c, struct slice spki, struct err *e);

/*
 * The frame of the CRL in the file ${fd} (DER, of any length): a CRL without
 * its entries, whose fields are those of the file.  The signature of the whole
 * file by ${spki} is checked, the entries are not.  Memory does not grow with
 * the file.  E_CRL_SYNTAX, E_PATH_SIG, E_ALG_*, E_IO.
 */
int	crl_frame(int fd, struct slice spki, struct crl **out, struct err *e);

/* Is ${tlv} one entry that a CRL of version 2 may have and crl_open() would
 * understand?  E_CRL_SYNTAX, E_DER_*. */
int	crl_entry_check(struct slice tlv, struct err *e);

/* AlgorithmIdentifier TLV and the octets of the signature. */
void	crl_signature(const struct crl *c, struct slice *alg,
	    struct slice *sig);

/* Is INTEGER content ${serial} on it?  The reason code, 0 if none given, in
 * ${reason} and the date in ${when}; both may be NULL. */
int	crl_lookup(const struct crl *c, struct slice serial, int *reason,
	    int64_t *when);

#endif
