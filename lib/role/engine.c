#include "role/engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/escape.h"
#include "role/bundle.h"
#include "role/ca_info.h"
#include "role/engine_int.h"
#include "role/floor.h"

void
outcome_init(struct outcome *o)
{
	memset(o, 0, sizeof(*o));
	buf_init(&o->answer, der_limits_genp.size + (1 << 20));
}

void
outcome_release(struct outcome *o)
{
	buf_release(&o->answer);
}

int
outcome_exit(const struct outcome *o)
{
	switch (o->verdict) {
	case VERDICT_ANSWERED:
	case VERDICT_TAKEN:
		return 0;
	default:
		return err_exit(o->err.code);
	}
}

void
engine_name(char t[static STORE_NAME], struct slice transaction_id,
    int64_t number, enum body body)
{
	char hex[ESCAPE_SHORT];

	escape_hex_short(hex, transaction_id);
	snprintf(t, STORE_NAME, "%.16s-%lld-%s.pki", hex, (long long)number,
	    msg_body_word(body));
}

void
engine_head(struct draft *d, const struct msg *m, int64_t now,
    const uint8_t nonce[static 16])
{
	d->pvno = engine_pvno(m);
	d->recipient = m->hdr.sender;
	d->transaction_id = m->hdr.transaction_id;
	d->recip_nonce = m->hdr.sender_nonce;
	d->sender_nonce = SLICE(nonce, 16);
	d->has_time = 1;
	d->message_time = now;
}

void
engine_keep_signer(const struct checked *c, struct buf *to)
{
	const struct path *p = checked_path(c);

	buf_reset(to);
	if (p == NULL)
		return;
	buf_add_slice(to, checked_signer(c)->der);
	for (size_t i = 1; i < p->n; i++)
		buf_add_slice(to, p->certs[i]->der);
	if (buf_bad(to))
		buf_reset(to);
}

/* What we speak is 2 and 3. */
int
engine_pvno(const struct msg *m)
{
	return m->hdr.pvno >= 3 ? 3 : 2;
}

int
engine_is_temporary(enum err_code code)
{
	return code == E_NOMEM || code == E_IO || code == E_STORE ||
	    code == E_LOCKED || code == E_MAC_BUDGET || code == E_CONF;
}

/*
 * cmp.conf says which files there are to look at.  The stamp is made before
 * they are read, and none holds if cmp.conf changed while it was.
 */
static int
read_conf(struct engine *en, struct err *e)
{
	uint8_t before[32], after[32];
	struct conf *c;

	engine_stamp_of(en, before);
	if (conf_load(en->homefd, "cmp.conf", &c, e) == -1)
		return -1;
	en->conf = c;
	engine_stamp(en);
	en->conf = NULL;
	engine_stamp_of(en, after);
	en->conf = c;
	if (memcmp(before, after, sizeof(after)) != 0)
		memset(en->stamp, 0, sizeof(en->stamp));
	return 0;
}

static int
load(struct engine *en, enum store_mode mode, struct err *e)
{
	if (read_conf(en, e) == -1)
		return -1;
	if (strcmp(en->conf->home.role, "ca") == 0)
		en->role = ROLE_CA;
	else if (strcmp(en->conf->home.role, "ee") == 0)
		en->role = ROLE_EE;
	else
		en->role = ROLE_RA;
	if (en->role == ROLE_CA ? ca_load(en, e) == -1 :
	    en->role == ROLE_RA ? ra_load(en, e) == -1 :
	    trust_load_dir(&en->trust, en->homefd, e) == -1)
		return -1;
	/* An RA is set up by writing a cmp.conf. */
	if (en->role == ROLE_RA && mode == STORE_WRITE)
		mode = STORE_CREATE;
	return store_open(en->homefd, mode, &en->store, e);
}

int
engine_open(int homefd, enum store_mode mode, struct engine **out,
    struct err *e)
{
	struct engine *en;

	*out = NULL;
	if ((en = calloc(1, sizeof(*en))) == NULL)
		return err_set(e, E_NOMEM, "out of memory");
	en->homefd = homefd;
	buf_init(&en->issued_chain, 1 << 20);
	if (load(en, mode, e) == -1) {
		engine_close(en);
		return -1;
	}
	en->now = clock_now();
	*out = en;
	return 0;
}

