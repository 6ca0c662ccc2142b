#ifndef MSG_VIEW_H
#define MSG_VIEW_H

#include "msg/crmf.h"
#include "msg/msg.h"

/*
 * Readers of the bodies and values that no operation may act on by them:
 * for the printer and the rules of lint, which ask for no more than syntax.
 * All return 0, or -1 with E_SYNTAX; what they hand out points into the
 * input, which has passed der_walk().
 */

/* One RevDetails (RFC 4210 5.3.9). */
struct view_rev {
	struct cert_template tmpl;
	struct slice	 extensions;	/* crlEntryDetails: content, or none */
	size_t		 n_extensions;
	int		 has_reason;
	int64_t		 reason;	/* -1: not an ENUMERATED */
	int		 has_invalidity;
	int64_t		 invalidity;
};
int	view_rev(struct slice content, struct view_rev *first, size_t *count,
	    struct err *e);
int	view_next_rev(struct slice *in, struct view_rev *r, struct err *e);

/* "keyCompromise"; "unknown" for numbers without a name. */
const char *view_reason_name(int64_t reason);

/* RevRepContent (RFC 4210 5.3.10); lists are contents, or none. */
struct view_rev_rep {
	struct slice	 status;
	size_t		 count;
	struct pki_status_info first;
	struct slice	 rev_certs, crls;
};
int	view_rev_rep(struct slice content, struct view_rev_rep *r,
	    struct err *e);

/* CertId: a GeneralName TLV and the content of an INTEGER. */
int	view_cert_id(struct slice *in, struct slice *issuer,
	    struct slice *serial, struct err *e);

/* RevAnnContent (RFC 4210 5.3.15) without its crlDetails. */
struct view_rev_ann {
	int64_t		 status;
	struct slice	 issuer;	/* GeneralName TLV */
	struct slice	 serial;	/* INTEGER content */
	int64_t		 will_be, bad_since;
};
int	view_rev_ann(struct slice content, struct view_rev_ann *a,
	    struct err *e);

/* pollReq and pollRep (RFC 4210 5.3.22): the first, and how many. */
struct view_poll {
	int64_t		 cert_req_id;
	int64_t		 check_after;	/* of pollRep */
	struct slice	 reason;	/* content of PKIFreeText, or none */
};
int	view_poll(enum body b, struct slice content, struct view_poll *first,
	    size_t *count, struct err *e);
int	view_next_poll(enum body b, struct slice *in, struct view_poll *p,
	    struct err *e);

/* GenMsgContent: the first, and how many. */
struct view_info {
	enum oid	 type;
	struct slice	 oid;		/* content octets */
	struct slice	 value;		/* TLV, or none */
};
int	view_infos(struct slice content, struct view_info *first,
	    size_t *count, struct err *e);

/* RootCaKeyUpdateContent (RFC 9480 2.15): Certificate TLVs. */
struct view_root {
	struct slice	 new_with_new, new_with_old, old_with_new;
};
int	view_root(struct slice value, struct view_root *r, struct err *e);
/* CAKeyUpdAnnContent: the same in another order, and none is optional. */
int	view_ca_update(struct slice value, struct view_root *r,
	    struct err *e);

/* CertReqTemplateContent (RFC 9480 2.16); keySpec: content, or none. */
struct view_template {
	struct cert_template tmpl;
	struct slice	 key_spec;
};
int	view_template(struct slice value, struct view_template *t,
	    struct err *e);

/* One CRLStatus (RFC 9480 2.17) of CRLStatusListValue. */
struct view_crl_status {
	int		 is_dpn;
	/* GeneralNames content; of a dpn relative to its issuer: none. */
	struct slice	 names;
	struct slice	 relative;	/* content of an RDN, or none */
	int		 has_time;
	int64_t		 this_update;
};
int	view_next_crl_status(struct slice *in, struct view_crl_status *s,
	    struct err *e);

/* Content ${value} of SEQUENCE SIZE (1..MAX) OF SEQUENCE, and how many. */
int	view_list(struct slice value, const char *what, struct slice *list,
	    size_t *count, struct err *e);

/*
 * Is the ${value} (TLV, or none) of an InfoTypeAndValue as its type asks?
 * Types that are not known may have any.
 */
int	view_info_check(enum oid type, struct slice value, struct err *e);

/* The part of body_check() for the bodies above, p10cr and nested. */
int	view_check(const struct msg *m, struct err *e);

#endif
