/* RFC 9483 4.1.1 and 3.6.4: what the bodies hold. */
#include "msg/lint_rule.h"

#include <inttypes.h>

#include "pki/name.h"
#include "pki/san.h"

#define CERTCONF	LINT_BODY(BODY_CERTCONF)
#define ERROR		LINT_BODY(BODY_ERROR)

/* Content of subjectAltName's value in the template, or none. */
static struct slice
template_san(const struct lint_view *v)
{
	struct slice in = v->req.tmpl.extensions;
	struct ext x;

	while (in.n > 0 && cert_next_ext(&in, &x) == 0)
		if (oid_of(x.oid) == OID_SAN)
			return x.value;
	return SLICE_NONE;
}

static int
req_count(const struct lint_view *v, char t[static LINT_TEXT])
{
	if (v->count == 1)
		return 0;
	return lint_rule_say(t, "%zu CertReqMsg, expected 1", v->count);
}

static int
req_id(const struct lint_view *v, char t[static LINT_TEXT])
{
	if (v->req.cert_req_id == 0)
		return 0;
	return lint_rule_say(t, "certReqId is %" PRId64 ", expected 0",
	    v->req.cert_req_id);
}

static int
tmpl_version(const struct lint_view *v, char t[static LINT_TEXT])
{
	if (!v->req.tmpl.has_version || v->req.tmpl.version == 2)
		return 0;
	return lint_rule_say(t, "certTemplate: version is %" PRId64
	    ", expected 2", v->req.tmpl.version);
}

static int
tmpl_subject(const struct lint_view *v, char t[static LINT_TEXT])
{
	if (v->req.tmpl.subject.p != NULL)
		return 0;
	return lint_rule_say(t, "certTemplate: subject is absent");
}

static int
tmpl_names(const struct lint_view *v, char t[static LINT_TEXT])
{
	if (v->req.tmpl.subject.p == NULL ||
	    !name_is_empty(v->req.tmpl.subject) ||
	    template_san(v).p != NULL)
		return 0;
	return lint_rule_say(t, "certTemplate: subject is the NULL-DN and "
	    "there is no subjectAltName");
}

static int
tmpl_san(const struct lint_view *v, char t[static LINT_TEXT])
{
	struct slice san = template_san(v);
	struct err e = { 0 };

	if (san.p == NULL || (der_walk_inner(san, &e) == 0 &&
	    san_check(san, 1, &e) == 0))
		return 0;
	return lint_rule_say(t, "certTemplate: subjectAltName: %s", e.detail);
}

/* Without one the key is to be made centrally, which takes pvno 3. */
static int
tmpl_key(const struct lint_view *v, char t[static LINT_TEXT])
{
	if (v->has_key || v->h->pvno == 3)
		return 0;
	return lint_rule_say(t, "certTemplate: publicKey is %s",
	    v->req.tmpl.public_key.n > 0 ? "empty" : "absent");
}

static int
tmpl_assigned(const struct lint_view *v, char t[static LINT_TEXT])
{
	const struct cert_template *c = &v->req.tmpl;
	const char *what = c->serial.p != NULL ? "serialNumber" :
	    c->signing_alg.p != NULL ? "signingAlg" :
	    c->issuer_uid.p != NULL ? "issuerUID" :
	    c->subject_uid.p != NULL ? "subjectUID" : NULL;

	if (what == NULL)
		return 0;
	return lint_rule_say(t, "certTemplate: %s is present, expected it to "
	    "be left to the CA", what);
}

static int
tmpl_unlisted(const struct lint_view *v, char t[static LINT_TEXT])
{
	const struct cert_template *c = &v->req.tmpl;
	const char *what = c->issuer.p != NULL ? "issuer" :
	    c->has_not_before || c->has_not_after ? "validity" : NULL;

	if (what == NULL)
		return 0;
	return lint_rule_say(t, "certTemplate: %s is present, expected it to "
	    "be left out", what);
}

