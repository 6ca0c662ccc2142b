/* Bundles: outbox rows that are made of others. */
#include "store/store_bundle.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/store_int.h"

#define MEMBERS_SQL	"SELECT answer FROM part JOIN outbox " \
			"ON outbox.id = part.member WHERE part.bundle = ? " \
			"ORDER BY n"

/* What half of was written must not be committed. */
static int
spoilt(struct store *s)
{
	s->broken = 1;
	return -1;
}

int
store_bundle_find(struct store *s, const uint8_t identity[static 32],
    int64_t *bundle, struct err *e)
{
	struct store_use u;
	int rc;

	store_use(s, STMT_BUNDLE_FIND, "SELECT id FROM bundle "
	    "WHERE identity = ?", &u);
	store_bind(&u, SLICE(identity, 32));
	if ((rc = store_step(&u, e)) == 1)
		*bundle = store_col_int(&u, 0);
	store_end(&u);
	return rc;
}

int
store_bundle_open(struct store *s, const uint8_t identity[static 32],
    int64_t *bundle, struct err *e)
{
	struct store_use u;
	int rc;

	if (store_inside(s, e) == -1 ||
	    (rc = store_bundle_find(s, identity, bundle, e)) == -1)
		return -1;
	if (rc == 1)
		return 1;
	store_use(s, STMT_BUNDLE_INSERT, "INSERT INTO bundle "
	    "(identity, members, bytes) VALUES (?, 0, 0)", &u);
	store_bind(&u, SLICE(identity, 32));
	if (store_run(&u, e) == -1)
		return spoilt(s);
	*bundle = sqlite3_last_insert_rowid(s->db);
	return 0;
}

/* The outbox row ${name}, and what it adds to a bundle. */
static int
find_member(struct store *s, const char *name, int64_t *id, int64_t *size,
    struct err *e)
{
	struct store_use u;
	int64_t bundle = 0;
	int rc;

	store_use(s, STMT_BUNDLE_MEMBER, "SELECT id, length(answer), bundle "
	    "FROM outbox WHERE name = ?", &u);
	store_bind_text(&u, name);
	if ((rc = store_step(&u, e)) == 1) {
		*id = store_col_int(&u, 0);
		*size = store_col_int(&u, 1);
		bundle = store_col_int(&u, 2);
	}
	store_end(&u);
	if (rc == -1)
		return -1;
	if (rc == 0)
		return err_set(e, E_NOT_FOUND, "state/cmp.db: no message %s "
		    "in the outbox", name);
	return bundle == 0 ? 0 : err_set(e, E_INTERNAL, "%s is a bundle "
	    "itself", name);
}

/*
 * The answer to a message that was not verified would be forgotten when there
 * are many more of them: not while a bundle is made of it.
 */
static int
keep_member(struct store *s, int64_t member, struct err *e)
{
	struct store_use u;

	store_use(s, STMT_BUNDLE_KEEP, "INSERT OR IGNORE INTO seen "
	    "(identity, outbox) SELECT identity, outbox FROM unverified "
	    "WHERE outbox = ?", &u);
	store_bind_int(&u, member);
	if (store_run(&u, e) == -1)
		return -1;
	store_use(s, STMT_BUNDLE_KEPT, "DELETE FROM unverified "
	    "WHERE outbox = ?", &u);
	store_bind_int(&u, member);
	return store_run(&u, e);
}

static int
check_open(struct store *s, int64_t bundle, struct err *e)
{
	struct store_use u;
	int rc;

	store_use(s, STMT_BUNDLE_CLOSED, "SELECT 1 FROM bundle WHERE id = ? "
	    "AND outbox IS NULL", &u);
	store_bind_int(&u, bundle);
	rc = store_step(&u, e);
	store_end(&u);
	return rc != 0 ? rc : err_set(e, E_INTERNAL, "bundle %" PRId64 " is "
	    "closed already, or was never made", bundle);
}

static int
add_member(struct store *s, int64_t bundle, int64_t member, int64_t size,
    struct err *e)
{
	struct store_use u;

	store_use(s, STMT_BUNDLE_ADD, "INSERT INTO part (bundle, member, n) "
	    "SELECT ?1, ?2, members FROM bundle WHERE id = ?1 "
	    "ON CONFLICT (bundle, member) DO NOTHING", &u);
	store_bind_int(&u, bundle);
	store_bind_int(&u, member);
	if (store_run(&u, e) == -1)
		return -1;
	if (store_changes(s) == 0)
		return 0;
	store_use(s, STMT_BUNDLE_COUNT, "UPDATE bundle SET "
	    "members = members + 1, bytes = bytes + ?2 WHERE id = ?1", &u);
	store_bind_int(&u, bundle);
	store_bind_int(&u, size);
	return store_run(&u, e) == -1 ? -1 : 1;
}

int
store_bundle_add(struct store *s, int64_t bundle, const char *name,
    struct err *e)
{
	int64_t member = 0, size = 0;
	int rc;

	if (store_inside(s, e) == -1 || check_open(s, bundle, e) == -1 ||
	    find_member(s, name, &member, &size, e) == -1)
		return -1;
	rc = add_member(s, bundle, member, size, e);
	if (rc == -1 || (rc == 1 && keep_member(s, member, e) == -1))
		return spoilt(s);
	return rc;
}

