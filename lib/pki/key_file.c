/* Signatures over a part of a file. */
#include "pki/key.h"

#include <errno.h>
#include <gnutls/crypto.h>
#include <limits.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "pki/key_int.h"

#define BLOCK	65536
#define HASH_MAX 64

/* What a signature is made of: a hash, or the file itself. */
struct content {
	gnutls_datum_t	 d;
	int		 is_hash;
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
add_all(gnutls_hash_hd_t h, int fd, size_t at, size_t n, struct err *e)
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
		if (gnutls_hash(h, block, (size_t)r) < 0)
			return err_set(e, E_CRYPTO, "hash");
		at += (size_t)r;
		n -= (size_t)r;
	}
	return 0;
}

static int
hash(struct content *c, gnutls_digest_algorithm_t alg, int fd, size_t at,
    size_t n, struct err *e)
{
	gnutls_hash_hd_t h;
	int rc;

	if (gnutls_hash_init(&h, alg) < 0)
		return err_set(e, E_CRYPTO, "hash %s",
		    gnutls_digest_get_name(alg));
	rc = add_all(h, fd, at, n, e);
	gnutls_hash_deinit(h, c->hash);
	c->d = (gnutls_datum_t){ c->hash, gnutls_hash_get_len(alg) };
	c->is_hash = 1;
	return rc;
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
	c->d = (gnutls_datum_t){ (unsigned char *)c->map + before,
	    (unsigned)n };
	return 0;
}

static int
content_open(struct content *c, const struct sigalg *a, int fd, size_t at,
    size_t n, struct err *e)
{
	gnutls_digest_algorithm_t alg =
	    gnutls_sign_get_hash_algorithm(key_gnutls_sign(a, 1));

	memset(c, 0, sizeof(*c));
	if (a->scheme == SIG_ED25519 || a->scheme == SIG_ED448)
		return map(c, fd, at, n, e);
	return hash(c, alg, fd, at, n, e);
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
		rc = key_sign_datum(k, a, &c.d, c.is_hash, out, e);
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
		rc = key_verify_datum(spki, a, &c.d, c.is_hash, sig, e);
	content_close(&c);
	return rc;
}
