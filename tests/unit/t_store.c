#include "store/store.h"

#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "tap.h"

static char home[] = "/tmp/t_store.XXXXXX";
static int homefd;

/* A home of its own for each test. */
static void
fresh(void)
{
	static int n;
	char name[16];
	int fd = open(home, O_RDONLY | O_DIRECTORY);

	if (homefd > 0)
		close(homefd);
	snprintf(name, sizeof(name), "h%d", n++);
	if (mkdirat(fd, name, 0700) == -1 ||
	    (homefd = openat(fd, name, O_RDONLY | O_DIRECTORY)) == -1)
		exit(99);
	close(fd);
}

static struct store *
opened(enum store_mode mode)
{
	struct store *s = NULL;
	struct err e = { 0 };

	if (store_open(homefd, mode, &s, &e) == -1) {
		printf("Bail out! %s: %s\n", err_name(e.code), e.detail);
		exit(99);
	}
	return s;
}

/* Change the database behind the store's back. */
static int
raw(const char *sql)
{
	char path[64];
	sqlite3 *db;
	int rc;

	snprintf(path, sizeof(path), "/proc/self/fd/%d/state/cmp.db", homefd);
	if (sqlite3_open(path, &db) != SQLITE_OK)
		return -1;
	rc = sqlite3_exec(db, sql, NULL, NULL, NULL);
	sqlite3_close(db);
	return rc == SQLITE_OK ? 0 : -1;
}

static struct buf *
field(struct txn *t, int i)
{
	struct buf *all[] = { &t->transaction_id, &t->peer, &t->our_nonce,
	    &t->peer_nonce, &t->serial, &t->cert, &t->signer_certs,
	    &t->subject, &t->san, &t->key_file, &t->cert_file,
	    &t->sign_key_file, &t->chain_file, &t->pass_file, &t->spki };

	return i < (int)(sizeof(all) / sizeof(all[0])) ? all[i] : NULL;
}

/* A transaction with something different in every field. */
static void
fill(struct txn *t, int salt)
{
	txn_init(t);
	t->state = TXN_CONFIRM;
	t->body = BODY_KUR;
	t->cert_req_id = -1;
	t->confirm_by = 1000 + salt;
	t->explicit_asked = 1;
	t->created = 900 + salt;
	t->messages = 2;
	for (int i = 0; field(t, i) != NULL; i++)
		buf_printf(field(t, i), "%cfield-%d-%d", 1 + i, i, salt);
}

static int
same(struct txn *a, struct txn *b)
{
	int good = a->id == b->id && a->state == b->state &&
	    a->body == b->body && a->cert_req_id == b->cert_req_id &&
	    a->confirm_by == b->confirm_by && a->created == b->created &&
	    a->explicit_asked == b->explicit_asked &&
	    a->messages == b->messages;

	for (int i = 0; field(a, i) != NULL; i++)
		good &= slice_eq(buf_slice(field(a, i)), buf_slice(field(b, i)));
	return good;
}

static int
found(struct store *s, struct txn *t, struct txn *out)
{
	struct err e = { 0 };

	return store_txn(s, buf_slice(&t->peer), buf_slice(&t->transaction_id),
	    out, &e);
}

/* One message in the open commit; the final name is in final[]. */
static char final[STORE_NAME];

static int
put(struct store *s, const uint8_t *identity, struct effects *f,
    const char *name, const char *answer, struct err *e)
{
	struct store_row row = {
		.identity = identity,
		.effects = f,
		.answer = answer == NULL ? SLICE_NONE : slice_str(answer),
		.name = name,
		.code = E_NONE,
		.now = 1234,
	};

	return store_put(s, &row, final, e);
}

static int
put_alone(struct store *s, const uint8_t *identity, struct effects *f,
    const char *name, const char *answer)
{
	struct err e = { 0 };

	if (store_begin(s, &e) == -1)
		return -1;
	if (put(s, identity, f, name, answer, &e) == -1) {
		store_rollback(s);
		return -1;
	}
	return store_commit(s, &e);
}

