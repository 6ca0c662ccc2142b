/* RevReqContent and RevRepContent (RFC 4210 5.3.9 and 5.3.10). */
#include "msg/rev.h"

#include <string.h>

#include "asn/oid.h"
#include "msg/syntax.h"
#include "pki/cert.h"

static const char *const reasons[] = {
	"unspecified", "keyCompromise", "cACompromise", "affiliationChanged",
	"superseded", "cessationOfOperation", "certificateHold", NULL,
	"removeFromCRL", "privilegeWithdrawn", "aACompromise",
};
#define REASONS	((int64_t)(sizeof(reasons) / sizeof(reasons[0])))

int
rev_reason(const char *name)
{
	for (int i = 0; i < REASONS; i++)
		if (reasons[i] != NULL && strcmp(reasons[i], name) == 0)
			return i;
	return -1;
}

const char *
rev_reason_name(int64_t reason)
{
	return reason >= 0 && reason < REASONS ? reasons[reason] : NULL;
}

static int
read_reason(struct slice v, struct rev_details *d, struct err *e)
{
	struct slice n;

	if (d->has_reason)
		return err_set(e, E_RR_DETAILS, "crlEntryDetails has two "
		    "reasonCode");
	if (der_walk_inner(v, e) == -1)
		return err_wrap(e, "crlEntryDetails: reasonCode");
	if (der_only(v, DER_ENUMERATED, &n) == -1)
		return syntax_bad(e, "crlEntryDetails: reasonCode",
		    "an ENUMERATED");
	/* der_walk_inner() has seen that it is minimal. */
	if (n.n == 0 || der_int64_value(n, &d->reason) == -1)
		d->reason = INT64_MAX;
	d->has_reason = 1;
	return 0;
}

static int
read_invalidity(struct slice v, struct rev_details *d, struct err *e)
{
	struct slice t;

	if (d->has_invalidity)
		return err_set(e, E_RR_DETAILS, "crlEntryDetails has two "
		    "invalidityDate");
	if (der_walk_inner(v, e) == -1)
		return err_wrap(e, "crlEntryDetails: invalidityDate");
	if (der_only(v, DER_GENERALIZED_TIME, &t) == -1 ||
	    der_generalized_value(t, &d->invalidity) == -1)
		return syntax_bad(e, "crlEntryDetails: invalidityDate",
		    "a GeneralizedTime");
	d->has_invalidity = 1;
	return 0;
}

static int
read_extensions(struct rev_details *d, struct err *e)
{
	struct slice in = d->extensions;
	struct ext x;
	int rc = 0;

	while (rc == 0 && in.n > 0) {
		if (cert_next_ext(&in, &x) == -1)
			return syntax_bad(e, "crlEntryDetails",
			    "an Extension");
		switch (oid_of(x.oid)) {
		case OID_CRL_REASON:
			rc = read_reason(x.value, d, e);
			break;
		case OID_INVALIDITY_DATE:
			rc = read_invalidity(x.value, d, e);
			break;
		default:
			if (x.critical)
				rc = err_set(e, E_RR_DETAILS, "crlEntryDetails "
				    "has a critical extension that is not "
				    "known here");
		}
	}
	return rc;
}

static int
read_details(struct slice in, struct rev_details *d, struct err *e)
{
	struct slice tmpl;

	memset(d, 0, sizeof(*d));
	if (der_get_tlv(&in, DER_SEQUENCE, &tmpl) == -1)
		return syntax_bad(e, "RevDetails: certDetails", "a SEQUENCE");
	if (crmf_template(tmpl, &d->tmpl, e) == -1)
		return -1;
	if (der_opt(&in, DER_SEQUENCE, &d->extensions) && syntax_extensions(
	    d->extensions, "RevDetails: crlEntryDetails", e) == -1)
		return -1;
	if (in.n != 0)
		return syntax_bad(e, "RevDetails", "its end");
	return read_extensions(d, e);
}

int
rev_request(struct slice content, struct rev_details *d, size_t *count,
    struct err *e)
{
	struct rev_details other;
	struct slice in, one;

