/* Enrolling with a PKCS#10 request that any tool has made: RFC 9483 4.1.4. */
#include "op/enrol.h"
#include "pki/csr.h"

/* There is no certReqId in PKCS#10; the answer has this one (4.1.4). */
#define NO_ID	(-1)

/* The same request as a certTemplate would make it. */
static void
as_template(const struct csr *c, struct cert_req *q)
{
	*q = (struct cert_req){
		.cert_req_id = NO_ID,
		.tmpl = { .subject = c->subject, .public_key = c->spki,
		    .extensions = c->extensions },
		.popo = POPO_SIGNATURE,
	};
}

static int
p10cr_read(struct op_request *r, struct err *e)
{
	struct csr c;

	if (csr_parse(r->msg->content, &c, e) == -1) {
		if (e->code == E_NAME_SYNTAX)
			e->code = E_TMPL_SUBJECT;
		return -1;
	}
	as_template(&c, &r->cert_req);
	if (crmf_spki(&r->cert_req.tmpl, &r->spki, e) == -1 ||
	    enrol_key(r, e) == -1)
		return -1;
	if (csr_verify(&c, e) == 0)
		return 0;
	if (err_fail(e->code) == FAIL_BAD_ALG)
		e->code = E_POPO_ALG;
	return -1;
}

/* The request as it was given to us, signed by whoever has the key. */
static int
p10cr_build(const struct op_build *b, struct draft *d, struct err *e)
{
	derw_raw(&d->content, b->csr);
	return derw_bad(&d->content) ?
	    derw_err(&d->content, "request", e) : 0;
}

const struct op op_p10cr = {
	.name = "p10cr",
	.request = BODY_P10CR,
	.response = BODY_CP,
	.section = "RFC 9483 4.1.4",
	.flags = OP_STARTS | OP_ENROLS,
	.read = p10cr_read,
	.answer = enrol_answer,
	.build = p10cr_build,
	.accept = enrol_accept,
};
