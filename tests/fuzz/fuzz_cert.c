/*
 * cert: a certificate that is read has fields that can be shown, hashed and
 * judged; as an intermediate, signed anew by a known anchor, it takes part in
 * path building with a leaf of its own below it.
 */
#include "base/escape.h"
#include "pki/path.h"
#include "tests/fuzz/known.h"

#define OUT_MAX	(8u << 20)

static void
fields(const struct cert *c)
{
	struct slice in, value;
	struct err e = { 0 };
	uint8_t hash[HASH_MAX];
	enum san_type type;
	struct keyinfo info;
	struct buf out;
	struct ext x;
	size_t n = 0;

	buf_init(&out, OUT_MAX);
	name_text(&out, c->subject);
	name_text(&out, c->issuer);
	must(!buf_bad(&out));
	must(name_check(c->subject, &e) == 0 && name_check(c->issuer, &e) == 0);
	must(c->serial.n > 0 && c->serial.n <= 21);
	(void)name_eq(c->subject, c->issuer);
	(void)name_within(c->subject, c->issuer);
	for (in = c->extensions; in.n > 0; n++)
		must(cert_next_ext(&in, &x) == 0);
	must(n <= 64);
	if (c->san.p != NULL) {
		(void)san_check(c->san, 0, &e);
		must(der_only(c->san, DER_SEQUENCE, &in) == 0);
		while (in.n > 0 && san_next(&in, &type, &value) == 0) {
			san_text(&out, type, value);
			must(san_same(type, value, type, value));
			(void)san_match("dns:*.example", type, value);
		}
	}
	must(cert_hash(c, hash) <= HASH_MAX);
	(void)cert_has_eku(c, OID_KP_CMC_CA);
	(void)alg_keyinfo(c->spki, &info, &e);
	buf_release(&out);
}

/* Is there a path, and is the first of ${pool} on it? */
static int
find(const struct cert *target, const struct cert *pool, size_t n)
{
	const struct anchor anchor = { .cert = &known_anchor };
	struct path_ask ask = { .target = target, .pool = pool, .n_pool = n,
	    .anchors = &anchor, .n_anchors = 1, .now = KNOWN_NOW,
	    .ku = KU_DIGITAL_SIGNATURE };
	struct err e = { 0 };
	struct path p;

	if (path_find(&ask, &p, &e) == -1) {
		must(e.code != E_NONE && e.detail[0] != '\0');
		return 0;
	}
	must(p.anchor == &anchor && p.n <= PATH_MAX_CERTS);
	for (size_t i = 0; i < p.n; i++)
		if (slice_eq(p.certs[i]->der, pool->der))
			return 1;
	return 0;
}

/* A leaf with a name of each form below the certificate ${c}. */
static void
below(const struct cert *c)
{
	static const char *const names[] = { "dns:pump17.example",
	    "ip:10.0.0.7", "email:a@b.example", "uri:http://b.example/x",
	    "dn:CN=x,O=Example" };
	struct cert pool[2] = { *c }, leaf;
	struct err e = { 0 };
	struct derw w;
	struct buf san, der;

	buf_init(&san, 4096);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		must(san_parse(names[i], &san, &e) == 0);
	derw_init(&w, 4096);
	derw_prim(&w, DER_SEQUENCE, buf_slice(&san));
	known_cert("CN=pump17,O=Example", c->subject, 0, derw_slice(&w), &der);
	if (der.n > 0) {
		must(cert_open(buf_slice(&der), &leaf, &e) == 0);
		pool[1] = leaf;
		if (find(&leaf, pool, 2)) {
			/* What an intermediate has to be. */
			must(c->ca && (!c->has_ku || c->ku & KU_KEY_CERT_SIGN));
			must(c->unknown_critical.p == NULL && c->version == 3);
			must(c->not_before <= KNOWN_NOW &&
			    c->not_after >= KNOWN_NOW);
		}
	}
	buf_release(&der);
	buf_release(&san);
	derw_release(&w);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct err e = { 0 };
	struct cert c, again;
	struct derw w;

	known_setup();
	if (cert_open(SLICE(p, n), &c, &e) == -1) {
		must(e.code != E_NONE && e.detail[0] != '\0');
		return 0;
	}
	fields(&c);
	(void)cert_is_self_signed(&c);
	(void)find(&c, &c, 1);
	if (c.sigalg.scheme != SIG_ED25519)
		return 0;
	must(cert_open(known_seal(c.tbs, &w), &again, &e) == 0);
	if (find(&again, &again, 1))
		must(again.unknown_critical.p == NULL &&
		    name_eq(again.issuer, known_anchor.subject));
	below(&again);
	derw_release(&w);
	return 0;
}
