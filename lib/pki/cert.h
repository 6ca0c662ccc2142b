#ifndef PKI_CERT_H
#define PKI_CERT_H

#include "asn/der.h"
#include "base/buf.h"
#include "base/err.h"
#include "asn/oid.h"
#include "pki/alg.h"
#include "pki/key.h"

/* KeyUsage bits by their number (RFC 5280 4.2.1.3). */
enum key_usage {
	KU_DIGITAL_SIGNATURE = 1 << 0, KU_NON_REPUDIATION = 1 << 1,
	KU_KEY_ENCIPHERMENT = 1 << 2, KU_DATA_ENCIPHERMENT = 1 << 3,
	KU_KEY_AGREEMENT = 1 << 4, KU_KEY_CERT_SIGN = 1 << 5,
	KU_CRL_SIGN = 1 << 6, KU_ENCIPHER_ONLY = 1 << 7,
	KU_DECIPHER_ONLY = 1 << 8,
};

/* One Extension as it stands. */
struct ext {
	struct slice	 oid;		/* content octets */
	struct slice	 value;		/* content of extnValue */
	int		 critical;
};

/*
 * A view of one certificate.  Everything points into ${der}, which the view
 * borrows; nothing is allocated and nothing is to be freed.  Values of the
 * extensions we know are walked and decoded; the others are only noted.
 */
struct cert {
	struct slice	 der, tbs;	/* TLVs */
	struct slice	 serial;	/* INTEGER content, as encoded */
	struct slice	 issuer, subject, spki;		/* TLVs */
	struct slice	 sigalg_tlv, sig;
	struct sigalg	 sigalg;	/* scheme SIG_NONE if unknown to us */
	int64_t		 not_before, not_after;
	int		 version;	/* 1 or 3 (v1 only for anchors) */
	struct slice	 extensions;	/* content of the SEQUENCE OF */
	struct slice	 ski, aki;	/* key identifiers; SLICE_NONE */
	struct slice	 aki_issuer;	/* content of GeneralNames */
	struct slice	 aki_serial;	/* content of the INTEGER */
	struct slice	 san;		/* GeneralNames TLV */
	struct slice	 eku;		/* content: OIDs; p NULL if absent */
	struct slice	 name_constraints;	/* TLV */
	struct slice	 crl_dp;	/* TLV */
	int		 has_bc, ca;
	int64_t		 path_len;	/* -1 if absent */
	int		 has_ku;
	uint32_t	 ku;
	/* A critical extension that path.c does not process; OID content. */
	struct slice	 unknown_critical;
};

/*
 * Make ${c} a view of the Certificate TLV ${der}, which has to have passed
 * der_walk().  Refuses duplicate extensions, encoded defaults, non-positive
 * or over-long (20 octets) serials, differing signature algorithms, bad
 * names, an empty EKU.  E_CERT_SYNTAX, E_NAME_SYNTAX, E_DER_*.
 */
int	cert_parse(struct slice der, struct cert *c, struct err *e);

/* der_walk() and cert_parse() of a file's bytes. */
int	cert_open(struct slice der, struct cert *c, struct err *e);

/* Does it carry extended key usage ${oid} itself (not anyExtendedKeyUsage)? */
int	cert_has_eku(const struct cert *c, enum oid oid);

/* Is it self-issued and does its own key check its signature? */
int	cert_is_self_signed(const struct cert *c);

/* Take the next Extension off ${in} (content of SEQUENCE OF Extension). */
int	cert_next_ext(struct slice *in, struct ext *x);

/*
 * Certificates from a file in PEM (any number, other blocks are skipped) or
 * DER (one).  ${der} owns the bytes; ${certs} are views of them.
 */
struct certs {
	struct buf	 der;
	struct cert	*v;
	size_t		 n;
};
#define CERTS_MAX	256
int	certs_load(const char *path, struct certs *out, struct err *e);
int	certs_import(struct slice data, const char *shown, struct certs *out,
	    struct err *e);
void	certs_free(struct certs *c);

/* Append ${der} as PEM with ${label} ("CERTIFICATE", "X509 CRL"). */
void	cert_pem(struct buf *out, const char *label, struct slice der);
/* Only the lines between its two boundaries, of all of the DER, or of pieces
 * of it in a row, each but the last of a multiple of 48 octets. */
void	cert_pem_lines(struct buf *out, struct slice der);

/* All blocks of ${label} in ${text} as consecutive DER; -1 if malformed. */
int	cert_unpem(struct slice text, const char *label, struct buf *out,
	    struct err *e);

/* What a certificate to be signed says. */
struct tbs {
	struct slice	 serial;	/* unsigned big-endian, 1 to 20 octets */
	struct slice	 issuer, subject, spki;	/* TLVs, copied verbatim */
	int64_t		 not_before, not_after;
	int		 ca;		/* -1: no basicConstraints */
	int64_t		 path_len;	/* -1: none */
	uint32_t	 ku;		/* 0: no keyUsage */
	const enum oid	*eku;		/* ${n_eku} of them */
	size_t		 n_eku;
	int		 eku_critical;
	struct slice	 san;		/* GeneralNames TLV or SLICE_NONE */
	struct slice	 aki;		/* issuer's SKI or SLICE_NONE */
	const char	*const *crl_dp;	/* URIs, NULL-terminated, or NULL */
	const char	*const *aia_ca_issuers, *const *aia_ocsp;
};

/*
 * Build and sign a certificate with ${issuer_key} and ${a}; append its DER
 * to ${out}.  subjectKeyIdentifier is the first 20 octets of SHA-256 of the
 * key bits (RFC 7093 2.1).  subjectAltName is critical if the subject is
 * empty.  The result has been parsed back.
 */
int	cert_sign(const struct tbs *t, const struct key *issuer_key,
	    const struct sigalg *a, struct buf *out, struct err *e);

/* The subjectKeyIdentifier we give to ${spki}, 20 octets. */
void	cert_key_id(struct slice spki, uint8_t out[static 20]);

/* certHash of ${c} (RFC 9483 4.1.1) into ${out}; its length, 0 if no rule. */
size_t	cert_hash(const struct cert *c, uint8_t out[static HASH_MAX]);

#endif
