/* The home of a registration authority. */
#include "role/setup_int.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/file.h"
#include "pki/name.h"
#include "policy/conf.h"
#include "prot/protect.h"
#include "store/store.h"

/* Do the files that are given make an RA?  Its certificate in ${k->ca_der}. */
static int
read_given(struct making *k, struct err *e)
{
	const struct setup_ask *a = k->ask;
	struct certs c = { 0 };
	struct signer s;
	int rc = -1;

	if (key_load(a->key, a->key_pass, &k->ca_key, e) == -1 ||
	    certs_load(a->cert, &c, e) == -1)
		goto out;
	if (c.n == 0) {
		err_set(e, E_CERT_SYNTAX, "%.200s: no certificate in it",
		    a->cert);
		goto out;
	}
	s = (struct signer){ .key = k->ca_key, .cert = &c.v[0] };
	if (protect_check(&s, e) == -1) {
		err_wrap(e, "%.100s, %.100s", a->key, a->cert);
		goto out;
	}
	buf_add_slice(&k->ca_der, c.v[0].der);
	rc = a->chain != NULL ? setup_chain(a->chain, e) : 0;
out:
	certs_free(&c);
	return rc;
}

int
setup_ra_read(struct making *k, struct err *e)
{
	return k->ask->key != NULL ? read_given(k, e) :
	    setup_new(k, "an RA", e);
}

static int
make_cert(struct making *k, struct err *e)
{
	static const enum oid eku[] = { OID_KP_CMC_RA };
	struct tbs t = { .ca = -1, .path_len = -1,
	    .ku = KU_DIGITAL_SIGNATURE, .eku = eku, .n_eku = 1 };

	/* What an interrupted run made nobody has. */
	unlinkat(k->certs, "cmp.pem", 0);
	if (setup_key(k, "cmp.key", k->ask->newkey, &k->ca_key, e) == -1)
		return -1;
	t.issuer = t.subject = buf_slice(&k->name);
	t.spki = key_spki(k->ca_key);
	if (setup_sign(k, &t, &k->ca_der, e) == -1)
		return -1;
	return setup_pem(k->certs, "cmp.pem", "CERTIFICATE",
	    buf_slice(&k->ca_der), e);
}

static int
copy_given(struct making *k, struct err *e)
{
	const struct setup_ask *a = k->ask;

	if (setup_copy(k->keys, a->key, "cmp.key", 0600, e) == -1 ||
	    setup_copy(k->certs, a->cert, "cmp.pem", 0644, e) == -1)
		return -1;
	return a->chain == NULL ? 0 : setup_copy(k->certs, a->chain,
	    "cmp-chain.pem", 0644, e);
}

/* cmp.conf comes last: with it the home is an RA's. */
static int
make_conf(struct making *k, struct err *e)
{
	struct buf text, more;
	int rc;

	buf_init(&text, 1 << 18);
	buf_init(&more, 1 << 18);
	conf_template(&text, ROLE_RA);
	rc = buf_bad(&text) ? err_set(e, E_NOMEM, "out of memory") : 0;
	if (rc == 0 && k->ask->chain != NULL)
		rc = setup_set(&text, &more, "chain", "certs/cmp-chain.pem",
		    e);
	if (rc == 0 && k->ask->key_pass != NULL)
		rc = setup_set(&text, &more, "protect-pass", k->ask->key_pass,
		    e);
	if (rc == 0)
		rc = file_deliver(k->homefd, "cmp.conf", buf_slice(&text),
		    0644, FILE_NEW, e);
	buf_release(&more);
	buf_release(&text);
	return rc;
}

static int
make(struct making *k, int *without, struct err *e)
{
	struct store *s;
	struct cert c;

	if (faccessat(k->homefd, "cmp.conf", F_OK, 0) == 0)
		return err_set(e, E_EXISTS, "the home has a cmp.conf already; "
		    "choose another directory");
	if (setup_ra_read(k, e) == -1 || setup_dirs(k, e) == -1 ||
	    (k->ask->key != NULL ? copy_given(k, e) : make_cert(k, e)) == -1 ||
	    cert_parse(buf_slice(&k->ca_der), &c, e) == -1 ||
	    store_open(k->homefd, STORE_CREATE, &s, e) == -1)
		return -1;
	store_close(s);
	*without = !cert_has_eku(&c, OID_KP_CMC_RA);
	return make_conf(k, e);
}

int
setup_ra(int homefd, const struct setup_ask *ask, int *without, struct err *e)
{
	struct making k;
	int rc;

	setup_begin(&k, homefd, ask);
	rc = make(&k, without, e);
	setup_end(&k);
	return rc;
}
