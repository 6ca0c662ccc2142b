#ifndef PKI_ALG_H
#define PKI_ALG_H

#include "asn/der.h"
#include "base/buf.h"
#include "base/err.h"

/*
 * Algorithms of RFC 9481 section 3: signature algorithms and the keys that
 * can make them.  What is not in the tables is refused: no MD5, no SHA-1.
 */
enum hash { HASH_NONE, HASH_SHA256, HASH_SHA384, HASH_SHA512, HASH_SHAKE256 };

enum key_family { KEY_NONE, KEY_RSA, KEY_RSA_PSS, KEY_EC, KEY_ED25519,
	KEY_ED448 };

enum curve { CURVE_NONE, CURVE_P256, CURVE_P384, CURVE_P521 };

enum sig_scheme { SIG_NONE, SIG_RSA_PKCS1, SIG_RSA_PSS, SIG_ECDSA,
	SIG_ED25519, SIG_ED448 };

/* A signature algorithm with everything its AlgorithmIdentifier says. */
struct sigalg {
	enum sig_scheme	 scheme;
	enum hash	 hash;		/* EdDSA: the certHash rule's hash */
	unsigned	 salt;		/* PSS: salt length in octets */
};

/* What a SubjectPublicKeyInfo holds, without touching any crypto. */
struct keyinfo {
	enum key_family	 family;
	enum curve	 curve;		/* KEY_EC */
	unsigned	 bits;		/* RSA modulus; field size otherwise */
	struct slice	 n, e;		/* RSA: unsigned, no leading zeros */
	struct slice	 point;		/* EC, EdDSA: raw public key */
	struct sigalg	 pss;		/* KEY_RSA_PSS with parameters */
	int		 has_pss;
};

/*
 * Read the AlgorithmIdentifier ${algid} (a whole TLV) of a signature.
 * Parameters have to be as RFC 4055, 5758 and 8410 say.  E_ALG_UNKNOWN,
 * E_ALG_PARAMS (PSS: mgf1 with the same hash, trailer 1, SHA-2 only).
 */
int	alg_parse(struct slice algid, struct sigalg *a, struct err *e);

/* Write the AlgorithmIdentifier of ${a}. */
void	alg_write(struct derw *w, const struct sigalg *a);

/*
 * Read a SubjectPublicKeyInfo TLV.  Named curves only, uncompressed points
 * of the right size, RSA with odd modulus and exponent, NULL parameters where
 * they belong.  E_ALG_UNKNOWN, E_ALG_PARAMS, E_SYNTAX.
 */
int	alg_keyinfo(struct slice spki, struct keyinfo *k, struct err *e);

/*
 * What makes the key of a SubjectPublicKeyInfo TLV one key: SHA-256 of the RSA
 * modulus, whether it is for rsaEncryption or id-RSASSA-PSS, with what
 * parameters and exponent (whoever has one private exponent has all), or of the
 * point and its curve.  Errors as alg_keyinfo().
 */
int	alg_key_hash(struct slice spki, uint8_t out[static 32],
	    struct err *e);
/* Are ${a} and ${b} one key?  What cannot be read is only like itself. */
int	alg_key_same(struct slice a, struct slice b);

/* May a key of ${k} make signatures of ${a}?  E_ALG_KEY says why not. */
int	alg_fits(const struct sigalg *a, const struct keyinfo *k, struct err *e);

/* The algorithm that a key of ${k} signs with when nothing else is asked. */
struct sigalg alg_default(const struct keyinfo *k);

/* "ecdsa-with-SHA256", "RSASSA-PSS(SHA-256,32)": for people. */
const char *alg_name(char t[static 64], const struct sigalg *a);

/* "EC P-256", "RSA 2048", "RSA-PSS 3072", "Ed25519": for people. */
const char *alg_key_name(char t[static 64], const struct keyinfo *k);

/* The SPEC of key_generate() for a key like ${k}: "ec:P-256". */
const char *alg_key_spec(char t[static 64], const struct keyinfo *k);

/*
 * Hash ${data} into ${out}; returns the number of octets: 32, 48, 64, and 64
 * for SHAKE256 (RFC 9481 3.3).  0 for HASH_NONE.
 */
#define HASH_MAX	64
size_t	alg_hash(enum hash h, struct slice data, uint8_t out[static HASH_MAX]);

/*
 * The hash that certHash uses for a certificate signed with ${a}: RFC 9483
 * 4.1.1, RFC 9481 3 (Ed25519: SHA-512, Ed448: SHAKE256).
 */
enum hash alg_cert_hash(const struct sigalg *a);

/* The hash of a plain hash AlgorithmIdentifier TLV, or HASH_NONE. */
enum hash alg_hash_parse(struct slice algid);

/* SHA-256 over the concatenation of two slices, for identities. */
void	alg_sha256(struct slice a, struct slice b, uint8_t out[static 32]);

#endif
