#ifndef PROT_PROTECT_H
#define PROT_PROTECT_H

#include "msg/draft.h"
#include "pki/cert.h"
#include "pki/key.h"
#include "pki/mac.h"

/* Who protects a message: all borrowed. */
struct signer {
	const struct key	*key;
	const struct cert	*cert;		/* the protection certificate */
	const struct certs	*chain;		/* above it; may be NULL */
};

/* A secret that both sides share, and how a MAC is made with it. */
struct shared {
	struct slice	 reference, secret;
	struct mac	 mac;
};

/*
 * Do ${key} and ${cert} belong together, and may the certificate protect
 * messages (keyUsage, RFC 9483 3.5)?  E_KEY_CERT.
 */
int	protect_check(const struct signer *s, struct err *e);

/*
 * Sign the draft ${d} (RFC 9483 3.2): sets sender to the subject of the
 * protection certificate, senderKID to its subjectKeyIdentifier, and
 * protectionAlg to the key's default.  extraCerts are the protection
 * certificate, its chain without self-signed certificates, then ${extra}
 * (consecutive Certificate TLVs, or none) without repetition.  The message
 * is appended to ${out}.
 */
int	protect_sign(struct draft *d, const struct signer *s,
	    struct slice extra, struct buf *out, struct err *e);

/*
 * Protect ${d} with a MAC (RFC 9483 4.1.5): sender is the reference as a
 * commonName, senderKID the same.  The parameters are those of ${s} but for
 * SHA-1, in whose place SHA-256 stands.  extraCerts are the certificates in
 * ${extra} that are not self-signed.
 */
int	protect_mac(struct draft *d, const struct shared *s,
	    struct slice extra, struct buf *out, struct err *e);

/* A Name with the reference of a secret as its commonName. */
void	protect_reference(struct derw *w, struct slice reference);

/*
 * Write ${d} without protection: a draft for cmp-sign, or an error message
 * that cannot be protected (RFC 9483 3.6.4).
 */
int	protect_none(struct draft *d, struct buf *out, struct err *e);

/*
 * Protect ${m} with ${s}: header and body stay as they are but for sender,
 * senderKID and protectionAlg; a protection that it has is replaced.
 */
int	protect_message(const struct msg *m, const struct signer *s,
	    struct buf *out, struct err *e);
/* The same with a MAC, for the messages that may have one: E_PROT_KIND. */
int	protect_message_mac(const struct msg *m, const struct shared *s,
	    struct buf *out, struct err *e);

#endif
