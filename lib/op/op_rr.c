/* Revoking a certificate: RFC 9483 4.2 and 5.1.3. */
#include <stdio.h>
#include <string.h>

#include "base/escape.h"
#include "op/op.h"
#include "pki/name.h"

static int
rr_read(struct op_request *r, struct err *e)
{
	struct rev_details *d = &r->rev;
	size_t count;

	if (rev_request(r->msg->content, d, &count, e) == -1)
		return -1;
	if (count != 1)
		return err_set(e, E_RR_COUNT, "%zu RevDetails, expected one; "
		    "send each in a message of its own", count);
	if (d->tmpl.serial.p == NULL || d->tmpl.issuer.p == NULL)
		return err_set(e, E_RR_ID, "certDetails has no %s",
		    d->tmpl.serial.p == NULL ? "serialNumber" : "issuer");
	/* RFC 4210 lets crlEntryDetails be absent: nothing is said then. */
	if (d->extensions.p != NULL && !d->has_reason)
		return err_set(e, E_RR_REASON, "crlEntryDetails has no "
		    "reasonCode");
	/* The profile has revocation only, and nothing after it (5.1.3). */
	if (d->reason == REASON_REMOVE_FROM_CRL)
		return err_set(e, E_RR_REASON, "reasonCode is removeFromCRL, "
		    "but what is revoked or on hold stays so; expected 0 to "
		    "6, 9 or 10");
	if (rev_reason_name(d->reason) == NULL)
		return err_set(e, E_RR_REASON, "reasonCode is %lld, expected "
		    "0 to 6, 9 or 10", (long long)d->reason);
	r->target = d->tmpl.serial;
	return 0;
}

static int
rr_answer(const struct op_ca *ca, const struct op_request *r,
    struct op_facts *facts, struct op_answer *a, struct err *e)
{
	const struct rev_details *d = &r->rev;
	char serial[ESCAPE_SHORT], date[DER_TIME_TEXT];
	struct effects *f = &a->effects;
	struct grant *g;

	if (policy_revoke(&ca->policy, r->checked, d, &facts->policy, &g, e)
	    == -1)
		return -1;
	a->draft.body = BODY_RP;
	/* No revCerts: it is not in the profile (1.8), and RFC 4210 has it
	 * for who asked about many. */
	rev_write_response(&a->draft.content, STATUS_ACCEPTED, NULL, FAIL_NONE,
	    SLICE_NONE, SLICE_NONE);
	buf_add_slice(&facts->txn->serial, facts->policy.target_serial);
	facts->txn->state = TXN_DONE;
	f->revoke = 1;
	f->revoke_reason = (int)d->reason;
	f->has_invalidity = d->has_invalidity;
	f->invalidity = d->invalidity;
	escape_hex_short(serial, facts->policy.target_serial);
	snprintf(f->event, sizeof(f->event), "revoked");
	snprintf(f->detail, sizeof(f->detail), "serial %.40s reason %s rule "
	    "%.60s%s%s", serial, rev_reason_name(d->reason), grant_rule(g),
	    d->has_invalidity ? " invalid since " : "",
	    d->has_invalidity ? der_time_text(date, d->invalidity) : "");
	snprintf(a->note, sizeof(a->note), "revoked serial %.40s, reason %s",
	    serial, rev_reason_name(d->reason));
	grant_free(g);
	return 0;
}

static void
rr_reject(struct draft *d, const char *text, enum fail fail)
{
	d->body = BODY_RP;
	derw_reset(&d->content);
	rev_write_response(&d->content, STATUS_REJECTION, text, fail,
	    SLICE_NONE, SLICE_NONE);
}

static int
rr_build(const struct op_build *b, struct draft *d, struct err *e)
{
	if (b->serial.n > 0) {
		rev_write_request(&d->content, b->issuer, b->serial,
		    b->reason);
		return 0;
	}
	if (b->old == NULL)
		return err_set(e, E_USAGE, "a revocation needs the certificate "
		    "that is to be revoked: --cert FILE --key FILE");
	rev_write_request(&d->content, b->old->issuer, b->old->serial,
	    b->reason);
	return 0;
}

/* revCerts need not be there; if it is, it has to be about ours. */
static int
check_cert_id(const struct rev_rep *r, const struct op_device *d,
    struct err *e)
{
	struct slice issuer;
	struct cert own;

	if (!r->has_cert)
		return 0;
	if (d->txn->cert.n == 0) {	/* of another: only named */
		own.issuer = buf_slice(&d->txn->subject);
		own.serial = buf_slice(&d->txn->serial);
	} else if (cert_parse(buf_slice(&d->txn->cert), &own, e) == -1) {
		return -1;
	}
	if (der_only(r->issuer, DER_CTX(4), &issuer) == -1 ||
	    !name_eq(issuer, own.issuer) || !slice_eq(r->serial, own.serial))
		return err_set(e, E_ANSWER_ID, "revCerts names another "
		    "certificate than our request");
	return 0;
}

static int
rr_accept(const struct checked *c, const struct op_device *d,
    struct op_result *res, struct err *e)
{
	char text[ESCAPE_SHORT] = "", fail[256];
	struct rev_rep r;
	struct slice in, line;

	if (rev_response(checked_msg(c)->content, &r, e) == -1)
		return -1;
	if (r.count != 1)
		return err_set(e, E_ANSWER_COUNT, "%zu PKIStatusInfo, expected "
		    "one", r.count);
	in = r.status.text;
	if (der_get(&in, DER_UTF8_STRING, &line) == 0)
		escape_short(text, line);
	if (r.status.status == STATUS_REJECTION)
		return err_set(e, E_ANSWER_REJECTED, "rejection%s%.150s%s%.60s",
		    text[0] ? ": " : "", text,
		    r.status.has_fail ? " failInfo " : "",
		    r.status.has_fail ?
		    status_fail_text(fail, r.status.fail) : "");
	if (r.status.status != STATUS_ACCEPTED || r.status.has_fail)
		return err_set(e, E_ANSWER_STATUS, "status is %s%s, expected "
		    "accepted or rejection", status_name(r.status.status),
		    r.status.has_fail ? " with failInfo" : "");
	if (check_cert_id(&r, d, e) == -1)
		return -1;
	res->done = 1;
	snprintf(res->note, sizeof(res->note), "the certificate is revoked%s"
	    "%.150s", text[0] ? ": " : "", text);
	return 0;
}

const struct op op_rr = {
	.name = "rr",
	.request = BODY_RR,
	.response = BODY_RP,
	.section = "RFC 9483 4.2",
	.flags = OP_STARTS | OP_REVOKES,
	.read = rr_read,
	.answer = rr_answer,
	.reject = rr_reject,
	.build = rr_build,
	.accept = rr_accept,
};