static int
req_unlisted(const struct lint_view *v, char t[static LINT_TEXT])
{
	if (v->req.reg_info.p != NULL)
		return lint_rule_say(t, "regInfo is present, expected it to "
		    "be left out");
	if (v->req.controls.p == NULL || v->m->body == BODY_KUR)
		return 0;
	return lint_rule_say(t, "controls is present, expected it only in "
	    "kur");
}

static int
popo_there(const struct lint_view *v, char t[static LINT_TEXT])
{
	if (!v->has_key || v->req.popo != POPO_ABSENT)
		return 0;
	return lint_rule_say(t, "popo is absent, expected it with publicKey");
}

static int
popo_kind(const struct lint_view *v, char t[static LINT_TEXT])
{
	struct err e = { 0 };
	struct keyinfo k;

	if (!v->has_key && v->req.popo != POPO_ABSENT)
		return lint_rule_say(t, "popo is present, expected none "
		    "without publicKey");
	if ((v->req.popo != POPO_KEY_ENCIPHERMENT &&
	    v->req.popo != POPO_KEY_AGREEMENT) ||
	    alg_keyinfo(buf_slice(&v->spki), &k, &e) == -1)
		return 0;
	return lint_rule_say(t, "popo is of another kind, expected a "
	    "signature: the key can sign");
}

static int
popo_input(const struct lint_view *v, char t[static LINT_TEXT])
{
	if (v->req.popo_input.p == NULL)
		return 0;
	return lint_rule_say(t, "poposkInput is present");
}

/* The algorithm of the proof; 0 if it fits the key. */
static int
popo_alg_of(const struct lint_view *v, struct sigalg *a, struct err *e)
{
	struct keyinfo k;

	return alg_parse(v->req.popo_alg, a, e) == -1 ||
	    alg_keyinfo(buf_slice(&v->spki), &k, e) == -1 ||
	    alg_fits(a, &k, e) == -1 ? -1 : 0;
}

static int
popo_alg(const struct lint_view *v, char t[static LINT_TEXT])
{
	struct err e = { 0 };
	struct sigalg a;

	if (v->req.popo != POPO_SIGNATURE || !v->has_key ||
	    popo_alg_of(v, &a, &e) == 0)
		return 0;
	return lint_rule_say(t, "popo: %s", e.detail);
}

static int
popo_sig(const struct lint_view *v, char t[static LINT_TEXT])
{
	struct err e = { 0 };
	struct sigalg a;

	if (v->req.popo != POPO_SIGNATURE || !v->has_key ||
	    v->req.popo_input.p != NULL || popo_alg_of(v, &a, &e) == -1)
		return 0;
	if (key_verify(buf_slice(&v->spki), &a, v->req.cert_req,
	    v->req.popo_sig, &e) == 0 || e.code != E_PROT_SIG)
		return 0;
	return lint_rule_say(t, "popo: the signature does not verify over "
	    "certReq");
}

static int
rep_count(const struct lint_view *v, char t[static LINT_TEXT])
{
	if (v->rep.count == 1)
		return 0;
	return lint_rule_say(t, "%zu CertResponse, expected 1",
	    v->rep.count);
}

/* A cp that answers p10cr has no certReqId to repeat: RFC 4210 says -1. */
static int
rep_id(const struct lint_view *v, char t[static LINT_TEXT])
{
	int64_t id = v->rep.first.cert_req_id;

	if (v->rep.count == 0 || id == 0 ||
	    (id == -1 && v->m->body == BODY_CP))
		return 0;
	return lint_rule_say(t, "certReqId is %" PRId64 ", expected 0", id);
}

static int
positive(int64_t status)
{
	return status == STATUS_ACCEPTED || status == STATUS_GRANTED_WITH_MODS;
}

