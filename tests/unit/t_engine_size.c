/*
 * Sizes that a sender chooses: what is too large is too large for ever and is
 * answered, never "temporary" and put back.
 */
#include "tap.h"
#include "t_engine_say.h"

#define PAD_CERTS	8

/* SEQUENCE { OCTET STRING } of ${size} bytes: a TLV among extraCerts. */
static struct cert
padding(size_t size)
{
	struct buf *b = new_buf();
	struct cert c = { .der = { NULL, 0 } };
	struct derw w;
	struct buf zero;

	buf_init(&zero, size);
	memset(buf_extend(&zero, size), 0, size);
	derw_init(&w, size + 64);
	derw_prim(&w, DER_OCTET_STRING, buf_slice(&zero));
	derw_wrap(&w, DER_SEQUENCE, 0);
	buf_add_slice(b, derw_slice(&w));
	derw_release(&w);
	buf_release(&zero);
	c.der = buf_slice(b);
	return c;
}

static void
test_buf(void)
{
	struct err e = { 0 };
	struct derw w;
	struct buf b;

	buf_init(&b, 4);
	buf_add_str(&b, "12345");
	ok(buf_bad(&b) && buf_err(&b, "x", &e) == -1 &&
	    e.code == E_TOO_LARGE, "a full buffer is E_TOO_LARGE");
	buf_release(&b);
	b.bad = BUF_NOMEM;
	ok(buf_bad(&b) && buf_err(&b, "x", &e) == -1 && e.code == E_NOMEM,
	    "one that gets no memory is E_NOMEM");
	buf_release(&b);
	derw_init(&w, 4);
	derw_raw(&w, SLICE_LIT("12345"));
	ok(derw_bad(&w) && derw_err(&w, "x", &e) == -1 &&
	    e.code == E_TOO_LARGE, "so for writers");
	derw_release(&w);
}

/* Padding in extraCerts, of a sender that is verified. */
static void
test_extra(void)
{
	struct cert pad = padding(40000), *p = &pad;
	const struct cert *x[2 + PAD_CERTS] = { &dev.cert, &sub.cert };
	struct ask a = ask_for(&dev, dev2.key);
	struct err e = { 0 };
	struct buf known;
	struct slice id;

	for (int i = 0; i < PAD_CERTS; i++)
		x[2 + i] = p;
	say(reseal(make(&a), NULL, x, 2 + PAD_CERTS));
	ok(granted(), "300 KiB of padding in extraCerts stop nothing");
	id = a.d.transaction_id;
	buf_init(&known, 1 << 20);
	ok(store_signers(engine_store(en), id, &known, &e) == 1 &&
	    known.n == dev.cert.der.n + sub.cert.der.n,
	    "and only the path that was verified is kept");
	buf_release(&known);
	buf_init(&known, 100);
	ok(store_signers(engine_store(en), id, &known, &e) == 1 &&
	    known.n == 0, "what has no room among earlier certificates is "
	    "left out, and counted");
	buf_release(&known);
	ask_release(&a);
}

static void
test_key(void)
{
	struct ask a = ask_for(&dev, dev2.key);
	struct buf bits, *key = new_buf();
	struct derw w;
	size_t m;

	buf_init(&bits, 70000);
	memset(buf_extend(&bits, 70000), 0, 70000);
	derw_init(&w, 1 << 18);
	derw_bits(&w, DER_BIT_STRING, buf_slice(&bits));
	m = derw_mark(&w);
	derw_oid(&w, oid_bytes(OID_ED25519));
	derw_wrap(&w, DER_SEQUENCE, m);
	derw_wrap(&w, DER_SEQUENCE, 0);
	buf_add_slice(key, derw_slice(&w));
	derw_release(&w);
	buf_release(&bits);
	a.raw_key = buf_slice(key);
	say(make(&a));
	ok(re.verdict == VERDICT_REFUSED && re.code == E_TOO_LARGE &&
	    re.fail == FAIL_BAD_DATA_FORMAT, "a publicKey of 70000 bytes is "
	    "refused for good (E_TOO_LARGE)");
	ask_release(&a);
}

int
main(void)
{
	setup("ed25519");
	test_buf();
	test_extra();
	test_key();
	teardown();
	return done();
}
