/*
 * path: the input is a SEQUENCE OF Certificate, the first of them the target.
 * All are signed anew with a known key, so that their signatures are good
 * wherever they have that key, and looked at under one anchor.  A path that
 * is found is judged again, link by link, by rules written here.
 */
#include "pki/path.h"
#include "tests/fuzz/known.h"
#include "tests/fuzz/text.h"

#define CERTS	8

struct chain {
	struct derw	sealed[CERTS];
	struct cert	v[CERTS];
	size_t		n;
};

/* 1 with all certificates, or 0. */
static int
take(struct slice in, struct chain *c)
{
	struct err e = { 0 };
	struct slice tlv;
	struct cert raw;

	if (der_walk(in, &der_limits_message, 0, &e) == -1 ||
	    der_only(in, DER_SEQUENCE, &in) == -1)
		return 0;
	while (in.n > 0 && c->n < CERTS) {
		if (der_get_tlv(&in, DER_SEQUENCE, &tlv) == -1 ||
		    cert_open(tlv, &raw, &e) == -1 ||
		    raw.sigalg.scheme != SIG_ED25519)
			return 0;
		must(cert_open(known_seal(raw.tbs, &c->sealed[c->n]),
		    &c->v[c->n], &e) == 0);
		c->n++;
	}
	return c->n > 0;
}

/* RFC 5280 6.1 of one certificate; ${up} is what issued it. */
static void
link(const struct cert *c, const struct cert *up)
{
	must(c->version == 3 && c->unknown_critical.p == NULL);
	must(c->not_before <= KNOWN_NOW && c->not_after >= KNOWN_NOW);
	must(name_eq(c->issuer, up->subject));
	must(slice_eq(up->spki, key_spki(known_key)));
}

/* Does ${c} have a dNSName that ends in ${end}? */
static int
has_dns(const struct cert *c, const char *end)
{
	struct slice in, v, tail = slice_str(end);
	enum san_type t;

	if (c->san.p == NULL || der_only(c->san, DER_SEQUENCE, &in) == -1)
		return 0;
	while (in.n > 0 && san_next(&in, &t, &v) == 0)
		if (t == SAN_DNS && v.n >= tail.n && name_glob(tail,
		    SLICE(v.p + v.n - tail.n, tail.n), 1))
			return 1;
	return 0;
}

static void
judge(const struct path *p, const struct cert *target)
{
	static const struct slice excluded = SLICE_LIT(
	    "\x30\x0d\xa1\x0b\x30\x09\x82\x07" "example");
	const struct cert *c, *up;
	int64_t below = 0;	/* intermediates that are not self-issued */

	must(p->anchor != NULL && p->n <= PATH_MAX_CERTS);
	if (p->n == 0) {
		must(slice_eq(target->der, known_anchor.der));
		return;
	}
	must(p->certs[0] == target);
	for (size_t i = 0; i < p->n; i++) {
		c = p->certs[i];
		up = i + 1 < p->n ? p->certs[i + 1] : &known_anchor;
		link(c, up);
		for (size_t k = 0; k < i; k++)
			must(!slice_eq(p->certs[k]->der, c->der));
		if (i == 0)
			continue;
		must(c->has_bc && c->ca);
		must(!c->has_ku || c->ku & KU_KEY_CERT_SIGN);
		must(c->path_len == -1 || below <= c->path_len);
		if (slice_eq(c->name_constraints, excluded))
			must(!has_dns(target, ".example"));
		below += !name_eq(c->subject, c->issuer);
	}
	must(!target->has_ku || target->ku & KU_DIGITAL_SIGNATURE);
}

static int
find(const struct chain *c, const struct cert *pool, size_t n)
{
	const struct anchor anchor = { .cert = &known_anchor };
	struct path_ask ask = { .target = &c->v[0], .pool = pool, .n_pool = n,
	    .anchors = &anchor, .n_anchors = 1, .now = KNOWN_NOW,
	    .ku = KU_DIGITAL_SIGNATURE };
	struct err e = { 0 };
	struct path p;

	if (path_find(&ask, &p, &e) == 0) {
		judge(&p, &c->v[0]);
		return 1;
	}
	must(e.code != E_NONE && is_clean(slice_str(e.detail)));
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct chain c = { .n = 0 };
	struct cert other[CERTS + 1];
	int found;

	known_setup();
	if (n <= 1 << 16 && take(SLICE(p, n), &c)) {
		found = find(&c, c.v, c.n);
		/* Neither the order nor a stranger matters. */
		for (size_t i = 0; i < c.n; i++)
			other[i] = c.v[c.n - 1 - i];
		other[c.n] = known_anchor;
		if (c.n <= 4)
			must(find(&c, other, c.n + 1) == found);
		/* With nobody in between there is a path of one at most. */
		if (find(&c, NULL, 0))
			must(found);
	}
	for (size_t i = 0; i < CERTS; i++)
		if (c.sealed[i].p != NULL)
			derw_release(&c.sealed[i]);
	return 0;
}
