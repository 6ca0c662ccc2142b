/* A request as a template of the CA wants it. */
#include "role/request_template.h"

#include <string.h>

#include "base/escape.h"
#include "base/file.h"
#include "pki/name.h"
#include "pki/san.h"

#define LEAVE	"or leave out with --omit-empty what nobody fills in"

struct attr {
	struct slice	 type, value, tlv;
};

void
request_template_init(struct request_template *r)
{
	memset(r, 0, sizeof(*r));
	buf_init(&r->der, 1 << 17);
	buf_init(&r->extensions, 1 << 16);
}

void
request_template_release(struct request_template *r)
{
	buf_release(&r->der);
	buf_release(&r->extensions);
}

/* --- subject */

/* Their number, or more than NAME_RDN_MAX if there is no place for all. */
static size_t
attrs(struct slice name, struct attr a[static NAME_RDN_MAX])
{
	struct slice rdns, rdn, av;
	uint8_t tag;
	size_t n = 0;

	if (name.n == 0 || der_only(name, DER_SEQUENCE, &rdns) == -1)
		return 0;
	while (n < NAME_RDN_MAX && der_get(&rdns, DER_SET, &rdn) == 0) {
		while (n < NAME_RDN_MAX &&
		    der_get(&rdn, DER_SEQUENCE, &av) == 0 &&
		    der_get(&av, DER_OID, &a[n].type) == 0 &&
		    der_any(&av, &tag, &a[n].value, &a[n].tlv) == 0)
			n++;
		if (rdn.n > 0)
			return NAME_RDN_MAX + 1;
	}
	return rdns.n > 0 ? NAME_RDN_MAX + 1 : n;
}

/* What is written becomes ours, but never a part of it alone. */
static int
finish(struct buf *own, struct derw *w, const char *what, struct err *e)
{
	int bad = derw_bad(w);

	buf_reset(own);
	buf_add_slice(own, derw_slice(w));
	derw_release(w);
	if (bad || buf_bad(own))
		return err_set(e, E_ANSWER_INFO, "the template's %s and ours "
		    "are too long together", what);
	return 0;
}

/* "CN" or the dotted digits of an attribute's type. */
static const char *
type_name(char t[static OID_TEXT], struct slice type)
{
	const char *name = oid_attribute(oid_of(type));

	if (name == NULL && oid_of(type) != OID_UNKNOWN)
		name = oid_name(oid_of(type));
	return name != NULL ? name : oid_text(t, type);
}

/* ${o} of --subject is not in the template: why? */
static int
no_place(const struct attr *o, const struct attr *t, size_t nt,
    struct err *e)
{
	char type[OID_TEXT], is[ESCAPE_SHORT], want[ESCAPE_SHORT];

	for (size_t i = 0; i < nt; i++)
		if (slice_eq(t[i].type, o->type))
			return err_set(e, E_TEMPLATE, "--subject says %s is "
			    "\"%.80s\", the template fixes it to \"%.80s\"; "
			    "leave it out", type_name(type, o->type),
			    escape_short(is, o->value),
			    escape_short(want, t[i].value));
	return err_set(e, E_TEMPLATE, "--subject has %s, for which the "
	    "template has no place; leave it out", type_name(type, o->type));
}

static int
write_name(const struct attr *t, size_t nt, struct buf *own, struct err *e)
{
	struct derw w;
	size_t m;

	derw_init(&w, NAME_SIZE_MAX);
	for (size_t i = nt; i-- > 0;) {
		if (t[i].value.n == 0)
			continue;
		m = derw_mark(&w);
		derw_raw(&w, t[i].tlv);
		derw_oid(&w, t[i].type);
		derw_wrap(&w, DER_SEQUENCE, m);
		derw_wrap(&w, DER_SET, m);
	}
	derw_wrap(&w, DER_SEQUENCE, 0);
	return finish(own, &w, "subject", e);
}

