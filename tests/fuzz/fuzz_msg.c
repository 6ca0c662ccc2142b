/*
 * msg: whatever the bytes are, a message is decoded, printed, linted and
 * digested; JSON is valid JSON, text has no control characters, and what we
 * accept libtasn1 accepts.
 */
#include <string.h>

#include "asn/schema.h"
#include "msg/body.h"
#include "msg/crmf.h"
#include "msg/lint.h"
#include "msg/msg.h"
#include "msg/poll.h"
#include "msg/print.h"
#include "msg/rev.h"
#include "msg/view.h"
#include "pki/cert.h"
#include "tests/fuzz/text.h"

#define OUT_MAX	(64u << 20)

static void
found(void *arg, char level, enum err_code code, const char *section,
    const char *text)
{
	size_t *n = arg;

	(*n)++;
	must(level == 'M' || level == 'S');
	must(code > E_NONE && code < E__COUNT);
	must(section != NULL && section[0] != '\0');
	must(is_clean(slice_str(text)));
}

static void
show(const struct msg *m)
{
	size_t n = 0, said;
	struct buf out;

	buf_init(&out, OUT_MAX);
	print_text(&out, m);
	must(!buf_bad(&out));
	must(is_clean_text(buf_slice(&out), 1));
	buf_reset(&out);
	print_json(&out, m);
	must(!buf_bad(&out));
	must(json_valid(buf_slice(&out)));
	buf_release(&out);
	said = lint_msg(m, found, &n);
	must(said == n);
}

/* What the operations read, and again what the printer reads of the same. */
static void
read_twice(struct slice content)
{
	struct view_rev_rep view_rep;
	struct rev_details rev;
	struct view_rev view;
	struct view_poll poll;
	struct poll_rep rep;
	struct rev_rep rev_rep;
	struct err e = { 0 };
	int64_t id;
	size_t n, m;

	if (rev_request(content, &rev, &n, &e) == 0) {
		must(view_rev(content, &view, &m, &e) == 0 && n == m);
		must(slice_eq(rev.tmpl.serial, view.tmpl.serial));
		must(rev.has_reason == view.has_reason);
		must(!rev.has_reason || rev.reason == view.reason);
		must(rev.invalidity == view.invalidity);
	}
	if (rev_response(content, &rev_rep, &e) == 0) {
		must(view_rev_rep(content, &view_rep, &e) == 0);
		must(rev_rep.count == view_rep.count);
		must(rev_rep.status.status == view_rep.first.status);
	}
	if (poll_read_req(content, &id, &n, &e) == 0) {
		must(view_poll(BODY_POLLREQ, content, &poll, &m, &e) == 0);
		must(n == m && id == poll.cert_req_id);
	}
	if (poll_read_rep(content, &rep, &n, &e) == 0) {
		must(view_poll(BODY_POLLREP, content, &poll, &m, &e) == 0);
		must(n == m && rep.cert_req_id == poll.cert_req_id);
		must(rep.check_after == poll.check_after);
		must(slice_eq(rep.reason, poll.reason));
	}
}

/* All readers on any content: the tag of the body is not theirs to trust. */
static void
read_all(struct slice content)
{
	struct cert_template *t;
	struct cert_req req;
	struct cert_rep rep;
	struct cert_status status;
	struct error_msg error;
	struct err e = { 0 };
	struct buf spki;
	size_t count;

	if (crmf_requests(content, &req, &count, &e) == 0) {
		must(count > 0);
		t = &req.tmpl;
		buf_init(&spki, 1 << 20);
		if (crmf_spki(t, &spki, &e) == 0)
			must(spki.n > 0 && spki.p[0] == DER_SEQUENCE);
		buf_release(&spki);
	}
	if (crmf_response(content, &rep, &e) == 0)
		must(rep.count == 0 || rep.responses.n > 0);
	(void)crmf_confirmation(content, &status, &count, &e);
	(void)crmf_error(content, &error, &e);
	read_twice(content);
}

/* Bodies whose syntax we claim to know. */
static int
is_known(enum body b)
{
	return b == BODY_IR || b == BODY_IP || b == BODY_CR || b == BODY_CP ||
	    b == BODY_KUR || b == BODY_KUP || b == BODY_CERTCONF ||
	    b == BODY_PKICONF || b == BODY_ERROR || b == BODY_P10CR ||
	    b == BODY_RR || b == BODY_POLLREQ || b == BODY_POLLREP ||
	    b == BODY_GENM || b == BODY_GENP || b == BODY_NESTED;
}

/* x400Address and ediPartyName: ANY in the schema, which libtasn1 misreads. */
static int
is_any(struct slice name)
{
	return name.p[0] == DER_CTX(3) || name.p[0] == DER_CTX(5);
}

static int
is_cert(struct slice der)
{
	struct err e = { 0 };
	struct cert c;

	return cert_parse(der, &c, &e) == 0;
}

/* Certificates are read where they are used; can all of them be? */
static int
certs_readable(const struct msg *m)
{
	struct cert_response r;
	struct err e = { 0 };
	struct cert_rep rep;
	struct slice in, der;

	for (size_t i = 0; i < m->n_extra; i++)
		if (!is_cert(m->extra[i]))
			return 0;
	if (!body_is_response(m->body))
		return 1;
	must(crmf_response(m->content, &rep, &e) == 0);
	for (in = rep.ca_pubs; in.n > 0;)
		if (der_get_tlv(&in, DER_SEQUENCE, &der) == -1 || !is_cert(der))
			return 0;
	for (in = rep.responses; in.n > 0;) {
		must(crmf_next_response(&in, &r, &e) == 0);
		if (r.cert.p != NULL && !is_cert(r.cert))
			return 0;
	}
	return 1;
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct slice in = SLICE(p, n);
	struct err e = { 0 }, why = { 0 };
	uint8_t digest[32];
	struct buf out;
	struct msg m;

	if (msg_decode(in, &m, &e) == -1) {
		must(e.code != E_NONE && is_clean(slice_str(e.detail)));
		return 0;
	}
	must(m.body_tlv.p == m.header_tlv.p + m.header_tlv.n);
	must(m.n_extra <= MSG_EXTRA_MAX);
	msg_digest(&m, digest);
	show(&m);
	read_all(m.content);
	buf_init(&out, OUT_MAX);
	(void)schema_dump(&out, in, &why);
	must(buf_bad(&out) || is_clean_text(buf_slice(&out), 1));
	buf_release(&out);
	if (is_known(m.body) && !is_any(m.hdr.sender) &&
	    !is_any(m.hdr.recipient) && body_check(&m, &e) == 0 && certs_readable(&m) &&
	    schema_agrees(in, &why) == -1) {
		fprintf(stderr, "%s\n", why.detail);
		must(!"libtasn1 agrees");
	}
	must(is_clean(slice_str(e.detail)));
	return 0;
}
