/* Rules that one message can break: read its parts, then ask each rule. */
#include "msg/lint.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/escape.h"
#include "msg/body.h"
#include "msg/lint_rule.h"

int
lint_rule_say(char text[static LINT_TEXT], const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, LINT_TEXT, fmt, ap);
	va_end(ap);
	escape_mend(text);
	return 1;
}

static void
read_alg(struct lint_view *v)
{
	struct slice in, oid;
	enum oid id;

	if (v->h->protection_alg.n == 0)
		return;
	v->has_alg = alg_parse(v->h->protection_alg, &v->alg,
	    &v->alg_err) == 0;
	if (der_only(v->h->protection_alg, DER_SEQUENCE, &in) == -1 ||
	    der_get(&in, DER_OID, &oid) == -1)
		return;
	id = oid_of(oid);
	v->is_mac = id == OID_PBM || id == OID_PBMAC1;
}

/* The protection certificate has to be the first of extraCerts. */
static void
read_certs(struct lint_view *v)
{
	struct err e = { 0 };

	for (size_t i = 0; i < v->m->n_extra; i++)
		v->readable[i] = cert_parse(v->m->extra[i], &v->certs[i],
		    &e) == 0;
	if (v->has_alg && v->m->n_extra > 0 && v->readable[0])
		v->signer = &v->certs[0];
}

static void
read_request(struct lint_view *v)
{
	struct slice in, bits;

	if (crmf_requests(v->m->content, &v->req, &v->count, &v->body_err) ==
	    -1 || v->req.tmpl.public_key.n == 0)
		return;
	if (crmf_spki(&v->req.tmpl, &v->spki, &v->body_err) == -1 ||
	    der_only(buf_slice(&v->spki), DER_SEQUENCE, &in) == -1 ||
	    der_get(&in, DER_SEQUENCE, NULL) == -1 ||
	    der_get(&in, DER_BIT_STRING, &bits) == -1)
		return;
	v->has_key = bits.n > 1;
}

static void
read_csr(struct lint_view *v)
{
	v->has_key = csr_parse(v->m->content, &v->csr, &v->body_err) == 0;
}

static void
read_infos(struct lint_view *v)
{
	if (view_infos(v->m->content, &v->info, &v->count, &v->body_err) == 0)
		view_info_check(v->info.type, v->info.value, &v->info_err);
}

/* What has no more to it than its first element and their number. */
static void
read_other(struct lint_view *v)
{
	const struct msg *m = v->m;

	switch (m->body) {
	case BODY_P10CR:
		read_csr(v);
		break;
	case BODY_RR:
		view_rev(m->content, &v->rev, &v->count, &v->body_err);
		break;
	case BODY_RP:
		view_rev_rep(m->content, &v->rev_rep, &v->body_err);
		break;
	case BODY_GENM:
	case BODY_GENP:
		read_infos(v);
		break;
	case BODY_POLLREQ:
	case BODY_POLLREP:
		view_poll(m->body, m->content, &v->poll, &v->count,
		    &v->body_err);
		break;
	default:
		body_check(m, &v->body_err);
	}
}

static void
read_body(struct lint_view *v)
{
	const struct msg *m = v->m;

	if (body_is_request(m->body))
		read_request(v);
	else if (body_is_response(m->body))
		crmf_response(m->content, &v->rep, &v->body_err);
	else if (m->body == BODY_CERTCONF)
		crmf_confirmation(m->content, &v->conf, &v->count,
		    &v->body_err);
	else if (m->body == BODY_ERROR)
		crmf_error(m->content, &v->error, &v->body_err);
	else
		read_other(v);
}

static size_t
ask(const struct lint_rule *rules, const struct lint_view *v,
    void (*found)(void *arg, char level, enum err_code code,
    const char *section, const char *text), void *arg)
{
	char text[LINT_TEXT];
	size_t n = 0;

	for (const struct lint_rule *r = rules; r->broken != NULL; r++) {
		if (!(r->bodies & LINT_BODY(v->m->body)) ||
		    !r->broken(v, text))
			continue;
		found(arg, r->level, r->code, r->section != NULL ?
		    r->section : err_section(r->code), text);
		n++;
	}
	return n;
}

size_t
lint_msg(const struct msg *m, void (*found)(void *arg, char level,
    enum err_code code, const char *section, const char *text), void *arg)
{
	struct lint_view v = { .m = m, .h = &m->hdr };
	size_t n;

	buf_init(&v.spki, der_limits_message.size);
	read_alg(&v);
	read_certs(&v);
	read_body(&v);
	n = ask(lint_rule_header, &v, found, arg);
	if (v.body_err.code == E_NONE) {
		n += ask(lint_rule_body, &v, found, arg);
		n += ask(lint_rule_req, &v, found, arg);
		n += ask(lint_rule_rev, &v, found, arg);
		n += ask(lint_rule_info, &v, found, arg);
		n += ask(lint_rule_delay, &v, found, arg);
	} else {
		found(arg, 'M', v.body_err.code, err_section(v.body_err.code),
		    v.body_err.detail);
		n++;
	}
	n += ask(lint_rule_prot, &v, found, arg);
	buf_release(&v.spki);
	return n;
}
