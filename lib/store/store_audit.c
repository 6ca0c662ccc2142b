#include "store/store_int.h"

#include <nettle/sha2.h>
#include <string.h>

#define HASH	SHA256_DIGEST_SIZE

static void
add_int(struct sha256_ctx *ctx, int64_t v)
{
	uint8_t b[8];

	for (int i = 0; i < 8; i++)
		b[i] = (uint8_t)((uint64_t)v >> (56 - 8 * i));
	sha256_update(ctx, sizeof(b), b);
}

static void
add_text(struct sha256_ctx *ctx, const char *s)
{
	add_int(ctx, (int64_t)strlen(s));
	sha256_update(ctx, strlen(s), (const uint8_t *)s);
}

/*
 * What the rows of every store so far are chained with: never change it.
 * prev || id || time || txn || code || event || detail; numbers as 8 bytes,
 * big end first, texts after their length as such a number.
 */
static void
chain(const struct store_audit *a, const uint8_t prev[HASH], uint8_t out[HASH])
{
	struct sha256_ctx ctx;

	sha256_init(&ctx);
	sha256_update(&ctx, HASH, prev);
	add_int(&ctx, a->id);
	add_int(&ctx, a->time);
	add_int(&ctx, a->txn);
	add_text(&ctx, a->code);
	add_text(&ctx, a->event);
	add_text(&ctx, a->detail);
	sha256_digest(&ctx, HASH, out);
}

/* The last row's number and hash; 0 and zeros before the first. */
static int
head(struct store *s, int64_t *id, uint8_t hash[HASH], struct err *e)
{
	struct store_use u;
	struct slice h;
	int rc;

	*id = 0;
	memset(hash, 0, HASH);
	store_use(s, STMT_AUDIT_HEAD, "SELECT id, hash FROM audit "
	    "ORDER BY id DESC LIMIT 1", &u);
	if ((rc = store_step(&u, e)) != 1)
		return rc;
	*id = store_col_int(&u, 0);
	h = store_col(&u, 1);
	if (h.n == HASH)
		memcpy(hash, h.p, HASH);
	else
		rc = err_set(e, E_STORE, "state/cmp.db: audit row %lld is "
		    "damaged", (long long)*id);
	store_end(&u);
	return rc == -1 ? -1 : 0;
}

/* Minutes back, row by row, is as far as one likes: only up, but for an operator. */
static int
put_floor(struct store *s, const struct store_audit *a, struct err *e)
{
	struct store_use u;

	store_use(s, STMT_FLOOR_PUT, "INSERT INTO floor VALUES (1, ?) "
	    "ON CONFLICT (id) DO UPDATE SET time = CASE WHEN ? THEN "
	    "excluded.time ELSE max(time, excluded.time) END", &u);
	store_bind_int(&u, a->time);
	store_bind_int(&u, strcmp(a->event, STORE_CLOCK_ACCEPTED) == 0);
	return store_run(&u, e);
}

int
store_put_audit(struct store *s, const struct store_row *row, struct err *e)
{
	const struct effects *f = row->effects;
	struct store_audit a = {
		.time = row->now,
		.txn = f == NULL || f->txn == NULL ? 0 : f->txn->id,
		.code = err_name(row->code),
		.event = f == NULL ? "" : f->event,
		.detail = f == NULL ? "" : f->detail,
	};
	uint8_t prev[HASH], hash[HASH];
	struct store_use u;

	if (head(s, &a.id, prev, e) == -1)
		return -1;
	a.id++;
	chain(&a, prev, hash);
	store_use(s, STMT_AUDIT_INSERT, "INSERT INTO audit (id, time, txn, "
	    "code, event, detail, prev, hash) VALUES (?,?,?,?,?,?,?,?)", &u);
	store_bind_int(&u, a.id);
	store_bind_int(&u, a.time);
	store_bind_int(&u, a.txn);
	store_bind_text(&u, a.code);
	store_bind_text(&u, a.event);
	store_bind_text(&u, a.detail);
	store_bind(&u, SLICE(prev, HASH));
	store_bind(&u, SLICE(hash, HASH));
	return store_run(&u, e) == -1 ? -1 : put_floor(s, &a, e);
}

static void
list(struct store *s, struct store_use *u)
{
	store_use(s, STMT_AUDIT_LIST, "SELECT id, time, txn, code, event, "
	    "detail, prev, hash FROM audit ORDER BY id", u);
}

static void
load(struct store_use *u, struct store_audit *a)
{
	*a = (struct store_audit){
		.id = store_col_int(u, 0),
		.time = store_col_int(u, 1),
		.txn = store_col_int(u, 2),
		.code = store_col_text(u, 3),
		.event = store_col_text(u, 4),
		.detail = store_col_text(u, 5),
	};
}

/* Does this row follow the one with hash ${last}?  Then ${last} is its. */
static int
follow(struct store_use *u, int64_t expected, uint8_t last[HASH],
    struct err *e)
{
	struct store_audit a;
	uint8_t hash[HASH];

	load(u, &a);
	chain(&a, last, hash);
	if (a.id != expected ||
	    !slice_eq(store_col(u, 6), SLICE(last, HASH)) ||
	    !slice_eq(store_col(u, 7), SLICE(hash, HASH)))
		return err_set(e, E_STORE, "audit row %lld does not follow: "
		    "found row %lld with another content or hash",
		    (long long)expected, (long long)a.id);
	memcpy(last, hash, HASH);
	return 0;
}

int
store_audit_check(struct store *s, int64_t *rows, uint8_t last[static 32],
    struct err *e)
{
	struct store_use u;
	int rc;

	*rows = 0;
	memset(last, 0, HASH);
	list(s, &u);
	while ((rc = store_step(&u, e)) == 1) {
		if (follow(&u, *rows + 1, last, e) == -1) {
			rc = -1;
			break;
		}
		++*rows;
	}
	store_end(&u);
	return rc;
}

int
store_audit(struct store *s, int (*each)(void *arg,
    const struct store_audit *a), void *arg, struct err *e)
{
	struct store_audit a;
	struct store_use u;
	int rc;

	list(s, &u);
	while ((rc = store_step(&u, e)) == 1) {
		load(&u, &a);
		if (each(arg, &a) == -1) {
			rc = -1;
			break;
		}
	}
	store_end(&u);
	return rc;
}

int
store_floor(struct store *s, int64_t *when, struct err *e)
{
	struct store_use u;
	int rc;

	store_use(s, STMT_FLOOR_GET, "SELECT time FROM floor", &u);
	if ((rc = store_step(&u, e)) == 1)
		*when = store_col_int(&u, 0);
	store_end(&u);
	return rc;
}
