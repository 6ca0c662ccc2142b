#ifndef PKI_KEY_H
#define PKI_KEY_H

#include "base/buf.h"
#include "base/err.h"
#include "pki/alg.h"

/*
 * Private keys, and checking signatures with public ones.  The only door to
 * GnuTLS's keys; a key's bytes never leave this module except into a file.
 */
struct key;

/*
 * Load a private key from ${path}: PKCS#8 in PEM or DER, plain or encrypted
 * (PBES2), or the older PEM forms.  ${passfile} may be NULL; an encrypted key
 * without it is E_KEY_PASS.  A file that others can read is E_KEY_MODE.
 */
int	key_load(const char *path, const char *passfile, struct key **out,
	    struct err *e);

/* The same from bytes (PEM or DER), ${pass} may be SLICE_NONE. */
int	key_import(struct slice data, struct slice pass, struct key **out,
	    struct err *e);

/*
 * Make a new key as ${spec} says: "rsa:BITS", "rsa-pss:BITS", "ec:P-256",
 * "ec:P-384", "ec:P-521", "ed25519", "ed448".  E_USAGE names what is wrong.
 */
int	key_generate(const char *spec, struct key **out, struct err *e);

/* Is ${spec} one that key_generate() would take? */
int	key_spec_check(const char *spec, struct err *e);

/*
 * The key as PKCS#8 PEM, encrypted (PBES2, AES-256) if ${pass} is not empty.
 * The caller releases ${out}, which overwrites it.
 */
int	key_export(const struct key *k, struct slice pass, struct buf *out,
	    struct err *e);

void	key_free(struct key *k);

/* SubjectPublicKeyInfo TLV; borrowed from ${k}. */
struct slice		 key_spki(const struct key *k);
const struct keyinfo	*key_info(const struct key *k);

/*
 * Sign ${data} with ${a}, which has to fit the key; append the signature as
 * it goes into a BIT STRING to ${out}.  A PSS salt shorter than the hash is
 * E_ALG_PARAMS: key_verify() checks such signatures, but none are made.
 */
int	key_sign(const struct key *k, const struct sigalg *a,
	    struct slice data, struct buf *out, struct err *e);

/*
 * The same where only the hash of the data is at hand, which ${a} names.
 * EdDSA has to see the data itself: E_ALG_PARAMS.
 */
int	key_sign_hash(const struct key *k, const struct sigalg *a,
	    struct slice hash, struct buf *out, struct err *e);
int	key_verify_hash(struct slice spki, const struct sigalg *a,
	    struct slice hash, struct slice sig, struct err *e);

/*
 * Is ${sig} a signature of ${data} by the key in ${spki} with ${a}?  Checks
 * alg_fits() first.  E_ALG_* or E_PROT_SIG; callers give their own code
 * (E_POPO_SIG, E_PATH_SIG) to the latter.
 */
int	key_verify(struct slice spki, const struct sigalg *a,
	    struct slice data, struct slice sig, struct err *e);

#endif
