/* A new root certificate: RFC 9483 4.3.2, RFC 9480 2.15, RFC 4210 4.4. */
#include <stdio.h>
#include <string.h>

#include "base/escape.h"
#include "op/info.h"
#include "pki/name.h"

static void
put_tagged(struct derw *w, const struct certs *c, unsigned n)
{
	size_t mark = derw_mark(w);

	if (c == NULL)
		return;
	derw_raw(w, c->v[0].der);
	derw_wrap(w, DER_CTX(n), mark);
}

static int
root_answer(const struct op_ca *ca, const struct op_request *r,
    struct op_facts *f, struct derw *w, struct err *e)
{
	const struct info_env *env = ca->info;
	struct cert asked;

	(void)f;
	if (r->info_value.p != NULL &&
	    cert_parse(r->info_value, &asked, e) == -1) {
		e->code = E_INFO_VALUE;
		return err_wrap(e, "rootCaCert");
	}
	if (env->old == NULL || env->new_with_new == NULL ||
	    env->new_with_old == NULL || (r->info_value.p != NULL &&
	    !slice_eq(r->info_value, env->old->v[0].der)))
		return 0;
	put_tagged(w, env->old_with_new, 1);
	put_tagged(w, env->new_with_old, 0);
	derw_raw(w, env->new_with_new->v[0].der);
	derw_wrap(w, DER_SEQUENCE, 0);
	return 0;
}

static int
root_build(const struct info_words *words, struct derw *w, struct err *e)
{
	if (words->root.p == NULL)
		return err_set(e, E_USAGE, "which root: --root FILE");
	derw_raw(w, words->root);
	return 0;
}

/* RootCaKeyUpdateContent. */
struct update {
	struct cert	 new_with_new, new_with_old, old_with_new;
	int		 has_owo;	/* oldWithNew is there */
};

static int
read_tagged(struct slice *in, unsigned n, const char *what, struct cert *c,
    struct err *e)
{
	struct slice v;

	if (!der_opt(in, DER_CTX(n), &v))
		return 0;
	if (cert_parse(v, c, e) == -1) {
		e->code = E_ANSWER_ROOT;
		err_wrap(e, "%s", what);
		return -1;
	}
	return 1;
}

static int
read_update(struct slice value, struct update *u, struct err *e)
{
	struct slice in, der;
	int rc;

	if (der_only(value, DER_SEQUENCE, &in) == -1 ||
	    der_get_tlv(&in, DER_SEQUENCE, &der) == -1)
		return err_set(e, E_ANSWER_INFO, "rootCaKeyUpdate has no "
		    "newWithNew");
	if (cert_parse(der, &u->new_with_new, e) == -1) {
		e->code = E_ANSWER_ROOT;
		return err_wrap(e, "newWithNew");
	}
	rc = read_tagged(&in, 0, "newWithOld", &u->new_with_old, e);
	if (rc == 0)
		return err_set(e, E_ANSWER_ROOT, "newWithOld is missing: "
		    "nothing says that the old root wants the new one");
	if (rc == -1 || (u->has_owo = read_tagged(&in, 1, "oldWithNew",
	    &u->old_with_new, e)) == -1)
		return -1;
	if (in.n != 0)
		return err_set(e, E_ANSWER_INFO, "rootCaKeyUpdate has "
		    "something behind its certificates");
	return 0;
}

