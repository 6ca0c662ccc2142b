/* A template that an RA changes, and vouches for: RFC 9483 5.2.3.2. */
#include "pki/name.h"
#include "pki/san.h"
#include "role/relay.h"

#define NAMES_MAX	((size_t)1 << 16)

static int
write_subject(const struct conf_rule *rule, struct slice subject,
    struct buf *out, struct err *e)
{
	struct buf more;
	int rc = -1;

	buf_init(&more, NAMES_MAX);
	if (rule->add_subject == NULL) {
		buf_add_slice(out, subject);
		rc = 0;
	} else if (name_parse(rule->add_subject, &more, e) == 0) {
		rc = name_merge(subject, buf_slice(&more), out, e);
	}
	buf_release(&more);
	return rc;
}

/* GeneralNames TLV of ${san} and what ${rule} adds. */
static int
write_san(const struct conf_rule *rule, struct slice san, struct derw *w,
    struct err *e)
{
	struct slice in = SLICE_NONE;
	struct buf names;

	buf_init(&names, NAMES_MAX);
	if (san.n > 0 && der_only(san, DER_SEQUENCE, &in) == -1)
		in = SLICE_NONE;
	buf_add_slice(&names, in);
	for (size_t i = 0; i < rule->add_san.n; i++) {
		if (san_parse(rule->add_san.v[i], &names, e) == -1) {
			buf_release(&names);
			return -1;
		}
	}
	derw_raw(w, buf_slice(&names));
	derw_wrap(w, DER_SEQUENCE, 0);
	buf_release(&names);
	return 0;
}

/* Extensions TLV: those of ${exts}, with another subjectAltName. */
static int
write_extensions(const struct conf_rule *rule, struct slice exts,
    struct derw *w, struct err *e)
{
	struct slice ext, in, oid, value, san = SLICE_NONE;
	struct buf others;
	size_t mark;

	buf_init(&others, NAMES_MAX);
	while (der_get_tlv(&exts, DER_SEQUENCE, &ext) == 0) {
		if (der_only(ext, DER_SEQUENCE, &in) == 0 &&
		    der_get(&in, DER_OID, &oid) == 0 &&
		    oid_of(oid) == OID_SAN) {
			der_opt(&in, DER_BOOLEAN, &value);
			der_get(&in, DER_OCTET_STRING, &san);
		} else {
			buf_add_slice(&others, ext);
		}
	}
	if (rule->add_san.n > 0 || san.n > 0) {
		mark = derw_mark(w);
		if (write_san(rule, san, w, e) == -1) {
			buf_release(&others);
			return -1;
		}
		derw_wrap(w, DER_OCTET_STRING, mark);
		derw_oid(w, oid_bytes(OID_SAN));
		derw_wrap(w, DER_SEQUENCE, mark);
	}
	derw_raw(w, buf_slice(&others));
	if (derw_mark(w) > 0)
		derw_wrap(w, DER_SEQUENCE, 0);
	buf_release(&others);
	return 0;
}

/* Content of OptionalValidity: what was asked for, in its own words. */
static void
write_validity(const struct cert_template *t, struct derw *w)
{
	size_t mark;

	if (t->has_not_after) {
		derw_time(w, t->not_after);
		derw_wrap(w, DER_CTX(1), 0);
	}
	mark = derw_mark(w);
	if (t->has_not_before) {
		derw_time(w, t->not_before);
		derw_wrap(w, DER_CTX(0), mark);
	}
}

int
relay_template(const struct conf_rule *rule, const struct cert_req *q,
    struct slice spki, struct derw *out, struct err *e)
{
	struct crmf_new n = { .cert_req_id = q->cert_req_id, .spki = spki };
	struct derw exts, controls, validity;
	struct buf subject;
	int rc = -1;

	buf_init(&subject, NAMES_MAX);
	derw_init(&exts, NAMES_MAX);
	derw_init(&controls, NAMES_MAX);
	derw_init(&validity, 64);
	write_validity(&q->tmpl, &validity);
	n.validity = derw_slice(&validity);
	if (write_subject(rule, q->tmpl.subject, &subject, e) == -1 ||
	    write_extensions(rule, q->tmpl.extensions, &exts, e) == -1)
		goto out;
	n.subject = buf_slice(&subject);
	n.extensions = derw_slice(&exts);
	if (q->controls.n > 0) {
		derw_raw(&controls, q->controls);
		derw_wrap(&controls, DER_SEQUENCE, 0);
		n.controls = derw_slice(&controls);
	}
	/* popo: raVerified [0] NULL */
	derw_prim(out, DER_CTXP(0), SLICE_NONE);
	crmf_write_request(out, &n);
	derw_wrap(out, DER_SEQUENCE, 0);
	derw_wrap(out, DER_SEQUENCE, 0);
	rc = derw_bad(out) || derw_bad(&exts) || buf_bad(&subject) ?
	    err_set(e, E_NOMEM, "out of memory") : 0;
out:
	buf_release(&subject);
	derw_release(&exts);
	derw_release(&controls);
	derw_release(&validity);
	return rc;
}
