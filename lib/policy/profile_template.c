/* From a profile and an [enrol] rule to a request template. */
#include "policy/profile_template.h"

#include <string.h>

#include "pki/name.h"
#include "pki/san.h"
#include "policy/conf_impl.h"

/* --- keySpec: one control for each kind of key */

static void
put_control(struct derw *w, enum oid type, size_t mark)
{
	derw_oid(w, oid_bytes(type));
	derw_wrap(w, DER_SEQUENCE, mark);
}

/* RSA only by length: those usual ones that are allowed. */
static void
put_rsa(struct derw *w, const struct conf_keyspec *k)
{
	static const unsigned usual[] = { 8192, 4096, 3072, 2048 };
	size_t mark;
	int n = 0;

	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++) {
		if (usual[i] < k->min || usual[i] > k->max)
			continue;
		mark = derw_mark(w);
		derw_int(w, DER_INTEGER, usual[i]);
		put_control(w, OID_REGCTRL_RSA_KEY_LEN, mark);
		n++;
	}
	if (n > 0)
		return;
	mark = derw_mark(w);
	derw_int(w, DER_INTEGER, k->min);
	put_control(w, OID_REGCTRL_RSA_KEY_LEN, mark);
}

static void
put_alg(struct derw *w, const struct conf_keyspec *k)
{
	static const enum oid curves[] = { [CURVE_P256] = OID_P256,
	    [CURVE_P384] = OID_P384, [CURVE_P521] = OID_P521 };
	static const enum oid algs[] = { [KEY_RSA_PSS] = OID_RSA_PSS,
	    [KEY_EC] = OID_EC_PUBLIC_KEY, [KEY_ED25519] = OID_ED25519,
	    [KEY_ED448] = OID_ED448 };
	size_t mark = derw_mark(w);

	if (k->family == KEY_EC)
		derw_oid(w, oid_bytes(curves[k->curve]));
	derw_oid(w, oid_bytes(algs[k->family]));
	derw_wrap(w, DER_SEQUENCE, mark);
	put_control(w, OID_REGCTRL_ALG_ID, mark);
}

static void
put_keys(struct derw *w, const struct conf_profile *p)
{
	struct conf_keyspec k;
	size_t mark = derw_mark(w);

	for (size_t i = p->keys.n; i-- > 0;) {
		if (conf_keyspec(p->keys.v[i], &k) == -1)
			continue;
		if (k.family == KEY_RSA)
			put_rsa(w, &k);
		else
			put_alg(w, &k);
	}
	if (derw_mark(w) != mark)
		derw_wrap(w, DER_SEQUENCE, mark);
}

/* --- certTemplate */

static void
put_ext(struct derw *w, enum oid id, int critical, size_t mark)
{
	derw_wrap(w, DER_OCTET_STRING, mark);
	if (critical)
		derw_bool(w, 1);
	derw_oid(w, oid_bytes(id));
	derw_wrap(w, DER_SEQUENCE, mark);
}

static void
put_usages(struct derw *w, const struct conf_profile *p)
{
	size_t mark = derw_mark(w);
	uint32_t ku = 0;
	enum oid id;

	for (size_t i = p->eku.n; i-- > 0;)
		if ((id = conf_eku(p->eku.v[i])) != OID_UNKNOWN)
			derw_oid(w, oid_bytes(id));
	if (derw_mark(w) != mark) {
		derw_wrap(w, DER_SEQUENCE, mark);
		put_ext(w, OID_EKU, 0, mark);
	}
	for (size_t i = 0; i < p->key_usage.n; i++)
		ku |= conf_ku(p->key_usage.v[i]);
	mark = derw_mark(w);
	if (ku != 0) {
		derw_named_bits(w, DER_BIT_STRING, ku);
		put_ext(w, OID_KEY_USAGE, 1, mark);
	}
}

static int
san_allowed(const struct conf_profile *p, int type)
{
	for (size_t i = 0; i < p->san.n; i++)
		if (conf_san_type(p->san.v[i]) == type)
			return 1;
	return 0;
}

