/* Confirming a certificate: RFC 9483 4.1.1 and 5.1.2. */
#include <stdio.h>
#include <string.h>

#include "base/escape.h"
#include "op/op.h"

static int
certconf_read(struct op_request *r, struct err *e)
{
	size_t count;

	if (crmf_confirmation(r->msg->content, &r->status, &count, e) == -1)
		return -1;
	if (count != 1)
		return err_set(e, E_CONF_COUNT, "%zu CertStatus, expected one",
		    count);
	if (r->status.hash_alg.p != NULL && r->msg->hdr.pvno != 3)
		return err_set(e, E_CONF_HASHALG, "hashAlg is present and pvno "
		    "is %lld, expected 3", (long long)r->msg->hdr.pvno);
	return 0;
}

/* Is certHash the hash of the certificate this transaction issued? */
static int
check_hash(const struct op_request *r, const struct txn *t, struct err *e)
{
	uint8_t hash[HASH_MAX];
	struct cert cert;
	enum hash alg;
	size_t n;

	if (cert_parse(buf_slice(&t->cert), &cert, e) == -1)
		return -1;
	alg = alg_cert_hash(&cert.sigalg);
	if (r->status.hash_alg.p != NULL)
		alg = alg_hash_parse(r->status.hash_alg);
	if (alg == HASH_NONE)
		return err_set(e, E_CONF_ALG, "hashAlg is not SHA-2 or "
		    "SHAKE256");
	n = alg_hash(alg, cert.der, hash);
	if (!slice_eq(r->status.cert_hash, SLICE(hash, n)))
		return err_set(e, E_CONF_HASH, "certHash is not that of the "
		    "certificate of this transaction");
	return 0;
}

static int
check_status(const struct op_request *r, const struct txn *t, struct err *e)
{
	const struct cert_status *s = &r->status;

	/* 4.1.1 says 0 of every certConf, though the cp of a p10cr has -1. */
	if (s->cert_req_id != t->cert_req_id &&
	    (s->cert_req_id != 0 || t->cert_req_id != -1))
		return err_set(e, E_CONF_ID, "certReqId is %lld, expected "
		    "%lld", (long long)s->cert_req_id,
		    (long long)t->cert_req_id);
	if (check_hash(r, t, e) == -1)
		return -1;
	if (!s->has_status)
		return 0;
	if (s->status.status != STATUS_ACCEPTED &&
	    s->status.status != STATUS_REJECTION)
		return err_set(e, E_CONF_STATUS, "status is %s, expected "
		    "accepted or rejection", status_name(s->status.status));
	if (s->status.status == STATUS_ACCEPTED && s->status.has_fail)
		return err_set(e, E_CONF_STATUS, "status is accepted, but "
		    "failInfo is present");
	return 0;
}

/* The device does not want it: 4.1.1 leaves what follows to policy; we
 * revoke, so that nobody can use what nobody accepted. */
static void
rejected(const struct op_request *r, struct txn *t, struct op_answer *a)
{
	char text[ESCAPE_SHORT] = "";
	struct slice in = r->status.status.text, line;

	if (der_get(&in, DER_UTF8_STRING, &line) == 0)
		escape_short(text, line);
	a->effects.revoke = 1;
	a->effects.revoke_reason = 5;		/* cessationOfOperation */
	t->state = TXN_FAILED;
	snprintf(a->effects.event, sizeof(a->effects.event), "not-wanted");
	snprintf(a->effects.detail, sizeof(a->effects.detail), "device "
	    "rejected the certificate, revoked: %.160s", text);
	snprintf(a->note, sizeof(a->note), "device rejected the certificate, "
	    "it is revoked: %.160s", text);
}

static int
certconf_answer(const struct op_ca *ca, const struct op_request *r,
    struct op_facts *facts, struct op_answer *a, struct err *e)
{
	struct txn *t = facts->txn;
	struct grant *g;

	if (policy_continue(r->checked, t, &facts->policy, &g, e) == -1)
		return -1;
	grant_free(g);
	if (check_status(r, t, e) == -1)
		return -1;
	if (t->confirm_by != 0 && ca->policy.now > t->confirm_by)
		return err_set(e, E_CONF_LATE, "the time to confirm ended %lld "
		    "seconds ago", (long long)(ca->policy.now - t->confirm_by));
	if (r->status.has_status &&
	    r->status.status.status == STATUS_REJECTION) {
		rejected(r, t, a);
	} else if (facts->policy.target_revoked) {
		return err_set(e, E_CONF_REVOKED, "the certificate has been "
		    "revoked since it was issued");
	} else {
		t->state = TXN_DONE;
		snprintf(a->effects.event, sizeof(a->effects.event),
		    "confirmed");
		snprintf(a->note, sizeof(a->note), "certificate is confirmed");
	}
	draft_body_pkiconf(&a->draft);
	return 0;
}

/* pkiConf: nothing in it but its coming. */
static int
certconf_accept(const struct checked *c, const struct op_device *d,
    struct op_result *res, struct err *e)
{
	if (checked_msg(c)->content.n != 2 ||
	    !der_peek(checked_msg(c)->content, DER_NULL))
		return err_set(e, E_SYNTAX, "pkiconf is not NULL");
	(void)d;
	res->done = 1;
	snprintf(res->note, sizeof(res->note), "confirmation was received");
	return 0;
}

const struct op op_certconf = {
	.name = "certconf",
	.request = BODY_CERTCONF,
	.response = BODY_PKICONF,
	.section = "RFC 9483 5.1.2",
	.flags = 0,
	.read = certconf_read,
	.answer = certconf_answer,
	.accept = certconf_accept,
};
