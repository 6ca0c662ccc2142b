/* Bodies that are shown and linted: rr, rp, pollReq, pollRep, nested. */
#include "msg/view.h"

#include "msg/syntax.h"
#include "pki/cert.h"
#include "pki/csr.h"

static const char *const reasons[] = { "unspecified", "keyCompromise",
	"cACompromise", "affiliationChanged", "superseded",
	"cessationOfOperation", "certificateHold", "unknown", "removeFromCRL",
	"privilegeWithdrawn", "aACompromise" };

const char *
view_reason_name(int64_t reason)
{
	if (reason < 0 ||
	    reason >= (int64_t)(sizeof(reasons) / sizeof(reasons[0])))
		return "unknown";
	return reasons[reason];
}

int
view_list(struct slice value, const char *what, struct slice *list,
    size_t *count, struct err *e)
{
	struct slice in;

	*count = 0;
	if (der_only(value, DER_SEQUENCE, list) == -1)
		return syntax_bad(e, what, "a SEQUENCE");
	if (syntax_list(*list, DER_SEQUENCE, what, e) == -1)
		return -1;
	for (in = *list; der_get(&in, DER_SEQUENCE, NULL) == 0;)
		++*count;
	return 0;
}

/* What the two extensions say that RFC 9483 4.2 and 5280 5.3 name. */
static void
read_entry_ext(struct view_rev *r, const struct ext *x)
{
	struct err ignored = { 0 };
	struct slice v;

	if (oid_of(x->oid) == OID_CRL_REASON) {
		r->has_reason = 1;
		r->reason = -1;
		if (der_walk_inner(x->value, &ignored) == 0 &&
		    der_only(x->value, DER_ENUMERATED, &v) == 0 && v.n == 1 &&
		    v.p[0] < 0x80)
			r->reason = v.p[0];
	} else if (oid_of(x->oid) == OID_INVALIDITY_DATE) {
		r->has_invalidity =
		    der_walk_inner(x->value, &ignored) == 0 &&
		    der_only(x->value, DER_GENERALIZED_TIME, &v) == 0 &&
		    der_generalized_value(v, &r->invalidity) == 0;
	}
}

int
view_next_rev(struct slice *in, struct view_rev *r, struct err *e)
{
	struct slice at, tmpl, exts;
	struct ext x;

	*r = (struct view_rev){ 0 };
	if (der_get(in, DER_SEQUENCE, &at) == -1 ||
	    der_get_tlv(&at, DER_SEQUENCE, &tmpl) == -1)
		return syntax_bad(e, "rr", "a RevDetails");
	if (crmf_template(tmpl, &r->tmpl, e) == -1)
		return -1;
	if (der_opt(&at, DER_SEQUENCE, &r->extensions) &&
	    syntax_extensions(r->extensions, "crlEntryDetails", e) == -1)
		return -1;
	if (at.n != 0)
		return syntax_bad(e, "rr", "the end of RevDetails");
	for (exts = r->extensions; exts.n > 0 &&
	    cert_next_ext(&exts, &x) == 0; r->n_extensions++)
		read_entry_ext(r, &x);
	return 0;
}

int
view_rev(struct slice content, struct view_rev *first, size_t *count,
    struct err *e)
{
	struct view_rev r;
	struct slice in;

	*first = (struct view_rev){ 0 };
	*count = 0;
	if (der_only(content, DER_SEQUENCE, &in) == -1)
		return syntax_bad(e, "rr", "a SEQUENCE");
	for (; in.n > 0; ++*count) {
		if (view_next_rev(&in, &r, e) == -1)
			return -1;
		if (*count == 0)
			*first = r;
	}
	return 0;
}

int
view_cert_id(struct slice *in, struct slice *issuer, struct slice *serial,
    struct err *e)
{
	struct slice at;

	if (der_get(in, DER_SEQUENCE, &at) == -1 ||
	    der_any(&at, NULL, NULL, issuer) == -1 ||
	    der_get(&at, DER_INTEGER, serial) == -1 || at.n != 0)
		return syntax_bad(e, "CertId", "an issuer and a serialNumber");
	return syntax_general_name(*issuer, "CertId: issuer", e);
}

static int
check_cert_ids(struct slice in, struct err *e)
{
	struct slice issuer, serial;

	while (in.n > 0)
		if (view_cert_id(&in, &issuer, &serial, e) == -1)
			return -1;
	return 0;
}

