#ifndef MSG_REV_H
#define MSG_REV_H

#include "asn/der.h"
#include "base/err.h"
#include "msg/crmf.h"
#include "msg/status.h"

/* CRLReason (RFC 5280 5.3.1). */
enum crl_reason {
	REASON_UNSPECIFIED = 0, REASON_REMOVE_FROM_CRL = 8,
};

/* "keyCompromise" to its number, and back; -1 and NULL if there is none. */
int		 rev_reason(const char *name);
const char	*rev_reason_name(int64_t reason);

/* One RevDetails (RFC 4210 5.3.9). */
struct rev_details {
	struct cert_template tmpl;
	struct slice	 extensions;	/* content of crlEntryDetails, or none */
	int		 has_reason, has_invalidity;
	int64_t		 reason;	/* 0 if absent */
	int64_t		 invalidity;	/* invalidityDate */
};

/*
 * Read RevReqContent ${content} (TLV); the first RevDetails into ${d}, their
 * number into ${count}.  Reason and date are taken out of crlEntryDetails,
 * where nothing may stand twice and nothing critical that we do not know:
 * E_RR_DETAILS.  E_SYNTAX.
 */
int	rev_request(struct slice content, struct rev_details *d, size_t *count,
	    struct err *e);

/* Write a RevReqContent of one RevDetails; ${serial} is INTEGER content. */
void	rev_write_request(struct derw *w, struct slice issuer,
	    struct slice serial, int reason);

/* RevRepContent (RFC 4210 5.3.10): the first status and CertId. */
struct rev_rep {
	size_t		 count;		/* of status */
	struct pki_status_info status;
	int		 has_cert;
	struct slice	 issuer;	/* GeneralName TLV */
	struct slice	 serial;	/* INTEGER content */
};
int	rev_response(struct slice content, struct rev_rep *r, struct err *e);

/*
 * Write a RevRepContent of one status, and the CertId of ${issuer} (Name TLV)
 * and ${serial} (INTEGER content) unless they are SLICE_NONE.
 */
void	rev_write_response(struct derw *w, enum pki_status status,
	    const char *text, enum fail fail, struct slice issuer,
	    struct slice serial);

#endif