/* A CA's certificate for ${subject} and ${spki}, by ${issuer}, in force. */
static int
check_one(const char *what, const struct cert *c, const struct cert *subject,
    const struct cert *issuer, int64_t now, struct err *e)
{
	char is[NAME_TEXT], want[NAME_TEXT];
	struct err why = { 0 };

	if (!c->ca || (c->has_ku && !(c->ku & KU_KEY_CERT_SIGN)))
		return err_set(e, E_ANSWER_ROOT, "%s is not of a CA", what);
	if (c->unknown_critical.p != NULL)
		return err_set(e, E_ANSWER_ROOT, "%s has a critical extension "
		    "that is not known here", what);
	if (!name_eq(c->subject, subject->subject))
		return err_set(e, E_ANSWER_ROOT, "%s is of \"%.100s\", not of "
		    "\"%.100s\"", what, name_short(is, c->subject),
		    name_short(want, subject->subject));
	if (!slice_eq(c->spki, subject->spki))
		return err_set(e, E_ANSWER_ROOT, "%s is for another key", what);
	if (!name_eq(c->issuer, issuer->subject))
		return err_set(e, E_ANSWER_ROOT, "%s is issued by \"%.100s\", "
		    "not by \"%.100s\"", what, name_short(is, c->issuer),
		    name_short(want, issuer->subject));
	if (key_verify(issuer->spki, &c->sigalg, c->tbs, c->sig, &why) == -1)
		return err_set(e, E_ANSWER_ROOT, "%s is not signed with the "
		    "key it has to be: %.120s", what, why.detail);
	if (now < c->not_before || now > c->not_after)
		return err_set(e, E_ANSWER_ROOT, "%s is not in force", what);
	return 0;
}

/*
 * The old root is the one that is stored here, never one that came along:
 * only its key can say who comes after it.
 */
static int
check_update(const struct update *u, const struct anchor *old, int64_t now,
    struct err *e)
{
	const struct cert *new = &u->new_with_new;
	struct path_ask ask = { .target = &u->new_with_old, .anchors = old,
	    .n_anchors = 1, .now = now, .ku = KU_KEY_CERT_SIGN };
	struct path path;

	if (slice_eq(new->der, old->cert->der))
		return err_set(e, E_ANSWER_ROOT, "newWithNew is the root that "
		    "is to be updated");
	if (check_one("newWithNew", new, new, new, now, e) == -1 ||
	    check_one("newWithOld", &u->new_with_old, new, old->cert, now,
	    e) == -1 || (u->has_owo && check_one("oldWithNew",
	    &u->old_with_new, old->cert, new, now, e) == -1))
		return -1;
	if (path_find(&ask, &path, e) == -1) {
		e->code = E_ANSWER_ROOT;
		return err_wrap(e, "newWithOld");
	}
	return 0;
}

static int
root_accept(const struct info_reply *a, struct op_result *res, struct err *e)
{
	const struct op_device *d = a->device;
	const struct anchor *old = NULL;
	char name[NAME_TEXT], hex[ESCAPE_SHORT];
	struct update u = { .has_owo = 0 };
	struct op_file *f;
	uint8_t hash[32];

	for (size_t i = 0; i < d->n_anchors; i++)
		if (slice_eq(d->anchors[i].cert->der, a->asked))
			old = &d->anchors[i];
	if (old == NULL)
		return err_set(e, E_ANSWER_ROOT, "the root that is to be "
		    "updated is not in trust/ any more");
	if (read_update(a->value, &u, e) == -1 ||
	    check_update(&u, old, d->now, e) == -1)
		return -1;
	alg_sha256(u.new_with_new.der, SLICE_NONE, hash);
	escape_hex_short(hex, SLICE(hash, 32));
	f = info_file(res, "trust/staged/%.16s.pem", hex);
	f->is_root = 1;
	cert_pem(&f->content, "CERTIFICATE", u.new_with_new.der);
	snprintf(res->note, sizeof(res->note), "new root \"%.100s\" sha256 "
	    "%.64s", name_short(name, u.new_with_new.subject), hex);
	return 0;
}

const struct info info_rootupdate = {
	.name = "rootupdate",
	.request = OID_IT_ROOT_CA_CERT,
	.response = OID_IT_ROOT_CA_KEY_UPDATE,
	.section = "RFC 9483 4.3.2",
	.value = VALUE_OPTIONAL,
	.answer = root_answer,
	.build = root_build,
	.accept = root_accept,
	.nothing = "the CA has no new root",
};
