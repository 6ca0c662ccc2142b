#ifndef REQUESTS_H
#define REQUESTS_H

/* Many distinct signed ir, made quickly: for the benchmarks. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/rand.h"
#include "msg/crmf.h"
#include "pki/name.h"
#include "prot/protect.h"

#define BAIL(...) do { \
	fprintf(stderr, __VA_ARGS__); \
	fputc('\n', stderr); \
	exit(1); \
} while (0)

struct requester {
	struct certs	 cert;
	struct key	*key;
};

static inline void
requester_open(struct requester *r, const char *cert, const char *key)
{
	struct err e = { 0 };

	if (certs_load(cert, &r->cert, &e) == -1 ||
	    key_load(key, NULL, &r->key, &e) == -1)
		BAIL("%s: %s", err_name(e.code), e.detail);
}

/* An ir for CN=bench<i>,O=Example and a P-256 key of its own. */
static inline void
requester_make(struct requester *r, unsigned i, struct buf *out)
{
	struct signer signer = { .key = r->key, .cert = &r->cert.v[0] };
	struct crmf_new n = { 0 };
	struct err e = { 0 };
	struct key *key = NULL;
	struct buf subject, sig;
	struct derw req;
	struct draft d;
	struct sigalg alg;
	uint8_t id[16], nonce[16];
	char name[64];

	buf_init(&subject, NAME_SIZE_MAX);
	buf_init(&sig, 4096);
	derw_init(&req, 1 << 16);
	draft_init(&d);
	rand_bytes(id, sizeof(id));
	rand_bytes(nonce, sizeof(nonce));
	snprintf(name, sizeof(name), "CN=bench%u,O=Example", i);
	if (key_generate("ec:P-256", &key, &e) == -1 ||
	    name_parse(name, &subject, &e) == -1)
		BAIL("%s: %s", err_name(e.code), e.detail);
	n.subject = buf_slice(&subject);
	n.spki = key_spki(key);
	crmf_write_request(&req, &n);
	alg = alg_default(key_info(key));
	if (key_sign(key, &alg, derw_slice(&req), &sig, &e) == -1)
		BAIL("%s: %s", err_name(e.code), e.detail);
	derw_bits(&d.content, DER_BIT_STRING, buf_slice(&sig));
	alg_write(&d.content, &alg);
	derw_wrap(&d.content, DER_CTX(1), 0);
	derw_raw(&d.content, derw_slice(&req));
	derw_wrap(&d.content, DER_SEQUENCE, 0);
	derw_wrap(&d.content, DER_SEQUENCE, 0);
	d.body = BODY_IR;
	d.has_time = 1;
	d.message_time = clock_now();
	d.transaction_id = SLICE(id, sizeof(id));
	d.sender_nonce = SLICE(nonce, sizeof(nonce));
	d.implicit_confirm = 1;
	if (protect_sign(&d, &signer, SLICE_NONE, out, &e) == -1)
		BAIL("%s: %s", err_name(e.code), e.detail);
	draft_release(&d);
	derw_release(&req);
	buf_release(&sig);
	buf_release(&subject);
	key_free(key);
}

#endif
