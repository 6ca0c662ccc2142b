/*
 * What we send breaks no rule that can be seen in a message: a whole
 * enrolment between a device and a CA, judged by msg/lint.
 */
#include "tap.h"
#include "t_engine_dev.h"

#include "msg/lint.h"

struct tally {
	size_t	 musts;
	char	 codes[E__COUNT];
};

static void
count(void *arg, char level, enum err_code code, const char *section,
    const char *text)
{
	struct tally *t = arg;

	t->musts += level == 'M';
	t->codes[code] = level;
	if (level == 'M')
		printf("# %s %s: %s\n", section, err_name(code), text);
}

static struct tally
lint(struct slice der)
{
	struct tally t = { 0 };
	struct err e = { 0 };
	struct msg m;

	if (msg_decode(der, &m, &e) == -1)
		die("lint", &e);
	lint_msg(&m, count, &t);
	return t;
}

static int
clean(struct slice der, enum body body)
{
	struct err e = { 0 };
	struct msg m;

	return msg_decode(der, &m, &e) == 0 && m.body == body &&
	    lint(der).musts == 0;
}

/* The CA's answer to ${der}. */
static struct slice
answer(struct slice der)
{
	struct buf *b = new_buf();
	struct outcome o;
	struct err e = { 0 };

	outcome_init(&o);
	if (engine_begin(en, &e) == -1)
		die("begin", &e);
	engine_handle(en, NULL, der, &o);
	if (engine_commit(en, &e) == -1)
		die("commit", &e);
	buf_add_slice(b, buf_slice(&o.answer));
	outcome_release(&o);
	return buf_slice(b);
}

static void
test_implicit(void)
{
	struct device d = device(0);
	struct slice ip;

	ok(clean(d.der, BODY_IR), "our ir breaks no MUST");
	ip = answer(d.der);
	ok(clean(ip, BODY_IP), "our ip with implicit confirmation breaks no "
	    "MUST");
	take(&d, ip);
	ok(got.verdict == VERDICT_TAKEN && installed(&d),
	    "our device takes our CA's ip");
	device_close(&d);
}

static void
test_explicit(void)
{
	struct device d = device(1);
	struct slice ip;

	ok(clean(d.der, BODY_IR), "our ir for explicit confirmation breaks no "
	    "MUST");
	ip = answer(d.der);
	ok(clean(ip, BODY_IP), "our ip with confirmWaitTime breaks no MUST");
	take(&d, ip);
	ok(clean(got.der, BODY_CERTCONF), "our certConf breaks no MUST");
	ip = answer(got.der);
	ok(clean(ip, BODY_PKICONF), "our pkiConf breaks no MUST");
	take(&d, ip);
	ok(got.verdict == VERDICT_TAKEN && got.der.n == 0 &&
	    dev_state(&d) == TXN_DONE, "our device takes our CA's pkiConf");
	device_close(&d);
}

static void
test_no(void)
{
	struct key *key = new_key("ed25519");
	struct ask a = ask_for(&dev, key);
	struct slice ip;

	a.popo_bad = 1;
	ip = answer(make(&a));
	ok(clean(ip, BODY_IP), "our rejection breaks no MUST");
	a.d.sender_nonce = SLICE_NONE;
	ip = answer(make(&a));
	ok(clean(ip, BODY_ERROR), "our error message breaks no MUST");
	ask_release(&a);
	key_free(key);
}

/* A certConf that says no, and what a device may not say at all. */
static void
test_reject(void)
{
	struct device d = device(1);
	struct ip p = ip_for(&d);

	p.d.implicit_confirm = 0;
	p.d.has_confirm_wait = 1;
	p.d.confirm_wait = the_time + DAY;
	p.cert = certificate(&d, "CN=pump18,O=Example", NULL,
	    (struct says){ 0 });
	take(&d, ip_make(&p));
	ok(clean(got.der, BODY_CERTCONF),
	    "our certConf that rejects breaks no MUST");
	draft_release(&p.d);
	device_close(&d);
}

/* Rules of the order and choice of extraCerts, and of listed fields. */
static void
test_should(void)
{
	const struct cert *disorder[] = { &dev.cert, &maker.cert, &sub.cert };
	struct key *key = new_key("ed25519");
	struct ask a = ask_for(&dev, key);
	struct slice der = make(&a);
	struct tally t;

	t = lint(der);
	ok(t.codes[E_EXTRA_ORDER] == 0 && t.codes[E_EXTRA_SELF] == 0 &&
	    t.codes[E_FIELD] == 0, "lint: a good request has its extraCerts "
	    "in order");
	t = lint(reseal(der, dev.key, disorder, 3));
	ok(t.codes[E_EXTRA_ORDER] == 'S' && t.codes[E_EXTRA_SELF] == 'S',
	    "lint: extraCerts out of order, and a self-signed one");
	a.reg_info = 1;
	t = lint(make(&a));
	ok(t.codes[E_FIELD] == 'S',
	    "lint: a field that the profile does not list");
	ask_release(&a);
	key_free(key);
}

int
main(void)
{
	setup("ed25519");
	make_device_files();
	test_implicit();
	test_explicit();
	test_no();
	test_reject();
	test_should();
	teardown();
	return done();
}
