#include "role/request.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/escape.h"
#include "base/file.h"
#include "base/rand.h"
#include "base/secret.h"
#include "msg/crmf.h"
#include "pki/csr.h"
#include "pki/name.h"
#include "pki/san.h"
#include "prot/shared.h"
#include "role/engine_int.h"
#include "role/request_info.h"
#include "role/request_int.h"
#include "role/request_template.h"

void
request_made_init(struct request_made *m)
{
	memset(m, 0, sizeof(*m));
	buf_init(&m->message, (size_t)1 << 20);
}

void
request_made_release(struct request_made *m)
{
	buf_release(&m->message);
}

static void
making_init(struct making *k, int homefd, const struct request_ask *ask,
    struct request_made *made)
{
	memset(k, 0, sizeof(*k));
	k->ask = ask;
	k->op = op_by_name(ask->op);
	k->newkey = ask->newkey;
	k->homefd = homefd;
	k->made = made;
	k->now = clock_now();
	buf_init(&k->subject, NAME_SIZE_MAX);
	buf_init(&k->san, 1 << 14);
	buf_init(&k->recipient, NAME_SIZE_MAX + 16);
	buf_init(&k->issuer, NAME_SIZE_MAX);
	buf_init(&k->secret, SECRET_MAX + 1);
	draft_init(&k->draft);
	request_template_init(&k->tmpl);
	rand_bytes(k->id, sizeof(k->id));
	rand_bytes(k->nonce, sizeof(k->nonce));
}

static void
making_release(struct making *k)
{
	buf_release(&k->subject);
	buf_release(&k->san);
	buf_release(&k->recipient);
	buf_release(&k->issuer);
	buf_release(&k->secret);
	buf_release(&k->csr_der);
	draft_release(&k->draft);
	request_info_release(&k->info);
	request_template_release(&k->tmpl);
	key_free(k->new_key);
	key_free(k->key);
	certs_free(&k->cert);
	certs_free(&k->chain);
}

/* GeneralNames TLV of all --san. */
static int
read_san(struct making *k, struct err *e)
{
	struct derw w;
	struct buf names;
	int rc = -1;

	if (k->ask->n_san == 0)
		return 0;
	buf_init(&names, 1 << 14);
	derw_init(&w, 1 << 14);
	for (size_t i = 0; i < k->ask->n_san; i++)
		if (san_parse(k->ask->san[i], &names, e) == -1)
			goto out;
	derw_raw(&w, buf_slice(&names));
	derw_wrap(&w, DER_SEQUENCE, 0);
	buf_add_slice(&k->san, derw_slice(&w));
	rc = san_check(buf_slice(&k->san), 1, e);
out:
	derw_release(&w);
	buf_release(&names);
	return rc;
}

/* The names of the certificate to be updated, unchanged (4.1.3). */
static int
take_names(struct making *k, struct err *e)
{
	if (k->cert.n == 0)
		return err_set(e, E_USAGE, "%s needs the certificate that it "
		    "is about: --cert FILE --key FILE", k->op->name);
	buf_add_slice(&k->subject, k->cert.v[0].subject);
	buf_add_slice(&k->san, k->cert.v[0].san);
	return 0;
}

/* What the request of another tool asks for. */
static int
take_csr_names(struct making *k, struct err *e)
{
	struct slice in = k->csr.extensions;
	struct ext x;

	buf_add_slice(&k->subject, k->csr.subject);
	while (in.n > 0 && cert_next_ext(&in, &x) == 0)
		if (oid_of(x.oid) == OID_SAN)
			buf_add_slice(&k->san, x.value);
	if (name_is_empty(k->csr.subject) && k->san.n == 0)
		return err_set(e, E_TMPL_NO_NAME, "%.200s names nobody, "
		    "neither as subject nor as subjectAltName", k->ask->csr);
	return k->ask->on_behalf ? request_behalf_names(k, e) : 0;
}

static int
read_csr(struct making *k, struct err *e)
{
	if (csr_load(k->ask->csr, &k->csr_der, &k->csr, e) == -1)
		return -1;
	if (csr_verify(&k->csr, e) == -1)
		return err_wrap(e, "%.200s", k->ask->csr);
	return 0;
}

