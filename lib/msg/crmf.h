#ifndef MSG_CRMF_H
#define MSG_CRMF_H

#include "asn/der.h"
#include "base/err.h"
#include "msg/status.h"

/* CertTemplate (RFC 4211 5).  Absent fields are SLICE_NONE. */
struct cert_template {
	int		 has_version;
	int64_t		 version;
	struct slice	 serial;	/* INTEGER content */
	struct slice	 signing_alg;	/* content of [2] */
	struct slice	 issuer;	/* Name TLV */
	int		 has_not_before, has_not_after;
	int64_t		 not_before, not_after;
	struct slice	 subject;	/* Name TLV */
	struct slice	 public_key;	/* TLV: SPKI, retagged as [6] or not */
	struct slice	 issuer_uid, subject_uid;
	struct slice	 extensions;	/* content of SEQUENCE OF Extension */
};

/* Read the CertTemplate ${tlv}.  E_SYNTAX. */
int	crmf_template(struct slice tlv, struct cert_template *t,
	    struct err *e);

enum popo { POPO_ABSENT, POPO_RA_VERIFIED, POPO_SIGNATURE,
	POPO_KEY_ENCIPHERMENT, POPO_KEY_AGREEMENT };

/* One CertReqMsg (RFC 4211 3 and 4). */
struct cert_req {
	struct slice	 cert_req;	/* CertRequest TLV: what is signed */
	int64_t		 cert_req_id;
	struct cert_template tmpl;
	struct slice	 controls;	/* content of Controls, or none */
	enum popo	 popo;
	struct slice	 popo_input;	/* poposkInput, which must be absent */
	struct slice	 popo_alg;	/* AlgorithmIdentifier TLV */
	struct slice	 popo_sig;	/* octets */
	struct slice	 reg_info;	/* content, or none */
};

/*
 * Read CertReqMessages ${content} (TLV); the first request into ${r}, their
 * number into ${count}.  E_SYNTAX.
 */
int	crmf_requests(struct slice content, struct cert_req *r, size_t *count,
	    struct err *e);

/*
 * For readers of all of them: take the next one off ${in}, the content of
 * CertReqMessages, of CertRepMessage's response, of CertConfirmContent.
 */
struct cert_response;
struct cert_status;
int	crmf_next_request(struct slice *in, struct cert_req *r,
	    struct err *e);
int	crmf_next_response(struct slice *in, struct cert_response *r,
	    struct err *e);
int	crmf_next_confirmation(struct slice *in, struct cert_status *s,
	    struct err *e);

/*
 * The SubjectPublicKeyInfo of ${t} with its universal tag, into ${out}
 * (appended).  E_TMPL_KEY if there is none.
 */
int	crmf_spki(const struct cert_template *t, struct buf *out,
	    struct err *e);

/* Write a CertRequest with what is not SLICE_NONE; ${spki} is a TLV. */
struct crmf_new {
	int64_t		 cert_req_id;
	struct slice	 issuer, subject;	/* Name TLV */
	struct slice	 validity;	/* content of [4] */
	struct slice	 spki;		/* TLV */
	struct slice	 extensions;	/* Extensions TLV, or none */
	struct slice	 controls;	/* Controls TLV, or none */
};
void	crmf_write_request(struct derw *w, const struct crmf_new *n);

/* One CertResponse of a CertRepMessage (RFC 4210 5.3.4). */
struct cert_response {
	int64_t		 cert_req_id;
	struct pki_status_info status;
	struct slice	 cert;		/* Certificate TLV, or none */
	int		 has_encrypted, has_private_key;
	struct slice	 rsp_info;
};

/* CertRepMessage: caPubs (content, or none) and the first response. */
struct cert_rep {
	struct slice	 ca_pubs;
	int		 has_ca_pubs;
	struct slice	 responses;	/* content */
	size_t		 count;
	struct cert_response first;
};
int	crmf_response(struct slice content, struct cert_rep *r, struct err *e);

/* CertStatus of certConf (RFC 4210 5.3.18, 9480 2.10). */
struct cert_status {
	struct slice	 cert_hash;
	int64_t		 cert_req_id;
	int		 has_status;
	struct pki_status_info status;
	struct slice	 hash_alg;	/* AlgorithmIdentifier TLV, or none */
};
int	crmf_confirmation(struct slice content, struct cert_status *s,
	    size_t *count, struct err *e);

/* ErrorMsgContent (RFC 4210 5.3.21). */
struct error_msg {
	struct pki_status_info status;
	int		 has_code;
	int64_t		 code;
	struct slice	 details;	/* content of PKIFreeText, or none */
};
int	crmf_error(struct slice content, struct error_msg *m, struct err *e);

#endif
