#include "role/setup.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/rand.h"
#include "base/secret.h"
#include "pki/name.h"
#include "policy/conf.h"
#include "prot/protect.h"
#include "role/setup_int.h"
#include "store/store.h"

#define DAYS	7300	/* twenty years: plants are old */

int
setup_dirs(struct making *k, struct err *e)
{
	int trust;

	if ((k->keys = file_open_dir(k->homefd, "keys", 0700, e)) == -1 ||
	    (k->certs = file_open_dir(k->homefd, "certs", 0700, e)) == -1 ||
	    (trust = file_open_dir(k->homefd, "trust", 0700, e)) == -1)
		return -1;
	close(trust);
	return 0;
}

int
setup_pem(int dirfd, const char *name, const char *label, struct slice der,
    struct err *e)
{
	struct buf pem;
	int rc;

	buf_init(&pem, 1 << 20);
	cert_pem(&pem, label, der);
	rc = file_deliver(dirfd, name, buf_slice(&pem), 0644, FILE_NEW, e);
	buf_release(&pem);
	return rc;
}

/* A key that an interrupted run has left: is it what is asked for now? */
static int
old_key(const char *path, const char *file, const char *spec,
    struct key **out, struct err *e)
{
	char is[64];

	if (key_load(path, NULL, out, e) == -1)
		return err_wrap(e, "%s", file);
	if (strcasecmp(alg_key_spec(is, key_info(*out)), spec) != 0)
		return err_set(e, E_EXISTS, "%s is there already and is %s, "
		    "not %.60s; take it away, or ask for that", file, is, spec);
	return 0;
}

int
setup_key(struct making *k, const char *name, const char *spec,
    struct key **out, struct err *e)
{
	char path[HOME_PATH], file[64];
	struct buf pem;
	int rc = -1;

