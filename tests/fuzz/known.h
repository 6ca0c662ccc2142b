#ifndef FUZZ_KNOWN_H
#define FUZZ_KNOWN_H

/*
 * A key and an anchor that are the same in every run.  With them a target
 * signs what the fuzzer has changed, so that more than its signature is
 * judged.  The key is worth nothing.
 */
#include <string.h>

#include "pki/cert.h"
#include "pki/key.h"
#include "pki/name.h"
#include "pki/san.h"
#include "tests/fuzz/fuzz.h"

#define KNOWN_NOW	INT64_C(1800000000)	/* 2027-01-15 */
#define KNOWN_CA	"CN=Plant CA,O=Example"

static const char known_pem[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MC4CAQAwBQYDK2VwBCIEIFdqA4TluKotQKfh8Sn5JPyEdj/0/CcVoJP/6HfSMyH2\n"
    "-----END PRIVATE KEY-----\n";
static struct key *known_key;
static struct sigalg known_alg;
static struct buf known_anchor_der;
static struct cert known_anchor;

static struct slice
known_name(const char *text, struct buf *b)
{
	struct err e = { 0 };

	buf_init(b, NAME_SIZE_MAX);
	must(name_parse(text, b, &e) == 0);
	return buf_slice(b);
}

/* A certificate of the known key, by the known key. */
static struct slice
known_cert(const char *subject, struct slice issuer, int ca,
    struct slice san, struct buf *out)
{
	static const enum oid eku[] = { OID_KP_CMC_CA };
	const uint8_t serial[] = { ca ? 1 : 2 };
	uint8_t id[20];
	struct err e = { 0 };
	struct buf name;
	struct tbs t = { .serial = SLICE(serial, 1), .ca = ca ? 1 : -1,
	    .path_len = -1, .not_before = KNOWN_NOW - 86400,
	    .not_after = KNOWN_NOW + 86400, .san = san, .issuer = issuer,
	    .eku = eku, .n_eku = ca ? 0 : 1,
	    .ku = ca ? KU_KEY_CERT_SIGN | KU_CRL_SIGN | KU_DIGITAL_SIGNATURE :
	    KU_DIGITAL_SIGNATURE };

	t.spki = key_spki(known_key);
	t.subject = known_name(subject, &name);
	if (issuer.p == NULL)
		t.issuer = t.subject;
	cert_key_id(t.spki, id);
	t.aki = SLICE(id, sizeof(id));
	buf_init(out, 1 << 16);
	if (cert_sign(&t, known_key, &known_alg, out, &e) == -1)
		buf_release(out);
	buf_release(&name);
	return buf_slice(out);
}

static void
known_setup(void)
{
	struct err e = { 0 };

	if (known_key != NULL)
		return;
	must(key_import(SLICE(known_pem, sizeof(known_pem) - 1), SLICE_NONE,
	    &known_key, &e) == 0);
	known_alg = alg_default(key_info(known_key));
	known_cert(KNOWN_CA, SLICE_NONE, 1, SLICE_NONE, &known_anchor_der);
	must(cert_open(buf_slice(&known_anchor_der), &known_anchor, &e) == 0);
}

/* SEQUENCE { ${tbs}, Ed25519, signature }, as certificates and CRLs are. */
static inline struct slice
known_seal(struct slice tbs, struct derw *w)
{
	struct err e = { 0 };
	struct buf sig;

	buf_init(&sig, 4096);
	must(key_sign(known_key, &known_alg, tbs, &sig, &e) == 0);
	derw_init(w, 8 << 20);
	derw_bits(w, DER_BIT_STRING, buf_slice(&sig));
	alg_write(w, &known_alg);
	derw_raw(w, tbs);
	derw_wrap(w, DER_SEQUENCE, 0);
	must(!derw_bad(w));
	buf_release(&sig);
	return derw_slice(w);
}

#endif
