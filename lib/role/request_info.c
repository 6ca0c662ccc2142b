/* General messages at the device: from the user's words to what is asked. */
#include "role/request_info.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "pki/name.h"
#include "role/engine_int.h"

static int
have_crl(struct request_info *i, const char *path, struct err *e)
{
	struct crl *crl;

	if (crl_load(path, &crl, e) == -1)
		return -1;
	if (!i->words.has_have || crl_this_update(crl) > i->words.have)
		i->words.have = crl_this_update(crl);
	i->words.has_have = 1;
	crl_free(crl);
	return 0;
}

int
request_info_read(struct request_info *i, const struct request_ask *ask,
    struct err *e)
{
	i->words.kind = info_by_name(ask->info);
	if (i->words.kind == NULL)
		return err_set(e, E_USAGE, "genm is about \"%.40s\", which is "
		    "not known", ask->info);
	if (ask->info_root != NULL) {
		if (certs_load(ask->info_root, &i->root, e) == -1)
			return -1;
		if (i->root.n != 1)
			return err_set(e, E_CERT_SYNTAX, "%.200s: %zu "
			    "certificates in it, expected one", ask->info_root,
			    i->root.n);
		i->words.root = i->root.v[0].der;
	}
	if (ask->info_dp != NULL)
		i->words.dp = slice_str(ask->info_dp);
	buf_init(&i->issuer, NAME_SIZE_MAX);
	if (ask->info_issuer != NULL) {
		if (name_parse(ask->info_issuer, &i->issuer, e) == -1)
			return err_wrap(e, "--issuer");
		i->words.issuer = buf_slice(&i->issuer);
	}
	return ask->info_have == NULL ? 0 : have_crl(i, ask->info_have, e);
}

/* The CRL of this source that an earlier answer has brought. */
static int
held_crl(struct request_info *i, int homefd, struct err *e)
{
	char name[INFO_NAME], file[INFO_NAME + 16], path[HOME_PATH];
	const struct info *kind = i->words.kind;
	struct derw w;
	int rc;

	derw_init(&w, 1 << 16);
	rc = kind->build(&i->words, &w, e);
	if (rc == 0 && info_crl_file(name, derw_slice(&w), e) == NULL)
		rc = -1;
	derw_release(&w);
	if (rc == -1)
		return -1;
	snprintf(file, sizeof(file), "crls/%s.crl", name);
	if (faccessat(homefd, file, F_OK, 0) == -1)
		return 0;
	return have_crl(i, home_path(path, homefd, file), e);
}

static int
trusted_root(struct request_info *i, int homefd, struct err *e)
{
	struct trust t = { 0 };
	int rc = -1;

	if (trust_load_dir(&t, homefd, e) == -1)
		goto out;
	for (size_t k = 0; k < t.n_anchors; k++)
		if (slice_eq(t.anchors[k].cert->der, i->words.root))
			rc = 0;
	if (rc == -1)
		err_set(e, E_NOT_FOUND, "--root is not one of the anchors in "
		    "trust/; only what is trusted can be updated");
out:
	trust_release(&t);
	return rc;
}

int
request_info_home(struct request_info *i, int homefd, struct err *e)
{
	if (i->words.root.p != NULL && trusted_root(i, homefd, e) == -1)
		return -1;
	if (i->words.kind->request != OID_IT_CRL_STATUS_LIST)
		return 0;
	return held_crl(i, homefd, e);
}

void
request_info_release(struct request_info *i)
{
	certs_free(&i->root);
	buf_release(&i->issuer);
}