static void
certify(struct effects *f, struct txn *t)
{
	f->txn = t;
	f->changes_txn = 1;
	f->has_cert = 1;
	f->cert = (struct txn_cert){
		.der = SLICE_LIT("der"), .serial = buf_slice(&t->serial),
		.subject = SLICE_LIT("subject"), .spki = SLICE_LIT("spki"),
		.not_before = 11, .not_after = 22, .profile = "device",
	};
	snprintf(f->event, sizeof(f->event), "issued");
}

static int
see_cert(void *arg, const struct store_cert *c)
{
	*(int *)arg += slice_eq(c->der, SLICE_LIT("der")) &&
	    slice_eq(c->subject, SLICE_LIT("subject")) && c->serial.n > 0 &&
	    c->not_before == 11 && c->not_after == 22 && c->revoked &&
	    c->revoked_at == 1234 && c->reason == 4 &&
	    strcmp(c->profile, "device") == 0;
	return 0;
}

static int
see_txn(void *arg, const struct txn *t)
{
	*(int *)arg += t->id != 0;
	return 0;
}

static int hashed;

/* { 10 } as the hash of the key of "der", then nothing. */
static int
hash_late(struct slice der, uint8_t out[static 32])
{
	memset(out, 0, 32);
	out[0] = 10;
	return slice_eq(der, SLICE_LIT("der")) && ++hashed < 100 ? 0 : -1;
}

static void
test_fields(void)
{
	const uint8_t id[32] = { 7 }, other[32] = { 8 };
	struct effects f = { 0 }, none = { 0 };
	const uint8_t hash[32] = { 9 }, late[32] = { 10 };
	struct buf name, answer, out;
	struct store *s;
	struct txn a, b;
	struct err e = { 0 };
	int n = 0, revoked = 9;

	fresh();
	s = opened(STORE_CREATE);
	fill(&a, 1);
	txn_init(&b);
	buf_init(&name, 100);
	buf_init(&answer, 100);
	buf_init(&out, 1000);
	certify(&f, &a);
	f.cert.key_hash = SLICE(hash, 32);

	ok(found(s, &a, &b) == 0, "store: an unknown transaction is not found");
	ok(put_alone(s, id, &f, "x-1-ip.pki", "answer") == 0 && a.id != 0,
	    "store: a message is committed and its transaction has a row");
	store_close(s);
	s = opened(STORE_WRITE);
	ok(found(s, &a, &b) == 1 && same(&a, &b),
	    "store: every field of a transaction comes back after a restart");
	a.state = TXN_DONE;
	a.messages = 4;
	buf_reset(&a.our_nonce);
	f.has_cert = 0;
	f.revoke = 1;
	f.revoke_reason = 4;
	ok(put_alone(s, other, &f, "x-1-pkiconf.pki", NULL) == 0 &&
	    found(s, &a, &b) == 1 && same(&a, &b),
	    "store: an update changes the row, empty fields too");
	ok(store_answer(s, id, &name, &answer, &e) == 1 &&
	    slice_eq(buf_slice(&name), SLICE_LIT("x-1-ip.pki")) &&
	    slice_eq(buf_slice(&answer), SLICE_LIT("answer")),
	    "store: the same request finds its answer, byte for byte");
	buf_reset(&answer);
	ok(store_answer(s, other, &name, &answer, &e) == 1 && answer.n == 0,
	    "store: a message without an answer is known all the same");
	ok(put_alone(s, id, &none, "y-1-ip.pki", "another") == -1,
	    "store: no request is answered twice");
	ok(store_signers(s, buf_slice(&a.transaction_id), &out, &e) == 1 &&
	    slice_eq(buf_slice(&out), buf_slice(&a.signer_certs)),
	    "store: certificates of the first request are kept as a hint");
	buf_reset(&out);
	ok(store_key(s, hash, &out, &revoked, &e) == 1 && revoked == 1 &&
	    slice_eq(buf_slice(&out), SLICE_LIT("subject")),
	    "store: a certified key is known, with its revocation");
	ok(store_key(s, id, &out, &revoked, &e) == 0 && revoked == 0,
	    "store: an unknown key is not");
	store_close(s);
	ok(raw("UPDATE cert SET key_hash = NULL") == 0, "(an older row)");
	s = opened(STORE_WRITE);
	buf_reset(&out);
	ok(store_key(s, late, &out, &revoked, &e) == 0 &&
	    store_key_fill(s, hash_late, &e) == 0 &&
	    store_key(s, late, &out, &revoked, &e) == 1 && revoked == 1 &&
	    store_key_fill(s, hash_late, &e) == 0 && hashed == 1,
	    "store: the key of an older row is known once it is filled in");
	store_close(s);
	ok(raw("UPDATE cert SET key_hash = NULL") == 0, "(an older row)");
	s = opened(STORE_WRITE);
	hashed = 100;
	ok(store_key_fill(s, hash_late, &e) == 0 &&
	    store_key_fill(s, hash_late, &e) == 0 && hashed == 101 &&
	    store_key(s, late, &out, &revoked, &e) == 0,
	    "store: what has no key is not looked at again");
	ok(store_serial_taken(s, buf_slice(&a.serial), &e) == 1 &&
	    store_serial_taken(s, SLICE_LIT("zz"), &e) == 0,
	    "store: a serial number is taken or free");
	ok(store_certs(s, see_cert, &n, &e) == 0 && n == 1 &&
	    store_txns(s, see_txn, &n, &e) == 0 && n == 2,
	    "store: lists show each certificate and transaction once");
	buf_release(&name);
	buf_release(&answer);
	buf_release(&out);
	txn_release(&a);
	txn_release(&b);
	store_close(s);
}