void
engine_close(struct engine *en)
{
	if (en == NULL)
		return;
	store_close(en->store);
	trust_release(&en->trust);
	trust_release(&en->upstream);
	certs_free(&en->up_cert);
	key_free(en->up_key);
	ca_info_free(en);
	certs_free(&en->ca_cert);
	certs_free(&en->ca_chain);
	certs_free(&en->prot_cert);
	key_free(en->ca_key);
	key_free(en->prot_key);
	buf_release(&en->issued_chain);
	conf_free(en->conf);
	free(en);
}

enum role
engine_role(const struct engine *en)
{
	return en->role;
}

const struct conf *
engine_conf(const struct engine *en)
{
	return en->conf;
}

struct store *
engine_store(struct engine *en)
{
	return en->store;
}

int
engine_begin(struct engine *en, struct err *e)
{
	en->now = clock_now();
	en->has_root = 0;
	secret_refill(en);
	return en->role != ROLE_EE ? floor_begin(en->store, en->now, e) :
	    store_begin(en->store, e);
}

int
engine_commit(struct engine *en, struct err *e)
{
	return store_commit(en->store, e);
}

void
engine_abort(struct engine *en)
{
	store_rollback(en->store);
}

/* The message at hand came by ${by}. */
static void
came_by(struct engine *en, const struct conf_channel *by, struct outcome *o)
{
	en->by = by != NULL ? by : conf_channel(en->conf, "");
	snprintf(o->dir, sizeof(o->dir), "%s", en->by->name);
}

void
engine_bundle(struct engine *en, const struct conf_channel *by,
    const struct nest_source *src, struct outcome *o)
{
	came_by(en, by, o);
	bundle_handle(en, src, o);
	escape_mend(o->note);
}

void
engine_handle(struct engine *en, const struct conf_channel *by,
    struct slice der, struct outcome *o)
{
	struct err e = { 0 };

	came_by(en, by, o);
	if (!en->in_bundle && en->batch == 0 && bundle_is(en, der)) {
		o->verdict = VERDICT_BUNDLE;
		return;
	}
	o->verdict = VERDICT_TEMPORARY;
	if (store_savepoint(en->store, &o->err) == -1)
		return;
	switch (en->role) {
	case ROLE_CA:
		ca_handle(en, der, o);
		break;
	case ROLE_RA:
		ra_handle(en, der, o);
		break;
	case ROLE_EE:
		ee_handle(en, der, o);
		break;
	}
	escape_mend(o->note);
	if (o->verdict == VERDICT_TEMPORARY) {
		store_rollback_to(en->store, &e);
	} else if (store_release(en->store, &e) == -1) {
		o->verdict = VERDICT_TEMPORARY;
		o->err = e;
	}
	/* An answer was perhaps made, but there is none. */
	if (o->verdict == VERDICT_TEMPORARY || o->verdict == VERDICT_BAD) {
		o->name[0] = '\0';
		buf_reset(&o->answer);
	}
}

struct overdue {
	struct engine	*en;
	int		 count;
};

static int
revoke_overdue(void *arg, struct txn *t, struct err *e)
{
	struct overdue *od = arg;
	struct effects f = { .txn = t, .changes_txn = 1, .revoke = 1,
	    .revoke_reason = 5, .event = "not-confirmed",
	    .detail = "no certConf came in time, revoked" };
	struct store_row row = { .effects = &f, .now = od->en->now };
	char name[STORE_NAME];

	t->state = TXN_FAILED;
	od->count++;
	return store_put(od->en->store, &row, name, e);
}

static int
ca_due(struct engine *en, char note[static ENGINE_NOTE], struct err *e)
{
	struct overdue od = { .en = en };

	if (store_overdue(en->store, en->now, revoke_overdue, &od, e) == -1)
		return -1;
	snprintf(note, ENGINE_NOTE, "%d certificates were not confirmed in time "
	    "and are revoked", od.count);
	return od.count;
}

int
engine_due(struct engine *en, int flush, char note[static ENGINE_NOTE],
    struct err *e)
{
	note[0] = '\0';
	switch (en->role) {
	case ROLE_CA:
		return ca_due(en, note, e);
	case ROLE_RA:
		return ra_due(en, flush, note, e);
	case ROLE_EE:
		break;
	}
	return 0;
}
