/* RFC 9483 4.2: rr and rp. */
#include "msg/lint_rule.h"

#include <inttypes.h>

#define RR	LINT_BODY(BODY_RR)
#define RP	LINT_BODY(BODY_RP)

static int
rev_count(const struct lint_view *v, char t[static LINT_TEXT])
{
	if (v->count == 1)
		return 0;
	return lint_rule_say(t, "%zu RevDetails, expected 1", v->count);
}

static int
rev_cert(const struct lint_view *v, char t[static LINT_TEXT])
{
	if (v->count == 0 || (v->rev.tmpl.serial.p != NULL &&
	    v->rev.tmpl.issuer.p != NULL))
		return 0;
	return lint_rule_say(t, "certDetails: %s is absent",
	    v->rev.tmpl.serial.p == NULL ? "serialNumber" : "issuer");
}

static int
rev_more(const struct lint_view *v, char t[static LINT_TEXT])
{
	const struct cert_template *c = &v->rev.tmpl;

	if (!c->has_version && c->signing_alg.p == NULL &&
	    !c->has_not_before && !c->has_not_after && c->subject.p == NULL &&
	    c->public_key.p == NULL && c->issuer_uid.p == NULL &&
	    c->subject_uid.p == NULL && c->extensions.p == NULL)
		return 0;
	return lint_rule_say(t, "certDetails has more than serialNumber and "
	    "issuer");
}

static int
rev_reason(const struct lint_view *v, char t[static LINT_TEXT])
{
	if (v->count == 0)
		return 0;
	if (!v->rev.has_reason)
		return lint_rule_say(t, "crlEntryDetails: reasonCode is "
		    "absent, expected 0 if there is none to give");
	if (v->rev.reason < 0 || v->rev.reason > 10 || v->rev.reason == 7)
		return lint_rule_say(t, "crlEntryDetails: reasonCode is not "
		    "one of RFC 5280");
	if (v->rev.n_extensions == 1)
		return 0;
	return lint_rule_say(t, "crlEntryDetails has %zu extensions, expected "
	    "one reasonCode", v->rev.n_extensions);
}

static int
rep_count(const struct lint_view *v, char t[static LINT_TEXT])
{
	if (v->rev_rep.count == 1)
		return 0;
	return lint_rule_say(t, "%zu PKIStatusInfo, expected 1",
	    v->rev_rep.count);
}

static int
rep_status(const struct lint_view *v, char t[static LINT_TEXT])
{
	int64_t status = v->rev_rep.first.status;

	if (status == STATUS_ACCEPTED || status == STATUS_REJECTION)
		return 0;
	return lint_rule_say(t, "status is %s (%" PRId64 "), expected "
	    "accepted or rejection", status_name(status), status);
}

static int
rep_fail(const struct lint_view *v, char t[static LINT_TEXT])
{
	if (!v->rev_rep.first.has_fail ||
	    v->rev_rep.first.status != STATUS_ACCEPTED)
		return 0;
	return lint_rule_say(t, "failInfo is present with status accepted");
}

static int
rep_more(const struct lint_view *v, char t[static LINT_TEXT])
{
	if (v->rev_rep.rev_certs.p == NULL && v->rev_rep.crls.p == NULL)
		return 0;
	return lint_rule_say(t, "%s is present, expected it to be left out",
	    v->rev_rep.rev_certs.p != NULL ? "revCerts" : "crls");
}

const struct lint_rule lint_rule_rev[] = {
	{ 'M', E_REQ_COUNT, "RFC 9483 4.2", RR, rev_count },
	{ 'M', E_TMPL_FIELD, "RFC 9483 4.2", RR, rev_cert },
	{ 'S', E_FIELD, NULL, RR, rev_more },
	{ 'M', E_REV_REASON, NULL, RR, rev_reason },
	{ 'M', E_ANSWER_COUNT, "RFC 9483 4.2", RP, rep_count },
	{ 'M', E_ANSWER_STATUS, "RFC 9483 4.2", RP, rep_status },
	{ 'M', E_ANSWER_STATUS, "RFC 9483 4.2", RP, rep_fail },
	{ 'S', E_FIELD, NULL, RP, rep_more },
	{ 0, E_NONE, NULL, 0, NULL },
};