static void
test_unique(void)
{
	struct effects f = { 0 };
	struct store *s;
	struct txn a, b, c;
	struct err e = { 0 };

	fresh();
	s = opened(STORE_CREATE);
	fill(&a, 1);
	fill(&b, 1);
	fill(&c, 2);
	certify(&f, &a);
	put_alone(s, NULL, &f, "n", NULL);
	certify(&f, &b);
	f.has_cert = 0;
	ok(put_alone(s, NULL, &f, "n", NULL) == -1 && b.id == 0,
	    "store: a transactionID of a peer has one row");
	certify(&f, &c);
	f.cert.serial = buf_slice(&a.serial);
	store_begin(s, &e);
	ok(put(s, NULL, &f, "n", NULL, &e) == -1 && e.code == E_STORE,
	    "store: no serial number is issued twice");
	ok(store_commit(s, &e) == -1 && found(s, &c, &b) == 0,
	    "store: half a message is never committed");
	txn_release(&a);
	txn_release(&b);
	txn_release(&c);
	store_close(s);
}

static void
test_savepoint(void)
{
	const uint8_t id[3][32] = { { 1 }, { 2 }, { 3 } };
	struct effects f = { 0 };
	struct buf b;
	struct store *s;
	struct txn t[3], got;
	struct err e = { 0 };
	int good = 1;
	int64_t rows;
	uint8_t head[32];

	fresh();
	s = opened(STORE_CREATE);
	txn_init(&got);
	buf_init(&b, 1000);
	store_begin(s, &e);
	for (int i = 0; i < 3; i++) {
		fill(&t[i], i);
		certify(&f, &t[i]);
		good &= store_savepoint(s, &e) == 0 &&
		    put(s, id[i], &f, "s-1-ip.pki", "answer", &e) == 0 &&
		    (i == 1 ? store_rollback_to(s, &e) :
		    store_release(s, &e)) == 0;
	}
	good &= store_commit(s, &e) == 0;
	ok(good, "store: a group of messages is one commit");
	ok(found(s, &t[0], &got) == 1 && found(s, &t[1], &got) == 0 &&
	    found(s, &t[2], &got) == 1 &&
	    store_serial_taken(s, buf_slice(&t[1].serial), &e) == 0 &&
	    store_answer(s, id[1], &b, &b, &e) == 0 &&
	    store_answer(s, id[2], &b, &b, &e) == 1,
	    "store: a message rolled back takes its rows, and only its, along");
	ok(store_audit_check(s, &rows, head, &e) == 0 && rows == 2,
	    "store: the audit trail has no gap where a message was rolled back");
	for (int i = 0; i < 3; i++)
		txn_release(&t[i]);
	txn_release(&got);
	buf_release(&b);
	store_close(s);
}

