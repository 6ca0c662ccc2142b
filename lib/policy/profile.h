#ifndef POLICY_PROFILE_H
#define POLICY_PROFILE_H

#include "msg/crmf.h"
#include "pki/cert.h"
#include "policy/conf.h"

/*
 * What a certificate will say: the template filled in as far as the profile
 * allows.  Owns its bytes.
 */
struct wish {
	struct buf	 subject;	/* Name TLV */
	struct buf	 spki;		/* TLV */
	struct buf	 san;		/* GeneralNames TLV, or empty */
	int64_t		 not_before, not_after;
	uint32_t	 ku;
	enum oid	 eku[16];
	size_t		 n_eku;
	/* Set if it differs from the template, with what and why: for the
	 * operator and for statusString. */
	int		 mods;
	char		 mods_text[256];
};
void	wish_release(struct wish *w);

/*
 * Fill ${w} from template ${t} under profile ${p}.
 *
 * The profile decides; the template can only fill what it allows.  Refused:
 * version other than 2, serialNumber, signingAlg, UIDs, CA powers of any kind
 * (cA, keyCertSign, cRLSign, OCSPSigning, cmcRA, cmcCA, cmKGA), unknown
 * critical or duplicate extensions, keys that the profile does not list, names
 * outside RFC 5280's bounds.
 * Changed, with ${mods}: a validity outside the profile is clipped, key
 * usages and extended key usages that are not allowed and unknown extensions
 * are left out, an issuer that is not ${issuer} is replaced.  notAfter never
 * passes ${issuer}'s.
 *
 * E_TMPL_*, E_DER_*, E_ALG_*.
 */
int	profile_apply(const struct conf_profile *p, const struct cert_template *t,
	    const struct cert *issuer, int64_t now, struct wish *w,
	    struct err *e);

/* Does a public key fit ${keys}, and is it sound?  E_TMPL_KEY, _KEY_WEAK. */
int	profile_key(const struct conf_list *keys, struct slice spki,
	    struct err *e);

/* "digitalSignature clientAuth" or "none", 0 at the end: the same for the same
 * key usages and extended ones. */
void	wish_usages(const struct wish *w, struct buf *out);

/* The tbs of ${w} under ${p} for cert_sign(); borrows everything. */
void	profile_tbs(const struct conf_profile *p, const struct wish *w,
	    const struct cert *issuer, struct slice serial, struct tbs *out);

#endif
