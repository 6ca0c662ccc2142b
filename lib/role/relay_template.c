/* A template that an RA changes, and vouches for: RFC 9483 5.2.3.2. */
#include "pki/name.h"
#include "pki/san.h"
#include "policy/policy.h"
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
		rc = buf_bad(&more) ? buf_err(&more, "add-subject", e) :
		    name_merge(subject, buf_slice(&more), out, e);
	}
	buf_release(&more);
	return rc == 0 && buf_bad(out) ? buf_err(out, "subject", e) : rc;
}

/* The names in ${san}, GeneralNames TLV or nothing, and what ${rule} adds. */
static int
add_names(const struct conf_rule *rule, struct slice san, struct buf *names,
    struct err *e)
{
	struct slice in = SLICE_NONE;

	if (san.n > 0 && der_only(san, DER_SEQUENCE, &in) == -1)
		return err_set(e, E_TMPL_SAN, "subjectAltName is malformed");
	buf_add_slice(names, in);
	for (size_t i = 0; i < rule->add_san.n; i++)
		if (san_parse(rule->add_san.v[i], names, e) == -1)
			return -1;
	return buf_bad(names) ? buf_err(names, "subjectAltName", e) : 0;
}

/* GeneralNames TLV of ${san} and what ${rule} adds. */
static int
write_san(const struct conf_rule *rule, struct slice san, struct derw *w,
    struct err *e)
{
	struct buf names;
	int rc;

	buf_init(&names, NAMES_MAX);
	rc = add_names(rule, san, &names, e);
	derw_raw(w, buf_slice(&names));
	derw_wrap(w, DER_SEQUENCE, 0);
	buf_release(&names);
	return rc;
}

/* The extensions ${exts} but for subjectAltName, appended to ${others}, and
 * how many of these there are; ${san} is the value of the last. */
static int
split(struct slice exts, struct buf *others, struct slice *san, size_t *n,
    struct err *e)
{
	struct slice ext, in, oid;

	*san = SLICE_NONE;
	*n = 0;
	while (der_get_tlv(&exts, DER_SEQUENCE, &ext) == 0) {
		if (der_only(ext, DER_SEQUENCE, &in) == 0 &&
		    der_get(&in, DER_OID, &oid) == 0 &&
		    oid_of(oid) == OID_SAN) {
			der_opt(&in, DER_BOOLEAN, NULL);
			der_get(&in, DER_OCTET_STRING, san);
			++*n;
		} else {
			buf_add_slice(others, ext);
		}
	}
	if (exts.n > 0 || *n > 1)
		return err_set(e, exts.n > 0 ? E_TMPL_EXT : E_TMPL_SAN,
		    exts.n > 0 ? "an extension is malformed" :
		    "subjectAltName is there %zu times", *n);
	return buf_bad(others) ? buf_err(others, "extensions", e) : 0;
}

/* Extensions TLV: those of ${exts}, with another subjectAltName. */
static int
write_extensions(const struct conf_rule *rule, struct slice exts,
    struct derw *w, struct err *e)
{
	struct buf others;
	struct slice san;
	size_t mark, n;
	int rc;

	buf_init(&others, NAMES_MAX);
	rc = split(exts, &others, &san, &n, e);
	if (rc == 0 && (rule->add_san.n > 0 || san.n > 0)) {
		mark = derw_mark(w);
		rc = write_san(rule, san, w, e);
		derw_wrap(w, DER_OCTET_STRING, mark);
		derw_oid(w, oid_bytes(OID_SAN));
		derw_wrap(w, DER_SEQUENCE, mark);
	}
	derw_raw(w, buf_slice(&others));
	if (derw_mark(w) > 0)
		derw_wrap(w, DER_SEQUENCE, 0);
	buf_release(&others);
	if (rc == 0 && derw_bad(w))
		rc = derw_err(w, "extensions", e);
	return rc;
}

/* Are the names in ${got} those of ${asked} and what ${rule} adds? */
static int
check_san(const struct conf_rule *rule, struct slice asked, struct slice got,
    struct err *e)
{
	struct slice names = SLICE_NONE;
	struct buf want;
	int rc;

	buf_init(&want, NAMES_MAX);
	rc = add_names(rule, asked, &want, e);
	if (rc == 0 && ((got.n > 0 && der_only(got, DER_SEQUENCE, &names) ==
	    -1) || !slice_eq(names, buf_slice(&want))))
		rc = err_set(e, E_TMPL_SAN, "subjectAltName for upstream is "
		    "not what was asked for and what the rule adds");
	buf_release(&want);
	return rc;
}

/* subjectAltName is read as the policy did that has judged it. */
static int
check_extensions(const struct conf_rule *rule, struct slice asked,
    struct slice got, struct err *e)
{
	struct buf was, is;
	struct slice san;
	size_t n;
	int rc = -1;

	buf_init(&was, NAMES_MAX);
	buf_init(&is, NAMES_MAX);
	if (split(asked, &was, &san, &n, e) == 0 &&
	    split(got, &is, &san, &n, e) == 0)
		rc = slice_eq(buf_slice(&was), buf_slice(&is)) ?
		    check_san(rule, policy_asked_san(asked), san, e) :
		    err_set(e, E_TMPL_EXT, "extensions for upstream are not "
		    "those that were asked for");
	buf_release(&was);
	buf_release(&is);
	return rc;
}

static int
check_subject(const struct conf_rule *rule, struct slice asked,
    struct slice got, struct err *e)
{
	struct buf want;
	int rc;

	buf_init(&want, NAMES_MAX);
	rc = write_subject(rule, asked, &want, e);
	if (rc == 0 && !slice_eq(got, buf_slice(&want)))
		rc = err_set(e, E_TMPL_SUBJECT, "subject for upstream is not "
		    "what was asked for and what the rule adds");
	buf_release(&want);
	return rc;
}

int
relay_template_check(const struct conf_rule *rule, const struct cert_req *q,
    struct slice spki, struct slice content, struct err *e)
{
	struct cert_req r;
	struct buf key;
	size_t n;
	int rc;

	if (crmf_requests(content, &r, &n, e) == -1)
		return -1;
	if (n != 1 || r.popo != POPO_RA_VERIFIED)
		return err_set(e, E_INTERNAL, "template for upstream: %zu "
		    "requests, expected one with raVerified", n);
	buf_init(&key, 1 << 16);
	rc = crmf_spki(&r.tmpl, &key, e);
	if (rc == 0 && !slice_eq(buf_slice(&key), spki))
		rc = err_set(e, E_TMPL_KEY, "publicKey for upstream is not "
		    "that whose possession was proved");
	buf_release(&key);
	return rc == -1 || check_subject(rule, q->tmpl.subject,
	    r.tmpl.subject, e) == -1 ? -1 : check_extensions(rule,
	    q->tmpl.extensions, r.tmpl.extensions, e);
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
	if (derw_bad(&controls))
		rc = derw_err(&controls, "controls", e);
	else if (derw_bad(&validity) || derw_bad(out))
		rc = derw_err(derw_bad(out) ? out : &validity,
		    "certTemplate", e);
	else
		rc = relay_template_check(rule, q, spki, derw_slice(out), e);
out:
	buf_release(&subject);
	derw_release(&exts);
	derw_release(&controls);
	derw_release(&validity);
	return rc;
}
