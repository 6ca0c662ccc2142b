/* Failures of the machine and of our own files, each in its place. */
#include "tap.h"
#include "t_engine_home.h"

#include <limits.h>

#include "store/store.h"

static void
test_memory(void)
{
	struct sigalg alg = alg_default(key_info(dev.key));
	struct err e = { 0 };
	struct buf small;

	buf_init(&small, 4);
	ok(key_sign(dev.key, &alg, SLICE_LIT("x"), &small, &e) == -1 &&
	    e.code == E_TOO_LARGE, "E_TOO_LARGE: no room for a signature");
	e = (struct err){ 0 };
	ok(key_sign(dev.key, &alg, SLICE("x", (size_t)UINT_MAX + 1), &small,
	    &e) == -1 && e.code == E_CRYPTO,
	    "E_CRYPTO: more to sign than the library takes");
	buf_release(&small);
}

static void
test_store(void)
{
	struct err e = { 0 };

	ok(store_savepoint(engine_store(en), &e) == -1 &&
	    e.code == E_INTERNAL, "E_INTERNAL: a message outside of a commit");
	ok(err_exit(E_INTERNAL) == 70, "a bug is exit status 70");
}

static void
test_key_cert(void)
{
	struct signer s = { .key = dev2.key, .cert = &dev.cert };
	struct engine *other;
	struct err e = { 0 };
	int fd;

	ok(protect_check(&s, &e) == -1 && e.code == E_KEY_CERT,
	    "E_KEY_CERT: a key that is not the certificate's");
	s.key = sub.key;
	s.cert = &sub.cert;
	e = (struct err){ 0 };
	ok(protect_check(&s, &e) == -1 && e.code == E_KEY_CERT,
	    "E_KEY_CERT: a certificate that may not protect messages");
	engine_close(en);
	en = NULL;
	fd = dir_of(cafd, "keys");
	put_key(fd, "ca.key", dev.key);
	close(fd);
	e = (struct err){ 0 };
	ok(engine_open(cafd, STORE_WRITE, &other, &e) == -1 &&
	    e.code == E_KEY_CERT, "E_KEY_CERT: a CA whose key is another's "
	    "does not open");
}

int
main(void)
{
	setup("ed25519");
	test_memory();
	test_store();
	test_key_cert();
	teardown();
	return done();
}
