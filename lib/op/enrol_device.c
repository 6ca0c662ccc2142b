/* Enrolment at the device: judging what came back. */
#include "op/enrol.h"

#include <stdio.h>
#include <string.h>

#include "base/escape.h"
#include "pki/name.h"
#include "pki/san.h"

/* The text that came with a status, for the user. */
static void
note_text(struct op_result *res, const struct pki_status_info *s)
{
	struct slice in = s->text, line;
	char text[ESCAPE_SHORT], fail[256];

	text[0] = '\0';
	if (der_get(&in, DER_UTF8_STRING, &line) == 0)
		escape_short(text, line);
	snprintf(res->note, sizeof(res->note), "%s%s%.150s%s%.60s",
	    status_name(s->status), text[0] ? ": " : "", text,
	    s->has_fail ? " failInfo " : "",
	    s->has_fail ? status_fail_text(fail, s->fail) : "");
}

/* The form of the response: RFC 9483 4.1.1, ip. */
static int
check_form(const struct cert_rep *rep, const struct txn *t, enum body body,
    struct err *e)
{
	const struct cert_response *r = &rep->first;
	int good = r->status.status == STATUS_ACCEPTED ||
	    r->status.status == STATUS_GRANTED_WITH_MODS;

	const struct op *asked = op_by_request(t->body);

	if (asked != NULL && asked->response != body)
		return err_set(e, E_BODY_TYPE, "body is %s, expected %s, which "
		    "answers %s", msg_body_name(body),
		    msg_body_name(asked->response), msg_body_name(t->body));
	if (rep->count != 1)
		return err_set(e, E_ANSWER_COUNT, "%zu responses, expected "
		    "one", rep->count);
	if (r->cert_req_id != t->cert_req_id)
		return err_set(e, E_ANSWER_ID, "certReqId is %lld, expected "
		    "%lld", (long long)r->cert_req_id,
		    (long long)t->cert_req_id);
	if (!good && r->status.status != STATUS_REJECTION &&
	    r->status.status != STATUS_WAITING)
		return err_set(e, E_ANSWER_STATUS, "status is %lld, expected "
		    "accepted, grantedWithMods, rejection or waiting",
		    (long long)r->status.status);
	if (good && (r->cert.p == NULL || r->status.has_fail))
		return err_set(e, E_ANSWER_STATUS, "status is %s, but %s",
		    status_name(r->status.status), r->cert.p == NULL ?
		    "there is no certificate" : "failInfo is present");
	if (!good && (r->cert.p != NULL || r->has_encrypted))
		return err_set(e, E_ANSWER_STATUS, "status is %s, but there "
		    "is a certificate", status_name(r->status.status));
	if (r->has_private_key || r->has_encrypted)
		return err_set(e, E_ANSWER_STATUS, "response has an encrypted "
		    "key or certificate that was not asked for");
	if (rep->has_ca_pubs && !(good && body == BODY_IP))
		return err_set(e, E_ANSWER_CAPUBS, "caPubs in %s with status "
		    "%s, expected it only in a positive ip",
		    msg_body_name(body), status_name(r->status.status));
	return 0;
}

/* Is every entry of ${a} also in ${b}?  If not, its text. */
static int
san_subset(struct slice a, struct slice b, char text[static ESCAPE_SHORT])
{
	struct slice in, other, av, bv;
	enum san_type at, bt;
	struct buf out;
	int found;

	if (a.n == 0 || der_only(a, DER_SEQUENCE, &in) == -1)
		return 1;
	while (san_next(&in, &at, &av) == 0) {
		found = 0;
		if (b.n > 0 && der_only(b, DER_SEQUENCE, &other) == 0)
			while (!found && san_next(&other, &bt, &bv) == 0)
				found = san_same(at, av, bt, bv);
		if (found)
			continue;
		buf_init(&out, 4096);
		san_text(&out, at, av);
		escape_short(text, buf_slice(&out));
		buf_release(&out);
		return 0;
	}
	/* What follows a malformed entry has not been compared. */
	if (in.n > 0)
		snprintf(text, ESCAPE_SHORT, "something that is no name");
	return in.n == 0;
}

/* Key and names are those asked for; powers are not more. */
static int
check_content(const struct cert *cert, const struct txn *t, int mods,
    struct err *e)
{
	struct slice subject = buf_slice(&t->subject), san = buf_slice(&t->san);
	char a[NAME_TEXT], b[NAME_TEXT], s[ESCAPE_SHORT];

