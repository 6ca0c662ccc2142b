/* The names in a certificate that is to be signed. */
#include "pki/name.h"
#include "pki/san.h"
#include "policy/policy_int.h"

/* Who asks, for the patterns: a reference proves no name. */
static struct slice
sender_name(const struct checked *c)
{
	return checked_mac(c) != NULL ? SLICE_LIT("\x30\x00") :
	    checked_signer(c)->subject;
}

static const char *
section(const struct conf_rule *rule)
{
	return rule->kind == CONF_ra ? "ra" :
	    rule->kind == CONF_forward ? "forward" : "enrol";
}

static int
check_subject(const struct conf_rule *rule, const struct checked *c,
    struct slice subject, struct err *e)
{
	struct slice sender = sender_name(c);
	char asked[NAME_TEXT], own[NAME_TEXT];

	/* The profile allows it, and all there is of a name stands in the
	 * subjectAltName, of which the rule judges every entry. */
	if (rule->kind == CONF_ra && rule->subject == NULL)
		return 0;
	if (name_is_empty(subject) && (rule->kind != CONF_ra ||
	    rule->san.n > 0))
		return 0;
	if (rule->subject == NULL) {
		if (name_eq(subject, sender))
			return 0;
		return err_set(e, E_NOT_SUBJECT, "subject is \"%s\"; [%s %s] "
		    "has no subject pattern, so a device may only ask for "
		    "its own name \"%s\"", name_short(asked, subject),
		    section(rule), rule->name, name_short(own, sender));
	}
	if (name_match(rule->subject, subject, sender))
		return 0;
	return err_set(e, E_NOT_SUBJECT, "subject is \"%s\", [%s %s] "
	    "allows \"%.120s\" to \"%s\"", name_short(asked, subject),
	    section(rule), rule->name, rule->subject,
	    name_short(own, sender));
}

static int
san_allowed(const struct conf_rule *rule, enum san_type type,
    struct slice value)
{
	for (size_t i = 0; i < rule->san.n; i++)
		if (san_match(rule->san.v[i], type, value))
			return 1;
	return 0;
}

/* Is the entry one of ${names} (GeneralNames TLV or nothing)? */
static int
san_among(struct slice names, enum san_type type, struct slice value)
{
	enum san_type other;
	struct slice in, v;

	if (names.n == 0 || der_only(names, DER_SEQUENCE, &in) == -1)
		return 0;
	while (san_next(&in, &other, &v) == 0)
		if (san_same(type, value, other, v))
			return 1;
	return 0;
}

static int
check_san(const struct conf_rule *rule, const struct checked *c,
    struct slice names, struct err *e)
{
	enum san_type type;
	struct slice in, value;
	struct buf text;

	if (names.n == 0 || (rule->kind == CONF_ra && rule->san.n == 0))
		return 0;
	if (der_only(names, DER_SEQUENCE, &in) == -1)
		return err_set(e, E_TMPL_SAN, "subjectAltName is malformed");
	while (in.n > 0) {
		if (san_next(&in, &type, &value) == -1)
			return err_set(e, E_TMPL_SAN, "subjectAltName is "
			    "malformed");
		if (policy_is_own(rule) ? san_among(checked_signer(c)->san,
		    type, value) : san_allowed(rule, type, value))
			continue;
		buf_init(&text, 4096);
		san_text(&text, type, value);
		err_set(e, E_NOT_SAN, "subjectAltName has \"%.200s\", [%s "
		    "%s] allows %s", text.n ? buf_str(&text) : "?",
		    section(rule), rule->name, rule->san.n == 0 ? "none" :
		    "no name like that");
		buf_release(&text);
		return -1;
	}
	return 0;
}

int
policy_names(const struct conf_rule *r, const struct checked *c,
    struct slice subject, struct slice san, struct err *e)
{
	return check_subject(r, c, subject, e) == -1 ? -1 :
	    check_san(r, c, san, e);
}

/* "without modifications" (4.1.3): subject and every alternative name. */
int
policy_same_names(const struct cert *own, struct slice subject,
    struct slice san, struct err *e)
{
	struct slice a = own->san, b = san, in, v;
	char asked[NAME_TEXT], is[NAME_TEXT];
	enum san_type type;

	if (!name_eq(own->subject, subject))
		return err_set(e, E_UPDATE_NAME, "subject is \"%s\", the "
		    "certificate to be updated has \"%s\"",
		    name_short(asked, subject),
		    name_short(is, own->subject));
	for (int i = 0; i < 2; i++, a = san, b = own->san) {
		if (a.n == 0 || der_only(a, DER_SEQUENCE, &in) == -1)
			continue;
		while (san_next(&in, &type, &v) == 0)
			if (!san_among(b, type, v))
				return err_set(e, E_UPDATE_NAME,
				    "subjectAltName differs from that of the "
				    "certificate to be updated");
	}
	return 0;
}