/* One pattern of the rule: its value, or an empty one to be filled in. */
static void
put_san_pattern(struct derw *w, const struct conf_profile *p,
    const char *pattern)
{
	const char *colon = strchr(pattern, ':');
	struct err ignored = { 0 };
	char word[16] = "";
	struct buf one;
	int type;

	if (colon == NULL || (size_t)(colon - pattern) >= sizeof(word))
		return;
	memcpy(word, pattern, (size_t)(colon - pattern));
	type = conf_san_type(word);
	if (type == -1 || !san_allowed(p, type))
		return;
	buf_init(&one, 4096);
	if (type == SAN_DN)
		derw_prim(w, DER_CTX(SAN_DN), SLICE_LIT("\x30\x00"));
	else if (strchr(colon, '*') != NULL ||
	    san_parse(pattern, &one, &ignored) == -1)
		derw_prim(w, DER_CTXP(type), SLICE_NONE);
	else
		derw_raw(w, buf_slice(&one));
	buf_release(&one);
}

static void
put_san(struct derw *w, const struct conf_profile *p,
    const struct conf_rule *rule, const struct cert *sender)
{
	size_t mark = derw_mark(w);

	if (p->san.n == 0)
		return;
	if (rule == NULL) {
		derw_raw(w, sender->san);
	} else {
		for (size_t i = rule->san.n; i-- > 0;)
			put_san_pattern(w, p, rule->san.v[i]);
		if (derw_mark(w) != mark)
			derw_wrap(w, DER_SEQUENCE, mark);
	}
	if (derw_mark(w) != mark)
		put_ext(w, OID_SAN, 0, mark);
}

struct attr {
	struct slice	 type, value, tlv;
};

/* The first attribute of the next RDN. */
static int
next_attr(struct slice *rdns, struct attr *a)
{
	struct slice rdn, av;
	uint8_t tag;

	return der_get(rdns, DER_SET, &rdn) == -1 ||
	    der_get(&rdn, DER_SEQUENCE, &av) == -1 ||
	    der_get(&av, DER_OID, &a->type) == -1 ? -1 :
	    der_any(&av, &tag, &a->value, &a->tlv);
}

/* The pattern as a Name in which what is to be chosen is empty. */
static void
write_pattern(struct derw *w, const char *pattern)
{
	size_t n = 0, mark = derw_mark(w), m;
	struct attr a[NAME_RDN_MAX];
	struct err ignored = { 0 };
	struct slice rdns;
	struct buf name;

	buf_init(&name, NAME_SIZE_MAX);
	if (name_parse(pattern, &name, &ignored) == 0 &&
	    der_only(buf_slice(&name), DER_SEQUENCE, &rdns) == 0)
		while (n < NAME_RDN_MAX && next_attr(&rdns, &a[n]) == 0)
			n++;
	while (n-- > 0) {
		m = derw_mark(w);
		if (memchr(a[n].value.p, '*', a[n].value.n) != NULL ||
		    memchr(a[n].value.p, '{', a[n].value.n) != NULL)
			derw_prim(w, DER_UTF8_STRING, SLICE_NONE);
		else
			derw_raw(w, a[n].tlv);
		derw_oid(w, a[n].type);
		derw_wrap(w, DER_SEQUENCE, m);
		derw_wrap(w, DER_SET, m);
	}
	derw_wrap(w, DER_SEQUENCE, mark);
	buf_release(&name);
}

void
profile_template(const struct conf_profile *p, const struct conf_rule *rule,
    const struct cert *sender, struct derw *w)
{
	size_t all = derw_mark(w), mark, m;

	put_keys(w, p);
	mark = derw_mark(w);
	put_usages(w, p);
	put_san(w, p, rule, sender);
	if (derw_mark(w) != mark)
		derw_wrap(w, DER_CTX(9), mark);
	m = derw_mark(w);
	/* An RA may have any: the field is for it to fill in. */
	if (rule != NULL && rule->kind == CONF_ra && rule->subject == NULL)
		derw_raw(w, SLICE_LIT("\x30\x00"));
	else if (rule == NULL || rule->subject == NULL)
		derw_raw(w, sender->subject);
	else
		write_pattern(w, rule->subject);
	derw_wrap(w, DER_CTX(5), m);
	derw_wrap(w, DER_SEQUENCE, mark);
	derw_wrap(w, DER_SEQUENCE, all);
}