static int
read_names(struct making *k, struct err *e)
{
	if (k->op->request == BODY_GENM)
		return request_info_read(&k->info, k->ask, e);
	if (k->ask->serial != NULL)
		return request_behalf_cert(k, e);
	if (k->op->request == BODY_KUR || k->op->request == BODY_RR)
		return take_names(k, e);
	if (k->ask->csr != NULL)
		return take_csr_names(k, e);
	if (k->ask->on_behalf)
		return request_behalf_names(k, e);
	if (k->ask->subject != NULL &&
	    name_parse(k->ask->subject, &k->subject, e) == -1)
		return err_wrap(e, "--subject");
	if (read_san(k, e) == -1)
		return err_wrap(e, "--san");
	if (k->ask->template_file != NULL && request_template_names(&k->tmpl,
	    &k->subject, &k->san, k->ask->omit_empty, e) == -1)
		return err_wrap(e, "%.200s", k->ask->template_file);
	if (name_check(buf_slice(&k->subject), e) == -1)
		return err_wrap(e, "--subject");
	if (name_is_empty(buf_slice(&k->subject)) && k->san.n == 0)
		return err_set(e, E_TMPL_NO_NAME, "neither --subject nor "
		    "--san names the device");
	return 0;
}

static int
read_secret(struct making *k, struct err *e)
{
	const struct request_ask *a = k->ask;

	if (shared_mac(a->mac, a->ref, &k->mac, e) == -1)
		return -1;
	return shared_load(a->secret_file, &k->secret, e);
}

static int
read_credentials(struct making *k, struct err *e)
{
	const struct request_ask *a = k->ask;
	struct signer s;

	k->made->draft = a->cert == NULL && a->secret_file == NULL;
	if (a->secret_file != NULL)
		return read_secret(k, e);
	if (a->cert == NULL)
		return 0;
	if (certs_load(a->cert, &k->cert, e) == -1 ||
	    key_load(a->key, a->key_pass, &k->key, e) == -1)
		return -1;
	if (k->cert.n == 0)
		return err_set(e, E_CERT_SYNTAX, "%.200s: no certificate in "
		    "it", a->cert);
	if (a->chain != NULL && certs_load(a->chain, &k->chain, e) == -1)
		return -1;
	s = (struct signer){ .key = k->key, .cert = &k->cert.v[0] };
	if (protect_check(&s, e) == -1)
		return err_wrap(e, "%.100s, %.100s", a->key, a->cert);
	return 0;
}

/* recipient: who is asked, as a GeneralName (RFC 9483 3.1). */
static int
read_recipient(struct making *k, struct err *e)
{
	struct buf name;
	struct certs anchors = { 0 };
	struct derw w;
	int rc = -1;

	buf_init(&name, NAME_SIZE_MAX);
	derw_init(&w, NAME_SIZE_MAX + 16);
	if (k->ask->recipient != NULL) {
		if (name_parse(k->ask->recipient, &name, e) == -1)
			goto out;
	} else if (k->n_serial > 0) {
		buf_add_slice(&name, buf_slice(&k->issuer));
	} else if (k->ask->n_trust > 0) {
		if (certs_load(k->ask->trust[0], &anchors, e) == -1)
			goto out;
		if (anchors.n > 0)
			buf_add_slice(&name, anchors.v[0].subject);
	} else if ((rc = request_home_upstream(k, &name, e)) != 0) {
		if (rc == -1)
			goto out;
	} else if (k->cert.n > 0 && k->op->request != BODY_IR) {
		/* A certificate of this PKI: its issuer is who is asked. */
		buf_add_slice(&name, k->cert.v[0].issuer);
	}
	if (name.n > 0) {
		derw_raw(&w, buf_slice(&name));
		derw_wrap(&w, DER_CTX(4), 0);
		buf_add_slice(&k->recipient, derw_slice(&w));
	}
	rc = 0;
out:
	certs_free(&anchors);
	derw_release(&w);
	buf_release(&name);
	return rc;
}

/* The passphrase for the new key, to be there before the key is made. */
static int
check_pass(const char *file, struct err *e)
{
	struct buf pass;
	int rc;

	if (file == NULL)
		return 0;
	buf_init(&pass, SECRET_MAX);
	rc = secret_read(file, &pass, e);
	buf_release(&pass);
	return rc;
}

/* Only what a CA can do is worth asking for. */
static int
check_reason(struct making *k, struct err *e)
{
	if (k->ask->reason == NULL)
		return 0;
	k->reason = rev_reason(k->ask->reason);
	if (k->reason == -1 || k->reason == REASON_REMOVE_FROM_CRL)
		return err_set(e, E_USAGE, "--reason is \"%.40s\", expected "
		    "unspecified, keyCompromise, cACompromise, "
		    "affiliationChanged, superseded, cessationOfOperation, "
		    "certificateHold, privilegeWithdrawn or aACompromise",
		    k->ask->reason);
	return 0;
}

