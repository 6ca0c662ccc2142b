/* Opening what a CA needs: its keys, its certificates, whom it trusts. */
#include <string.h>

#include "base/file.h"
#include "pki/name.h"
#include "role/engine_int.h"

/* The CA certificate must be one, and the keys must be theirs. */
static int
check(const struct engine *en, struct err *e)
{
	const struct cert *ca = &en->ca_cert.v[0];

	if (!ca->ca)
		return err_set(e, E_KEY_CERT, "%.100s: basicConstraints does "
		    "not say cA", en->conf->home.ca_cert);
	if (ca->has_ku && !(ca->ku & KU_KEY_CERT_SIGN))
		return err_set(e, E_KEY_CERT, "%.100s: keyUsage has no "
		    "keyCertSign", en->conf->home.ca_cert);
	if (!slice_eq(key_spki(en->ca_key), ca->spki))
		return err_set(e, E_KEY_CERT, "%.100s is not the key of %.100s",
		    en->conf->home.ca_key, en->conf->home.ca_cert);
	if (protect_check(&en->signer, e) == -1)
		return err_wrap(e, "%.100s", en->conf->home.prot_cert);
	return 0;
}

/* CA certificate and what is above it: the chain of all we issue. */
static void
make_chain(struct engine *en)
{
	buf_add_slice(&en->issued_chain, en->ca_cert.v[0].der);
	for (size_t i = 0; i < en->ca_chain.n; i++)
		buf_add_slice(&en->issued_chain, en->ca_chain.v[i].der);
}

int
ca_is_own(const struct engine *en, const struct cert *c)
{
	const struct cert *own = &en->ca_cert.v[0];

	if (en->ca_cert.n == 0)
		return 0;	/* this is no CA */
	if (slice_eq(c->der, own->der))
		return 1;
	if (!name_eq(c->subject, own->subject) || !cert_is_self_signed(c))
		return 0;
	for (size_t i = 0; i < en->ca_chain.n; i++)
		if (slice_eq(c->der, en->ca_chain.v[i].der))
			return 1;
	return 0;
}

struct slice
ca_root(const struct engine *en)
{
	const struct cert *c = &en->ca_cert.v[0];
	size_t i;

	/* A chain with a loop in it ends as well. */
	for (size_t up = 0; up <= en->ca_chain.n; up++) {
		if (slice_eq(c->issuer, c->subject) && cert_is_self_signed(c))
			return c->der;
		for (i = 0; i < en->ca_chain.n; i++)
			if (name_eq(en->ca_chain.v[i].subject, c->issuer))
				break;
		if (i == en->ca_chain.n)
			break;
		c = &en->ca_chain.v[i];
	}
	return SLICE_NONE;
}

int
ca_load(struct engine *en, struct err *e)
{
	const struct conf_home *h = &en->conf->home;

	if (engine_load_certs(en, h->ca_cert, &en->ca_cert, e) == -1 ||
	    engine_load_certs(en, h->prot_cert, &en->prot_cert, e) == -1 ||
	    (h->ca_chain != NULL &&
	    engine_load_certs(en, h->ca_chain, &en->ca_chain, e) == -1) ||
	    engine_load_key(en, h->ca_key, h->ca_pass, &en->ca_key, e) == -1 ||
	    engine_load_key(en, h->prot_key, h->prot_pass, &en->prot_key, e) == -1)
		return -1;
	make_chain(en);
	en->signer = (struct signer){ .key = en->prot_key,
	    .cert = &en->prot_cert.v[0], .chain = &en->prot_cert };
	if (check(en, e) == -1)
		return -1;
	/* Own certificates are trusted by us; the store has their status. */
	if (trust_load_rules(&en->trust, en->homefd, &en->conf->enrol,
	    &en->conf->ra, e) == -1)
		return -1;
	for (size_t i = 0; i < en->ca_chain.n; i++)
		if (ca_is_own(en, &en->ca_chain.v[i]) &&
		    trust_add(&en->trust, &en->ca_chain.v[i], e) == -1)
			return -1;
	return trust_add(&en->trust, &en->ca_cert.v[0], e);
}
