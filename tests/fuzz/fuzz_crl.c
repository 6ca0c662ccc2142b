/*
 * crl: what is read answers every look-up as a linear walk over it would;
 * signed anew it judges a certificate, and says "good" only when it may.
 */
#include "pki/crl.h"
#include "pki/path.h"
#include "tests/fuzz/known.h"

/* The content of revokedCertificates, by the grammar of RFC 5280 5.1. */
static struct slice
revoked(struct slice tbs)
{
	struct slice in, list = SLICE_NONE;

	must(der_only(tbs, DER_SEQUENCE, &in) == 0);
	der_opt(&in, DER_INTEGER, NULL);
	must(der_get(&in, DER_SEQUENCE, NULL) == 0);
	must(der_get(&in, DER_SEQUENCE, NULL) == 0);
	must(der_time(&in, NULL) == 0);
	if (der_peek(in, DER_UTC_TIME) || der_peek(in, DER_GENERALIZED_TIME))
		must(der_time(&in, NULL) == 0);
	der_opt(&in, DER_SEQUENCE, &list);
	return list;
}

/* Is ${serial} in ${list}? */
static int
listed(struct slice list, struct slice serial)
{
	struct slice one, v;

	while (list.n > 0) {
		must(der_get(&list, DER_SEQUENCE, &one) == 0);
		must(der_get(&one, DER_INTEGER, &v) == 0);
		if (slice_eq(v, serial))
			return 1;
	}
	return 0;
}

static void
lookups(const struct crl *c, struct slice list)
{
	static const uint8_t some[] = { 0, 1, 2, 0x7f, 0x80, 0xff };
	struct slice in = list, one, v;
	int reason;
	int64_t when;
	size_t n = 0;

	for (; in.n > 0; n++) {
		must(der_get(&in, DER_SEQUENCE, &one) == 0);
		must(der_get(&one, DER_INTEGER, &v) == 0);
		must(crl_lookup(c, v, &reason, &when) == 1);
		must(reason >= 0 && reason <= 10);
		must(crl_lookup(c, SLICE(v.p, v.n - 1), NULL, NULL) ==
		    listed(list, SLICE(v.p, v.n - 1)));
	}
	must(n == crl_count(c));
	for (size_t i = 0; i < sizeof(some); i++)
		must(crl_lookup(c, SLICE(some + i, 1), NULL, NULL) ==
		    listed(list, SLICE(some + i, 1)));
}

/* The known leaf (serial 2) under the known anchor with this CRL. */
static void
judge(const struct crl *c, struct slice list)
{
	static struct buf der;
	static struct cert leaf;
	struct crl *crls[] = { (struct crl *)(uintptr_t)c };
	struct anchor a = { .cert = &known_anchor, .crls = crls, .n_crls = 1 };
	struct path_ask ask = { .target = &leaf, .anchors = &a,
	    .n_anchors = 1, .now = KNOWN_NOW };
	struct err e = { 0 };
	struct path p;

	if (der.n == 0) {
		known_cert("CN=pump17", known_anchor.subject, 0, SLICE_NONE,
		    &der);
		must(cert_open(buf_slice(&der), &leaf, &e) == 0);
	}
	if (path_find(&ask, &p, &e) == -1)
		return;
	must(!crl_not_understood(c));
	must(name_eq(crl_issuer(c), known_anchor.subject));
	must(crl_this_update(c) <= KNOWN_NOW &&
	    crl_next_update(c) >= KNOWN_NOW);
	must(!listed(list, leaf.serial));
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct err e = { 0 };
	struct crl *c = NULL, *again = NULL;
	struct slice in, tbs;
	struct derw w;

	known_setup();
	if (crl_open(SLICE(p, n), &c, &e) == -1) {
		must(c == NULL && e.code != E_NONE && e.detail[0] != '\0');
		return 0;
	}
	must(der_only(crl_der(c), DER_SEQUENCE, &in) == 0);
	must(der_get_tlv(&in, DER_SEQUENCE, &tbs) == 0);
	if (n < 65536)
		lookups(c, revoked(tbs));
	(void)crl_number(c);
	(void)crl_verify(c, key_spki(known_key), &e);
	judge(c, revoked(tbs));
	if (crl_open(known_seal(tbs, &w), &again, &e) == 0) {
		must(crl_verify(again, key_spki(known_key), &e) == 0);
		judge(again, revoked(tbs));
		crl_free(again);
	}
	derw_release(&w);
	crl_free(c);
	return 0;
}