/* What the outbox delivered: names, one after another. */
static char order[4096];
static struct store *deliver_in;

static int
deliver(void *arg, const struct store_answer *a, struct err *e)
{
	strcat(order, a->name);
	strcat(order, slice_eq(a->answer, SLICE_LIT("answer")) ? " " : "! ");
	if (arg != NULL)
		return store_delivered(deliver_in, a->id, e);
	return 0;
}

static int
stop(void *arg, const struct store_answer *a, struct err *e)
{
	(void)arg, (void)a;
	return err_set(e, E_IO, "disk is gone");
}

static void
test_outbox(void)
{
	static const char all[] = "b.pki a.pki b-2.pki b-3.pki ";
	struct effects f = { 0 };
	struct store *s;
	struct err e = { 0 };
	int n = 0;

	fresh();
	s = deliver_in = opened(STORE_CREATE);
	put_alone(s, NULL, &f, "b.pki", "answer");
	put_alone(s, NULL, &f, "a.pki", "answer");
	put_alone(s, NULL, &f, "b.pki", "answer");
	ok(strcmp(final, "b-2.pki") == 0,
	    "outbox: a name that is taken gets a number");
	put_alone(s, NULL, &f, "b.pki", "answer");
	order[0] = '\0';
	ok(store_outbox(s, deliver, NULL, &e) == 0 && strcmp(order, all) == 0,
	    "outbox: the oldest answer is delivered first");
	ok(store_outbox(s, stop, NULL, &e) == -1 && e.code == E_IO,
	    "outbox: a failed delivery stops it");
	order[0] = '\0';
	store_close(s);
	s = deliver_in = opened(STORE_WRITE);
	ok(store_outbox(s, deliver, s, &e) == 0 && strcmp(order, all) == 0,
	    "outbox: what is not marked is delivered again, the same bytes");
	order[0] = '\0';
	ok(store_outbox(s, deliver, NULL, &e) == 0 && order[0] == '\0',
	    "outbox: what is marked is not");
	for (int i = 0; i < 30; i++)
		n += put_alone(s, NULL, &f, "b.pki", "answer") == 0;
	ok(n == 30 && strncmp(final, "b-", 2) == 0,
	    "outbox: any number of answers may want the same name");
	ok(store_delivered_name(s, "b.pki", &e) == 0 &&
	    store_delivered_name(s, "b.pki", &e) == 0,
	    "outbox: an answer is marked by its name, as often as one likes");
	ok(store_delivered(s, 999, &e) == -1,
	    "outbox: an answer that does not exist cannot be marked");
	store_close(s);
}

static int
give_up(void *arg, struct txn *t, struct err *e)
{
	struct effects f = { .txn = t, .changes_txn = 1 };

	(void)e;
	t->state = TXN_FAILED;
	snprintf(order + strlen(order), 32, "%lld ", (long long)t->confirm_by);
	return put_alone(arg, NULL, &f, "n", NULL);
}

static void
test_overdue(void)
{
	struct effects f = { 0 };
	struct store *s;
	struct txn t[4];
	struct err e = { 0 };

	fresh();
	s = opened(STORE_CREATE);
	for (int i = 0; i < 4; i++) {
		fill(&t[i], 4 - i);
		t[i].confirm_by = i == 3 ? 0 : t[i].confirm_by;
		f.txn = &t[i];
		f.changes_txn = 1;
		put_alone(s, NULL, &f, "n", NULL);
	}
	order[0] = '\0';
	ok(store_overdue(s, 1004, give_up, s, &e) == 0 &&
	    strcmp(order, "1002 1003 ") == 0,
	    "store: transactions that waited too long are found, oldest first");
	order[0] = '\0';
	ok(store_overdue(s, 1004, give_up, s, &e) == 0 && order[0] == '\0',
	    "store: those that were given up are not found again");
	for (int i = 0; i < 4; i++)
		txn_release(&t[i]);
	store_close(s);
}

