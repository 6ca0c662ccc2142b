/*
 * flip: one valid signed ir, each of its bits turned over once.  Nothing that
 * is protected may change unnoticed, and nothing else may change the result.
 */
#include <stdlib.h>
#include <string.h>

#include "msg/crmf.h"
#include "msg/draft.h"
#include "pki/name.h"
#include "prot/protect.h"
#include "prot/verify.h"
#include "tests/unit/tap.h"

#define NOW	INT64_C(1800000000)

static struct key *ca_key, *dev_key;
static struct buf ca_name, dev_name, ca_der, dev_der, ir;
static struct cert ca, dev;

static void
die(const struct err *e)
{
	printf("Bail out! %s: %s\n", err_name(e->code), e->detail);
	exit(1);
}

static void
make_cert(struct slice subject, struct key *key, int is_ca, struct buf *out,
    struct cert *view)
{
	struct sigalg alg = alg_default(key_info(ca_key));
	const uint8_t serial[] = { is_ca ? 1 : 2 };
	struct err e = { 0 };
	uint8_t id[20];
	struct tbs t = { .serial = SLICE(serial, 1),
	    .issuer = buf_slice(&ca_name), .subject = subject,
	    .spki = key_spki(key), .not_before = NOW - 86400,
	    .not_after = NOW + 86400, .ca = is_ca ? 1 : -1, .path_len = -1,
	    .ku = is_ca ? KU_KEY_CERT_SIGN : KU_DIGITAL_SIGNATURE };

	cert_key_id(key_spki(ca_key), id);
	t.aki = SLICE(id, sizeof(id));
	buf_init(out, 1 << 16);
	if (cert_sign(&t, ca_key, &alg, out, &e) == -1 ||
	    cert_open(buf_slice(out), view, &e) == -1)
		die(&e);
}

/* CertReqMessages with one signed request. */
static void
write_request(struct derw *w)
{
	struct sigalg alg = alg_default(key_info(dev_key));
	struct crmf_new n = { .subject = buf_slice(&dev_name),
	    .spki = key_spki(dev_key) };
	struct err e = { 0 };
	struct derw req;
	struct buf sig;

	derw_init(&req, 1 << 16);
	buf_init(&sig, 4096);
	crmf_write_request(&req, &n);
	if (key_sign(dev_key, &alg, derw_slice(&req), &sig, &e) == -1)
		die(&e);
	derw_bits(w, DER_BIT_STRING, buf_slice(&sig));
	alg_write(w, &alg);
	derw_wrap(w, DER_CTX(1), 0);
	derw_raw(w, derw_slice(&req));
	derw_wrap(w, DER_SEQUENCE, 0);
	derw_wrap(w, DER_SEQUENCE, 0);
	derw_release(&req);
	buf_release(&sig);
}

static void
make_ir(void)
{
	static const uint8_t id[16] = { 1, 2, 3 }, nonce[16] = { 4, 5, 6 };
	struct signer s = { .key = dev_key, .cert = &dev };
	struct err e = { 0 };
	struct derw to;
	struct draft d;

	draft_init(&d);
	derw_init(&to, 4096);
	derw_prim(&to, DER_CTX(4), buf_slice(&ca_name));
	d.recipient = derw_slice(&to);
	d.has_time = 1;
	d.message_time = NOW;
	d.transaction_id = SLICE(id, sizeof(id));
	d.sender_nonce = SLICE(nonce, sizeof(nonce));
	d.implicit_confirm = 1;
	d.body = BODY_IR;
	write_request(&d.content);
	buf_init(&ir, 1 << 16);
	if (protect_sign(&d, &s, SLICE_NONE, &ir, &e) == -1)
		die(&e);
	draft_release(&d);
	derw_release(&to);
}

static void
setup(const char *spec)
{
	struct err e = { 0 };

	buf_init(&ca_name, 1024);
	buf_init(&dev_name, 1024);
	if (key_generate(spec, &ca_key, &e) == -1 ||
	    key_generate(spec, &dev_key, &e) == -1 ||
	    name_parse("CN=CA,O=Example", &ca_name, &e) == -1 ||
	    name_parse("CN=pump17,O=Example", &dev_name, &e) == -1)
		die(&e);
	make_cert(buf_slice(&ca_name), ca_key, 1, &ca_der, &ca);
	make_cert(buf_slice(&dev_name), dev_key, 0, &dev_der, &dev);
	make_ir();
}

static void
release(void)
{
	buf_release(&ca_name);
	buf_release(&dev_name);
	buf_release(&ca_der);
	buf_release(&dev_der);
	buf_release(&ir);
	key_free(ca_key);
	key_free(dev_key);
}

/* Does ${der} verify; as what request of whom, and with which certificate? */
static int
verifies(struct slice der, uint8_t identity[static 32], int *same_cert)
{
	struct anchor anchor = { .cert = &ca };
	struct verify_ask ask = { .anchors = &anchor, .n_anchors = 1,
	    .now = NOW, .time_past = 3600, .time_future = 3600 };
	struct checked *c = NULL;
	struct err e = { 0 };
	struct msg m;
	int rc = 0;

	if (msg_decode(der, &m, &e) == -1)
		return 0;
	if (verify_msg(&m, &ask, &c, &e) == 0) {
		rc = 1;
		memcpy(identity, checked_identity(c), 32);
		*same_cert = slice_eq(checked_signer(c)->der,
		    buf_slice(&dev_der));
	}
	checked_free(c);
	return rc;
}

/* Where bytes are that no signature of the message protects. */
static size_t
extra_at(void)
{
	struct err e = { 0 };
	struct msg m;

	if (msg_decode(buf_slice(&ir), &m, &e) == -1 || m.n_extra != 1)
		die(&e);
	return (size_t)(m.extra[0].p - ir.p);
}

static void
flip(const char *spec)
{
	uint8_t was[32], is[32], *copy;
	size_t extra, granted = 0, other = 0, foreign = 0;
	int same = 0;

	setup(spec);
	extra = extra_at();
	ok(verifies(buf_slice(&ir), was, &same) && same,
	    "flip %s: a signed ir verifies", spec);
	for (size_t bit = 0; bit < ir.n * 8; bit++) {
		/* Of its own size, so that a sanitizer sees its end. */
		if ((copy = malloc(ir.n)) == NULL)
			exit(99);
		memcpy(copy, ir.p, ir.n);
		copy[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
		if (verifies(SLICE(copy, ir.n), is, &same)) {
			granted += bit / 8 < extra;
			other += memcmp(was, is, 32) != 0;
			foreign += !same;
		}
		free(copy);
	}
	ok(granted == 0, "flip %s: no message verifies with a bit changed in "
	    "its header, body or protection", spec);
	ok(other == 0, "flip %s: a bit changed in extraCerts never makes it "
	    "another request or another sender", spec);
	ok(foreign == 0, "flip %s: a changed certificate is never believed",
	    spec);
	release();
}

int
main(void)
{
	flip("ed25519");
	flip("ec:P-256");

	return done();
}
