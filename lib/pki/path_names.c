/* Name constraints: the subtrees of one CA against all names below it. */
#include "pki/path.h"

#include <stdio.h>

#include "base/escape.h"
#include "pki/path_int.h"
#include "pki/san.h"

/* Comparisons of a subtree with a name, for the constraints of one CA. */
#define NAMES_MAX_WORK	4096

struct walk {
	const struct cert	*ca, *cert;	/* who limits whom */
	struct slice		 permitted, excluded;	/* content */
	unsigned		 work;
	int			 san_email;	/* cert's SAN has one */
};

struct subtree {
	unsigned	 form;
	struct slice	 base;
};

/* Take the next GeneralSubtree off ${in}. */
static int
next_subtree(struct slice *in, struct subtree *t)
{
	struct slice one, min;
	int64_t n = 0;
	uint8_t tag;

	if (der_get(in, DER_SEQUENCE, &one) == -1 ||
	    der_any(&one, &tag, &t->base, NULL) == -1 || (tag & 0xc0) != 0x80)
		return -1;
	t->form = tag & 0x1f;
	/* minimum 0 is the only one that RFC 5280 knows, without maximum. */
	if (der_opt(&one, DER_CTXP(0), &min) && der_int64_value(min, &n) == -1)
		return -1;
	return n != 0 || one.n != 0 ? -1 : 0;
}

static int
subtrees_ok(struct slice in)
{
	struct subtree t;

	if (in.p && in.n == 0)
		return 0;
	while (in.n > 0)
		if (next_subtree(&in, &t) == -1 ||
		    !path_base_ok(t.form, t.base))
			return 0;
	return 1;
}

/* Open the extension of ${w}->ca and look at every subtree once. */
static int
open_constraints(struct walk *w, struct err *e)
{
	struct slice in = w->ca->name_constraints, v;
	char who[NAME_TEXT];

	if (der_only(in, DER_SEQUENCE, &v) == 0) {
		int any = der_opt(&v, DER_CTX(0), &w->permitted);

		any |= der_opt(&v, DER_CTX(1), &w->excluded);
		if (any && v.n == 0 && subtrees_ok(w->permitted) &&
		    subtrees_ok(w->excluded))
			return 0;
	}
	return err_set(e, E_PATH_NAMES,
	    "the name constraints of %s are not understood",
	    path_who(who, w->ca));
}

static int
refuse(const struct walk *w, unsigned form, struct slice name,
    const char *why, struct err *e)
{
	char by[NAME_TEXT], of[NAME_TEXT], shown[120];
	struct buf text;

	buf_init(&text, sizeof(shown) * 4);
	if (form == SAN_DN)
		name_text(&text, name);
	else
		escape_text(&text, name, 64);
	snprintf(shown, sizeof(shown), "%s",
	    buf_str(&text) ? buf_str(&text) : "a name");
	buf_release(&text);
	return err_set(e, E_PATH_NAMES, "%s: %s %s by %s", shown,
	    path_who(of, w->cert), why, path_who(by, w->ca));
}

/*
 * Look for ${name} in ${in}: 1 some subtree of its form matches, 0 none
 * does, -1 with ${e} if that cannot be said.  ${forms} counts those of the
 * form.
 */
static int
match(struct walk *w, struct slice in, unsigned form, struct slice name,
    int exclude, unsigned *forms, struct err *e)
{
	struct subtree t;
	int found = 0;

	*forms = 0;
	while (in.n > 0 && next_subtree(&in, &t) == 0) {
		if (++w->work > NAMES_MAX_WORK)
			return refuse(w, form, name,
			    "is one of too many names limited", e);
		if (t.form != form)
			continue;
		++*forms;
		switch (path_fit(form, t.base, name, exclude)) {
		case PATH_FIT_YES:
			found = 1;
			break;
		case PATH_FIT_NO:
			break;
		default:
			return refuse(w, form, name,
			    "has a name that cannot be compared with those "
			    "allowed", e);
		}
	}
	return found;
}

static int
check_name(struct walk *w, unsigned form, struct slice name, struct err *e)
{
	unsigned forms;
	int r;

	r = match(w, w->excluded, form, name, 1, &forms, e);
	if (r == 1)
		return refuse(w, form, name, "has a name excluded", e);
	if (r == -1)
		return -1;
	r = match(w, w->permitted, form, name, 0, &forms, e);
	if (r == 0 && forms > 0)
		return refuse(w, form, name, "has a name not permitted", e);
	return r == -1 ? -1 : 0;
}

/* The emailAddress attributes of a subject, when its SAN has no address. */
static int
check_subject_email(struct walk *w, struct err *e)
{
	struct slice rdns, rdn, atv, oid, value;

	if (der_only(w->cert->subject, DER_SEQUENCE, &rdns) == -1)
		return 0;
	while (der_get(&rdns, DER_SET, &rdn) == 0)
		while (der_get(&rdn, DER_SEQUENCE, &atv) == 0) {
			if (der_get(&atv, DER_OID, &oid) == -1 ||
			    oid_of(oid) != OID_EMAIL ||
			    der_any(&atv, NULL, &value, NULL) == -1)
				continue;
			if (check_name(w, SAN_EMAIL, value, e) == -1)
				return -1;
		}
	return 0;
}

static int
check_san(struct walk *w, struct err *e)
{
	struct slice in = SLICE_NONE, value;
	enum san_type type;

	w->san_email = 0;
	if (!w->cert->san.p)
		return 0;
	if (der_only(w->cert->san, DER_SEQUENCE, &in) == -1)
		return refuse(w, SAN_OTHER, SLICE_NONE,
		    "has an unreadable subjectAltName, limited", e);
	while (in.n > 0) {
		if (san_next(&in, &type, &value) == -1)
			return refuse(w, SAN_OTHER, SLICE_NONE,
			    "has an unreadable subjectAltName, limited", e);
		w->san_email |= type == SAN_EMAIL;
		if (check_name(w, type, value, e) == -1)
			return -1;
	}
	return 0;
}

static int
check_cert(struct walk *w, struct err *e)
{
	if (!name_is_empty(w->cert->subject) &&
	    check_name(w, SAN_DN, w->cert->subject, e) == -1)
		return -1;
	if (check_san(w, e) == -1)
		return -1;
	return w->san_email ? 0 : check_subject_email(w, e);
}

int
path_names(const struct cert *ca, const struct path *below, struct err *e)
{
	struct walk w = { .ca = ca };

	if (!ca->name_constraints.p)
		return 0;
	if (open_constraints(&w, e) == -1)
		return -1;
	for (size_t i = 0; i < below->n; i++) {
		w.cert = below->certs[i];
		if (i > 0 && path_self_issued(w.cert))
			continue;
		if (check_cert(&w, e) == -1)
			return -1;
	}
	return 0;
}
