/* Whom a home trusts: files below HOME become anchors with their CRLs. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/file.h"
#include "pki/name.h"
#include "role/engine_int.h"

void
trust_release(struct trust *t)
{
	for (size_t i = 0; i < t->n_files; i++)
		certs_free(&t->files[i]);
	for (size_t i = 0; i < t->n_crls; i++)
		crl_free(t->crls[i]);
	for (size_t i = 0; i < t->n_lists; i++)
		free(t->lists[i]);
	free(t->lists);
	free(t->files);
	free(t->crls);
	free(t->anchors);
	free(t->rules);
	free(t->ras);
	memset(t, 0, sizeof(*t));
}

/* An array that lives as long as the trust does. */
static void *
list_new(struct trust *t, size_t n, size_t size, struct err *e)
{
	void **lists = realloc(t->lists, (t->n_lists + 1) * sizeof(*lists));
	void *p = calloc(n > 0 ? n : 1, size);

	if (lists != NULL)
		t->lists = lists;
	if (lists == NULL || p == NULL) {
		free(p);
		err_set(e, E_NOMEM, "out of memory");
		return NULL;
	}
	t->lists[t->n_lists++] = p;
	return p;
}

static int
add_file(struct trust *t, int homefd, const char *name, struct certs **out,
    struct err *e)
{
	struct certs *files;
	char path[HOME_PATH];

	files = realloc(t->files, (t->n_files + 1) * sizeof(*files));
	if (files == NULL)
		return err_set(e, E_NOMEM, "out of memory");
	t->files = files;
	if (certs_load(home_path(path, homefd, name), &files[t->n_files],
	    e) == -1)
		return err_wrap(e, "%.100s", name);
	*out = &files[t->n_files++];
	if ((*out)->n == 0)
		return err_set(e, E_CERT_SYNTAX, "%.100s: no certificate in "
		    "it", name);
	return 0;
}

static int
add_crl(struct trust *t, int homefd, const char *name, struct err *e)
{
	struct crl **crls;
	char path[HOME_PATH];

	crls = realloc(t->crls, (t->n_crls + 1) * sizeof(struct crl *));
	if (crls == NULL)
		return err_set(e, E_NOMEM, "out of memory");
	t->crls = crls;
	if (crl_load(home_path(path, homefd, name), &crls[t->n_crls], e) == -1)
		return err_wrap(e, "%.100s", name);
	t->n_crls++;
	return 0;
}

static struct anchor *
find_anchor(struct trust *t, const struct cert *c)
{
	for (size_t i = 0; i < t->n_anchors; i++)
		if (slice_eq(t->anchors[i].cert->der, c->der))
			return &t->anchors[i];
	return NULL;
}

/* ${c} as an anchor, with CRLs ${first}... added to those it has. */
static int
add_anchor(struct trust *t, const struct cert *c, size_t first, struct err *e)
{
	size_t more = t->n_crls - first;
	struct anchor *a = find_anchor(t, c), *anchors;
	struct crl **list;

	if (a == NULL) {
		anchors = realloc(t->anchors, (t->n_anchors + 1) *
		    sizeof(*anchors));
		if (anchors == NULL)
			return err_set(e, E_NOMEM, "out of memory");
		t->anchors = anchors;
		a = &anchors[t->n_anchors++];
		*a = (struct anchor){ .cert = c };
	}
	if (more == 0)
		return 0;
	list = list_new(t, a->n_crls + more, sizeof(struct crl *), e);
	if (list == NULL)
		return -1;
	for (size_t i = 0; i < a->n_crls; i++)
		list[i] = a->crls[i];
	for (size_t i = 0; i < more; i++)
		list[a->n_crls + i] = t->crls[first + i];
	a->crls = list;
	a->n_crls += more;
	return 0;
}

/* Views move with the array they stand in, so files are loaded first. */
static int
load_files(struct trust *t, int homefd, const struct conf_rules *rules,
    struct err *e)
{
	const struct conf_list *l;
	struct certs *ignored;

	for (size_t i = 0; i < rules->n; i++) {
		for (int k = 0; k < 2; k++) {
			l = k ? &rules->v[i].cert : &rules->v[i].anchor;
			for (size_t j = 0; j < l->n; j++)
				if (add_file(t, homefd, l->v[j], &ignored,
				    e) == -1)
					return -1;
		}
	}
	return 0;
}

/* The certificates of the next ${n_files} files as anchors, listed in ${out}. */
static int
add_anchors(struct trust *t, size_t *file, size_t n_files, size_t first_crl,
    const struct cert *const **out, size_t *n_out, struct err *e)
{
	const struct cert **list;
	size_t n = 0;

	for (size_t k = 0; k < n_files; k++)
		n += t->files[*file + k].n;
	list = list_new(t, n, sizeof(const struct cert *), e);
	if (list == NULL)
		return -1;
	n = 0;
	for (size_t k = 0; k < n_files; k++, (*file)++) {
		for (size_t j = 0; j < t->files[*file].n; j++) {
			list[n++] = &t->files[*file].v[j];
			if (add_anchor(t, list[n - 1], first_crl, e) == -1)
				return -1;
		}
	}
	*out = list;
	*n_out = n;
	return 0;
}

static int
fill_rule(struct trust *t, int homefd, const struct conf_rule *r,
    size_t *file, struct policy_rule *rule, struct err *e)
{
	size_t first = t->n_crls;

	for (size_t k = 0; k < r->crl.n; k++)
		if (add_crl(t, homefd, r->crl.v[k], e) == -1)
			return -1;
	rule->conf = r;
	if (add_anchors(t, file, r->anchor.n, first, &rule->anchors,
	    &rule->n_anchors, e) == -1)
		return -1;
	/* Pinned ones verify as anchors do; CRLs say nothing about them. */
	return add_anchors(t, file, r->cert.n, t->n_crls, &rule->pinned,
	    &rule->n_pinned, e);
}

