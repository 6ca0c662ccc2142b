#ifndef MSG_STATUS_H
#define MSG_STATUS_H

#include "asn/der.h"

/* PKIStatus (RFC 4210 5.2.3). */
enum pki_status {
	STATUS_ACCEPTED = 0, STATUS_GRANTED_WITH_MODS = 1,
	STATUS_REJECTION = 2, STATUS_WAITING = 3, STATUS_REVOCATION_WARNING = 4,
	STATUS_REVOCATION_NOTIFICATION = 5, STATUS_KEY_UPDATE_WARNING = 6,
};

/* PKIStatusInfo, decoded. */
struct pki_status_info {
	int64_t		 status;
	struct slice	 text;		/* content of PKIFreeText, or none */
	int		 has_fail;
	uint32_t	 fail;		/* PKIFailureInfo, bit n = 1 << n */
};

/* Read a PKIStatusInfo TLV off ${in}.  E_SYNTAX. */
int	status_get(struct slice *in, struct pki_status_info *s, struct err *e);

/*
 * Write a PKIStatusInfo: ${text} may be NULL, ${fail} FAIL_NONE.
 */
void	status_write(struct derw *w, enum pki_status status, const char *text,
	    enum fail fail);

/* "grantedWithMods"; "unknown" for numbers without a name. */
const char *status_name(int64_t status);

/* "badPOP, badAlg" for the bits of ${fail} into ${t}. */
const char *status_fail_text(char t[static 256], uint32_t fail);

#endif