/* Values of ${own} go into the empty places of ${tmpl}, in order. */
static int
fill_subject(struct slice tmpl, struct buf *own, int leave, struct err *e)
{
	struct attr t[NAME_RDN_MAX], o[NAME_RDN_MAX];
	size_t nt = attrs(tmpl, t), no = attrs(buf_slice(own), o), k;
	int used[NAME_RDN_MAX] = { 0 };
	char type[OID_TEXT];

	if (nt > NAME_RDN_MAX || no > NAME_RDN_MAX)
		return err_set(e, E_NAME_SYNTAX, "more than %d attributes in "
		    "%s subject", NAME_RDN_MAX, nt > NAME_RDN_MAX ?
		    "the template's" : "our");
	if (nt == 0)
		return no > 0 || leave ? 0 : err_set(e, E_TEMPLATE_EMPTY,
		    "the template wants a subject of our choice: give "
		    "--subject DN, " LEAVE);
	/* First what is fixed: it must not take the place of an empty one. */
	for (size_t i = 0; i < nt; i++)
		for (k = 0; t[i].value.n > 0 && k < no; k++)
			if (!used[k] && slice_eq(o[k].type, t[i].type) &&
			    slice_eq(o[k].value, t[i].value)) {
				used[k] = 1;
				break;
			}
	for (size_t i = 0; i < nt; i++) {
		if (t[i].value.n > 0)
			continue;
		for (k = 0; k < no; k++)
			if (!used[k] && slice_eq(o[k].type, t[i].type))
				break;
		if (k < no) {
			used[k] = 1;
			t[i] = o[k];
		} else if (!leave)
			return err_set(e, E_TEMPLATE_EMPTY, "the template wants "
			    "%s in the subject: give it in --subject, " LEAVE,
			    type_name(type, t[i].type));
	}
	for (k = 0; k < no; k++)
		if (!used[k])
			return no_place(&o[k], t, nt, e);
	return write_name(t, nt, own, e);
}

/* --- subjectAltName */

static int
is_empty_name(enum san_type t, struct slice v)
{
	return v.n == 0 || (t == SAN_DN && v.n == 2);
}

static const char *
kind_name(enum san_type t)
{
	switch (t) {
	case SAN_DNS:	return "dns";
	case SAN_IP:	return "ip";
	case SAN_EMAIL:	return "email";
	case SAN_URI:	return "uri";
	case SAN_DN:	return "dn";
	case SAN_RID:	return "rid";
	default:	return NULL;
	}
}

/* Does ${names} have an entry of this type: an empty one (${value} none), or
 * this one? */
static int
has_entry(struct slice names, enum san_type type, const struct slice *value)
{
	struct slice v;
	enum san_type t;

	while (names.n > 0 && san_next(&names, &t, &v) == 0)
		if (t == type && (value == NULL ? is_empty_name(t, v) :
		    !is_empty_name(t, v) && san_same(t, v, type, *value)))
			return 1;
	return 0;
}

/* Every name of ours has a place in the template. */
static int
check_mine(struct slice mine, struct slice tmpl, struct err *e)
{
	char shown[ESCAPE_SHORT];
	struct slice in = mine, v;
	enum san_type t;
	struct buf text;

	while (in.n > 0 && san_next(&in, &t, &v) == 0) {
		if (has_entry(tmpl, t, NULL) || has_entry(tmpl, t, &v))
			continue;
		buf_init(&text, 4096);
		san_text(&text, t, v);
		err_set(e, E_TEMPLATE, "--san %.160s: the template has no "
		    "empty place for a name of this kind; leave it out",
		    escape_short(shown, buf_slice(&text)));
		buf_release(&text);
		return -1;
	}
	return 0;
}

/* Every empty place of the template that we could fill is filled. */
static int
check_filled(struct slice tmpl, struct slice mine, struct err *e)
{
	struct slice in = tmpl, own, v, w;
	enum san_type t, u;
	int found;

	while (in.n > 0 && san_next(&in, &t, &v) == 0) {
		if (!is_empty_name(t, v) || kind_name(t) == NULL)
			continue;
		found = 0;
		for (own = mine; !found && own.n > 0 &&
		    san_next(&own, &u, &w) == 0;)
			found = u == t && !has_entry(tmpl, u, &w);
		if (!found)
			return err_set(e, E_TEMPLATE_EMPTY, "the template wants "
			    "an alternative name of kind %s: give --san "
			    "%s:NAME, " LEAVE, kind_name(t), kind_name(t));
	}
	return 0;
}

