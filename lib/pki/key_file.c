/* Signatures over what is not at hand: by its hash, or as a part of a file. */
#include "pki/key.h"

#include <errno.h>
#include <gnutls/crypto.h>
#include <limits.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "pki/hash.h"
#include "pki/key_int.h"

#define BLOCK	65536

static int
is_eddsa(const struct sigalg *a)
{
	return a->scheme == SIG_ED25519 || a->scheme == SIG_ED448;
}

/* Is ${hash} one that ${a} is calculated over? */
static int
check_hash(const struct sigalg *a, struct slice hash, struct err *e)
{
	gnutls_digest_algorithm_t alg =
	    gnutls_sign_get_hash_algorithm(key_gnutls_sign(a, 1));
	size_t n = (size_t)gnutls_hash_get_len(alg);
	char t[64];

	if (is_eddsa(a))
		return err_set(e, E_ALG_PARAMS, "%s signs the data, not its "
		    "hash", alg_name(t, a));
	if (hash.n == 0 || hash.n != n)
		return err_set(e, E_ALG_PARAMS, "%s of a hash of %zu octets, "
		    "expected %zu", alg_name(t, a), hash.n, n);
	return 0;
}

int
key_sign_hash(const struct key *k, const struct sigalg *a, struct slice hash,
    struct buf *out, struct err *e)
{
	gnutls_datum_t d = { (unsigned char *)hash.p, (unsigned)hash.n };

	if (check_hash(a, hash, e) == -1)
		return -1;
	return key_sign_datum(k, a, &d, 1, out, e);
}

int
key_verify_hash(struct slice spki, const struct sigalg *a, struct slice hash,
    struct slice sig, struct err *e)
{
	gnutls_datum_t d = { (unsigned char *)hash.p, (unsigned)hash.n };

	if (check_hash(a, hash, e) == -1)
		return -1;
	return key_verify_datum(spki, a, &d, 1, sig, e);
}

/* --- a part of a file */

/* What a signature is made of: a hash, or with EdDSA the file itself. */
struct content {
	struct slice	 s;
	uint8_t		 hash[HASH_MAX];
	void		*map;		/* NULL: not mapped */
	size_t		 mapped;
};

static int
cannot_read(struct err *e)
{
	return err_set(e, E_IO, "read of what is signed: %s",
	    errno != 0 ? strerror(errno) : "the file is too short");
}

static int
add_all(struct hash_run *h, int fd, size_t at, size_t n, struct err *e)
{
	uint8_t block[BLOCK];
	ssize_t r;

	while (n > 0) {
		errno = 0;
		r = pread(fd, block, n < BLOCK ? n : BLOCK, (off_t)at);
		if (r == -1 && errno == EINTR)
			continue;
		if (r <= 0)
			return cannot_read(e);
		hash_add(h, SLICE(block, (size_t)r));
		at += (size_t)r;
		n -= (size_t)r;
	}
	return 0;
}

static int
hash(struct content *c, enum hash alg, int fd, size_t at, size_t n,
    struct err *e)
{
	struct hash_run *h;

	if (hash_begin(alg, &h, e) == -1)
		return -1;
	if (add_all(h, fd, at, n, e) == -1) {
		hash_drop(h);
		return -1;
	}
	if ((n = hash_end(h, c->hash)) == 0)
		return err_set(e, E_CRYPTO, "hash of a file");
	c->s = SLICE(c->hash, n);
	return 0;
}

static int
map(struct content *c, int fd, size_t at, size_t n, struct err *e)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), before = at % page;

	if (n > UINT_MAX)
		return err_set(e, E_CRYPTO, "%zu bytes to sign", n);
	c->mapped = before + n;
	c->map = mmap(NULL, c->mapped, PROT_READ, MAP_PRIVATE, fd,
	    (off_t)(at - before));
	if (c->map == MAP_FAILED) {
		c->map = NULL;
		return cannot_read(e);
	}
	c->s = SLICE((uint8_t *)c->map + before, n);
	return 0;
}

static int
content_open(struct content *c, const struct sigalg *a, int fd, size_t at,
    size_t n, struct err *e)
{
	memset(c, 0, sizeof(*c));
	return is_eddsa(a) ? map(c, fd, at, n, e) :
	    hash(c, a->hash, fd, at, n, e);
}

static void
content_close(struct content *c)
{
	if (c->map != NULL)
		munmap(c->map, c->mapped);
}

int
key_sign_file(const struct key *k, const struct sigalg *a, int fd, size_t at,
    size_t n, struct buf *out, struct err *e)
{
	struct content c;
	int rc = -1;

	if (content_open(&c, a, fd, at, n, e) == 0)
		rc = is_eddsa(a) ? key_sign(k, a, c.s, out, e) :
		    key_sign_hash(k, a, c.s, out, e);
	content_close(&c);
	return rc;
}

int
key_verify_file(struct slice spki, const struct sigalg *a, int fd, size_t at,
    size_t n, struct slice sig, struct err *e)
{
	struct content c;
	int rc = -1;

	if (content_open(&c, a, fd, at, n, e) == 0)
		rc = is_eddsa(a) ? key_verify(spki, a, c.s, sig, e) :
		    key_verify_hash(spki, a, c.s, sig, e);
	content_close(&c);
	return rc;
}
