/* What a CA tells in general messages, from files of its home. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "pki/name.h"
#include "role/ca_info.h"
#include "role/engine_int.h"

/* A file that may be absent. */
static int
load_some(struct engine *en, const char *file, struct certs *to,
    const struct certs **out, struct err *e)
{
	char path[HOME_PATH];

	if (faccessat(en->homefd, file, F_OK, 0) == -1)
		return 0;
	if (certs_load(home_path(path, en->homefd, file), to, e) == -1)
		return err_wrap(e, "%.100s", file);
	if (to->n > 0)
		*out = to;
	return 0;
}

#define CRL_FILE	"certs/ca.crl"
#define MAKE_ONE	"; make a new one: cmp-ca crl"

static int
no_crl_yet(struct engine *en, struct err *e)
{
	struct store_crl last;

	if (store_crl_last(en->store, &last, e) == -1)
		return -1;
	if (last.number != -1)
		return err_set(e, E_CONF, CRL_FILE " is not there, but CRL "
		    "%lld was made" MAKE_ONE, (long long)last.number);
	return 0;
}

/* By our key, or by the one before a rollover. */
static int
crl_signed(struct engine *en, const struct ca_info *i, struct err *e)
{
	struct err ignored = { 0 };

	for (size_t k = 0; k < i->old.n; k++)
		if (crl_verify(i->crl, i->old.v[k].spki, &ignored) == 0)
			return 0;
	return crl_verify(i->crl, en->ca_cert.v[0].spki, e);
}

static int
load_crl(struct engine *en, struct ca_info *i, struct err *e)
{
	struct err why = { 0 };
	char path[HOME_PATH];

	if (faccessat(en->homefd, CRL_FILE, F_OK, 0) == -1 && errno == ENOENT)
		return no_crl_yet(en, e);
	if (crl_load(home_path(path, en->homefd, CRL_FILE), &i->crl, &why) == 0
	    && !name_eq(crl_issuer(i->crl), en->ca_cert.v[0].subject))
		err_set(&why, E_CONF, "it is not of this CA");
	if (why.code == E_NONE && crl_signed(en, i, &why) == 0) {
		i->env.crl = i->crl;
		return 0;
	}
	return err_set(e, engine_is_temporary(why.code) ? why.code : E_CONF,
	    CRL_FILE " is of no use: %.300s" MAKE_ONE, why.detail);
}

/* What is wrong with the CRL is for who asks for it; others are answered. */
static void
try_crl(struct engine *en, struct ca_info *i)
{
	if (load_crl(en, i, &i->no_crl) == -1)
		i->env.no_crl = &i->no_crl;
}

static int
load(struct engine *en, struct ca_info *i, struct err *e)
{
	struct info_env *v = &i->env;

	v->ca = &en->ca_cert;
	v->chain = &en->ca_chain;
	if (load_some(en, "certs/further.pem", &i->further, &v->further,
	    e) == -1 ||
	    load_some(en, "certs/next/old.pem", &i->old, &v->old, e) == -1 ||
	    load_some(en, "certs/next/new-with-new.pem", &i->new_with_new,
	    &v->new_with_new, e) == -1 ||
	    load_some(en, "certs/next/new-with-old.pem", &i->new_with_old,
	    &v->new_with_old, e) == -1)
		return -1;
	if (load_some(en, "certs/next/old-with-new.pem", &i->old_with_new,
	    &v->old_with_new, e) == -1)
		return -1;
	try_crl(en, i);
	return 0;
}

const struct info_env *
ca_info(struct engine *en, struct err *e)
{
	if (en->info != NULL)
		return &en->info->env;
	if ((en->info = calloc(1, sizeof(*en->info))) == NULL) {
		err_set(e, E_NOMEM, "out of memory");
		return NULL;
	}
	if (load(en, en->info, e) == 0)
		return &en->info->env;
	ca_info_free(en);
	/* It is our file that is bad, not what came. */
	if (!engine_is_temporary(e->code))
		e->code = E_CONF;
	return NULL;
}

void
ca_info_free(struct engine *en)
{
	struct ca_info *i = en->info;

	if (i == NULL)
		return;
	certs_free(&i->further);
	certs_free(&i->old);
	certs_free(&i->new_with_new);
	certs_free(&i->new_with_old);
	certs_free(&i->old_with_new);
	if (i->crl != NULL)
		crl_free(i->crl);
	free(i);
	en->info = NULL;
}
