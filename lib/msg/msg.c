/* PKIMessage and PKIHeader (RFC 4210 5.1): from walked DER to a view. */
#include "msg/msg.h"

#include <string.h>

#include "msg/syntax.h"
#include "pki/alg.h"

static const struct {
	const char	*name, *word;
} bodies[BODY__COUNT] = {
	[BODY_IR] = { "ir", "ir" },
	[BODY_IP] = { "ip", "ip" },
	[BODY_CR] = { "cr", "cr" },
	[BODY_CP] = { "cp", "cp" },
	[BODY_P10CR] = { "p10cr", "p10cr" },
	[BODY_POPDECC] = { "popdecc", "popdecc" },
	[BODY_POPDECR] = { "popdecr", "popdecr" },
	[BODY_KUR] = { "kur", "kur" },
	[BODY_KUP] = { "kup", "kup" },
	[BODY_KRR] = { "krr", "krr" },
	[BODY_KRP] = { "krp", "krp" },
	[BODY_RR] = { "rr", "rr" },
	[BODY_RP] = { "rp", "rp" },
	[BODY_CCR] = { "ccr", "ccr" },
	[BODY_CCP] = { "ccp", "ccp" },
	[BODY_CKUANN] = { "ckuann", "ckuann" },
	[BODY_CANN] = { "cann", "cann" },
	[BODY_RANN] = { "rann", "rann" },
	[BODY_CRLANN] = { "crlann", "crlann" },
	[BODY_PKICONF] = { "pkiConf", "pkiconf" },
	[BODY_NESTED] = { "nested", "nested" },
	[BODY_GENM] = { "genm", "genm" },
	[BODY_GENP] = { "genp", "genp" },
	[BODY_ERROR] = { "error", "error" },
	[BODY_CERTCONF] = { "certConf", "certconf" },
	[BODY_POLLREQ] = { "pollReq", "pollreq" },
	[BODY_POLLREP] = { "pollRep", "pollrep" },
};

const char *
msg_body_name(enum body b)
{
	return (unsigned)b < BODY__COUNT ? bodies[b].name : "unknown";
}

const char *
msg_body_word(enum body b)
{
	return (unsigned)b < BODY__COUNT ? bodies[b].word : "unknown";
}

void
msg_digest(const struct msg *m, uint8_t out[static 32])
{
	if (m->has_digest)
		memcpy(out, m->digest, sizeof(m->digest));
	else
		alg_sha256(m->header_tlv, m->body_tlv, out);
}

int
msg_next_info(struct slice *in, struct slice *oid, struct slice *value)
{
	struct slice at = *in, info;

	*value = SLICE_NONE;
	if (der_get(&at, DER_SEQUENCE, &info) == -1 ||
	    der_get(&info, DER_OID, oid) == -1)
		return -1;
	if (info.n > 0 && (der_any(&info, NULL, NULL, value) == -1 ||
	    info.n != 0))
		return -1;
	*in = at;
	return 0;
}

static int
get_general_name(struct slice *in, struct slice *tlv, const char *what,
    struct err *e)
{
	if (der_any(in, NULL, NULL, tlv) == -1)
		return syntax_bad(e, what, "a GeneralName");
	return syntax_general_name(*tlv, what, e);
}

static int
set_cert_profile(struct hdr *h, struct slice value, struct err *e)
{
	struct slice in;

	if (der_only(value, DER_SEQUENCE, &in) == -1 ||
	    der_only(in, DER_UTF8_STRING, &h->cert_profile) == -1)
		return syntax_bad(e, "certProfile",
		    "a SEQUENCE of one UTF8String");
	return 0;
}

static int
set_confirm_wait(struct hdr *h, struct slice value, struct err *e)
{
	struct slice t;

	if (der_only(value, DER_GENERALIZED_TIME, &t) == -1 ||
	    der_generalized_value(t, &h->confirm_wait) == -1)
		return syntax_bad(e, "confirmWaitTime", "a GeneralizedTime");
	h->has_confirm_wait = 1;
	return 0;
}

