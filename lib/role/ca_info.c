/* What a CA tells in general messages, from files of its home. */
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

static int
load_crl(struct engine *en, struct ca_info *i, struct err *e)
{
	static const char file[] = "certs/ca.crl";
	char path[HOME_PATH];

	if (faccessat(en->homefd, file, F_OK, 0) == -1)
		return 0;
	if (crl_load(home_path(path, en->homefd, file), &i->crl, e) == -1)
		return err_wrap(e, "%s", file);
	if (!name_eq(crl_issuer(i->crl), en->ca_cert.v[0].subject))
		return err_set(e, E_CONF, "%s is not of this CA", file);
	i->env.crl = i->crl;
	return 0;
}

static int
load(struct engine *en, struct ca_info *i, struct err *e)
{
	struct info_env *v = &i->env;

	v->ca = &en->ca_cert;
	v->chain = &en->ca_chain;
	if (load_crl(en, i, e) == -1 ||
	    load_some(en, "certs/further.pem", &i->further, &v->further,
	    e) == -1 ||
	    load_some(en, "certs/next/old.pem", &i->old, &v->old, e) == -1 ||
	    load_some(en, "certs/next/new-with-new.pem", &i->new_with_new,
	    &v->new_with_new, e) == -1 ||
	    load_some(en, "certs/next/new-with-old.pem", &i->new_with_old,
	    &v->new_with_old, e) == -1)
		return -1;
	return load_some(en, "certs/next/old-with-new.pem", &i->old_with_new,
	    &v->old_with_new, e);
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
