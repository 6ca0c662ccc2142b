#ifndef PROT_PROTECT_H
#define PROT_PROTECT_H

#include "msg/draft.h"
#include "pki/cert.h"
#include "pki/key.h"

/* Who protects a message: all borrowed. */
struct signer {
	const struct key	*key;
	const struct cert	*cert;		/* the protection certificate */
	const struct certs	*chain;		/* above it; may be NULL */
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

#endif
