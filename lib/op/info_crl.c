/* CRLs: RFC 9483 4.3.4, RFC 9480 2.17; currentCRL: RFC 4210 5.3.19.6. */
#include <stdio.h>
#include <string.h>

#include "base/escape.h"
#include "op/info.h"
#include "pki/name.h"
#include "pki/san.h"

#define AHEAD	INT64_C(86400)	/* how far clocks may differ */

/* CRLStatus. */
struct status {
	int		 dp;		/* the choice of source */
	struct slice	 names;		/* content of GeneralNames; dpn: may
					 * be absent */
	int		 has_time;
	int64_t		 time;
};

static int
read_status(struct slice value, struct status *s, struct err *e)
{
	struct slice list, in, source, choice;

	*s = (struct status){ .dp = 0 };
	if (der_only(value, DER_SEQUENCE, &list) == -1 ||
	    der_get(&list, DER_SEQUENCE, &in) == -1)
		return err_set(e, E_INFO_VALUE, "crlStatusList is no SEQUENCE "
		    "of CRLStatus");
	if (list.n != 0)
		return err_set(e, E_INFO_VALUE, "crlStatusList has more than "
		    "one CRLStatus");
	s->dp = der_peek(in, DER_CTX(0));
	if (der_get(&in, s->dp ? DER_CTX(0) : DER_CTX(1), &source) == -1)
		return err_set(e, E_INFO_VALUE, "source of CRLStatus is "
		    "neither dpn nor issuer");
	if (s->dp) {
		choice = source;
		if (der_get(&choice, DER_CTX(0), &s->names) == -1 &&
		    der_get(&choice, DER_CTX(1), NULL) == -1)
			return err_set(e, E_INFO_VALUE, "dpn of CRLStatus is "
			    "no DistributionPointName");
		if (choice.n != 0)
			return err_set(e, E_INFO_VALUE, "dpn of CRLStatus has "
			    "something behind it");
	} else if (der_only(source, DER_SEQUENCE, &s->names) == -1) {
		return err_set(e, E_INFO_VALUE, "issuer of CRLStatus is no "
		    "GeneralNames");
	}
	if (in.n == 0)
		return 0;
	s->has_time = 1;
	if (der_time(&in, &s->time) == -1 || in.n != 0)
		return err_set(e, E_INFO_VALUE, "thisUpdate of CRLStatus is no "
		    "Time");
	return 0;
}

static int
is_dp(const struct conf *conf, struct slice uri)
{
	const struct conf_list *l;

	for (size_t i = 0; i < conf->n_profiles; i++) {
		l = &conf->profiles[i].crl_dp;
		for (size_t k = 0; k < l->n; k++)
			if (slice_eq(slice_str(l->v[k]), uri))
				return 1;
	}
	return 0;
}

/*
 * Is it the source of our CRL?  A distribution point is a name for one that
 * is here; nothing is ever fetched.
 */
static int
is_ours(const struct op_ca *ca, const struct status *s)
{
	struct slice in = s->names, v;
	enum san_type t;

	while (in.n > 0 && san_next(&in, &t, &v) == 0)
		if (s->dp ? t == SAN_URI && is_dp(ca->policy.conf, v) :
		    t == SAN_DN && name_eq(v, ca->info->ca->v[0].subject))
			return 1;
	return 0;
}

/* A CRL that is not what it should be is nothing to tell, and nothing to be
 * silent about. */
static int
is_good(const struct op_ca *ca, struct err *e)
{
	char until[DER_TIME_TEXT];
	const struct crl *crl = ca->info->crl;

	if (ca->info->no_crl != NULL) {
		*e = *ca->info->no_crl;
		return -1;
	}
	if (crl != NULL && crl_next_update(crl) != INT64_MIN &&
	    crl_next_update(crl) <= ca->policy.now)
		return err_set(e, E_CONF, "certs/ca.crl: its nextUpdate was "
		    "%s; make a new one: cmp-ca crl",
		    der_time_text(until, crl_next_update(crl)));
	return 0;
}

static int
crl_answer(const struct op_ca *ca, const struct op_request *r,
    struct op_facts *f, struct derw *w, struct err *e)
{
	const struct crl *crl = ca->info->crl;
	struct status s;

	(void)f;
	if (read_status(r->info_value, &s, e) == -1)
		return -1;
	if (!is_ours(ca, &s))
		return 0;
	if (is_good(ca, e) == -1)
		return -1;
	if (crl == NULL || (s.has_time && crl_this_update(crl) <= s.time))
		return 0;
	derw_raw(w, crl_der(crl));
	derw_wrap(w, DER_SEQUENCE, 0);
	return 0;
}

static int
current_answer(const struct op_ca *ca, const struct op_request *r,
    struct op_facts *f, struct derw *w, struct err *e)
{
	(void)r, (void)f;
	if (is_good(ca, e) == -1)
		return -1;
	if (ca->info->crl != NULL)
		derw_raw(w, crl_der(ca->info->crl));
	return 0;
}

static int
crl_build(const struct info_words *words, struct derw *w, struct err *e)
{
	size_t mark;

	if (words->dp.n == 0 && words->issuer.n == 0)
		return err_set(e, E_USAGE, "which CRL: --dp URI or --issuer "
		    "DN");
	if (words->has_have)
		derw_time(w, words->have);
	mark = derw_mark(w);
	if (words->dp.n > 0) {
		derw_prim(w, DER_CTXP(SAN_URI), words->dp);
		derw_wrap(w, DER_CTX(0), mark);		/* fullName */
		derw_wrap(w, DER_CTX(0), mark);		/* dpn */
	} else {
		derw_raw(w, words->issuer);
		derw_wrap(w, DER_CTX(SAN_DN), mark);
		derw_wrap(w, DER_SEQUENCE, mark);
		derw_wrap(w, DER_CTX(1), mark);		/* issuer */
	}
	derw_wrap(w, DER_SEQUENCE, 0);
	derw_wrap(w, DER_SEQUENCE, 0);
	return 0;
}