int
store_bundle_total(struct store *s, int64_t bundle, uint64_t *bytes,
    size_t *members, struct err *e)
{
	struct store_use u;
	int rc;

	store_use(s, STMT_BUNDLE_TOTAL, "SELECT members, bytes FROM bundle "
	    "WHERE id = ?", &u);
	store_bind_int(&u, bundle);
	if ((rc = store_step(&u, e)) == 1) {
		*members = (size_t)store_col_int(&u, 0);
		*bytes = (uint64_t)store_col_int(&u, 1);
	}
	store_end(&u);
	return rc == 1 ? 0 : rc == -1 ? -1 : err_set(e, E_NOT_FOUND,
	    "state/cmp.db: no bundle %" PRId64, bundle);
}

int
store_bundle_passed(struct store *s, int64_t bundle, size_t *n, struct err *e)
{
	struct store_use u;
	int rc;

	store_use(s, STMT_BUNDLE_PASSED, "SELECT passed FROM bundle "
	    "WHERE id = ?", &u);
	store_bind_int(&u, bundle);
	if ((rc = store_step(&u, e)) == 1)
		*n = (size_t)store_col_int(&u, 0);
	store_end(&u);
	return rc == 1 ? 0 : rc == -1 ? -1 : err_set(e, E_NOT_FOUND,
	    "state/cmp.db: no bundle %" PRId64, bundle);
}

int
store_bundle_pass(struct store *s, int64_t bundle, size_t n, struct err *e)
{
	struct store_use u;

	if (store_inside(s, e) == -1)
		return -1;
	store_use(s, STMT_BUNDLE_PASS, "UPDATE bundle SET passed = ? "
	    "WHERE id = ?", &u);
	store_bind_int(&u, (int64_t)n);
	store_bind_int(&u, bundle);
	return store_run(&u, e) == -1 ? spoilt(s) : 0;
}

struct store_parts {
	struct store_use u;
};

int
store_parts_open(struct store *s, int64_t bundle, struct store_parts **out,
    struct err *e)
{
	if ((*out = calloc(1, sizeof(**out))) == NULL)
		return err_set(e, E_NOMEM, "out of memory");
	store_use(s, STMT_BUNDLE_PARTS, MEMBERS_SQL, &(*out)->u);
	store_bind_int(&(*out)->u, bundle);
	return 0;
}

int
store_parts_next(struct store_parts *p, struct slice *member, struct err *e)
{
	int rc = store_step(&p->u, e);

	if (rc == 1)
		*member = store_col(&p->u, 0);
	return rc;
}

void
store_parts_end(struct store_parts *p)
{
	if (p == NULL)
		return;
	store_end(&p->u);
	free(p);
}

int
store_bundle_parts(struct store *s, int64_t bundle,
    int (*each)(void *arg, struct slice member, struct err *e), void *arg,
    struct err *e)
{
	struct store_parts *p;
	struct slice member;
	int rc;

	if (store_parts_open(s, bundle, &p, e) == -1)
		return -1;
	while ((rc = store_parts_next(p, &member, e)) == 1)
		if (each(arg, member, e) == -1) {
			rc = -1;
			break;
		}
	store_parts_end(p);
	return rc;
}

/* The outbox row ${id} is the bundle, and the answer to its identity. */
static int
mark(struct store *s, int64_t bundle, int64_t id, struct slice suffix,
    struct err *e)
{
	struct store_use u;

	store_use(s, STMT_BUNDLE_MARK, "UPDATE outbox SET bundle = ?, "
	    "suffix = ? WHERE id = ?", &u);
	store_bind_int(&u, bundle);
	store_bind(&u, suffix);
	store_bind_int(&u, id);
	if (store_run(&u, e) == -1)
		return -1;
	store_use(s, STMT_BUNDLE_CLOSE, "UPDATE bundle SET outbox = ? "
	    "WHERE id = ?", &u);
	store_bind_int(&u, id);
	store_bind_int(&u, bundle);
	if (store_run(&u, e) == -1)
		return -1;
	store_use(s, STMT_BUNDLE_SEEN, "INSERT INTO seen (identity, outbox) "
	    "SELECT identity, outbox FROM bundle WHERE id = ?", &u);
	store_bind_int(&u, bundle);
	return store_run(&u, e);
}

int
store_bundle_close(struct store *s, int64_t bundle, struct slice prefix,
    struct slice suffix, const char *dir, const char *name, int64_t now,
    char final_name[static STORE_NAME], struct err *e)
{
	struct effects f = { .event = "bundle" };
	struct store_row row = { .effects = &f, .answer = prefix, .dir = dir,
	    .name = name, .now = now };
	uint64_t bytes;
	size_t members;
	int64_t id;

	final_name[0] = '\0';
	if (store_inside(s, e) == -1 || check_open(s, bundle, e) == -1 ||
	    store_bundle_total(s, bundle, &bytes, &members, e) == -1)
		return -1;
	snprintf(f.detail, sizeof(f.detail), "%s: %zu messages, %" PRIu64
	    " bytes", name, members, bytes);
	if (store_put_outbox(s, &row, final_name, &id, e) == 0 &&
	    mark(s, bundle, id, suffix, e) == 0 &&
	    store_put_audit(s, &row, e) == 0)
		return 0;
	return spoilt(s);
}
