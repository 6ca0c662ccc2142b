/* Has anything changed that an engine was made of? */
#include <dirent.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "role/engine_int.h"

/* The directories, and what ca_info() reads. */
static const char *const names[] = { "cmp.conf", "trust", "certs", "keys",
	"certs/next", "certs/ca.crl", "certs/further.pem",
	"certs/next/old.pem", "certs/next/new-with-new.pem",
	"certs/next/new-with-old.pem", "certs/next/old-with-new.pem" };
#define N_NAMES	(sizeof(names) / sizeof(names[0]))

/*
 * A file that is written in place leaves its directory as it is, and one that
 * keeps its size and time of modification has another time of change.
 */
static void
add(int dirfd, const char *name, uint8_t h[static 32])
{
	uint64_t v[8] = { 0 };
	struct stat st;

	if (name != NULL && fstatat(dirfd, name, &st, 0) == 0) {
		v[0] = (uint64_t)st.st_dev;
		v[1] = (uint64_t)st.st_ino;
		v[2] = (uint64_t)st.st_size;
		v[3] = (uint64_t)st.st_mtim.tv_sec;
		v[4] = (uint64_t)st.st_mtim.tv_nsec;
		v[5] = (uint64_t)st.st_ctim.tv_sec;
		v[6] = (uint64_t)st.st_ctim.tv_nsec;
		v[7] = 1;
	}
	alg_sha256(SLICE(h, 32), SLICE(v, sizeof(v)), h);
}

static void
add_list(int homefd, const struct conf_list *l, uint8_t h[static 32])
{
	for (size_t i = 0; i < l->n; i++)
		add(homefd, l->v[i], h);
}

static void
add_rules(int homefd, const struct conf_rules *l, uint8_t h[static 32])
{
	for (size_t i = 0; i < l->n; i++) {
		add_list(homefd, &l->v[i].cert, h);
		add_list(homefd, &l->v[i].anchor, h);
		add_list(homefd, &l->v[i].crl, h);
	}
}

/* What cmp.conf names, wherever that is. */
static void
add_conf(int homefd, const struct conf *c, uint8_t h[static 32])
{
	const struct conf_home *o = &c->home;
	const char *const files[] = { o->ca_key, o->ca_cert, o->ca_chain,
	    o->ca_pass, o->prot_key, o->prot_cert, o->prot_pass };

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		add(homefd, files[i], h);
	add_list(homefd, &o->relay_chain, h);
	add_list(homefd, &o->upstream, h);
	add_list(homefd, &o->upstream_crl, h);
	add_rules(homefd, &c->enrol, h);
	add_rules(homefd, &c->ra, h);
	add_rules(homefd, &c->forward, h);
}

/* A device trusts whatever is in trust/.  Their sum has no order. */
static void
add_trust(int homefd, uint8_t h[static 32])
{
	struct err ignored = { 0 };
	uint8_t one[32], sum[32] = { 0 };
	struct dirent *ent;
	int fd = file_open_dir(homefd, "trust", 0, &ignored);
	DIR *d = fd == -1 ? NULL : fdopendir(fd);

	while (d != NULL && (ent = readdir(d)) != NULL) {
		if (ent->d_name[0] == '.')
			continue;
		memset(one, 0, sizeof(one));
		add(fd, ent->d_name, one);
		for (size_t i = 0; i < sizeof(sum); i++)
			sum[i] = (uint8_t)(sum[i] + one[i]);
	}
	if (d != NULL)
		closedir(d);
	else if (fd != -1)
		close(fd);
	alg_sha256(SLICE(h, 32), SLICE(sum, sizeof(sum)), h);
}

void
engine_stamp_of(const struct engine *en, uint8_t out[static 32])
{
	memset(out, 0, 32);
	for (size_t i = 0; i < N_NAMES; i++)
		add(en->homefd, names[i], out);
	add_trust(en->homefd, out);
	if (en->conf != NULL)
		add_conf(en->homefd, en->conf, out);
}

void
engine_stamp(struct engine *en)
{
	engine_stamp_of(en, en->stamp);
}

int
engine_stale(const struct engine *en)
{
	uint8_t now[32];

	engine_stamp_of(en, now);
	return memcmp(now, en->stamp, sizeof(now)) != 0;
}
