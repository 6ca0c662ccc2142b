/*
 * mac: the AlgorithmIdentifier of a MAC is refused or within its limits; what
 * is written for it is read as the same again, and a MAC made with it is
 * verified, whole and unchanged only.
 */
#include <string.h>

#include "asn/der.h"
#include "base/escape.h"
#include "pki/mac.h"
#include "tests/fuzz/text.h"

#define SECRET	SLICE_LIT("a secret of forty characters, for nothing")

static void
limits(const struct mac *m)
{
	char text[MAC_TEXT];

	must(m->kind == MAC_PBM || m->kind == MAC_PBMAC1);
	must(m->iterations >= MAC_ITERATIONS_MIN &&
	    m->iterations <= MAC_ITERATIONS_MAX);
	must(m->salt_n >= MAC_SALT_MIN && m->salt_n <= MAC_SALT_MAX);
	must(m->extra_n <= MAC_EXTRA_MAX);
	must(m->tag_n >= 16 && m->tag_n <= MAC_MAX);
	must(m->key_n == 0 || (m->key_n >= 16 && m->key_n <= 64));
	must(m->kind == MAC_PBM || m->hash != MAC_SHA1);
	must(m->kind == MAC_PBM || m->algo != MAC_HMAC_SHA1);
	must(mac_same(m, m));
	must(is_clean(slice_str(mac_name(text, m))));
}

/* Written and read again; with SHA-1 it must not be written. */
static void
write_again(const struct mac *m)
{
	int weak = m->hash == MAC_SHA1 || m->algo == MAC_HMAC_SHA1;
	struct err e = { 0 };
	struct derw w, w2;
	struct mac again;

	derw_init(&w, 1 << 12);
	derw_init(&w2, 1 << 12);
	mac_write(&w, m);
	must(derw_bad(&w) == weak);
	if (!weak) {
		must(der_walk_inner(derw_slice(&w), &e) == 0);
		must(mac_parse(derw_slice(&w), &again, &e) == 0);
		must(mac_same(m, &again) && again.extra_n == m->extra_n);
		must(memcmp(m->extra, again.extra, m->extra_n) == 0);
		mac_write(&w2, &again);
		must(slice_eq(derw_slice(&w), derw_slice(&w2)));
	}
	derw_release(&w);
	derw_release(&w2);
}

static void
compute(const struct mac *given)
{
	struct mac m = *given;
	uint8_t tag[MAC_MAX];
	struct err e = { 0 };
	size_t n;

	m.iterations = MAC_ITERATIONS_MIN;	/* what it costs is limited */
	n = mac_compute(&m, SECRET, SLICE_LIT("data"), tag);
	must(n == m.tag_n);
	must(mac_verify(&m, SECRET, SLICE_LIT("data"), SLICE(tag, n), &e) ==
	    0);
	must(mac_verify(&m, SECRET, SLICE_LIT("data"), SLICE(tag, n - 1),
	    &e) == -1 && e.code == E_PROT_MAC);
	must(mac_verify(&m, SECRET, SLICE_LIT("dato"), SLICE(tag, n), &e) ==
	    -1);
	must(mac_verify(&m, SLICE_LIT("other"), SLICE_LIT("data"),
	    SLICE(tag, n), &e) == -1);
	tag[n - 1] ^= 1;
	must(mac_verify(&m, SECRET, SLICE_LIT("data"), SLICE(tag, n), &e) ==
	    -1);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct err e = { 0 };
	struct mac m, twin;

	if (der_walk_inner(SLICE(p, n), &e) == -1)
		return 0;
	if (mac_parse(SLICE(p, n), &m, &e) == -1) {
		must(m.kind == MAC_NONE);
		must(e.code == E_MAC_LIMIT || e.code == E_ALG_PARAMS ||
		    e.code == E_ALG_UNKNOWN);
		must(is_clean(slice_str(e.detail)));
		return 0;
	}
	limits(&m);
	write_again(&m);
	compute(&m);
	twin = m;
	mac_again(&twin);
	must(mac_same(&m, &twin));
	return 0;
}