/* The template's names as they are given, then ours that are not these. */
static int
write_san(struct slice tmpl, struct slice mine, struct buf *own,
    struct err *e)
{
	struct slice in, rest, v;
	enum san_type t;
	struct buf b;
	struct derw w;

	buf_init(&b, 1 << 14);
	for (in = tmpl; in.n > 0;) {
		rest = in;
		if (san_next(&in, &t, &v) == -1)
			break;
		if (!is_empty_name(t, v))
			buf_add(&b, rest.p, rest.n - in.n);
	}
	for (in = mine; in.n > 0;) {
		rest = in;
		if (san_next(&in, &t, &v) == -1)
			break;
		if (!has_entry(tmpl, t, &v))
			buf_add(&b, rest.p, rest.n - in.n);
	}
	derw_init(&w, 1 << 14);
	derw_raw(&w, buf_slice(&b));
	if (b.n > 0)
		derw_wrap(&w, DER_SEQUENCE, 0);
	w.bad |= buf_bad(&b);
	buf_release(&b);
	return finish(own, &w, "alternative names", e);
}

static int
fill_san(int has, struct slice value, struct buf *own, int leave,
    struct err *e)
{
	struct slice tmpl = SLICE_NONE, mine = SLICE_NONE;

	if (!has)
		return own->n == 0 ? 0 : err_set(e, E_TEMPLATE, "--san: the "
		    "template has no alternative names; leave it out");
	if (value.n > 0 && der_only(value, DER_SEQUENCE, &tmpl) == -1)
		return err_set(e, E_ANSWER_INFO, "subjectAltName of the "
		    "template is no SEQUENCE of names");
	if (own->n > 0)
		der_only(buf_slice(own), DER_SEQUENCE, &mine);
	if (tmpl.n == 0)	/* all of it is for us to choose */
		return mine.n > 0 || leave ? 0 : err_set(e, E_TEMPLATE_EMPTY,
		    "the template wants alternative names of our choice: give "
		    "--san NAME, " LEAVE);
	if (check_mine(mine, tmpl, e) == -1 ||
	    (!leave && check_filled(tmpl, mine, e) == -1))
		return -1;
	return write_san(tmpl, mine, own, e);
}

int
request_template_names(const struct request_template *r, struct buf *subject,
    struct buf *san, int leave, struct err *e)
{
	struct slice exts = r->t.extensions, value = SLICE_NONE;
	struct ext x;
	int has = 0;

	while (exts.n > 0 && cert_next_ext(&exts, &x) == 0)
		if (oid_of(x.oid) == OID_SAN) {
			has = 1;
			value = x.value;
		}
	/* A template that says nothing about names leaves them to us. */
	if (r->t.subject.p == NULL && !has)
		return 0;
	if (r->t.subject.p == NULL && subject->n > 0 &&
	    !name_is_empty(buf_slice(subject)))
		return err_set(e, E_TEMPLATE, "--subject: the template has no "
		    "subject, only alternative names; leave it out");
	if ((r->t.subject.p != NULL && fill_subject(r->t.subject, subject,
	    leave, e) == -1) || fill_san(has, value, san, leave, e) == -1)
		return -1;
	/* What the template gives is as good as the file it came in. */
	if (subject->n > 0 && name_check(buf_slice(subject), e) == -1)
		return err_wrap(e, "subject with the template");
	if (san->n > 0 && san_check(buf_slice(san), 1, e) == -1)
		return err_wrap(e, "alternative names with the template");
	return 0;
}

/* --- other extensions */

/* Nothing, or an empty SEQUENCE or BIT STRING: for us to fill in. */
static int
is_empty_value(struct slice v)
{
	return v.n < 2 || v.p[1] == 0 || (v.n == 3 && v.p[0] ==
	    DER_BIT_STRING && v.p[1] == 1);
}