static int
read_new_key(struct making *k, struct err *e)
{
	const struct request_ask *a = k->ask;

	if (!(k->op->flags & OP_ENROLS) || a->csr != NULL || a->on_behalf)
		return 0;
	if (a->newkey == NULL && a->newkey_file == NULL)
		k->newkey = k->tmpl.spec;
	if (a->newkey == NULL && a->newkey_file == NULL &&
	    k->newkey[0] == '\0')
		return err_set(e, E_TEMPLATE_EMPTY, "the template says nothing "
		    "of keys: give --newkey SPEC, for example ec:P-256");
	if ((a->newkey_file == NULL ? key_spec_check(k->newkey, e) :
	    key_load(a->newkey_file, a->newkey_pass, &k->new_key, e)) == -1)
		return -1;
	if (k->op->request == BODY_KUR && k->new_key != NULL &&
	    alg_key_same(key_spki(k->new_key), k->cert.v[0].spki))
		return err_set(e, E_TMPL_KEY_USED, "--newkey-file is the key "
		    "of --cert; an update needs a new one");
	if ((k->new_key != NULL ? request_template_key(&k->tmpl,
	    key_info(k->new_key), e) : request_template_spec(&k->tmpl,
	    k->newkey, e)) == -1)
		return err_wrap(e, a->newkey_file != NULL ? "--newkey-file" :
		    "--newkey");
	return check_pass(a->newkey_pass, e);
}

static int
check_inputs(struct making *k, struct err *e)
{
	struct certs c = { 0 };
	struct crl *crl;

	if (check_reason(k, e) == -1 || read_credentials(k, e) == -1 ||
	    (k->ask->csr != NULL && read_csr(k, e) == -1) ||
	    (k->ask->template_file != NULL && request_template_load(&k->tmpl,
	    k->ask->template_file, e) == -1) ||
	    read_names(k, e) == -1 || read_new_key(k, e) == -1 ||
	    read_recipient(k, e) == -1)
		return -1;
	for (size_t i = 0; i < k->ask->n_trust; i++) {
		if (certs_load(k->ask->trust[i], &c, e) == -1)
			return -1;
		if (c.n == 0)
			return err_set(e, E_CERT_SYNTAX, "%.200s: no "
			    "certificate in it", k->ask->trust[i]);
		certs_free(&c);
	}
	for (size_t i = 0; i < k->ask->n_crl; i++) {
		if (crl_load(k->ask->crl[i], &crl, e) == -1)
			return -1;
		crl_free(crl);
	}
	return 0;
}

int
request_check_names(const struct request_ask *ask,
    char names[static REQUEST_NAMES], struct err *e)
{
	struct request_made made;
	struct making k;
	int rc;

	request_made_init(&made);
	making_init(&k, -1, ask, &made);
	rc = check_inputs(&k, e);
	memcpy(names, made.names, sizeof(made.names));
	making_release(&k);
	request_made_release(&made);
	return rc;
}

int
request_check(const struct request_ask *ask, struct err *e)
{
	char ignored[REQUEST_NAMES];

	return request_check_names(ask, ignored, e);
}

static int
make_message(struct making *k, struct err *e)
{
	struct signer s = { .key = k->key, .chain = &k->chain };
	struct op_build b = { .subject = buf_slice(&k->subject),
	    .san = buf_slice(&k->san), .new_key = k->new_key,
	    .validity = k->tmpl.t.validity,
	    .extensions = buf_slice(&k->tmpl.extensions),
	    .old = k->cert.n > 0 ? &k->cert.v[0] : NULL,
	    .csr = k->csr.der, .ask = k->ask, .reason = k->reason,
	    .serial = SLICE(k->serial, k->n_serial),
	    .info = &k->info.words };
	struct shared shared = { .mac = k->mac };
	struct draft *d = &k->draft;

	if (k->tmpl.t.issuer.n > 0 && !name_is_empty(k->tmpl.t.issuer))
		b.issuer = k->tmpl.t.issuer;
	if (k->n_serial > 0)
		b.issuer = buf_slice(&k->issuer);
	if (k->ask->on_behalf) {
		b.ra_verified = k->csr.spki;
		b.extensions = k->csr.extensions;
		b.san = SLICE_NONE;	/* it is among them */
	}
	d->body = k->op->request;
	if ((k->op->request == BODY_GENM &&
	    request_info_home(&k->info, k->homefd, e) == -1) ||
	    k->op->build(&b, d, e) == -1)
		return -1;
	d->recipient = buf_slice(&k->recipient);
	d->has_time = 1;
	d->message_time = k->now;
	d->transaction_id = SLICE(k->id, sizeof(k->id));
	d->sender_nonce = SLICE(k->nonce, sizeof(k->nonce));
	d->implicit_confirm = (k->op->flags & OP_ENROLS) && !k->ask->confirm;
	if (k->ask->profile != NULL)
		d->cert_profile = slice_str(k->ask->profile);
	engine_name(k->made->name, d->transaction_id, 1, d->body);
	if (k->made->draft)
		return protect_none(d, &k->made->message, e);
	if (k->ask->secret_file != NULL) {
		shared.reference = slice_str(k->ask->ref);
		shared.secret = buf_slice(&k->secret);
		return protect_mac(d, &shared, SLICE_NONE, &k->made->message,
		    e);
	}
	s.cert = &k->cert.v[0];
	return protect_sign(d, &s, SLICE_NONE, &k->made->message, e);
}

