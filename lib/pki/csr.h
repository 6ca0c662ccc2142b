#ifndef PKI_CSR_H
#define PKI_CSR_H

#include "asn/der.h"
#include "base/buf.h"
#include "base/err.h"
#include "pki/alg.h"

/*
 * A view of one certification request (PKCS#10, RFC 2986).  Everything
 * points into ${der}, which the view borrows; nothing is to be freed.
 */
struct csr {
	struct slice	 der, info;	/* TLVs; ${info} is what is signed */
	struct slice	 subject, spki;	/* TLVs */
	struct slice	 sigalg_tlv, sig;
	struct sigalg	 sigalg;	/* scheme SIG_NONE if unknown to us */
	struct slice	 attributes;	/* content of the SET OF */
	/* Of extensionRequest: content of SEQUENCE OF Extension, or none. */
	struct slice	 extensions;
};

/*
 * Make ${c} a view of the CertificationRequest TLV ${der}, which has to have
 * passed der_walk().  Version 0; a subject that name_check() takes, which may
 * be empty; attributes there (possibly none) and in order, each with a value;
 * extensionRequest at most once, with one value, in which no extension is
 * twice.  What the extensions say is for the reader, as in a certTemplate.
 * Other attributes are ignored.  E_CSR_SYNTAX, E_NAME_SYNTAX.
 */
int	csr_parse(struct slice der, struct csr *c, struct err *e);

/*
 * der_walk() and csr_parse() of a file's bytes, PEM ("CERTIFICATE REQUEST",
 * also "NEW CERTIFICATE REQUEST") or DER, exactly one.  ${der} takes the DER
 * and has to outlive ${c}; the caller initialises and releases it.
 * E_CSR_SYNTAX, E_NAME_SYNTAX, E_DER_*.
 */
int	csr_open(struct slice data, struct buf *der, struct csr *c,
	    struct err *e);
/* ${path} "-" is standard input; ${der} is initialised in any case. */
int	csr_load(const char *path, struct buf *der, struct csr *c,
	    struct err *e);

/*
 * Does the key in it check its signature, over the bytes as they came?  That
 * is the proof of possession of p10cr (RFC 9483 4.1.4).  E_CSR_SIG (badPOP);
 * E_ALG_* if the algorithm or the key is not one of ours.
 */
int	csr_verify(const struct csr *c, struct err *e);

#endif