	snprintf(file, sizeof(file), "keys/%s", name);
	if (faccessat(k->keys, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return old_key(home_path(path, k->homefd, file), file, spec,
		    out, e);
	buf_init(&pem, 1 << 16);
	if (key_generate(spec, out, e) == 0 &&
	    key_export(*out, SLICE_NONE, &pem, e) == 0)
		rc = file_deliver(k->keys, name, buf_slice(&pem), 0600,
		    FILE_NEW, e);
	buf_release(&pem);
	return rc;
}

int
setup_copy(int dirfd, const char *from, const char *to, unsigned mode,
    struct err *e)
{
	struct buf b;
	int rc;

	buf_init(&b, 1 << 20);
	rc = file_read(from, 1 << 20, &b, e);
	if (rc == 0)
		rc = file_deliver(dirfd, to, buf_slice(&b), mode, FILE_NEW, e);
	buf_release(&b);
	return rc;
}

int64_t
setup_days(const char *s)
{
	char *end;
	long n;

	if (s == NULL)
		return DAYS;
	n = strtol(s, &end, 10);
	return *end == '\0' && n > 0 && n <= 36500 ? n : -1;
}

int
setup_sign(struct making *k, struct tbs *t, struct buf *out, struct err *e)
{
	struct sigalg alg = alg_default(key_info(k->ca_key));
	uint8_t serial[20];

	do
		rand_bytes(serial, sizeof(serial));
	while ((serial[0] &= 0x7f) == 0);
	t->serial = SLICE(serial, sizeof(serial));
	t->not_before = k->now - 300;
	t->not_after = k->until;
	return cert_sign(t, k->ca_key, &alg, out, e);
}

int
setup_new(struct making *k, const char *what, struct err *e)
{
	int64_t n = setup_days(k->ask->days);

	if (n == -1)
		return err_set(e, E_USAGE, "--days is \"%.20s\", expected 1 "
		    "to 36500", k->ask->days);
	if (name_parse(k->ask->name, &k->name, e) == -1 ||
	    name_check(buf_slice(&k->name), e) == -1)
		return err_wrap(e, "--name");
	if (name_is_empty(buf_slice(&k->name)))
		return err_set(e, E_USAGE, "--name is empty; %s needs "
		    "one", what);
	k->until = k->now + n * SETUP_DAY;
	return key_spec_check(k->ask->newkey, e);
}

static int
make_ca(struct making *k, struct err *e)
{
	struct tbs t = { .ca = 1, .path_len = -1,
	    .ku = KU_KEY_CERT_SIGN | KU_CRL_SIGN };

	if (setup_key(k, "ca.key", k->ask->newkey, &k->ca_key, e) == -1)
		return -1;
	t.issuer = t.subject = buf_slice(&k->name);
	t.spki = key_spki(k->ca_key);
	if (setup_sign(k, &t, &k->ca_der, e) == -1)
		return -1;
	return setup_pem(k->certs, "ca.pem", "CERTIFICATE",
	    buf_slice(&k->ca_der), e);
}

int
setup_chain(const char *file, struct err *e)
{
	struct certs c = { 0 };
	int rc;

	rc = certs_load(file, &c, e);
	if (rc == 0 && c.n == 0)
		rc = err_set(e, E_CERT_SYNTAX, "%.200s: no certificate in it",
		    file);
	certs_free(&c);
	return rc;
}

/* What an existing CA is. */
static int
read_existing(struct making *k, struct err *e)
{
	const struct setup_ask *a = k->ask;
	struct certs c = { 0 };
	int rc = -1;

	if (key_load(a->key, a->key_pass, &k->ca_key, e) == -1 ||
	    certs_load(a->cert, &c, e) == -1 ||
	    (a->chain != NULL && setup_chain(a->chain, e) == -1))
		goto out;
	if (c.n == 0 || !c.v[0].ca) {
		err_set(e, E_KEY_CERT, "%.200s: no CA certificate in it",
		    a->cert);
		goto out;
	}
	if (!slice_eq(key_spki(k->ca_key), c.v[0].spki)) {
		err_set(e, E_KEY_CERT, "%.200s is not the key of %.200s",
		    a->key, a->cert);
		goto out;
	}
	buf_add_slice(&k->ca_der, c.v[0].der);
	k->until = c.v[0].not_after;
	rc = 0;
out:
	certs_free(&c);
	return rc;
}

static int
read_ask(struct making *k, struct err *e)
{
	if (k->ask->protect_newkey != NULL &&
	    key_spec_check(k->ask->protect_newkey, e) == -1)
		return -1;
	return k->ask->key != NULL ? read_existing(k, e) :
	    setup_new(k, "a CA", e);
}

static int
copy_ca(struct making *k, struct err *e)
{
	const struct setup_ask *a = k->ask;

	if (setup_copy(k->keys, a->key, "ca.key", 0600, e) == -1 ||
	    setup_copy(k->certs, a->cert, "ca.pem", 0644, e) == -1 ||
	    (a->chain && setup_copy(k->certs, a->chain, "ca-chain.pem", 0644,
	    e) == -1))
		return -1;
	return 0;
}

/* The CA's name with one more RDN: CN=CMP, below what it has. */
static int
protection_name(struct making *k, struct err *e)
{
	struct slice rdns;
	struct derw w;
	struct buf cmp;
	int rc = -1;

	derw_init(&w, NAME_SIZE_MAX);
	buf_init(&cmp, 64);
	if (name_parse("CN=CMP", &cmp, e) == -1)
		goto out;
	derw_raw(&w, SLICE(cmp.p + 2, cmp.n - 2));
	if (der_only(k->ca.subject, DER_SEQUENCE, &rdns) == -1)
		goto out;
	derw_raw(&w, rdns);
	derw_wrap(&w, DER_SEQUENCE, 0);
	buf_add_slice(&k->prot_name, derw_slice(&w));
	rc = name_check(buf_slice(&k->prot_name), e);
out:
	derw_release(&w);
	buf_release(&cmp);
	return rc;
}

/*
 * Messages are not signed with the key that signs certificates (RFC 9480
 * 2.22), but by a certificate that the CA gives to itself.
 */
static int
make_protection(struct making *k, struct err *e)
{
	static const enum oid eku[] = { OID_KP_CMC_CA };
	struct tbs t = { .ca = -1, .path_len = -1,
	    .ku = KU_DIGITAL_SIGNATURE, .eku = eku, .n_eku = 1 };
	const char *spec = k->ask->protect_newkey;
	char own[64];

	if (cert_parse(buf_slice(&k->ca_der), &k->ca, e) == -1 ||
	    protection_name(k, e) == -1)
		return -1;
	if (spec == NULL)
		spec = alg_key_spec(own, key_info(k->ca_key));
	if (k->ask->protect_key != NULL) {
		if (key_load(k->ask->protect_key, NULL, &k->prot_key,
		    e) == -1 || setup_copy(k->keys, k->ask->protect_key,
		    "cmp.key", 0600, e) == -1)
			return -1;
	} else if (setup_key(k, "cmp.key", spec, &k->prot_key, e) == -1) {
		return -1;
	}
	t.issuer = k->ca.subject;
	t.subject = buf_slice(&k->prot_name);
	t.spki = key_spki(k->prot_key);
	t.aki = k->ca.ski;
	if (setup_sign(k, &t, &k->prot_der, e) == -1)
		return -1;
	return setup_pem(k->certs, "cmp.pem", "CERTIFICATE",
	    buf_slice(&k->prot_der), e);
}

int
setup_set(struct buf *text, struct buf *more, const char *key,
    const char *value, struct err *e)
{
	buf_reset(more);
	if (conf_set(buf_slice(text), key, value, more, e) == -1)
		return -1;
	buf_reset(text);
	buf_add_slice(text, buf_slice(more));
	return 0;
}

/* cmp.conf comes last: with it the home is a CA. */
static int
make_conf(struct making *k, struct err *e)
{
	struct buf text, more;
	int rc;

	buf_init(&text, 1 << 18);
	conf_template(&text, ROLE_CA);
	buf_init(&more, 1 << 18);
	rc = buf_bad(&text) ? buf_err(&text, "cmp.conf", e) : 0;
	if (rc == 0 && k->ask->chain != NULL)
		rc = setup_set(&text, &more, "chain", "certs/ca-chain.pem", e);
	if (rc == 0 && k->ask->key_pass != NULL)
		rc = setup_set(&text, &more, "key-pass", k->ask->key_pass, e);
	if (rc == 0)
		rc = file_deliver(k->homefd, "cmp.conf", buf_slice(&text),
		    0644, FILE_NEW, e);
	buf_release(&more);
	buf_release(&text);
	return rc;
}

static int
make(struct making *k, struct err *e)
{
	struct store *s;

	if (faccessat(k->homefd, "cmp.conf", F_OK, 0) == 0)
		return err_set(e, E_EXISTS, "the home has a cmp.conf already; "
		    "choose another directory");
	if (read_ask(k, e) == -1 || setup_dirs(k, e) == -1)
		return -1;
	/*
	 * Certificates that an interrupted run made are made anew: nobody has
	 * them.  One that is given may stand here already, and is not ours.
	 */
	unlinkat(k->certs, "cmp.pem", 0);
	if (k->ask->key == NULL)
		unlinkat(k->certs, "ca.pem", 0);
	if ((k->ask->key != NULL ? copy_ca(k, e) : make_ca(k, e)) == -1 ||
	    make_protection(k, e) == -1 ||
	    store_open(k->homefd, STORE_CREATE, &s, e) == -1)
		return -1;
	store_close(s);
	return make_conf(k, e);
}

void
setup_begin(struct making *k, int homefd, const struct setup_ask *ask)
{
	*k = (struct making){ .ask = ask, .homefd = homefd, .keys = -1,
	    .certs = -1, .now = clock_now() };
	buf_init(&k->name, NAME_SIZE_MAX);
	buf_init(&k->prot_name, NAME_SIZE_MAX);
	buf_init(&k->ca_der, 1 << 16);
	buf_init(&k->prot_der, 1 << 16);
}

void
setup_end(struct making *k)
{
	if (k->keys != -1)
		close(k->keys);
	if (k->certs != -1)
		close(k->certs);
	key_free(k->ca_key);
	key_free(k->prot_key);
	buf_release(&k->name);
	buf_release(&k->prot_name);
	buf_release(&k->ca_der);
	buf_release(&k->prot_der);
}

int
setup_check(const struct setup_ask *ask, struct err *e)
{
	struct making k;
	int rc;

	setup_begin(&k, -1, ask);
	rc = ask->ra ? setup_ra_read(&k, e) : read_ask(&k, e);
	setup_end(&k);
	return rc;
}

int
setup_ca(int homefd, const struct setup_ask *ask, struct err *e)
{
	struct making k;
	int rc;

	setup_begin(&k, homefd, ask);
	rc = make(&k, e);
	setup_end(&k);
	return rc;
}
