/* Identities, clock and homes for tests that go through a whole engine. */
#ifndef T_ENGINE_PKI_H
#define T_ENGINE_PKI_H

#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/rand.h"
#include "pki/name.h"
#include "pki/san.h"
#include "role/engine.h"
#include "role/setup.h"

#define DAY	INT64_C(86400)

/* The clock of this program: it stands where a test puts it. */
static int64_t the_time = INT64_C(1800000000);	/* 2027-01-15 */

int64_t
clock_now(void)
{
	return the_time;
}

/* Bytes that live until the end. */
#define MANY	4096
static struct buf *bufs[MANY];
static size_t n_bufs;

static inline void
die(const char *what, const struct err *e)
{
	printf("Bail out! %s: %s %s\n", what, err_name(e->code), e->detail);
	exit(1);
}

static inline struct buf *
new_buf(void)
{
	if (n_bufs == MANY || (bufs[n_bufs] = malloc(sizeof(struct buf))) ==
	    NULL)
		abort();
	buf_init(bufs[n_bufs], 2 << 20);
	return bufs[n_bufs++];
}

static inline void
free_bufs(void)
{
	while (n_bufs > 0) {
		buf_release(bufs[--n_bufs]);
		free(bufs[n_bufs]);
	}
}

static inline struct slice
name(const char *text)
{
	struct buf *b = new_buf();
	struct err e = { 0 };

	if (name_parse(text, b, &e) == -1)
		die(text, &e);
	return buf_slice(b);
}

static inline struct slice
fresh(size_t n)
{
	struct buf *b = new_buf();

	rand_bytes(buf_extend(b, n), n);
	return buf_slice(b);
}

/* Somebody with a key and a certificate. */
struct who {
	struct key	*key;
	struct cert	 cert;
};

static inline struct key *
new_key(const char *spec)
{
	struct err e = { 0 };
	struct key *k;

	if (key_generate(spec, &k, &e) == -1)
		die(spec, &e);
	return k;
}

/* What a certificate says beside its subject, key and issuer. */
struct says {
	int		 ca;
	uint32_t	 ku;
	enum oid	 eku;
	int64_t		 from, to;	/* days from now; 0: -30 and 3000 */
	const char	*san;
	int		 ku_none;
};

static inline struct cert
certify(const struct who *issuer, const char *subject, const struct key *key,
    struct says s)
{
	static uint32_t serial = 0x10000000;
	uint8_t number[4] = { (uint8_t)(serial >> 24), (uint8_t)(serial >> 16),
	    (uint8_t)(serial >> 8), (uint8_t)serial };
	struct buf *der = new_buf(), *san = new_buf();
	struct sigalg alg = alg_default(key_info(issuer->key));
	struct tbs t = { .serial = SLICE(number, 4), .subject = name(subject),
	    .spki = key_spki(key), .ca = s.ca ? 1 : -1, .path_len = -1,
	    .ku = s.ku_none ? 0 : s.ku ? s.ku : s.ca ? KU_KEY_CERT_SIGN |
	    KU_CRL_SIGN : KU_DIGITAL_SIGNATURE, .eku = &s.eku,
	    .n_eku = s.eku != OID_UNKNOWN,
	    .not_before = the_time + (s.from ? s.from : -30) * DAY,
	    .not_after = the_time + (s.to ? s.to : 3000) * DAY };
	struct err e = { 0 };
	struct derw w;
	struct cert c;

	serial++;
	t.issuer = issuer->cert.der.p ? issuer->cert.subject : t.subject;
	t.aki = issuer->cert.ski;
	derw_init(&w, 4096);
	if (s.san != NULL) {
		san_parse(s.san, san, &e);
		derw_raw(&w, buf_slice(san));
		derw_wrap(&w, DER_SEQUENCE, 0);
		buf_reset(san);
		buf_add_slice(san, derw_slice(&w));
		t.san = buf_slice(san);
	}
	derw_release(&w);
	if (cert_sign(&t, issuer->key, &alg, der, &e) == -1 ||
	    cert_open(buf_slice(der), &c, &e) == -1)
		die(subject, &e);
	return c;
}

/* A new identity; ${issuer} NULL: self-signed. */
static inline struct who
identity(const struct who *issuer, const char *subject, const char *spec,
    struct says s)
{
	struct who w = { .key = new_key(spec) };

	w.cert = certify(issuer ? issuer : &w, subject, w.key, s);
	return w;
}

/* --- files */

static inline void
put_file(int dirfd, const char *file, struct slice text, unsigned mode)
{
	struct err e = { 0 };

	if (file_deliver(dirfd, file, text, mode, FILE_REPLACE, &e) == -1)
		die(file, &e);
}

static inline void
put_certs(int dirfd, const char *file, const struct cert *const *c, size_t n)
{
	struct buf pem;

	buf_init(&pem, 1 << 20);
	for (size_t i = 0; i < n; i++)
		cert_pem(&pem, "CERTIFICATE", c[i]->der);
	put_file(dirfd, file, buf_slice(&pem), 0644);
	buf_release(&pem);
}

static inline void
put_key(int dirfd, const char *file, const struct key *k)
{
	struct err e = { 0 };
	struct buf pem;

	buf_init(&pem, 1 << 16);
	if (key_export(k, SLICE_NONE, &pem, &e) == -1)
		die(file, &e);
	put_file(dirfd, file, buf_slice(&pem), 0600);
	buf_release(&pem);
}

static inline int
dir_of(int at, const char *dir)
{
	struct err e = { 0 };
	int fd = file_open_dir(at, dir, 0700, &e);

	if (fd == -1)
		die(dir, &e);
	return fd;
}

/* The directory of this test; everything in it goes at the end. */
static char top[64];
static int topfd = -1;

static inline int
remove_one(const char *path, const struct stat *st, int flag, struct FTW *f)
{
	(void)st, (void)flag, (void)f;
	return remove(path);
}

static inline void
remove_top(void)
{
	if (topfd != -1)
		close(topfd);
	topfd = -1;
	nftw(top, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static inline void
make_top(void)
{
	snprintf(top, sizeof(top), "/tmp/t_engine.XXXXXX");
	if (mkdtemp(top) == NULL)
		abort();
	atexit(remove_top);
	topfd = dir_of(AT_FDCWD, top);
}

static inline const char *
in_top(const char *file)
{
	static char path[8][160];
	static unsigned i;

	snprintf(path[++i % 8], sizeof(path[0]), "%s/%s", top, file);
	return path[i % 8];
}

/* An identity from files, as a home has it. */
static inline struct who
load(const char *home, const char *cert, const char *key)
{
	struct certs c = { 0 };
	struct err e = { 0 };
	struct who w;
	struct buf *der = new_buf();
	char dir[100];

	snprintf(dir, sizeof(dir), "%s/%s", home, cert);
	if (certs_load(in_top(dir), &c, &e) == -1)
		die(dir, &e);
	buf_add_slice(der, c.v[0].der);
	certs_free(&c);
	cert_parse(buf_slice(der), &w.cert, &e);
	snprintf(dir, sizeof(dir), "%s/%s", home, key);
	if (key_load(in_top(dir), NULL, &w.key, &e) == -1)
		die(dir, &e);
	return w;
}

#endif
