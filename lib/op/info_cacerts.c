/* CA certificates: RFC 9483 4.3.1, RFC 9480 2.14. */
#include <stdio.h>
#include <string.h>

#include "op/info.h"

/* Each certificate once. */
static void
add(const struct certs *c, struct slice seen[], size_t *n)
{
	size_t k;

	for (size_t i = 0; c != NULL && i < c->n && *n < CERTS_MAX; i++) {
		for (k = 0; k < *n && !slice_eq(seen[k], c->v[i].der); k++)
			;
		if (k == *n)
			seen[(*n)++] = c->v[i].der;
	}
}

static int
cacerts_answer(const struct op_ca *ca, const struct op_request *r,
    struct op_facts *f, struct derw *w, struct err *e)
{
	const struct info_env *env = ca->info;
	const struct certs *all[] = { env->ca, env->chain, env->new_with_new,
	    env->new_with_old, env->old_with_new, env->further };
	struct slice seen[CERTS_MAX];
	size_t n = 0;

	(void)r, (void)f, (void)e;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		add(all[i], seen, &n);
	if (n == 0)
		return 0;
	for (size_t i = n; i-- > 0;)
		derw_raw(w, seen[i]);
	derw_wrap(w, DER_SEQUENCE, 0);
	return 0;
}

static int
cacerts_accept(const struct info_reply *a, struct op_result *res,
    struct err *e)
{
	struct op_file *f = info_file(res, "certs/cacerts.pem");
	struct slice in, der;
	struct cert c;
	size_t n = 0;

	if (der_only(a->value, DER_SEQUENCE, &in) == -1 || in.n == 0)
		return err_set(e, E_ANSWER_INFO, "caCerts is no SEQUENCE of "
		    "certificates");
	for (; in.n > 0; n++) {
		if (der_get_tlv(&in, DER_SEQUENCE, &der) == -1 ||
		    n == CERTS_MAX)
			return err_set(e, E_ANSWER_INFO, "caCerts is no "
			    "SEQUENCE of at most %d certificates", CERTS_MAX);
		if (cert_parse(der, &c, e) == -1)
			return err_wrap(e, "caCerts %zu", n + 1);
		cert_pem(&f->content, "CERTIFICATE", der);
	}
	snprintf(res->note, sizeof(res->note), "%zu CA certificates, for "
	    "chains; none of them is trusted for being there", n);
	return 0;
}

const struct info info_cacerts = {
	.name = "cacerts",
	.request = OID_IT_CA_CERTS,
	.response = OID_IT_CA_CERTS,
	.section = "RFC 9483 4.3.1",
	.value = VALUE_ABSENT,
	.answer = cacerts_answer,
	.accept = cacerts_accept,
	.nothing = "the CA has no CA certificates to give",
};
