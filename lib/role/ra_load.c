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

int
ra_load(struct engine *en, struct err *e)
{
	const struct conf_home *h = &en->conf->home;
	struct conf_rule up = { .name = (char []){ "upstream" },
	    .kind = CONF_relay, .anchor = h->upstream,
	    .crl = h->upstream_crl };
	const struct conf_rules upstream = { &up, 1 }, none = { NULL, 0 };

	if (engine_load_certs(en, h->prot_cert, &en->prot_cert, e) == -1 ||
	    engine_load_key(en, h->prot_key, h->prot_pass, &en->prot_key,
	    e) == -1)
		return -1;
	en->signer = (struct signer){ .key = en->prot_key,
	    .cert = &en->prot_cert.v[0], .chain = &en->prot_cert };
	if (protect_check(&en->signer, e) == -1)
		return err_wrap(e, "%.100s", h->prot_cert);
	if (load_chain(en, &h->relay_chain, e) == -1 ||
	    trust_load_rules(&en->trust, en->homefd, &en->conf->forward,
	    &en->conf->ra, e) == -1)
		return -1;
	return trust_load_rules(&en->upstream, en->homefd, &upstream, &none, e);
}