	*count = 0;
	memset(d, 0, sizeof(*d));
	if (der_only(content, DER_SEQUENCE, &in) == -1)
		return syntax_bad(e, "RevReqContent", "a SEQUENCE");
	for (; in.n > 0; ++*count) {
		if (der_get(&in, DER_SEQUENCE, &one) == -1)
			return syntax_bad(e, "RevDetails", "a SEQUENCE");
		if (read_details(one, *count == 0 ? d : &other, e) == -1)
			return -1;
	}
	return 0;
}

void
rev_write_request(struct derw *w, struct slice issuer, struct slice serial,
    int reason)
{
	size_t all = derw_mark(w), mark;

	derw_int(w, DER_ENUMERATED, reason);
	derw_wrap(w, DER_OCTET_STRING, all);
	derw_oid(w, oid_bytes(OID_CRL_REASON));
	derw_wrap(w, DER_SEQUENCE, all);
	derw_wrap(w, DER_SEQUENCE, all);	/* crlEntryDetails */
	mark = derw_mark(w);
	derw_raw(w, issuer);
	derw_wrap(w, DER_CTX(3), mark);
	derw_prim(w, DER_CTXP(1), serial);
	derw_wrap(w, DER_SEQUENCE, mark);	/* certDetails */
	derw_wrap(w, DER_SEQUENCE, all);
	derw_wrap(w, DER_SEQUENCE, all);
}

/* SEQUENCE SIZE (1..MAX) OF CertId: the first. */
static int
read_cert_ids(struct slice in, struct rev_rep *r, struct err *e)
{
	struct slice id, serial, issuer;

	for (int first = 1; in.n > 0 || first; first = 0) {
		if (der_get(&in, DER_SEQUENCE, &id) == -1 ||
		    der_any(&id, NULL, NULL, &issuer) == -1 ||
		    der_get(&id, DER_INTEGER, &serial) == -1 || id.n != 0)
			return syntax_bad(e, "RevRepContent: revCerts",
			    "CertIds");
		if (syntax_general_name(issuer, "RevRepContent: revCerts", e)
		    == -1)
			return -1;
		if (first) {
			r->issuer = issuer;
			r->serial = serial;
			r->has_cert = 1;
		}
	}
	return 0;
}

/* crls: whoever wants them reads them. */
static int
read_crls(struct slice in, struct err *e)
{
	return syntax_list(in, DER_SEQUENCE, "RevRepContent: crls", e);
}

int
rev_response(struct slice content, struct rev_rep *r, struct err *e)
{
	struct pki_status_info other;
	struct slice in, list, v;
	int rc;

	memset(r, 0, sizeof(*r));
	if (der_only(content, DER_SEQUENCE, &in) == -1 ||
	    der_get(&in, DER_SEQUENCE, &list) == -1 || list.n == 0)
		return syntax_bad(e, "RevRepContent: status",
		    "a SEQUENCE of PKIStatusInfo");
	for (; list.n > 0; r->count++)
		if (status_get(&list, r->count == 0 ? &r->status : &other,
		    e) == -1)
			return -1;
	rc = syntax_opt(&in, 0, DER_SEQUENCE, &v, NULL,
	    "RevRepContent: revCerts", e);
	if (rc == -1 || (rc == 1 && read_cert_ids(v, r, e) == -1))
		return -1;
	rc = syntax_opt(&in, 1, DER_SEQUENCE, &v, NULL,
	    "RevRepContent: crls", e);
	if (rc == -1 || (rc == 1 && read_crls(v, e) == -1))
		return -1;
	return in.n == 0 ? 0 : syntax_bad(e, "RevRepContent", "its end");
}

void
rev_write_response(struct derw *w, enum pki_status status, const char *text,
    enum fail fail, struct slice issuer, struct slice serial)
{
	size_t all = derw_mark(w), mark;

	if (issuer.n > 0) {
		derw_prim(w, DER_INTEGER, serial);
		mark = derw_mark(w);
		derw_raw(w, issuer);
		derw_wrap(w, DER_CTX(4), mark);	/* directoryName */
		derw_wrap(w, DER_SEQUENCE, all);
		derw_wrap(w, DER_SEQUENCE, all);
		derw_wrap(w, DER_CTX(0), all);
	}
	mark = derw_mark(w);
	status_write(w, status, text, fail);
	derw_wrap(w, DER_SEQUENCE, mark);
	derw_wrap(w, DER_SEQUENCE, all);
}