static int
see_audit(void *arg, const struct store_audit *a)
{
	*(int *)arg += a->id > 0 && a->time == 1234 &&
	    strcmp(a->event, "issued") == 0 &&
	    strcmp(a->code, err_name(E_NONE)) == 0;
	return 0;
}

static int
broken_after(const char *sql, const char *row)
{
	struct store *s;
	struct effects f = { .event = "issued", .detail = "to somebody" };
	uint8_t head[32];
	struct err e = { 0 };
	int64_t rows;
	int rc;

	fresh();
	s = opened(STORE_CREATE);
	for (int i = 0; i < 4; i++)
		put_alone(s, NULL, &f, "n", NULL);
	store_close(s);
	if (raw(sql) == -1)
		return 0;
	s = opened(STORE_READ);
	rc = store_audit_check(s, &rows, head, &e);
	store_close(s);
	return rc == -1 && e.code == E_STORE && strstr(e.detail, row) != NULL;
}

static void
test_audit(void)
{
	struct effects f = { .event = "issued", .detail = "to somebody" };
	uint8_t head[2][32];
	struct store *s;
	struct err e = { 0 };
	int64_t rows;
	int n = 0;

	fresh();
	s = opened(STORE_CREATE);
	ok(store_audit_check(s, &rows, head[0], &e) == 0 && rows == 0,
	    "audit: a new trail is empty and sound");
	for (int i = 0; i < 3; i++)
		put_alone(s, NULL, &f, "n", NULL);
	ok(store_audit_check(s, &rows, head[1], &e) == 0 && rows == 3 &&
	    memcmp(head[0], head[1], 32) != 0,
	    "audit: each message adds a row and moves the head");
	ok(store_audit(s, see_audit, &n, &e) == 0 && n == 3,
	    "audit: the list shows every row");
	store_close(s);
	ok(broken_after("UPDATE audit SET detail = 'to me' WHERE id = 2",
	    "row 2"), "audit: a changed row is named");
	ok(broken_after("DELETE FROM audit WHERE id = 2", "row 2"),
	    "audit: a missing row is named");
	ok(broken_after("UPDATE audit SET prev = zeroblob(32) WHERE id = 3",
	    "row 3"), "audit: a row with another predecessor is named");
}

static int
refused(enum store_mode mode, enum err_code code)
{
	struct store *s = NULL;
	struct err e = { 0 };
	int rc = store_open(homefd, mode, &s, &e);

	store_close(s);
	if (rc == -1 && e.code != code)
		printf("# %s: %s\n", err_name(e.code), e.detail);
	return rc == -1 && s == NULL && e.code == code;
}

static void
test_open(void)
{
	struct stat dir, db, wal;
	struct store *s;
	struct err e = { 0 };
	struct effects f = { 0 };

	fresh();
	ok(refused(STORE_WRITE, E_STORE) && refused(STORE_READ, E_STORE),
	    "store: is not made unless asked for");
	umask(0);
	s = opened(STORE_CREATE);
	put_alone(s, NULL, &f, "n", NULL);
	ok(fstatat(homefd, "state", &dir, 0) == 0 &&
	    (dir.st_mode & 0777) == 0700 &&
	    fstatat(homefd, "state/cmp.db", &db, 0) == 0 &&
	    (db.st_mode & 0777) == 0600 &&
	    fstatat(homefd, "state/cmp.db-wal", &wal, 0) == 0 &&
	    (wal.st_mode & 0777) == 0600,
	    "store: only its owner can read it, whatever the umask");
	umask(022);
	store_close(s);
	s = opened(STORE_READ);
	ok(store_begin(s, &e) == -1, "store: a reader cannot write");
	store_close(s);
	ok(raw("PRAGMA user_version = 99") == 0 &&
	    refused(STORE_WRITE, E_STORE_VERSION) &&
	    refused(STORE_CREATE, E_STORE_VERSION) &&
	    refused(STORE_READ, E_STORE_VERSION),
	    "store: one of a newer program is refused");
	ok(raw("PRAGMA user_version = 1; PRAGMA application_id = 5") == 0 &&
	    refused(STORE_WRITE, E_STORE) && refused(STORE_CREATE, E_STORE),
	    "store: the database of another program is refused");
	ok(fchmodat(homefd, "state/cmp.db", 0640, 0) == 0 &&
	    refused(STORE_WRITE, E_STORE),
	    "store: one that others can read is refused");
	unlinkat(homefd, "state/cmp.db", 0);
	ok(symlinkat("/etc/passwd", homefd, "state/cmp.db") == 0 &&
	    refused(STORE_WRITE, E_STORE) && refused(STORE_CREATE, E_STORE),
	    "store: a link is not followed");
	unlinkat(homefd, "state/cmp.db", 0);
	close(openat(homefd, "state/cmp.db", O_CREAT | O_WRONLY, 0600));
	ok(refused(STORE_WRITE, E_STORE),
	    "store: one that has become empty is not taken for a new one");
	s = opened(STORE_CREATE);
	ok(s != NULL, "store: making it can be repeated after a crash");
	store_close(s);
}