static int
set_implicit_confirm(struct hdr *h, struct slice value, struct err *e)
{
	if (der_only(value, DER_NULL, NULL) == -1)
		return syntax_bad(e, "implicitConfirm", "NULL");
	h->implicit_confirm = 1;
	return 0;
}

static int
repeated(struct err *e, const char *what)
{
	return err_set(e, E_SYNTAX, "generalInfo: %s occurs twice", what);
}

static int
read_infos(struct hdr *h, struct err *e)
{
	struct slice in = h->general_info, oid, value;
	int rc = 0;

	if (in.n == 0)
		return syntax_bad(e, "generalInfo", "at least one element");
	while (in.n > 0 && rc == 0) {
		if (msg_next_info(&in, &oid, &value) == -1)
			return syntax_bad(e, "generalInfo",
			    "an InfoTypeAndValue");
		switch (oid_of(oid)) {
		case OID_IT_IMPLICIT_CONFIRM:
			rc = h->implicit_confirm ?
			    repeated(e, "implicitConfirm") :
			    set_implicit_confirm(h, value, e);
			break;
		case OID_IT_CONFIRM_WAIT_TIME:
			rc = h->has_confirm_wait ?
			    repeated(e, "confirmWaitTime") :
			    set_confirm_wait(h, value, e);
			break;
		case OID_IT_CERT_PROFILE:
			rc = h->cert_profile.p != NULL ?
			    repeated(e, "certProfile") :
			    set_cert_profile(h, value, e);
			break;
		default:
			break;
		}
	}
	return rc;
}

/* pvno, sender, recipient. */
static int
read_names(struct slice *in, struct hdr *h, struct err *e)
{
	struct slice at;

	if (syntax_int(in, &h->pvno, "pvno", e) == -1)
		return -1;
	if (h->pvno < 0)
		return syntax_bad(e, "pvno", "a non-negative INTEGER");
	if (get_general_name(in, &h->sender, "sender", e) == -1)
		return -1;
	at = h->sender;
	der_opt(&at, DER_CTX(4), &h->sender_name);
	return get_general_name(in, &h->recipient, "recipient", e);
}

/* messageTime [0] and protectionAlg [1]. */
static int
read_time_and_alg(struct slice *in, struct hdr *h, struct err *e)
{
	struct slice v;

	h->has_time = syntax_opt(in, 0, DER_GENERALIZED_TIME, &v, NULL,
	    "messageTime", e);
	if (h->has_time == -1 || (h->has_time == 1 &&
	    der_generalized_value(v, &h->message_time) == -1)) {
		h->has_time = 0;
		return syntax_bad(e, "messageTime", "a GeneralizedTime");
	}
	switch (syntax_opt(in, 1, DER_SEQUENCE, NULL, &v, "protectionAlg",
	    e)) {
	case 0:
		return 0;
	case 1:
		h->protection_alg = v;
		return syntax_algid(v, "protectionAlg", e);
	default:
		return -1;
	}
}

/* [2] to [6], which are all OCTET STRINGs. */
static int
read_octets(struct slice *in, struct hdr *h, struct err *e)
{
	struct {
		const char	*what;
		struct slice	*to;
	} f[] = {
		{ "senderKID", &h->sender_kid },
		{ "recipKID", &h->recip_kid },
		{ "transactionID", &h->transaction_id },
		{ "senderNonce", &h->sender_nonce },
		{ "recipNonce", &h->recip_nonce },
	};

	for (unsigned i = 0; i < sizeof(f) / sizeof(f[0]); i++)
		if (syntax_opt(in, 2 + i, DER_OCTET_STRING, f[i].to, NULL,
		    f[i].what, e) == -1)
			return -1;
	return 0;
}