int
trust_load_rules(struct trust *t, int homefd, const struct conf_rules *rules,
    const struct conf_rules *ras, struct err *e)
{
	size_t file = 0;

	t->rules = calloc(rules->n + 1, sizeof(*t->rules));
	t->ras = calloc(ras->n + 1, sizeof(*t->ras));
	if (t->rules == NULL || t->ras == NULL)
		return err_set(e, E_NOMEM, "out of memory");
	if (load_files(t, homefd, rules, e) == -1 ||
	    load_files(t, homefd, ras, e) == -1)
		return -1;
	for (; t->n_rules < rules->n; t->n_rules++)
		if (fill_rule(t, homefd, &rules->v[t->n_rules], &file,
		    &t->rules[t->n_rules], e) == -1)
			return -1;
	for (; t->n_ras < ras->n; t->n_ras++)
		if (fill_rule(t, homefd, &ras->v[t->n_ras], &file,
		    &t->ras[t->n_ras], e) == -1)
			return -1;
	return 0;
}

/* Is there a path up to ${anchor}, with its CRLs, at ${now}? */
static int
below(struct trust *t, const struct checked *c, const struct cert *anchor,
    enum oid eku, int64_t now)
{
	struct path_ask ask = { .target = checked_signer(c),
	    .anchors = find_anchor(t, anchor), .n_anchors = 1, .now = now,
	    .eku = eku };
	struct err ignored = { 0 };
	struct path path;

	ask.pool = checked_pool(c, &ask.n_pool);
	return ask.anchors != NULL && path_find(&ask, &path, &ignored) == 0;
}

static int
fits(struct trust *t, const struct policy_rule *r, const struct checked *c,
    int cmcra, int64_t now)
{
	for (size_t i = 0; i < r->n_pinned; i++)
		if (slice_eq(r->pinned[i]->der, checked_signer(c)->der))
			return 1;
	for (size_t i = 0; cmcra && i < r->n_anchors; i++)
		if (below(t, c, r->anchors[i], OID_KP_CMC_RA, now))
			return 1;
	return 0;
}

int
trust_ra(struct trust *t, const struct checked *c, int64_t now,
    struct policy_ra *out)
{
	struct err ignored = { 0 };

	out->n = 0;
	out->cmcra = cert_has_eku(checked_signer(c), OID_KP_CMC_RA);
	if (alg_key_hash(checked_signer(c)->spki, out->key, &ignored) == -1)
		return 0;
	for (size_t i = 0; i < t->n_ras && out->n < POLICY_RA_RULES; i++)
		if (fits(t, &t->ras[i], c, out->cmcra, now))
			out->rules[out->n++] = t->ras[i].conf;
	return out->n > 0;
}

const struct cert *
trust_device(struct trust *t, const struct checked *c, int64_t now)
{
	const struct cert *at = checked_path(c)->anchor->cert;
	const struct policy_rule *r;

	/* The path that was found is as good as any. */
	for (size_t i = 0; i < t->n_rules; i++)
		for (size_t k = 0; k < t->rules[i].n_anchors; k++)
			if (slice_eq(t->rules[i].anchors[k]->der, at->der))
				return at;
	for (size_t i = 0; i < t->n_rules; i++) {
		r = &t->rules[i];
		for (size_t k = 0; k < r->n_anchors; k++)
			if (below(t, c, r->anchors[k], OID_UNKNOWN, now))
				return r->anchors[k];
	}
	return NULL;
}

int
trust_add(struct trust *t, const struct cert *c, struct err *e)
{
	return add_anchor(t, c, t->n_crls, e);
}

static int
ends_in(const char *name, const char *suffix)
{
	size_t n = strlen(name), m = strlen(suffix);

	return n > m && name[0] != '.' && strcmp(name + n - m, suffix) == 0;
}

/* Load every file of trust/ with ${suffix}. */
static int
each_file(struct trust *t, int homefd, DIR *d, int crls, struct err *e)
{
	const char *suffix = crls ? ".crl" : ".pem";
	struct certs *ignored;
	struct dirent *ent;
	char name[NAME_TEXT + 32];

	rewinddir(d);
	while ((ent = readdir(d)) != NULL) {
		if (!ends_in(ent->d_name, suffix))
			continue;
		snprintf(name, sizeof(name), "trust/%s", ent->d_name);
		if (crls ? add_crl(t, homefd, name, e) == -1 :
		    add_file(t, homefd, name, &ignored, e) == -1)
			return -1;
	}
	return 0;
}

int
trust_load_dir(struct trust *t, int homefd, struct err *e)
{
	DIR *d;
	int fd, rc = -1;

	if ((fd = file_open_dir(homefd, "trust", 0700, e)) == -1)
		return -1;
	if ((d = fdopendir(fd)) == NULL) {
		close(fd);
		return err_set(e, E_HOME, "trust: %s", strerror(errno));
	}
	if (each_file(t, homefd, d, 1, e) == 0 &&
	    each_file(t, homefd, d, 0, e) == 0) {
		rc = 0;
		for (size_t i = 0; rc == 0 && i < t->n_files; i++)
			for (size_t j = 0; rc == 0 && j < t->files[i].n; j++)
				rc = add_anchor(t, &t->files[i].v[j], 0, e);
	}
	closedir(d);
	return rc;
}