static void
test_two(void)
{
	struct store *w, *w2, *r;
	struct effects f = { 0 };
	struct txn t, got;
	struct err e = { 0 };
	time_t start = time(NULL);

	fresh();
	w = opened(STORE_CREATE);
	w2 = opened(STORE_WRITE);
	r = opened(STORE_READ);
	fill(&t, 1);
	txn_init(&got);
	f.txn = &t;
	f.changes_txn = 1;
	store_begin(w, &e);
	put(w, NULL, &f, "n", NULL, &e);
	ok(found(r, &t, &got) == 0,
	    "store: a reader sees nothing of an open commit");
	ok(store_begin(w2, &e) == -1 && e.code == E_LOCKED &&
	    time(NULL) - start < 10,
	    "store: a second writer fails and does not hang");
	store_commit(w, &e);
	ok(found(r, &t, &got) == 1, "store: a reader sees it when it is done");
	store_close(r);
	store_close(w2);
	store_close(w);
	txn_release(&t);
	txn_release(&got);
}

/* No file may grow past what it is: as good as a full disk. */
static void
test_full(void)
{
	static char big[3 << 20];
	struct rlimit was, tight = { .rlim_cur = 1 << 20 };
	const uint8_t id[2][32] = { { 1 }, { 2 } };
	struct effects f = { 0 };
	struct buf b;
	struct store *s;
	struct err e = { 0 };
	int rc = 0;

	fresh();
	s = opened(STORE_CREATE);
	buf_init(&b, 4 << 20);
	memset(big, 'x', sizeof(big) - 1);
	getrlimit(RLIMIT_FSIZE, &was);
	tight.rlim_max = was.rlim_max;
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &tight);
	store_begin(s, &e);
	for (int i = 0; i < 2; i++) {
		rc |= store_savepoint(s, &e);
		rc |= put(s, id[i], &f, "f-1-ip.pki", i ? "small" : big, &e);
		rc |= store_release(s, &e);
	}
	ok(store_commit(s, &e) == -1 && e.code == E_STORE,
	    "store: a full disk fails the commit");
	printf("# %s\n", e.detail);
	setrlimit(RLIMIT_FSIZE, &was);
	ok(store_answer(s, id[0], &b, &b, &e) == 0 &&
	    store_answer(s, id[1], &b, &b, &e) == 0,
	    "store: and nothing of it has happened");
	ok(put_alone(s, id[1], &f, "f-1-ip.pki", "small") == 0 &&
	    store_answer(s, id[1], &b, &b, &e) == 1,
	    "store: and it works again when there is room");
	buf_release(&b);
	store_close(s);
}

int
main(void)
{
	char cmd[64];

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (mkdtemp(home) == NULL)
		return 99;
	test_open();
	test_fields();
	test_unique();
	test_savepoint();
	test_outbox();
	test_overdue();
	test_audit();
	test_two();
	test_full();
	snprintf(cmd, sizeof(cmd), "rm -rf %s", home);
	if (system(cmd) != 0)
		printf("# %s is left\n", home);
	return done();
}
