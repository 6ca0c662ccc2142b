/* Whose bundles are taken: the registration authorities of [ra]. */
#include <stdlib.h>

#include "role/bundle.h"

/* Certificates that are named themselves, whoever issued them. */
static int
load_pinned(struct engine *en, struct err *e)
{
	struct conf_rules pinned = { .n = en->conf->ra.n };
	int rc;

	if ((pinned.v = calloc(pinned.n + 1, sizeof(*pinned.v))) == NULL)
		return err_set(e, E_NOMEM, "out of memory");
	for (size_t i = 0; i < pinned.n; i++)
		pinned.v[i].anchor = en->conf->ra.v[i].cert;
	rc = trust_load_rules(&en->ras_pinned, en->homefd, &pinned, e);
	free(pinned.v);
	for (size_t i = 0; rc == 0 && i < en->ras_pinned.n_anchors; i++)
		rc = trust_add(&en->ras, en->ras_pinned.anchors[i].cert, e);
	return rc;
}

int
bundle_load(struct engine *en, struct err *e)
{
	return trust_load_rules(&en->ras, en->homefd, &en->conf->ra, e) ==
	    -1 ? -1 : load_pinned(en, e);
}

static int
is_pinned(const struct engine *en, const struct cert *c)
{
	for (size_t i = 0; i < en->ras_pinned.n_anchors; i++)
		if (slice_eq(en->ras_pinned.anchors[i].cert->der, c->der))
			return 1;
	return 0;
}

/* Below an anchor of a rule; what is pinned is not the anchor of others. */
static int
is_below(const struct engine *en, const struct path *p)
{
	const struct policy_rule *r;

	for (size_t i = 0; p->n > 0 && i < en->ras.n_rules; i++) {
		r = &en->ras.rules[i];
		for (size_t k = 0; k < r->n_anchors; k++)
			if (slice_eq(r->anchors[k]->der, p->anchor->cert->der))
				return 1;
	}
	return 0;
}

int
bundle_sender(struct engine *en, const struct checked *c, struct err *e)
{
	const struct cert *signer = checked_signer(c);

	if (signer != NULL && (is_pinned(en, signer) ||
	    (cert_has_eku(signer, OID_KP_CMC_RA) &&
	    is_below(en, checked_path(c)))))
		return 0;
	return err_set(e, E_NOT_AUTHORIZED, "the bundle is signed by none of "
	    "the registration authorities of [ra] in cmp.conf");
}