int
view_rev_rep(struct slice content, struct view_rev_rep *r, struct err *e)
{
	struct pki_status_info s;
	struct slice in, at;

	*r = (struct view_rev_rep){ 0 };
	if (der_only(content, DER_SEQUENCE, &in) == -1 ||
	    der_get(&in, DER_SEQUENCE, &r->status) == -1 || r->status.n == 0)
		return syntax_bad(e, "rp", "at least one PKIStatusInfo");
	for (at = r->status; at.n > 0; r->count++) {
		if (status_get(&at, &s, e) == -1)
			return -1;
		if (r->count == 0)
			r->first = s;
	}
	switch (syntax_opt(&in, 0, DER_SEQUENCE, &r->rev_certs, NULL,
	    "revCerts", e)) {
	case 0:
		break;
	case 1:
		if (syntax_list(r->rev_certs, DER_SEQUENCE, "revCerts", e) ==
		    -1 || check_cert_ids(r->rev_certs, e) == -1)
			return -1;
		break;
	default:
		return -1;
	}
	switch (syntax_opt(&in, 1, DER_SEQUENCE, &r->crls, NULL, "crls", e)) {
	case 0:
		break;
	case 1:
		if (syntax_list(r->crls, DER_SEQUENCE, "crls", e) == -1)
			return -1;
		break;
	default:
		return -1;
	}
	return in.n != 0 ? syntax_bad(e, "rp", "the end of RevRepContent") : 0;
}

static int
get_generalized(struct slice *in, int64_t *t)
{
	struct slice v;

	return der_get(in, DER_GENERALIZED_TIME, &v) == -1 ||
	    der_generalized_value(v, t) == -1 ? -1 : 0;
}

int
view_rev_ann(struct slice content, struct view_rev_ann *a, struct err *e)
{
	struct slice in, details;

	*a = (struct view_rev_ann){ 0 };
	if (der_only(content, DER_SEQUENCE, &in) == -1)
		return syntax_bad(e, "rann", "a SEQUENCE");
	if (syntax_int(&in, &a->status, "rann: status", e) == -1 ||
	    view_cert_id(&in, &a->issuer, &a->serial, e) == -1)
		return -1;
	if (get_generalized(&in, &a->will_be) == -1 ||
	    get_generalized(&in, &a->bad_since) == -1)
		return syntax_bad(e, "rann", "two times");
	if (der_opt(&in, DER_SEQUENCE, &details) &&
	    syntax_extensions(details, "rann: crlDetails", e) == -1)
		return -1;
	return in.n != 0 ? syntax_bad(e, "rann", "no more fields") : 0;
}

int
view_next_poll(enum body b, struct slice *in, struct view_poll *p,
    struct err *e)
{
	const char *what = msg_body_name(b);
	struct slice at;

	*p = (struct view_poll){ 0 };
	if (der_get(in, DER_SEQUENCE, &at) == -1)
		return syntax_bad(e, what, "a SEQUENCE in the SEQUENCE");
	if (syntax_int(&at, &p->cert_req_id, "certReqId", e) == -1)
		return -1;
	if (b == BODY_POLLREP) {
		if (syntax_int(&at, &p->check_after, "checkAfter", e) == -1)
			return -1;
		if (der_opt(&at, DER_SEQUENCE, &p->reason) &&
		    syntax_list(p->reason, DER_UTF8_STRING, "reason", e) == -1)
			return -1;
	}
	return at.n != 0 ? syntax_bad(e, what, "no more fields") : 0;
}

int
view_poll(enum body b, struct slice content, struct view_poll *first,
    size_t *count, struct err *e)
{
	struct view_poll p;
	struct slice in;

	*first = (struct view_poll){ 0 };
	*count = 0;
	if (der_only(content, DER_SEQUENCE, &in) == -1)
		return syntax_bad(e, msg_body_name(b), "a SEQUENCE");
	for (; in.n > 0; ++*count) {
		if (view_next_poll(b, &in, &p, e) == -1)
			return -1;
		if (*count == 0)
			*first = p;
	}
	return 0;
}

/* Each element begins as a PKIMessage does; what it is, its reader says. */
static int
check_nested(struct slice content, struct err *e)
{
	struct slice in, msg, body;
	size_t n;

	if (view_list(content, "nested", &in, &n, e) == -1)
		return -1;
	while (in.n > 0)
		if (der_get(&in, DER_SEQUENCE, &msg) == -1 ||
		    der_get(&msg, DER_SEQUENCE, NULL) == -1 ||
		    der_any(&msg, NULL, NULL, &body) == -1)
			return syntax_bad(e, "nested", "a PKIMessage");
	return 0;
}

static int
check_genm(struct slice content, struct err *e)
{
	struct view_info first;
	size_t n;

	return view_infos(content, &first, &n, e);
}

int
view_check(const struct msg *m, struct err *e)
{
	struct view_rev_rep rep;
	struct view_poll poll;
	struct view_rev_ann ann;
	struct view_rev rev;
	struct view_root root;
	struct csr csr;
	size_t n;

	switch (m->body) {
	case BODY_P10CR:
		return csr_parse(m->content, &csr, e);
	case BODY_RR:
		return view_rev(m->content, &rev, &n, e);
	case BODY_RP:
		return view_rev_rep(m->content, &rep, e);
	case BODY_POLLREQ:
	case BODY_POLLREP:
		return view_poll(m->body, m->content, &poll, &n, e);
	case BODY_GENM:
	case BODY_GENP:
		return check_genm(m->content, e);
	case BODY_NESTED:
		return check_nested(m->content, e);
	case BODY_RANN:
		return view_rev_ann(m->content, &ann, e);
	case BODY_CKUANN:
		return view_ca_update(m->content, &root, e);
	default:
		return 0;
	}
}
