/* Opening what an RA needs: its key, and whom it trusts on either side. */
#include "role/engine_int.h"

static int
load_chain(struct engine *en, const struct conf_list *files, struct err *e)
{
	struct certs c = { 0 };

	for (size_t i = 0; i < files->n; i++) {
		if (engine_load_certs(en, files->v[i], &c, e) == -1)
			return -1;
		for (size_t k = 0; k < c.n; k++)
			buf_add_slice(&en->issued_chain, c.v[k].der);
		certs_free(&c);
		c = (struct certs){ 0 };
	}
	return buf_bad(&en->issued_chain) ?
	    err_set(e, E_NOMEM, "[relay] chain is too long") : 0;
}

/* Either may be the other's, too: files are small. */
static int
load_signer(struct engine *en, const char *key, const char *cert,
    const char *pass, struct key **k, struct certs *c, struct signer *out,
    struct err *e)
{
	if (engine_load_certs(en, cert, c, e) == -1 ||
	    engine_load_key(en, key, pass, k, e) == -1)
		return -1;
	*out = (struct signer){ .key = *k, .cert = &c->v[0], .chain = c };
	return protect_check(out, e) == -1 ? err_wrap(e, "%.100s", cert) : 0;
}

int
ra_load(struct engine *en, struct err *e)
{
	const struct conf_home *h = &en->conf->home;
	struct conf_rule up = { .name = (char []){ "upstream" },
	    .kind = CONF_relay, .anchor = h->upstream,
	    .crl = h->upstream_crl };
	const struct conf_rules upstream = { &up, 1 }, none = { NULL, 0 };

	if (load_signer(en, h->prot_key, h->prot_cert, h->prot_pass,
	    &en->up_key, &en->up_cert, &en->up_signer, e) == -1 ||
	    load_signer(en, h->answer_key ? h->answer_key : h->prot_key,
	    h->answer_cert ? h->answer_cert : h->prot_cert,
	    h->answer_key ? h->answer_pass : h->prot_pass, &en->prot_key,
	    &en->prot_cert, &en->signer, e) == -1)
		return -1;
	if (load_chain(en, &h->relay_chain, e) == -1 ||
	    trust_load_rules(&en->trust, en->homefd, &en->conf->forward,
	    &en->conf->ra, e) == -1)
		return -1;
	return trust_load_rules(&en->upstream, en->homefd, &upstream, &none, e);
}