	if (!slice_eq(cert->spki, buf_slice(&t->spki)))
		return err_set(e, E_ANSWER_KEY, "the public key in the "
		    "certificate is not the one of our request");
	if (!name_eq(cert->subject, subject))
		return err_set(e, E_ANSWER_SUBJECT, "the certificate is for "
		    "\"%s\", asked for was \"%s\"",
		    name_short(a, cert->subject), name_short(b, subject));
	if (!san_subset(cert->san, san, s))
		return err_set(e, E_ANSWER_SAN, "the certificate also names "
		    "%s, which was not asked for", s);
	if (!mods && !san_subset(san, cert->san, s))
		return err_set(e, E_ANSWER_SAN, "the certificate does not "
		    "name %s, which was asked for", s);
	if (cert->ca || (cert->has_ku &&
	    (cert->ku & (KU_KEY_CERT_SIGN | KU_CRL_SIGN))) ||
	    cert_has_eku(cert, OID_KP_CMC_CA) ||
	    cert_has_eku(cert, OID_KP_CMC_RA) ||
	    cert_has_eku(cert, OID_KP_CM_KGA) ||
	    cert_has_eku(cert, OID_KP_OCSP_SIGNING))
		return err_set(e, E_ANSWER_CA, "the certificate has powers of "
		    "a CA, which were not asked for");
	return 0;
}

static int
check_path(const struct cert *cert, const struct checked *c,
    const struct op_device *d, struct err *e)
{
	struct path_ask ask = { .target = cert, .anchors = d->anchors,
	    .n_anchors = d->n_anchors, .now = d->now };
	struct path found;

	ask.pool = checked_pool(c, &ask.n_pool);
	if (path_find(&ask, &found, e) == 0)
		return 0;
	e->code = E_ANSWER_PATH;
	return err_wrap(e, "the new certificate");
}

/*
 * A device without any anchor may get its first one here; the certificate has
 * to be valid under it.  Its own anchors are never added to.
 */
static int
check_trust(const struct cert *cert, const struct checked *c,
    const struct op_device *d, struct err *e)
{
	struct op_device first = *d;
	struct anchor a = { .n_crls = 0 };
	struct cert root;

	if (d->n_anchors > 0)
		return check_path(cert, c, d, e);
	if (enrol_root(c, d->now, &root, e) != 1)
		return -1;
	a.cert = &root;
	first.anchors = &a;
	first.n_anchors = 1;
	return check_path(cert, c, &first, e);
}

/* Is there anything to judge by?  If not, the answer may come again. */
static int
can_judge(const struct checked *c, const struct op_device *d, struct err *e)
{
	struct err later = { 0 };
	struct cert root;

	if (d->n_anchors > 0 || enrol_root(c, d->now, &root, &later) != 0)
		return 0;
	return err_set(e, E_PATH_NONE, "trust/ has no trust anchor and the "
	    "answer has none in caPubs; put the root of the PKI there as a "
	    ".pem file and process the answer again");
}

static void
judge(const struct checked *c, const struct op_device *d, struct slice der,
    int mods, struct err *e)
{
	struct cert cert;

	if (cert_parse(der, &cert, e) == -1 ||
	    check_content(&cert, d->txn, mods, e) == -1)
		return;
	check_trust(&cert, c, d, e);
}

/* certConf, accepting or rejecting (RFC 9483 4.1.1). */
static int
confirm(struct op_result *res, const struct txn *t, struct slice der,
    struct err *e)
{
	int no = res->refused.code != E_NONE;
	uint8_t hash[HASH_MAX];
	struct err ignored = { 0 };
	struct cert cert;
	size_t n = 0;

	/* A certificate that cannot even be read has no hash rule. */
	if (cert_parse(der, &cert, &ignored) == 0)
		n = cert_hash(&cert, hash);
	if (n == 0)
		n = alg_hash(HASH_SHA256, der, hash);
	draft_body_certconf(&res->draft, SLICE(hash, n), t->cert_req_id,
	    no ? STATUS_REJECTION : STATUS_ACCEPTED,
	    no ? err_public(res->refused.code) : NULL,
	    no ? err_fail(res->refused.code) : FAIL_NONE);
	if (derw_bad(&res->draft.content))
		return derw_err(&res->draft.content, "certConf", e);
	res->reply = 1;
	return 0;
}

int
enrol_accept(const struct checked *c, const struct op_device *d,
    struct op_result *res, struct err *e)
{
	const struct msg *m = checked_msg(c);
	const struct cert_response *r;
	struct cert_rep rep;

	if (m->body != op_by_request(d->txn->body)->response)
		return err_set(e, E_BODY_TYPE, "body is %s, the request was %s",
		    msg_body_name(m->body), msg_body_name(d->txn->body));
	if (crmf_response(m->content, &rep, e) == -1 ||
	    check_form(&rep, d->txn, m->body, e) == -1)
		return -1;
	r = &rep.first;
	note_text(res, &r->status);
	if (r->status.status == STATUS_REJECTION)
		return err_set(e, E_ANSWER_REJECTED, "%s", res->note);
	if (r->status.status == STATUS_WAITING)
		return err_set(e, E_ANSWER_WAITING, "%s", res->note);
	if (can_judge(c, d, e) == -1)
		return -1;
	if (r->status.status == STATUS_ACCEPTED)
		res->note[0] = '\0';
	judge(c, d, r->cert, r->status.status == STATUS_GRANTED_WITH_MODS,
	    &res->refused);
	if (res->refused.code == E_NONE)
		res->cert = r->cert;
	if (m->hdr.implicit_confirm && !d->txn->explicit_asked) {
		res->done = res->refused.code == E_NONE;
		return 0;
	}
	return confirm(res, d->txn, r->cert, e);
}