static int
read_header(struct slice in, struct hdr *h, struct err *e)
{
	int got;

	if (read_names(&in, h, e) == -1 ||
	    read_time_and_alg(&in, h, e) == -1 || read_octets(&in, h, e) == -1)
		return -1;
	got = syntax_opt(&in, 7, DER_SEQUENCE, &h->free_text, NULL,
	    "freeText", e);
	if (got == -1 || (got == 1 && syntax_list(h->free_text,
	    DER_UTF8_STRING, "freeText", e) == -1))
		return -1;
	got = syntax_opt(&in, 8, DER_SEQUENCE, &h->general_info, NULL,
	    "generalInfo", e);
	if (got == -1 || (got == 1 && read_infos(h, e) == -1))
		return -1;
	if (in.n != 0)
		return err_set(e, E_SYNTAX, "found a field of tag 0x%02x, "
		    "expected the fields of PKIHeader in their order",
		    in.p[0]);
	return 0;
}

static int
read_body(struct slice *in, struct msg *m, struct err *e)
{
	struct slice v;
	uint8_t tag, inner;

	if (der_any(in, &tag, &v, &m->body_tlv) == -1 ||
	    tag < DER_CTX(0) || tag > DER_CTX(BODY_POLLREP))
		return syntax_bad(e, "body", "one of the PKIBody choices");
	m->body = tag - DER_CTX(0);
	if (der_any(&v, &inner, NULL, &m->content) == -1 || v.n != 0 ||
	    inner != (m->body == BODY_PKICONF ? DER_NULL : DER_SEQUENCE))
		return err_set(e, E_SYNTAX, "%s: expected one %s inside",
		    msg_body_name(m->body),
		    m->body == BODY_PKICONF ? "NULL" : "SEQUENCE");
	return 0;
}

static int
read_extra_certs(struct slice in, struct msg *m, struct err *e)
{
	if (syntax_list(in, DER_SEQUENCE, "extraCerts", e) == -1)
		return -1;
	while (in.n > 0) {
		if (m->n_extra == MSG_EXTRA_MAX)
			return err_set(e, E_EXTRA_COUNT, "extraCerts: more "
			    "than %d certificates", MSG_EXTRA_MAX);
		if (der_get_tlv(&in, DER_SEQUENCE, &m->extra[m->n_extra]) ==
		    -1)
			return syntax_bad(e, "extraCerts", "a certificate");
		m->n_extra++;
	}
	return 0;
}

/* protection [0] and extraCerts [1]. */
static int
read_tail(struct slice *in, struct msg *m, struct err *e)
{
	struct slice v;
	int got;

	got = syntax_opt(in, 0, DER_BIT_STRING, &v, NULL, "protection", e);
	if (got == -1)
		return -1;
	if (got == 1 && der_octets_of_bits(v, &m->protection) == -1)
		return syntax_bad(e, "protection",
		    "a BIT STRING without unused bits");
	m->has_protection = got;
	switch (syntax_opt(in, 1, DER_SEQUENCE, &v, NULL, "extraCerts", e)) {
	case 0:
		return 0;
	case 1:
		return read_extra_certs(v, m, e);
	default:
		return -1;
	}
}

int
msg_decode(struct slice der, struct msg *m, struct err *e)
{
	struct err ignored = { 0 };
	struct slice in, header;

	*m = (struct msg){ .der = der };
	if (der_walk(der, &der_limits_message, 0, e) == -1)
		return -1;
	if (der_only(der, DER_SEQUENCE, &in) == -1)
		return syntax_bad(e, "PKIMessage", "a SEQUENCE");
	if (der_get_tlv(&in, DER_SEQUENCE, &m->header_tlv) == -1)
		return syntax_bad(e, "header", "a SEQUENCE");
	if (der_only(m->header_tlv, DER_SEQUENCE, &header) == -1)
		return syntax_bad(e, "header", "a SEQUENCE");
	if (read_header(header, &m->hdr, e) == -1) {
		/* What body it has says whether it may be answered. */
		read_body(&in, m, &ignored);
		return err_wrap(e, "header");
	}
	if (read_body(&in, m, e) == -1 || read_tail(&in, m, e) == -1)
		return -1;
	if (in.n != 0)
		return err_set(e, E_SYNTAX, "found a field of tag 0x%02x, "
		    "expected the end of PKIMessage", in.p[0]);
	return 0;
}