/* With what the MACs of this transaction are made. */
static void
fill_mac(const struct making *k, struct txn *t)
{
	struct derw w;

	derw_init(&w, 1024);
	mac_write(&w, &k->mac);
	buf_add_slice(&t->mac_alg, derw_slice(&w));
	buf_add_str(&t->mac_ref, k->ask->ref);
	buf_add_str(&t->secret_file, k->ask->secret_file);
	derw_release(&w);
}

static void
fill_txn(const struct making *k, struct txn *t)
{
	const struct request_ask *a = k->ask;

	t->state = TXN_OPEN;
	t->body = k->op->request;
	t->created = k->now;
	t->messages = 1;
	t->explicit_asked = a->confirm;
	buf_add(&t->transaction_id, k->id, sizeof(k->id));
	buf_add(&t->our_nonce, k->nonce, sizeof(k->nonce));
	t->cert_req_id = k->op->request == BODY_P10CR ? -1 : 0;
	if (k->op->flags & OP_ENROLS) {
		buf_add_slice(&t->subject, buf_slice(&k->subject));
		buf_add_slice(&t->san, buf_slice(&k->san));
		buf_add_slice(&t->spki, a->csr != NULL ? k->csr.spki :
		    key_spki(k->new_key));
		buf_add_str(&t->key_file, k->made->key_file);
	} else if (k->n_serial > 0) {
		buf_add(&t->serial, k->serial, k->n_serial);
		buf_add_slice(&t->subject, buf_slice(&k->issuer));
	} else if (k->op->request == BODY_RR) {
		buf_add_slice(&t->serial, k->cert.v[0].serial);
		buf_add_slice(&t->cert, k->cert.v[0].der);
	} else {
		buf_add_slice(&t->subject, derw_slice(&k->draft.content));
		if (a->profile != NULL)
			buf_add_str(&t->key_file, a->profile);
	}
	if (a->secret_file != NULL)
		fill_mac(k, t);
	if (a->cert == NULL)
		return;
	buf_add_str(&t->cert_file, a->cert);
	buf_add_str(&t->sign_key_file, a->key);
	if (a->chain != NULL)
		buf_add_str(&t->chain_file, a->chain);
	if (a->key_pass != NULL)
		buf_add_str(&t->pass_file, a->key_pass);
}

static int
remember(struct making *k, struct err *e)
{
	struct effects f = { .changes_txn = 1, .event = "requested" };
	struct store_row row = { .effects = &f, .name = k->made->name,
	    .now = k->now };
	char final[STORE_NAME];
	struct store *s = NULL;
	struct txn t;
	int rc = -1;

	txn_init(&t);
	fill_txn(k, &t);
	f.txn = &t;
	if (store_open(k->homefd, STORE_CREATE, &s, e) == 0 &&
	    store_begin(s, e) == 0) {
		if (store_put(s, &row, final, e) == 0)
			rc = store_commit(s, e);
		else
			store_rollback(s);
	}
	store_close(s);
	txn_release(&t);
	return rc;
}

int
request_make(int homefd, const struct request_ask *ask,
    struct request_made *out, struct err *e)
{
	struct making k;
	int rc = -1;

	making_init(&k, homefd, ask, out);
	if (check_inputs(&k, e) == 0 && request_home(&k, e) == 0 &&
	    request_key(&k, e) == 0 && make_message(&k, e) == 0)
		rc = remember(&k, e);
	making_release(&k);
	return rc;
}
