/*
 * csr: a certification request that is read has fields that can be shown and
 * walked over; signed anew with a known key its proof of possession is good
 * for that key only, and libtasn1 takes it.
 */
#include "asn/schema.h"
#include "pki/csr.h"
#include "tests/fuzz/known.h"
#include "tests/fuzz/text.h"

static void
fields(const struct csr *c)
{
	struct slice in, value, seen[64];
	char text[NAME_TEXT];
	struct err e = { 0 };
	struct keyinfo info;
	struct ext x;
	size_t n = 0;

	must(name_check(c->subject, &e) == 0);
	must(is_clean(slice_str(name_short(text, c->subject))));
	for (in = c->attributes; in.n > 0;)
		must(der_get(&in, DER_SEQUENCE, &value) == 0);
	for (in = c->extensions; in.n > 0;) {
		must(cert_next_ext(&in, &x) == 0);
		for (size_t i = 0; i < n; i++)
			must(!slice_eq(seen[i], x.oid));
		if (n < 64)
			seen[n++] = x.oid;
	}
	(void)alg_keyinfo(c->spki, &info, &e);
	must(is_clean(slice_str(e.detail)));
}

/* The same request with a proof by the known key. */
static void
prove(const struct csr *c)
{
	struct err e = { 0 };
	struct buf der;
	struct csr again;
	struct derw w;
	int good;

	buf_init(&der, 8 << 20);
	must(csr_open(known_seal(c->info, &w), &der, &again, &e) == 0);
	must(slice_eq(again.subject, c->subject));
	must(slice_eq(again.extensions, c->extensions));
	good = csr_verify(&again, &e) == 0;
	must(good == slice_eq(c->spki, key_spki(known_key)));
	must(good || e.code != E_NONE);
	/* An algorithm is only looked at when it is used. */
	if (good && schema_agrees_type("CertificationRequest", again.der,
	    &e) == -1) {
		fprintf(stderr, "%s\n", e.detail);
		must(!"libtasn1 agrees");
	}
	buf_release(&der);
	derw_release(&w);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct err e = { 0 };
	struct buf der;
	struct csr c;

	known_setup();
	buf_init(&der, 8 << 20);
	if (csr_open(SLICE(p, n), &der, &c, &e) == -1) {
		must(e.code != E_NONE && e.detail[0] != '\0');
		must(is_clean(slice_str(e.detail)));
	} else {
		fields(&c);
		(void)csr_verify(&c, &e);
		prove(&c);
	}
	buf_release(&der);
	return 0;
}