static int
rep_status(const struct lint_view *v, char t[static LINT_TEXT])
{
	int64_t status = v->rep.first.status.status;

	if (v->rep.count == 0 || positive(status) ||
	    status == STATUS_REJECTION || status == STATUS_WAITING)
		return 0;
	return lint_rule_say(t, "status is %s (%" PRId64 "), expected "
	    "accepted, grantedWithMods, rejection or waiting",
	    status_name(status), status);
}

static int
rep_fail(const struct lint_view *v, char t[static LINT_TEXT])
{
	const struct pki_status_info *s = &v->rep.first.status;

	if (v->rep.count == 0 || !s->has_fail || !positive(s->status))
		return 0;
	return lint_rule_say(t, "failInfo is present with status %s",
	    status_name(s->status));
}

static int
rep_cert(const struct lint_view *v, char t[static LINT_TEXT])
{
	const struct cert_response *r = &v->rep.first;
	int has = r->cert.p != NULL || r->has_encrypted;

	if (v->rep.count == 0 || has == positive(r->status.status))
		return 0;
	return lint_rule_say(t, "certifiedKeyPair is %s with status %s",
	    has ? "present" : "absent", status_name(r->status.status));
}

static int
rep_encrypted(const struct lint_view *v, char t[static LINT_TEXT])
{
	if (!v->rep.first.has_encrypted)
		return 0;
	return lint_rule_say(t, "certOrEncCert has encryptedCert, expected "
	    "certificate");
}

static int
rep_cert_readable(const struct lint_view *v, char t[static LINT_TEXT])
{
	struct err e = { 0 };
	struct cert c;

	if (v->rep.first.cert.p == NULL ||
	    cert_parse(v->rep.first.cert, &c, &e) == 0)
		return 0;
	return lint_rule_say(t, "certificate: %s", e.detail);
}

static int
rep_ca_pubs(const struct lint_view *v, char t[static LINT_TEXT])
{
	struct slice in = v->rep.ca_pubs;
	size_t n = 0;

	if (!v->rep.has_ca_pubs)
		return 0;
	if (v->rep.first.cert.p == NULL)
		return lint_rule_say(t, "caPubs is present without a "
		    "certificate");
	while (der_get(&in, DER_SEQUENCE, NULL) == 0)
		n++;
	if (n == 1)
		return 0;
	return lint_rule_say(t, "caPubs has %zu certificates, expected only "
	    "a trust anchor", n);
}

static int
conf_count(const struct lint_view *v, char t[static LINT_TEXT])
{
	if (v->count == 1)
		return 0;
	return lint_rule_say(t, "%zu CertStatus, expected 1", v->count);
}

/* After p10cr it is -1, as in the response: see rep_id(). */
static int
conf_id(const struct lint_view *v, char t[static LINT_TEXT])
{
	if (v->count == 0 || v->conf.cert_req_id == 0 ||
	    v->conf.cert_req_id == -1)
		return 0;
	return lint_rule_say(t, "certReqId is %" PRId64 ", expected 0",
	    v->conf.cert_req_id);
}

static int
conf_status(const struct lint_view *v, char t[static LINT_TEXT])
{
	int64_t status = v->conf.status.status;

	if (!v->conf.has_status || status == STATUS_ACCEPTED ||
	    status == STATUS_REJECTION)
		return 0;
	return lint_rule_say(t, "status is %s (%" PRId64 "), expected "
	    "accepted or rejection", status_name(status), status);
}

static int
conf_fail(const struct lint_view *v, char t[static LINT_TEXT])
{
	if (!v->conf.has_status || !v->conf.status.has_fail ||
	    v->conf.status.status != STATUS_ACCEPTED)
		return 0;
	return lint_rule_say(t, "failInfo is present with status accepted");
}

static int
conf_hash_pvno(const struct lint_view *v, char t[static LINT_TEXT])
{
	if (v->conf.hash_alg.p == NULL || v->h->pvno == 3)
		return 0;
	return lint_rule_say(t, "hashAlg is present with pvno %" PRId64
	    ", expected 3", v->h->pvno);
}