/* Whose signature it has: an anchor's, or that of a CA below one. */
static int
check_signer(const struct info_reply *a, const struct crl *crl,
    struct err *e)
{
	const struct op_device *d = a->device;
	struct path_ask ask = { .anchors = d->anchors,
	    .n_anchors = d->n_anchors, .now = d->now, .ku = KU_CRL_SIGN };
	struct err why = { 0 };
	struct path found;
	size_t n;

	for (size_t i = 0; i < d->n_anchors; i++)
		if (name_eq(d->anchors[i].cert->subject, crl_issuer(crl)) &&
		    crl_verify(crl, d->anchors[i].cert->spki, &why) == 0)
			return 0;
	ask.pool = checked_pool(a->checked, &n);
	ask.n_pool = n;
	for (size_t i = 0; i < n; i++) {
		ask.target = &ask.pool[i];
		if (ask.target->ca && name_eq(ask.target->subject,
		    crl_issuer(crl)) && crl_verify(crl, ask.target->spki,
		    &why) == 0 && path_find(&ask, &found, &why) == 0)
			return 0;
	}
	return err_set(e, E_ANSWER_CRL, "the CRL is not signed by a CA that is "
	    "trusted here%s%.150s", why.code ? ": " : "", why.detail);
}

static int
take_crl(const struct info_reply *a, struct slice der, const char *name,
    const struct status *s, struct op_result *res, struct err *e)
{
	char have[DER_TIME_TEXT], got[DER_TIME_TEXT], issuer[NAME_TEXT];
	struct op_file *f = info_file(res, "crls/%s.crl", name);
	struct crl *crl;
	int rc = -1;

	f->is_crl = 1;
	buf_add_slice(&f->content, der);
	if (crl_open(der, &crl, e) == -1)
		return -1;
	if (s != NULL && s->has_time && crl_this_update(crl) <= s->time)
		err_set(e, E_ANSWER_CRL, "the CRL is of %s, the one we hold of "
		    "%s", der_time_text(got, crl_this_update(crl)),
		    der_time_text(have, s->time));
	else if (crl_this_update(crl) > a->device->now + AHEAD)
		/* Every true one that follows would be refused as older. */
		err_set(e, E_ANSWER_CRL, "the CRL is of %s, which is yet to "
		    "come", der_time_text(got, crl_this_update(crl)));
	else if (check_signer(a, crl, e) == 0)
		rc = 0;
	snprintf(res->note, sizeof(res->note), "CRL of \"%.120s\" of %s, %zu "
	    "entries", name_short(issuer, crl_issuer(crl)),
	    der_time_text(got, crl_this_update(crl)), crl_count(crl));
	crl_free(crl);
	return rc;
}

/* The file's name says the source; the same source has the same file. */
static const char *
source_name(char t[static INFO_NAME], const struct status *s)
{
	struct slice in = s->names, v = SLICE_NONE, text = SLICE_NONE;
	enum san_type type = SAN_URI;

	san_next(&in, &type, &v);
	if (type == SAN_DN)
		name_attribute(v, OID_CN, &text);
	else
		for (size_t i = v.n; i > 0 && v.p[i - 1] != '/'; i--)
			text = SLICE(v.p + i - 1, v.n - i + 1);
	return info_file_name(t, text, s->names);
}

const char *
info_crl_file(char t[static INFO_NAME], struct slice asked, struct err *e)
{
	struct status s;

	return read_status(asked, &s, e) == -1 ? NULL : source_name(t, &s);
}

static int
crl_accept(const struct info_reply *a, struct op_result *res, struct err *e)
{
	char name[INFO_NAME];
	struct slice in, der;
	struct status s;
	enum san_type t;
	struct slice v;
	struct crl *crl;
	int same = 1;

	if (read_status(a->asked, &s, e) == -1)
		return -1;
	if (der_only(a->value, DER_SEQUENCE, &in) == -1 ||
	    der_get_tlv(&in, DER_SEQUENCE, &der) == -1 || in.n != 0)
		return err_set(e, E_ANSWER_INFO, "crls is no SEQUENCE of one "
		    "CRL");
	in = s.names;
	if (!s.dp && san_next(&in, &t, &v) == 0) {
		if (crl_open(der, &crl, e) == -1)
			return -1;
		same = name_eq(v, crl_issuer(crl));
		crl_free(crl);
	}
	if (!same)
		return err_set(e, E_ANSWER_CRL, "the CRL is of another issuer "
		    "than the one that was asked for");
	return take_crl(a, der, source_name(name, &s), &s, res, e);
}

static int
current_accept(const struct info_reply *a, struct op_result *res,
    struct err *e)
{
	return take_crl(a, a->value, "current", NULL, res, e);
}

const struct info info_crl = {
	.name = "crl",
	.request = OID_IT_CRL_STATUS_LIST,
	.response = OID_IT_CRLS,
	.section = "RFC 9483 4.3.4",
	.value = VALUE_PRESENT,
	.answer = crl_answer,
	.build = crl_build,
	.accept = crl_accept,
	.nothing = "the CA has no CRL that is newer",
};

const struct info info_current_crl = {
	.name = "current-crl",
	.request = OID_IT_CURRENT_CRL,
	.response = OID_IT_CURRENT_CRL,
	.section = "RFC 9483 4.3.4",
	.value = VALUE_ABSENT,
	.answer = current_answer,
	.accept = current_accept,
	.nothing = "the CA has no CRL",
};