static int
is_ca_power(const struct ext *x)
{
	struct slice in, v;
	uint32_t ku;

	switch (oid_of(x->oid)) {
	case OID_BASIC_CONSTRAINTS:
		return der_only(x->value, DER_SEQUENCE, &in) == -1 ||
		    der_opt(&in, DER_BOOLEAN, &v);
	case OID_KEY_USAGE:
		return der_only(x->value, DER_BIT_STRING, &v) == -1 ||
		    der_named_bits(v, &ku) == -1 ||
		    (ku & (KU_KEY_CERT_SIGN | KU_CRL_SIGN));
	case OID_EKU:
		if (der_only(x->value, DER_SEQUENCE, &in) == -1)
			return 1;
		while (in.n > 0) {
			if (der_get(&in, DER_OID, &v) == -1)
				return 1;
			switch (oid_of(v)) {
			case OID_KP_CMC_CA:
			case OID_KP_CMC_RA:
			case OID_KP_CM_KGA:
			case OID_KP_OCSP_SIGNING:
				return 1;
			default:
				break;
			}
		}
		return 0;
	default:
		return 0;
	}
}

static int
take_extensions(struct request_template *r, struct err *e)
{
	struct slice in = r->t.extensions, rest;
	char t[OID_TEXT];
	struct ext x;

	while (in.n > 0) {
		rest = in;
		if (cert_next_ext(&in, &x) == -1)
			return err_set(e, E_ANSWER_INFO, "an extension of the "
			    "template is malformed");
		if (oid_of(x.oid) == OID_SAN || is_empty_value(x.value))
			continue;
		if (is_ca_power(&x))
			return err_set(e, E_TMPL_CA, "%s of the template has "
			    "powers of a CA, which no device asks for",
			    type_name(t, x.oid));
		buf_add(&r->extensions, rest.p, rest.n - in.n);
	}
	return 0;
}

/* --- keys */

/* What keySpec allows, for people. */
static void
allowed(struct slice keys, struct buf *out)
{
	char spec[64];

	while (info_template_key(&keys, spec))
		buf_printf(out, "%s%s", out->n > 0 ? " " : "", spec);
	buf_add_u8(out, '\0');
}

int
request_template_spec(const struct request_template *r, const char *spec,
    struct err *e)
{
	struct slice keys = r->t.keys;
	char one[64];
	struct buf all;

	if (keys.p == NULL)
		return 0;
	while (info_template_key(&keys, one))
		/* An algorithm identifier of PSS says nothing of lengths. */
		if (strcmp(one, spec) == 0 || (strncmp(one, "rsa-pss:", 8) ==
		    0 && strncmp(spec, "rsa-pss:", 8) == 0))
			return 0;
	buf_init(&all, 512);
	allowed(r->t.keys, &all);
	err_set(e, E_TEMPLATE_KEY, "the new key is %.60s; keySpec of the "
	    "template allows: %.160s", spec, buf_bad(&all) || all.n == 0 ?
	    "" : (const char *)all.p);
	buf_release(&all);
	return -1;
}

int
request_template_key(const struct request_template *r,
    const struct keyinfo *k, struct err *e)
{
	char spec[64];

	return request_template_spec(r, alg_key_spec(spec, k), e);
}

static int
read_template(struct request_template *r, struct err *e)
{
	struct slice keys, in;

	if (der_only(buf_slice(&r->der), DER_SEQUENCE, &in) == -1)
		return err_set(e, E_SYNTAX, "%zu bytes that are no "
		    "template in DER; genm reqtemplate brings one as "
		    "HOME/template/NAME.der", r->der.n);
	if (der_walk(buf_slice(&r->der), &der_limits_message, 0, e) == -1 ||
	    info_template_read(buf_slice(&r->der), &r->t, e) == -1 ||
	    take_extensions(r, e) == -1)
		return -1;
	keys = r->t.keys;
	if (keys.p != NULL && !info_template_key(&keys, r->spec))
		return err_set(e, E_TEMPLATE_KEY, "keySpec has no kind of key "
		    "that can be made here: rsa, rsa-pss, ec, ed25519 or "
		    "ed448");
	return buf_bad(&r->extensions) ? err_set(e, E_NOMEM, "out of memory") :
	    0;
}

int
request_template_load(struct request_template *r, const char *path,
    struct err *e)
{
	if (file_read(path, 1 << 16, &r->der, e) == -1)
		return -1;
	return read_template(r, e) == 0 ? 0 : err_wrap(e, "%.200s", path);
}
