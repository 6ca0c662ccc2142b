#ifndef MSG_MSG_H
#define MSG_MSG_H

#include "asn/der.h"
#include "asn/oid.h"
#include "base/buf.h"
#include "base/err.h"

/* PKIBody alternatives by their tag number (RFC 4210 5.1.2). */
enum body {
	BODY_IR = 0, BODY_IP = 1, BODY_CR = 2, BODY_CP = 3, BODY_P10CR = 4,
	BODY_POPDECC = 5, BODY_POPDECR = 6, BODY_KUR = 7, BODY_KUP = 8,
	BODY_KRR = 9, BODY_KRP = 10, BODY_RR = 11, BODY_RP = 12, BODY_CCR = 13,
	BODY_CCP = 14, BODY_CKUANN = 15, BODY_CANN = 16, BODY_RANN = 17,
	BODY_CRLANN = 18, BODY_PKICONF = 19, BODY_NESTED = 20, BODY_GENM = 21,
	BODY_GENP = 22, BODY_ERROR = 23, BODY_CERTCONF = 24, BODY_POLLREQ = 25,
	BODY_POLLREP = 26, BODY__COUNT
};

#define MSG_EXTRA_MAX	32	/* extraCerts we look at */
#define NONCE_MIN	16
#define NONCE_MAX	64
#define TXID_MAX	64

/* PKIHeader (RFC 4210 5.1.1).  Absent fields are SLICE_NONE. */
struct hdr {
	int64_t		 pvno;
	struct slice	 sender, recipient;	/* GeneralName TLVs */
	struct slice	 sender_name;		/* Name TLV if directoryName */
	int		 has_time;
	int64_t		 message_time;
	struct slice	 protection_alg;	/* AlgorithmIdentifier TLV */
	struct slice	 sender_kid, recip_kid;
	struct slice	 transaction_id, sender_nonce, recip_nonce;
	struct slice	 free_text;		/* content of PKIFreeText */
	struct slice	 general_info;		/* content of SEQUENCE OF */
	int		 implicit_confirm;
	int		 has_confirm_wait;
	int64_t		 confirm_wait;
	struct slice	 cert_profile;		/* the one UTF8String's value */
};

/*
 * A decoded PKIMessage: an immutable view of ${der}, which it borrows.
 * Everything in it points into ${der}.
 */
struct msg {
	struct slice	 der;
	struct slice	 header_tlv, body_tlv;	/* adjacent: what is protected */
	struct hdr	 hdr;
	enum body	 body;
	struct slice	 content;		/* TLV inside the body's tag */
	int		 has_protection;
	struct slice	 protection;		/* octets of the BIT STRING */
	struct slice	 extra[MSG_EXTRA_MAX];	/* Certificate TLVs */
	size_t		 n_extra;
	/*
	 * A message that was read in pieces (msg/nest.h) has no ${der},
	 * ${header_tlv}, ${body_tlv} and ${content}; instead it has
	 * msg_digest() and the hash of ProtectedPart that protectionAlg
	 * names, or for EdDSA ProtectedPart itself.
	 */
	int		 has_digest;
	uint8_t		 digest[32];
	uint8_t		 part_digest[64];
	size_t		 part_digest_n;		/* 0: none */
	struct slice	 part;
};

/*
 * Walk and decode ${der} into ${m}.  Syntax only: rules about values are
 * for hdr_check() and the operations, so that they can be answered.
 * E_DER_*, E_SYNTAX, E_EXTRA_COUNT.  When ${m->hdr} could be read before the
 * failure, its transactionID, sender and nonce are set, for the answer.
 */
int	msg_decode(struct slice der, struct msg *m, struct err *e);

/* "ir", "certConf", "pollReq": as in the standard. */
const char *msg_body_name(enum body b);
/* Lower case, for file names: "certconf". */
const char *msg_body_word(enum body b);

/* SHA-256 of header and body as received: half of a request's identity. */
void	msg_digest(const struct msg *m, uint8_t out[static 32]);

/* Take the next InfoTypeAndValue off ${in}: OID content and value TLV. */
int	msg_next_info(struct slice *in, struct slice *oid, struct slice *value);

#endif
