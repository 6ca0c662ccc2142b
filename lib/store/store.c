#include "store/store_int.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "store_sql.h"

#define APPLICATION_ID	0x434d5073	/* "CMPs" */
#define VERSION_NOW	((int64_t)(sizeof(store_sql) / sizeof(store_sql[0])))
#define DB		"cmp.db"
#define SHOWN		"state/" DB

/*
 * Who may be in the way: an agent with a whole group of messages, or what an
 * operator decides, in one short commit.
 */
#define WAIT_WRITE	5000
#define WAIT_READ	5000

int
store_fail(struct store *s, int rc, const char *what, struct err *e)
{
	int system = sqlite3_system_errno(s->db);

	err_set(e, E_STORE, "%s: %s: %s%s%s", SHOWN, what,
	    sqlite3_extended_errcode(s->db) == rc ? sqlite3_errmsg(s->db) :
	    sqlite3_errstr(rc),
	    (rc & 0xff) == SQLITE_IOERR && system != 0 ? ": " : "",
	    (rc & 0xff) == SQLITE_IOERR && system != 0 ? strerror(system) : "");
	return -1;
}

/* The one number or word that ${sql} gives, as ${value}; -1 if none. */
static int
ask(struct store *s, const char *sql, char *value, size_t size, struct err *e)
{
	sqlite3_stmt *st = NULL;
	const unsigned char *text;
	int rc;

	*value = '\0';
	if ((rc = sqlite3_prepare_v2(s->db, sql, -1, &st, NULL)) == SQLITE_OK &&
	    (rc = sqlite3_step(st)) == SQLITE_ROW) {
		if ((text = sqlite3_column_text(st, 0)) != NULL)
			snprintf(value, size, "%s", (const char *)text);
		rc = SQLITE_DONE;
	}
	if (rc != SQLITE_DONE)
		store_fail(s, rc, sql, e);
	sqlite3_finalize(st);
	return rc == SQLITE_DONE ? 0 : -1;
}

static int
ask_int(struct store *s, const char *sql, int64_t *value, struct err *e)
{
	char text[32];

	if (ask(s, sql, text, sizeof(text), e) == -1)
		return -1;
	*value = strtoll(text, NULL, 10);
	return 0;
}

static int
exec(struct store *s, const char *sql, const char *what, struct err *e)
{
	int rc = sqlite3_exec(s->db, sql, NULL, NULL, NULL);

	return rc == SQLITE_OK ? 0 : store_fail(s, rc, what, e);
}

/*
 * A pragma that is misspelt, compiled out or refused says nothing, so each
 * is read back.
 */
static const struct pragma {
	const char	*name, *value;
	int		 write, read;	/* for which mode of opening */
} pragmas[] = {
	{ "trusted_schema",	"0",		1, 1 },
	{ "cell_size_check",	"1",		1, 1 },
	{ "mmap_size",		"0",		1, 1 },
	{ "temp_store",		"2",		1, 1 },	/* memory */
	{ "cache_size",		"-16000",	1, 1 },	/* a group of messages */
	{ "foreign_keys",	"1",		1, 1 },
	{ "query_only",		"1",		0, 1 },
	{ "journal_mode",	"wal",		1, 0 },
	{ "synchronous",	"2",		1, 0 },	/* full */
};

static int
set_pragma(struct store *s, const struct pragma *p, struct err *e)
{
	char sql[80], now[32];

	snprintf(sql, sizeof(sql), "PRAGMA %s = %s", p->name, p->value);
	if (exec(s, sql, sql, e) == -1)
		return -1;
	snprintf(sql, sizeof(sql), "PRAGMA %s", p->name);
	if (ask(s, sql, now, sizeof(now), e) == -1)
		return -1;
	if (strcmp(now, p->value) != 0)
		return err_set(e, E_STORE, "%s: PRAGMA %s is \"%s\", expected "
		    "%s", SHOWN, p->name, now, p->value);
	return 0;
}

static int
set_pragmas(struct store *s, struct err *e)
{
	for (size_t i = 0; i < sizeof(pragmas) / sizeof(pragmas[0]); i++)
		if ((s->readonly ? pragmas[i].read : pragmas[i].write) &&
		    set_pragma(s, &pragmas[i], e) == -1)
			return -1;
	return 0;
}

/* What a file could do to us when it is opened: nothing. */
static int
harden(struct store *s, struct err *e)
{
	static const int config[][2] = {
		{ SQLITE_DBCONFIG_DEFENSIVE, 1 },
		{ SQLITE_DBCONFIG_ENABLE_TRIGGER, 0 },
		{ SQLITE_DBCONFIG_ENABLE_VIEW, 0 },
		{ SQLITE_DBCONFIG_DQS_DML, 0 },
		{ SQLITE_DBCONFIG_DQS_DDL, 0 },
	};
	int now, rc;

	for (size_t i = 0; i < sizeof(config) / sizeof(config[0]); i++) {
		rc = sqlite3_db_config(s->db, config[i][0], config[i][1], &now);
		if (rc != SQLITE_OK)
			return store_fail(s, rc, "configure", e);
		if (now != config[i][1])
			return err_set(e, E_STORE, "%s: setting %d did not "
			    "stick", SHOWN, config[i][0]);
	}
	sqlite3_extended_result_codes(s->db, 1);
	sqlite3_busy_timeout(s->db, s->readonly ? WAIT_READ : WAIT_WRITE);
	return 0;
}

