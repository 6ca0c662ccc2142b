/*
 * pem: files with certificates, keys and CRLs, in PEM or DER.  What is read
 * is written as PEM and read as the same; a key signs, and its public part
 * checks it.
 */
#include <string.h>

#include "pki/cert.h"
#include "pki/crl.h"
#include "pki/key.h"
#include "tests/fuzz/text.h"

#define DATA_MAX	(4u << 20)

static void
certificates(struct slice data)
{
	struct certs c = { .n = 0 }, again = { .n = 0 };
	struct err e = { 0 };
	struct buf pem;

	if (certs_import(data, "file", &c, &e) == -1) {
		must(e.code != E_NONE && is_clean(slice_str(e.detail)));
		return;
	}
	must(c.n <= CERTS_MAX);
	buf_init(&pem, 2 * DATA_MAX);
	for (size_t i = 0; i < c.n; i++)
		cert_pem(&pem, "CERTIFICATE", c.v[i].der);
	must(!buf_bad(&pem));
	if (c.n > 0) {
		must(certs_import(buf_slice(&pem), "file", &again, &e) == 0);
		must(slice_eq(buf_slice(&again.der), buf_slice(&c.der)));
		must(again.n == c.n);
		certs_free(&again);
	}
	buf_release(&pem);
	certs_free(&c);
}

static void
key(struct slice data)
{
	struct key *k = NULL, *again = NULL;
	struct err e = { 0 };
	struct sigalg alg;
	struct buf pem, sig;

	if (key_import(data, SLICE_NONE, &k, &e) == -1) {
		must(k == NULL && e.code != E_NONE);
		must(is_clean(slice_str(e.detail)));
		return;
	}
	buf_init(&pem, 1 << 16);
	buf_init(&sig, 1 << 12);
	must(key_export(k, SLICE_NONE, &pem, &e) == 0);
	must(key_import(buf_slice(&pem), SLICE_NONE, &again, &e) == 0);
	must(slice_eq(key_spki(k), key_spki(again)));
	alg = alg_default(key_info(k));
	/* The halves of a key that was tampered with do not fit. */
	if (key_sign(k, &alg, SLICE_LIT("data"), &sig, &e) == 0)
		(void)key_verify(key_spki(k), &alg, SLICE_LIT("data"),
		    buf_slice(&sig), &e);
	key_free(k);
	key_free(again);
	buf_release(&pem);
	buf_release(&sig);
}

static void
others(struct slice data)
{
	static const char *const labels[] = { "CERTIFICATE", "X509 CRL",
	    "CERTIFICATE REQUEST", "" };
	struct crl *c = NULL;
	struct err e = { 0 };
	struct buf der;

	for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++) {
		buf_init(&der, DATA_MAX);
		if (cert_unpem(data, labels[i], &der, &e) == 0)
			must(der.n <= data.n);
		buf_release(&der);
	}
	if (crl_open(data, &c, &e) == 0)
		crl_free(c);
	else
		must(c == NULL && is_clean(slice_str(e.detail)));
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	if (n > 1 << 16)
		return 0;
	certificates(SLICE(p, n));
	key(SLICE(p, n));
	others(SLICE(p, n));
	return 0;
}
