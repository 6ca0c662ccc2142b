/* How a registration authority passes on a message: RFC 9483 5.2. */
#include <stdio.h>

#include "t_engine_pki.h"
#include "tap.h"

#include "prot/shared.h"
#include "role/relay.h"

static struct shared secret = { .reference = SLICE_LIT("slip"),
	.secret = SLICE_LIT("not a good secret") };
static struct who root, device;

static int
give(void *arg, struct slice ref, struct buf *out, struct err *e)
{
	(void)arg, (void)ref, (void)e;
	buf_add_slice(out, secret.secret);
	return 1;
}

/* A message that is verified, with a MAC or a signature. */
static struct checked *
checked(int mac)
{
	struct signer s = { .key = device.key, .cert = &device.cert };
	struct anchor a = { .cert = &root.cert };
	struct verify_ask ask = { .anchors = &a, .n_anchors = 1,
	    .now = the_time, .secret = give };
	static struct msg m[2];
	struct buf *out = new_buf();
	struct checked *c = NULL;
	struct err e = { 0 };
	struct draft d;

	draft_init(&d);
	d.transaction_id = d.sender_nonce = SLICE_LIT("0123456789abcdef");
	draft_body_certconf(&d, SLICE_LIT("hash"), 0, STATUS_ACCEPTED, NULL,
	    FAIL_NONE);
	if ((mac ? protect_mac(&d, &secret, SLICE_NONE, out, &e) :
	    protect_sign(&d, &s, SLICE_NONE, out, &e)) == -1 ||
	    msg_decode(buf_slice(out), &m[mac], &e) == -1 ||
	    verify_msg(&m[mac], &ask, &c, &e) == -1)
		die("message", &e);
	draft_release(&d);
	return c;
}

/* What becomes of ${body} where the rule says ${mode}: how, or the code. */
static int
becomes(const struct checked *c, enum body body, enum conf_mode mode,
    enum err_code *code)
{
	struct conf_rule rule = { .mode = mode };
	struct op_request r = { .checked = c };
	struct relay_ask a = { .rule = &rule, .op = op_by_request(body),
	    .request = &r, .first = body };
	struct err e = { 0 };
	int rc = relay_mode(&a, &mode, &e);

	*code = e.code;
	return rc == -1 ? -1 : (int)mode;
}

int
main(void)
{
	static const enum conf_mode all[] = { FORWARD_KEEP, FORWARD_ADD,
	    FORWARD_REPLACE, FORWARD_RAVERIFIED };
	struct checked *mac, *sig;
	enum err_code code;
	struct err e = { 0 };

	root = identity(NULL, "CN=Root", "ed25519",
	    (struct says){ .ca = 1 });
	device = identity(&root, "CN=device", "ed25519",
	    (struct says){ 0 });
	if (shared_mac("pbmac1", "slip", &secret.mac, &e) == -1)
		die("shared_mac", &e);
	mac = checked(1);
	sig = checked(0);
	for (int i = 0; i < 2; i++)
		ok(becomes(mac, BODY_IR, all[i], &code) == -1 &&
		    code == E_FORWARD_MAC, "a MAC that upstream cannot verify "
		    "is not passed on with %s", conf_mode_word(all[i]));
	for (int i = 2; i < 4; i++)
		ok(becomes(mac, BODY_IR, all[i], &code) == (int)all[i],
		    "a MAC is replaced with %s", conf_mode_word(all[i]));
	for (int i = 0; i < 4; i++)
		ok(becomes(sig, BODY_IR, all[i], &code) == (int)all[i],
		    "a signed ir is passed on with %s as its rule says",
		    conf_mode_word(all[i]));
	ok(becomes(sig, BODY_KUR, FORWARD_REPLACE, &code) == FORWARD_ADD &&
	    becomes(sig, BODY_KUR, FORWARD_RAVERIFIED, &code) == FORWARD_ADD,
	    "an update keeps its own protection");
	ok(becomes(sig, BODY_P10CR, FORWARD_RAVERIFIED, &code) ==
	    FORWARD_REPLACE, "a p10cr has no proof to stand for");
	ok(becomes(sig, BODY_CERTCONF, FORWARD_ADD, &code) == FORWARD_ADD,
	    "what follows a first request is approved as that was");
	checked_free(mac);
	checked_free(sig);
	free_bufs();
	return done();
}