/* Bring the schema from ${version} to the next one, in one transaction. */
static int
migrate_one(struct store *s, int64_t version, struct err *e)
{
	char mark[120];

	snprintf(mark, sizeof(mark), "PRAGMA application_id = %d;"
	    "PRAGMA user_version = %lld;", APPLICATION_ID,
	    (long long)version + 1);
	if (exec(s, "BEGIN IMMEDIATE", "begin", e) == -1)
		return -1;
	if (exec(s, store_sql[version], "new format", e) == 0 &&
	    exec(s, mark, "new format", e) == 0 &&
	    exec(s, "COMMIT", "new format", e) == 0)
		return 0;
	sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
	return -1;
}

/* Is it ours, and how old?  An empty file is version 0. */
static int
find_version(struct store *s, int64_t *version, struct err *e)
{
	int64_t id, objects;

	if (ask_int(s, "PRAGMA application_id", &id, e) == -1 ||
	    ask_int(s, "PRAGMA user_version", version, e) == -1 ||
	    ask_int(s, "SELECT count(*) FROM sqlite_schema", &objects, e) == -1)
		return -1;
	if (id == APPLICATION_ID ? *version < 1 :
	    id != 0 || *version != 0 || objects != 0)
		return err_set(e, E_STORE, "%s: is a database, but not of "
		    "cmp-tools", SHOWN);
	if (*version > VERSION_NOW)
		return err_set(e, E_STORE_VERSION, "%s: has format %lld, this "
		    "program knows up to %lld; use a newer one", SHOWN,
		    (long long)*version, (long long)VERSION_NOW);
	return 0;
}

static int
migrate(struct store *s, enum store_mode mode, int64_t version, struct err *e)
{
	if (version == 0 && mode != STORE_CREATE)
		return err_set(e, E_STORE, "%s: is empty", SHOWN);
	if (version < VERSION_NOW && mode == STORE_READ)
		return err_set(e, E_STORE_VERSION, "%s: has the old format "
		    "%lld, expected %lld; process a message first", SHOWN,
		    (long long)version, (long long)VERSION_NOW);
	for (; version < VERSION_NOW; version++)
		if (migrate_one(s, version, e) == -1)
			return -1;
	return 0;
}

/*
 * Make the file with its permissions, or look at what is there.  Not by
 * opening it: closing any descriptor of a file drops all locks this process
 * has on it, those of SQLite too.
 */
static int
check_file(struct store *s, enum store_mode mode, struct err *e)
{
	struct stat st;
	int fd;

	if (mode == STORE_CREATE) {
		fd = openat(s->dirfd, DB, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC |
		    O_NOFOLLOW, 0600);
		if (fd != -1) {
			close(fd);
			return file_sync_dir(s->dirfd, "state", e);
		}
		if (errno != EEXIST)
			return err_set(e, E_STORE, "%s: create: %s", SHOWN,
			    strerror(errno));
	}
	if (fstatat(s->dirfd, DB, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return err_set(e, E_STORE, "%s: %s", SHOWN, strerror(errno));
	if (!S_ISREG(st.st_mode) || st.st_nlink > 1)
		return err_set(e, E_STORE, "%s: expected a regular file with "
		    "one link", SHOWN);
	if ((st.st_mode & 077) != 0)
		return err_set(e, E_STORE, "%s: has mode %03o, expected 600: "
		    "others may not read it", SHOWN,
		    (unsigned)st.st_mode & 0777);
	return 0;
}

static int
open_db(struct store *s, enum store_mode mode, struct err *e)
{
	char path[64];
	int64_t version;
	int rc;

	if (check_file(s, mode, e) == -1)
		return -1;
	snprintf(path, sizeof(path), "/proc/self/fd/%d/" DB, s->dirfd);
	rc = sqlite3_open_v2(path, &s->db, SQLITE_OPEN_NOMUTEX |
	    (s->readonly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE), NULL);
	if (s->db == NULL)
		return err_set(e, E_STORE, "%s: out of memory", SHOWN);
	if (rc != SQLITE_OK)
		return store_fail(s, rc, "open", e);
	/* Nothing is written before we know that it is ours. */
	if (harden(s, e) == -1 || find_version(s, &version, e) == -1 ||
	    set_pragmas(s, e) == -1)
		return -1;
	return migrate(s, mode, version, e);
}

int
store_open(int homefd, enum store_mode mode, struct store **out, struct err *e)
{
	struct store *s;

	*out = NULL;
	if ((s = calloc(1, sizeof(*s))) == NULL)
		return err_set(e, E_STORE, "%s: out of memory", SHOWN);
	s->readonly = mode == STORE_READ;
	s->dirfd = file_open_dir(homefd, "state",
	    mode == STORE_CREATE ? 0700 : 0, e);
	if (s->dirfd == -1) {
		e->code = E_STORE;
	} else if (open_db(s, mode, e) == 0) {
		*out = s;
		return 0;
	}
	store_close(s);
	return -1;
}

void
store_close(struct store *s)
{
	if (s == NULL)
		return;
	for (int i = 0; i < STMT__COUNT; i++)
		sqlite3_finalize(s->stmt[i]);
	sqlite3_close(s->db);
	if (s->dirfd != -1)
		close(s->dirfd);
	free(s);
}
