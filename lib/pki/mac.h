#ifndef PKI_MAC_H
#define PKI_MAC_H

#include "asn/der.h"
#include "base/buf.h"
#include "base/err.h"

/*
 * MACs made with a shared secret: PasswordBasedMac (RFC 4211 4.4, RFC 9045)
 * and PBMAC1 (RFC 8018 7.1), as RFC 9481 6.1 asks for them.
 *
 * SHA-1 is read within a PasswordBasedMac, where peers in the field still
 * send it; it is never written.
 */
enum mac_kind { MAC_NONE, MAC_PBM, MAC_PBMAC1 };

enum mac_hash { MAC_SHA1, MAC_SHA256, MAC_SHA384, MAC_SHA512 };

enum mac_algo { MAC_HMAC_SHA1, MAC_HMAC_SHA256, MAC_HMAC_SHA384,
	MAC_HMAC_SHA512, MAC_GMAC128, MAC_GMAC192, MAC_GMAC256, MAC_KMAC128,
	MAC_KMAC256 };

#define MAC_MAX			64	/* octets of a MAC */
#define MAC_ITERATIONS_MIN	100
#define MAC_ITERATIONS_MAX	1000000
#define MAC_SALT_MIN		8
#define MAC_SALT_MAX		64
#define MAC_EXTRA_MAX		64

/*
 * All that an AlgorithmIdentifier says.  Owns its bytes, holds no secret, and
 * needs no freeing.
 */
struct mac {
	enum mac_kind	 kind;
	enum mac_hash	 hash;		/* owf of PBM; hash of PBKDF2's prf */
	enum mac_algo	 algo;
	unsigned	 iterations;
	unsigned	 key_n;		/* PBMAC1: octets; 0 if not said */
	unsigned	 tag_n;		/* octets of the MAC */
	size_t		 salt_n, extra_n;
	uint8_t		 salt[MAC_SALT_MAX];
	uint8_t		 extra[MAC_EXTRA_MAX];	/* GMAC: nonce; KMAC: S */
};

/*
 * Read the AlgorithmIdentifier TLV ${algid} of a protection.  Computes
 * nothing, and what would cost too much to compute never gets into ${m}:
 * 100 to 1,000,000 iterations, salt of 8 to 64 octets, keyLength 20 to 64
 * (GMAC: that of the AES key) or absent, full-length tags.  E_MAC_LIMIT,
 * E_ALG_PARAMS, E_ALG_UNKNOWN (any other MAC, SHA-1 in PBMAC1); ${m} is then
 * MAC_NONE.
 */
int	mac_parse(struct slice algid, struct mac *m, struct err *e);

/*
 * Parameters of our own with a fresh salt of 16 octets (and GMAC nonce):
 * the hash is SHA-256, PBMAC1's keyLength is there.  The usual ${algo} is
 * MAC_HMAC_SHA256.  mac_write() is bad if ${iterations} is out of bounds.
 */
void	mac_new(struct mac *m, enum mac_kind kind, enum mac_algo algo,
	    unsigned iterations);

/*
 * Another message with the same parameters, as one transaction has them
 * (RFC 9483 4.1.5): only a GMAC nonce is made anew, for it must not repeat.
 */
void	mac_again(struct mac *m);

/* Write the AlgorithmIdentifier.  ${w} is bad if there is SHA-1 in it. */
void	mac_write(struct derw *w, const struct mac *m);

/* The same parameters but for a GMAC nonce? */
int	mac_same(const struct mac *a, const struct mac *b);

/*
 * The MAC of ${data} (the DER of ProtectedPart) with ${secret} into ${out};
 * returns its length, ${m}->tag_n.  Cannot fail.  All keys are overwritten.
 */
size_t	mac_compute(const struct mac *m, struct slice secret,
	    struct slice data, uint8_t out[static MAC_MAX]);

/*
 * Is ${tag} that MAC, all of it?  Compared in a time that tells nothing.
 * E_PROT_MAC.
 */
int	mac_verify(const struct mac *m, struct slice secret,
	    struct slice data, struct slice tag, struct err *e);

/*
 * What mac_compute() costs, in computations of a hash: one for each iteration
 * of PasswordBasedMac, two for each of PBKDF2 and each block of its key;
 * SHA-384 and SHA-512 count four times.
 */
uint64_t mac_cost(const struct mac *m);

/* "PBMAC1(SHA-256,100000,hmacWithSHA256)": for people. */
#define MAC_TEXT	96
const char *mac_name(char t[static MAC_TEXT], const struct mac *m);

#endif
