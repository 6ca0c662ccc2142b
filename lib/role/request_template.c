/* A request as a template of the CA wants it. */
#include "role/request_template.h"

#include <string.h>

#include "base/file.h"
#include "op/info.h"
#include "pki/name.h"
#include "pki/san.h"

struct attr {
	struct slice	 type, value, tlv;
};

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

/* Values of ${own} go into the empty places of ${tmpl}, in order. */
static int
fill_subject(struct slice tmpl, struct buf *own, struct err *e)
{
	struct attr t[NAME_RDN_MAX], o[NAME_RDN_MAX];
	size_t nt = attrs(tmpl, t), no = attrs(buf_slice(own), o), m, k;
	int used[NAME_RDN_MAX] = { 0 };
	char text[NAME_TEXT];
	struct derw w;

	if (nt == 0)
		return 0;	/* all of it is for us to choose */
	if (nt > NAME_RDN_MAX || no > NAME_RDN_MAX)
		return err_set(e, E_NAME_SYNTAX, "more than %d attributes in "
		    "%s subject", NAME_RDN_MAX, nt > NAME_RDN_MAX ?
		    "the template's" : "our");
	for (size_t i = 0; i < nt; i++) {
		for (k = 0; k < no; k++)
			if (!used[k] && slice_eq(o[k].type, t[i].type) &&
			    (t[i].value.n == 0 ||
			    slice_eq(o[k].value, t[i].value)))
				break;
		if (k == no)
			continue;
		used[k] = 1;
		t[i].tlv = o[k].tlv;
		t[i].value = o[k].value;
	}
	for (k = 0; k < no; k++)
		if (!used[k])
			return err_set(e, E_USAGE, "--subject has an attribute "
			    "that the template \"%.120s\" has no place for",
			    name_short(text, tmpl));
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

/* Does ${names} have an empty entry of this type? */
static int
has_place(struct slice names, enum san_type type)
{
	struct slice v;
	enum san_type t;

	while (names.n > 0 && san_next(&names, &t, &v) == 0)
		if (t == type && (v.n == 0 || (t == SAN_DN && v.n == 2)))
			return 1;
	return 0;
}

/* The template's alternative names, then ours. */
static int
fill_san(int has, struct slice value, struct buf *own, struct err *e)
{
	struct slice tmpl = SLICE_NONE, mine = SLICE_NONE, in, rest, v;
	enum san_type t;
	struct derw w;

	if (own->n > 0 && !has)
		return err_set(e, E_USAGE, "--san: the template has no "
		    "alternative names");
	if (value.n == 0 || der_only(value, DER_SEQUENCE, &tmpl) == -1)
		return 0;	/* all of it is for us to choose */
	if (own->n > 0)
		der_only(buf_slice(own), DER_SEQUENCE, &mine);
	for (in = mine; tmpl.n > 0 && in.n > 0 && san_next(&in, &t, &v) == 0;)
		if (!has_place(tmpl, t))
			return err_set(e, E_USAGE, "--san: the template has no "
			    "place for a name of this kind");
	derw_init(&w, 1 << 14);
	derw_raw(&w, mine);
	for (in = tmpl; in.n > 0;) {
		rest = in;
		if (san_next(&in, &t, &v) == -1)
			break;
		if (v.n > 0 && !(t == SAN_DN && v.n == 2))
			derw_raw(&w, SLICE(rest.p, rest.n - in.n));
	}
	if (derw_mark(&w) > 0)
		derw_wrap(&w, DER_SEQUENCE, 0);
	return finish(own, &w, "alternative names", e);
}

static int
fill(struct slice der, struct buf *subject, struct buf *san,
    char spec[static 64], struct err *e)
{
	struct slice exts, value = SLICE_NONE;
	struct info_template t;
	struct ext x;
	int has = 0;

	if (der_walk(der, &der_limits_message, 0, e) == -1 ||
	    info_template_read(der, &t, e) == -1)
		return -1;
	for (exts = t.extensions; cert_next_ext(&exts, &x) == 0;)
		if (oid_of(x.oid) == OID_SAN) {
			has = 1;
			value = x.value;
		}
	spec[0] = '\0';
	info_template_key(&t.keys, spec);
	if (fill_subject(t.subject, subject, e) == -1 ||
	    fill_san(has, value, san, e) == -1)
		return -1;
	/* What the template gives is as good as the file it came in. */
	if (subject->n > 0 && name_check(buf_slice(subject), e) == -1)
		return err_wrap(e, "subject with the template");
	if (san->n > 0 && san_check(buf_slice(san), 1, e) == -1)
		return err_wrap(e, "alternative names with the template");
	return 0;
}

int
request_template(const char *path, struct buf *subject, struct buf *san,
    char spec[static 64], struct err *e)
{
	struct buf der;
	int rc;

	buf_init(&der, 1 << 17);
	rc = file_read(path, 1 << 16, &der, e);
	if (rc == 0 && fill(buf_slice(&der), subject, san, spec, e) == -1)
		rc = err_wrap(e, "%.200s", path);
	buf_release(&der);
	return rc;
}