static int
conf_hash_alg(const struct lint_view *v, char t[static LINT_TEXT])
{
	if (v->conf.hash_alg.p == NULL)
		return 0;
	return lint_rule_say(t, "hashAlg is present, expected it only where "
	    "the certificate does not tell");
}

static int
error_status(const struct lint_view *v, char t[static LINT_TEXT])
{
	int64_t status = v->error.status.status;

	if (status == STATUS_REJECTION || status == STATUS_WAITING)
		return 0;
	return lint_rule_say(t, "status is %s (%" PRId64 "), expected "
	    "rejection", status_name(status), status);
}

const struct lint_rule lint_rule_body[] = {
	{ 'M', E_REQ_COUNT, NULL, LINT_REQUEST, req_count },
	{ 'M', E_REQ_ID, NULL, LINT_REQUEST, req_id },
	{ 'M', E_TMPL_VERSION, NULL, LINT_REQUEST, tmpl_version },
	{ 'M', E_TMPL_SUBJECT, NULL, LINT_REQUEST, tmpl_subject },
	{ 'M', E_TMPL_NO_NAME, NULL, LINT_REQUEST, tmpl_names },
	{ 'M', E_TMPL_SAN, NULL, LINT_REQUEST, tmpl_san },
	{ 'M', E_TMPL_KEY, NULL, LINT_REQUEST, tmpl_key },
	{ 'M', E_TMPL_FIELD, "RFC 4211 5", LINT_REQUEST, tmpl_assigned },
	{ 'S', E_TMPL_FIELD, "RFC 9483 1.8", LINT_REQUEST, tmpl_unlisted },
	{ 'S', E_FIELD, NULL, LINT_REQUEST, req_unlisted },
	{ 'M', E_POPO_MISSING, NULL, LINT_REQUEST, popo_there },
	{ 'M', E_POPO_KIND, NULL, LINT_REQUEST, popo_kind },
	{ 'M', E_POPO_INPUT, NULL, LINT_REQUEST, popo_input },
	{ 'M', E_POPO_ALG, NULL, LINT_REQUEST, popo_alg },
	{ 'M', E_POPO_SIG, NULL, LINT_REQUEST, popo_sig },
	{ 'M', E_ANSWER_COUNT, NULL, LINT_RESPONSE, rep_count },
	{ 'M', E_ANSWER_ID, NULL, LINT_RESPONSE, rep_id },
	{ 'M', E_ANSWER_STATUS, NULL, LINT_RESPONSE, rep_status },
	{ 'M', E_ANSWER_STATUS, NULL, LINT_RESPONSE, rep_fail },
	{ 'M', E_ANSWER_STATUS, NULL, LINT_RESPONSE, rep_cert },
	{ 'M', E_ANSWER_STATUS, NULL, LINT_RESPONSE, rep_encrypted },
	{ 'M', E_CERT_SYNTAX, NULL, LINT_RESPONSE, rep_cert_readable },
	{ 'M', E_ANSWER_CAPUBS, NULL, LINT_RESPONSE, rep_ca_pubs },
	{ 'M', E_CONF_COUNT, NULL, CERTCONF, conf_count },
	{ 'M', E_CONF_ID, NULL, CERTCONF, conf_id },
	{ 'M', E_CONF_STATUS, NULL, CERTCONF, conf_status },
	{ 'M', E_CONF_STATUS, NULL, CERTCONF, conf_fail },
	{ 'M', E_CONF_HASHALG, NULL, CERTCONF, conf_hash_pvno },
	{ 'S', E_CONF_HASHALG, NULL, CERTCONF, conf_hash_alg },
	{ 'M', E_ANSWER_STATUS, "RFC 9483 3.6.4", ERROR, error_status },
	{ 0, E_NONE, NULL, 0, NULL },
};
