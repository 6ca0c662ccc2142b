/*
 * Nested messages in pieces: what is read and verified that way is what is
 * read and verified as a whole; limits, damage, files that change.
 */
#include <stdio.h>

#include "msg/lint.h"
#include "msg/nest.h"
#include "pki/hash.h"
#include "prot/protect_nest.h"
#include "prot/verify.h"
#include "tests/unit/t_engine_pki.h"
#include "tests/unit/tap.h"

static struct who ca, device;

/* A message of ${who} with ids that begin with ${id}, ${nonce}. */
static struct slice
message(const struct who *who, int response, uint8_t id, uint8_t nonce)
{
	struct signer s = { .key = who->key, .cert = &who->cert };
	struct buf *tx = new_buf(), *no = new_buf(), *out = new_buf();
	struct err e = { 0 };
	struct draft d;

	memset(buf_extend(tx, 16), id, 16);
	memset(buf_extend(no, 16), nonce, 16);
	draft_init(&d);
	d.transaction_id = buf_slice(tx);
	d.sender_nonce = buf_slice(no);
	if (response)
		draft_body_pkiconf(&d);
	else
		draft_body_certconf(&d, SLICE_LIT("hash"), 0, STATUS_ACCEPTED,
		    NULL, FAIL_NONE);
	if (protect_sign(&d, &s, SLICE_NONE, out, &e) == -1)
		die("message", &e);
	draft_release(&d);
	return buf_slice(out);
}

struct list {
	const struct slice	*v;
	size_t			 n, at;
};

static int
piece(void *arg, struct slice *next, struct err *e)
{
	struct list *l = arg;

	(void)e;
	if (l->at == l->n)
		return 0;
	*next = l->v[l->at++];
	return 1;
}

/* ${members} nested by ${who}, with ids that begin with ${id}, ${nonce}. */
static struct slice
bundle(const struct who *who, const struct slice *members, size_t n,
    uint8_t id, uint8_t nonce)
{
	struct signer s = { .key = who->key, .cert = &who->cert };
	struct buf *out = new_buf(), prefix, suffix;
	struct list l = { members, n, 0 };
	uint8_t tx[16], no[16];
	struct err e = { 0 };
	struct draft d;
	size_t total = 0;

	memset(tx, id, 16);
	memset(no, nonce, 16);
	buf_init(&prefix, 1 << 16);
	buf_init(&suffix, 1 << 16);
	draft_init(&d);
	d.transaction_id = SLICE(tx, 16);
	d.sender_nonce = SLICE(no, 16);
	for (size_t i = 0; i < n; i++)
		total += members[i].n;
	if (protect_nest(&d, &s, total, piece, &l, &prefix, &suffix, &e) ==
	    -1)
		die("bundle", &e);
	buf_add_slice(out, buf_slice(&prefix));
	for (size_t i = 0; i < n; i++)
		buf_add_slice(out, members[i]);
	buf_add_slice(out, buf_slice(&suffix));
	draft_release(&d);
	buf_release(&prefix);
	buf_release(&suffix);
	return buf_slice(out);
}

static struct slice
wrapped(const struct who *who, struct slice der)
{
	struct signer s = { .key = who->key, .cert = &who->cert };
	struct buf *out = new_buf();
	struct err e = { 0 };
	struct msg m;

	if (msg_decode(der, &m, &e) == -1 ||
	    protect_wrap(&m, &s, the_time, out, &e) == -1)
		die("wrap", &e);
	return buf_slice(out);
}

/* nest_open() of bytes; the slice has to stay where it is. */
static struct nest *
opened(const struct slice *s, const struct nest_limits *l, struct err *e)
{
	struct nest_source src = nest_source_slice(s);
	struct nest *n;

	*e = (struct err){ 0 };
	return nest_open(&src, l, &n, e) == 0 ? n : NULL;
}

static enum err_code
code_of(struct slice s, const struct nest_limits *l)
{
	struct err e;
	struct nest *n = opened(&s, l, &e);

	nest_free(n);
	return n == NULL ? e.code : E_NONE;
}

static enum err_code
verified(const struct msg *m, uint8_t identity[32])
{
	struct anchor a = { .cert = &ca.cert };
	struct verify_ask ask = { .anchors = &a, .n_anchors = 1,
	    .now = the_time };
	struct checked *c;
	struct err e = { 0 };

	if (verify_msg(m, &ask, &c, &e) == -1)
		return e.code;
	memcpy(identity, checked_identity(c), 32);
	checked_free(c);
	return E_NONE;
}

/* The same bytes both ways. */
static void
test_both(const char *spec, struct slice der, const struct slice *members,
    size_t count)
{
	uint8_t a[32] = { 1 }, b[32] = { 2 }, da[32], db[32];
	enum err_code ea = E_INTERNAL, eb = E_INTERNAL;
	struct slice member, flipped;
	struct buf *copy = new_buf();
	struct err e = { 0 };
	struct nest *n;
	struct msg m;
	size_t k = 0;
	uint8_t *at;

	if (msg_decode(der, &m, &e) == -1 ||
	    (n = opened(&der, &nest_limits_default, &e)) == NULL)
		die(spec, &e);
	ea = verified(&m, a);
	eb = verified(nest_msg(n), b);
	ok(ea == E_NONE && eb == E_NONE && memcmp(a, b, 32) == 0,
	    "%s: verified in pieces and as a whole, with the same identity",
	    spec);
	msg_digest(&m, da);
	msg_digest(nest_msg(n), db);
	ok(memcmp(da, db, 32) == 0 && slice_eq(m.hdr.transaction_id,
	    nest_msg(n)->hdr.transaction_id) && nest_msg(n)->n_extra ==
	    m.n_extra, "%s: the digest and header of the decoded message",
	    spec);
	while (nest_next(n, &member, &e) == 1 && k < count &&
	    slice_eq(member, members[k]))
		k++;
	nest_rewind(n);
	ok(k == count && nest_count(n) == count &&
	    nest_next(n, &member, &e) == 1 && slice_eq(member, members[0]),
	    "%s: the members come out bit for bit, and again", spec);
	nest_free(n);
	buf_add_slice(copy, der);
	/* The last octet of the last member: its extraCerts. */
	at = memmem(copy->p, copy->n, members[count - 1].p,
	    members[count - 1].n);
	at[members[count - 1].n - 1] ^= 1;
	flipped = buf_slice(copy);
	if (msg_decode(flipped, &m, &e) == 0 &&
	    (n = opened(&flipped, &nest_limits_default, &e)) != NULL) {
		ea = verified(&m, a);
		eb = verified(nest_msg(n), b);
		nest_free(n);
	}
	ok(ea == E_PROT_SIG && eb == E_PROT_SIG, "%s: one bit of a member "
	    "changed fails either way", spec);
}

static void
test_algorithms(void)
{
	static const char *const specs[] = { "rsa:2048", "rsa-pss:2048",
	    "ec:P-256", "ec:P-384", "ec:P-521", "ed25519", "ed448" };
	struct slice members[3], der;
	struct who ra;

	for (size_t i = 0; i < 3; i++)
		members[i] = message(&device, 0, (uint8_t)(i + 1), 9);
	for (size_t i = 0; i < sizeof(specs) / sizeof(specs[0]); i++) {
		ra = identity(&ca, "CN=ra", specs[i], (struct says){ 0 });
		der = bundle(&ra, members, 3, 100, 101);
		test_both(specs[i], der, members, 3);
		key_free(ra.key);
	}
}

static void
test_wrap(void)
{
	struct slice in = message(&device, 0, 1, 2), once, twice, inner;
	struct err e = { 0 };
	struct nest *n;

	once = wrapped(&ca, in);
	twice = wrapped(&ca, once);
	n = opened(&once, &nest_limits_default, &e);
	ok(n != NULL && nest_is_approval(n) && nest_check(n, 1, &e) == 0,
	    "a wrapped message is an approval: transactionID and senderNonce "
	    "are those within");
	ok(n != NULL && nest_check(n, 0, &e) == -1 && e.code == E_NEST_DEPTH,
	    "where no approval is expected it is nested too deeply");
	nest_free(n);
	test_both("wrap", once, &in, 1);
	test_both("wrap of a wrap", twice, &once, 1);
	n = opened(&twice, &nest_limits_default, &e);
	ok(n != NULL && nest_check(n, 2, &e) == 0 &&
	    nest_check(n, 1, &e) == -1 && e.code == E_NEST_DEPTH,
	    "two approvals are nested too deeply where one is expected");
	nest_free(n);
	ok(nest_layers(twice, 2, &inner, &e) == 2 && slice_eq(inner, in) &&
	    nest_layers(in, 0, &inner, &e) == 0 && slice_eq(inner, in),
	    "the layers of approvals are counted down to the message");
	ok(nest_layers(twice, 1, &inner, &e) == -1 && e.code == E_NEST_DEPTH,
	    "more layers than allowed are E_NEST_DEPTH");
}

/* What is around the members: RFC 9483 5.2.2. */
static void
test_around(void)
{
	struct slice m = message(&device, 0, 1, 2), der = wrapped(&ca, m);
	struct buf *out = new_buf();
	struct nest *n, *bare;
	struct err e = { 0 };
	struct draft d;
	uint8_t id[32];

	n = opened(&der, &nest_limits_default, &e);
	ok(n != NULL && nest_msg(n)->n_extra > 0 &&
	    slice_eq(nest_msg(n)->extra[0], ca.cert.der) &&
	    slice_eq(nest_msg(n)->hdr.sender_kid, ca.cert.ski) &&
	    slice_eq(nest_msg(n)->hdr.sender_name, ca.cert.subject),
	    "a nested message has the signer as sender and first in "
	    "extraCerts");
	nest_free(n);
	draft_init(&d);
	d.body = BODY_NESTED;
	d.transaction_id = d.sender_nonce = SLICE_LIT("0123456789abcdef");
	derw_raw(&d.content, m);
	derw_wrap(&d.content, DER_SEQUENCE, 0);
	if (protect_none(&d, out, &e) == -1)
		die("bare", &e);
	der = buf_slice(out);
	bare = opened(&der, &nest_limits_default, &e);
	ok(bare != NULL && verified(nest_msg(bare), id) == E_PROT_MISSING,
	    "a nested message without protection is E_PROT_MISSING");
	nest_free(bare);
	draft_release(&d);
}

/* nest_check() of ${der} with ${layers}. */
static enum err_code
judged(struct slice der, unsigned layers)
{
	struct err e = { 0 };
	struct nest *n = opened(&der, &nest_limits_default, &e);

	if (n == NULL || nest_check(n, layers, &e) == 0) {
		nest_free(n);
		return e.code;
	}
	nest_free(n);
	return e.code;
}

static void
test_check(void)
{
	struct slice a = message(&device, 0, 1, 2),
	    b = message(&device, 0, 3, 4), r = message(&device, 1, 5, 6),
	    two[2] = { a, b }, mixed[2] = { a, r }, junk, inner, deep[2];
	static const uint8_t not[] = { 0x30, 0x03, 0x02, 0x01, 0x05 };
	struct err e = { 0 };

	ok(judged(bundle(&ca, two, 2, 9, 9), 0) == E_NONE &&
	    judged(bundle(&ca, &a, 1, 9, 9), 0) == E_NONE,
	    "a bundle has ids of its own, be it of one message");
	ok(judged(bundle(&ca, mixed, 2, 9, 9), 0) == E_NESTED,
	    "requests and responses together are E_NESTED");
	ok(judged(bundle(&ca, &a, 1, 1, 9), 1) == E_NESTED,
	    "one member, its transactionID but another senderNonce is "
	    "E_NESTED");
	ok(judged(bundle(&ca, two, 2, 3, 9), 1) == E_NESTED,
	    "several members, the transactionID of one of them is E_NESTED");
	inner = bundle(&ca, two, 2, 9, 9);
	ok(judged(bundle(&ca, &inner, 1, 8, 8), 5) == E_NEST_DEPTH &&
	    judged(wrapped(&ca, inner), 5) == E_NEST_DEPTH,
	    "a bundle in a bundle or in an approval is E_NEST_DEPTH");
	inner = bundle(&ca, &a, 1, 1, 9);
	ok(judged(bundle(&ca, &inner, 1, 8, 8), 5) == E_NEST_DEPTH,
	    "so is what has a transactionID and no senderNonce in common");
	deep[0] = b;
	deep[1] = wrapped(&ca, a);
	ok(judged(bundle(&ca, deep, 2, 8, 8), 1) == E_NONE &&
	    judged(bundle(&ca, deep, 2, 8, 8), 0) == E_NEST_DEPTH,
	    "an approval in a bundle is one layer");
	deep[1] = wrapped(&ca, r);
	ok(judged(bundle(&ca, deep, 2, 8, 8), 1) == E_NESTED,
	    "an approval has the direction of what is in it");
	ok(judged(wrapped(&ca, r), 5) == E_NESTED,
	    "an approval of a response is E_NESTED");
	junk = SLICE(not, sizeof(not));
	mixed[1] = junk;
	ok(judged(bundle(&ca, mixed, 2, 9, 9), 0) == E_NONE,
	    "a member that cannot be read does not hinder the others");
	ok(nest_layers(junk, 1, &inner, &e) == 0 && slice_eq(inner, junk),
	    "and has no layers");
	for (int i = 0; i < 20; i++)
		a = bundle(&ca, &a, 1, 1, 2);
	ok(judged(a, 5) == E_NEST_DEPTH && nest_layers(a, 5, &inner, &e) ==
	    -1, "twenty approvals around one message are E_NEST_DEPTH");
}

static void
test_limits(void)
{
	struct slice m[3], der, plain, none;
	struct nest_limits l = nest_limits_default;
	struct buf *b = new_buf();
	int looks = 0;

	for (size_t i = 0; i < 3; i++)
		m[i] = message(&device, 0, (uint8_t)(i + 1), 9);
	der = bundle(&ca, m, 3, 100, 101);
	plain = m[0];
	l.members = 3;
	ok(code_of(der, &l) == E_NONE, "as many members as allowed");
	l.members = 2;
	ok(code_of(der, &l) == E_NEST_COUNT, "one more is E_NEST_COUNT");
	l = nest_limits_default;
	l.size = der.n;
	ok(code_of(der, &l) == E_NONE, "as many bytes as allowed");
	l.size--;
	ok(code_of(der, &l) == E_FILE_SIZE, "one more is E_FILE_SIZE");
	l = nest_limits_default;
	l.member_size = m[0].n - 8;
	ok(code_of(der, &l) == E_FILE_SIZE, "a member larger than allowed is "
	    "E_FILE_SIZE");
	ok(code_of(plain, &nest_limits_default) == E_BODY_TYPE,
	    "a message that is not nested is E_BODY_TYPE");
	none = bundle(&ca, m, 0, 100, 101);
	ok(code_of(none, &nest_limits_default) == E_SYNTAX,
	    "an empty PKIMessages is E_SYNTAX");
	ok(nest_looks(der) && nest_looks(SLICE(der.p, 512)) &&
	    !nest_looks(plain), "a nested message is known by its beginning");
	for (size_t i = 0; i < 512; i++)
		looks += nest_looks(SLICE(der.p, i)) && i < 64;
	ok(looks == 0, "a beginning that is too short is not taken for one");
	buf_add_slice(b, der);
	buf_add_u8(b, 0);
	ok(code_of(buf_slice(b), &nest_limits_default) == E_DER_TRAILING,
	    "a byte after the end is E_DER_TRAILING");
}

/* Wherever a nested message is cut or hit, nothing of it is taken for whole. */
static void
test_damage(void)
{
	struct slice m[2] = { message(&device, 0, 1, 9),
	    message(&device, 0, 2, 9) }, der = bundle(&ca, m, 2, 100, 101);
	size_t cut = 0, hit = 0;
	struct buf *b = new_buf();
	struct slice s;
	struct err e;
	struct nest *n;
	uint8_t id[32];

	for (size_t i = 0; i < der.n; i++)
		cut += code_of(SLICE(der.p, i), &nest_limits_default) !=
		    E_NONE;
	ok(cut == der.n, "cut after any of its %zu bytes it is refused",
	    der.n);
	buf_add_slice(b, der);
	s = buf_slice(b);
	for (size_t i = 0; i < der.n; i++) {
		b->p[i] ^= 0x20;
		n = opened(&s, &nest_limits_default, &e);
		hit += n == NULL || verified(nest_msg(n), id) != E_NONE;
		nest_free(n);
		b->p[i] ^= 0x20;
	}
	/* All but what is not protected: certificates to build the path. */
	ok(hit >= der.n - ca.cert.der.n - 16, "a bit changed in any of %zu "
	    "protected bytes is found", hit);
}

/* A source that changes a byte at ${at} after ${good} reads. */
struct fickle {
	struct slice	 s;
	uint64_t	 at;
	int		 good;
};

static int
read_fickle(void *arg, uint64_t at, void *p, size_t n, struct err *e)
{
	struct fickle *f = arg;

	(void)e;
	memcpy(p, f->s.p + at, n);
	if (f->good-- <= 0 && f->at >= at && f->at - at < n)
		((uint8_t *)p)[f->at - at] ^= 1;
	return 0;
}

static void
test_changes(void)
{
	enum { MANY_MEMBERS = 300 };
	static struct slice m[MANY_MEMBERS];
	struct fickle f = { .good = 1000 };
	struct nest_source src = { .read = read_fickle, .arg = &f };
	struct err e = { 0 };
	struct slice der, member;
	struct nest *n = NULL;
	size_t k = 0;
	int rc, fd;

	for (size_t i = 0; i < MANY_MEMBERS; i++)
		m[i] = message(&device, 0, (uint8_t)(i % 90), (uint8_t)i);
	der = bundle(&ca, m, MANY_MEMBERS, 100, 101);
	f.s = der;
	src.size = der.n;
	if (nest_open(&src, &nest_limits_default, &n, &e) == -1)
		die("fickle", &e);
	while ((rc = nest_next(n, &member, &e)) == 1)
		k++;
	ok(rc == 0 && k == MANY_MEMBERS && der.n > 2 * 65536,
	    "a file of several blocks is read to its end");
	nest_rewind(n);
	f.good = 0;
	f.at = der.n / 2;
	for (k = 0; (rc = nest_next(n, &member, &e)) == 1; k++)
		if (!slice_eq(member, m[k]))
			break;
	ok(rc == -1 && e.code == E_NEST_CHANGED && k > 10 && k < 200,
	    "a byte that changed since is E_NEST_CHANGED, and no member that "
	    "was handed out has it");
	nest_free(n);
	e = (struct err){ 0 };
	/* The tail is read before the members: its block is seen twice. */
	f.good = 3;
	f.at = der.n - 10;
	rc = nest_open(&src, &nest_limits_default, &n, &e);
	ok(rc == -1 && e.code == E_NEST_CHANGED, "one that changes while it "
	    "is opened as well");
	put_file(topfd, "bundle", der, 0600);
	fd = openat(topfd, "bundle", O_RDWR);
	e = (struct err){ 0 };
	if (nest_source_fd(&fd, &src, &e) == -1 ||
	    nest_open(&src, &nest_limits_default, &n, &e) == -1)
		die("file", &e);
	ok(nest_next(n, &member, &e) == 1 && slice_eq(member, m[0]),
	    "a file is read as memory is");
	if (ftruncate(fd, 100000) == -1)
		abort();
	while ((rc = nest_next(n, &member, &e)) == 1)
		continue;
	ok(rc == -1 && e.code == E_NEST_CHANGED, "a file that became shorter "
	    "is E_NEST_CHANGED");
	nest_free(n);
	close(fd);
	fd = dup(topfd);
	e = (struct err){ 0 };
	ok(nest_source_fd(&fd, &src, &e) == -1 && e.code == E_FILE_TYPE,
	    "a directory is no source");
	close(fd);
}

static void
test_writer(void)
{
	struct signer s = { .key = ca.key, .cert = &ca.cert };
	struct slice m = message(&device, 0, 1, 2);
	struct list l = { &m, 1, 0 };
	struct buf prefix, suffix;
	struct err e = { 0 };
	struct draft d;
	int less, more;

	draft_init(&d);
	buf_init(&prefix, 1 << 16);
	buf_init(&suffix, 1 << 16);
	less = protect_nest(&d, &s, m.n + 1, piece, &l, &prefix, &suffix, &e);
	ok(less == -1 && e.code == E_NEST_CHANGED,
	    "members that are fewer bytes than said are E_NEST_CHANGED");
	l.at = 0;
	e = (struct err){ 0 };
	more = protect_nest(&d, &s, m.n - 1, piece, &l, &prefix, &suffix, &e);
	ok(more == -1 && e.code == E_NEST_CHANGED, "more bytes as well");
	e = (struct err){ 0 };
	ok(protect_nest(&d, &s, UINT32_MAX, piece, &l, &prefix, &suffix,
	    &e) == -1 && e.code == E_FILE_SIZE, "more than a length of four "
	    "octets can say is E_FILE_SIZE");
	draft_release(&d);
	buf_release(&prefix);
	buf_release(&suffix);
}

/* Does lint find ${code} of ${section} with ${level} in ${der}? */
struct want {
	char		 level;
	enum err_code	 code;
	const char	*section;
	int		 found;
};

static void
note(void *arg, char level, enum err_code code, const char *section,
    const char *text)
{
	struct want *w = arg;

	(void)text;
	w->found += code == w->code && level == w->level &&
	    strcmp(section, w->section) == 0;
}

static int
lints(struct slice der, char level, enum err_code code, const char *section)
{
	struct want w = { level, code, section, 0 };
	struct err e = { 0 };
	struct msg m;

	if (msg_decode(der, &m, &e) == -1)
		die("lint", &e);
	lint_msg(&m, note, &w);
	return w.found;
}

static void
test_lint(void)
{
	struct slice a = message(&device, 0, 1, 2),
	    b = message(&device, 0, 3, 4), r = message(&device, 1, 5, 6),
	    two[2] = { a, b }, mixed[2] = { a, r }, inner, deep = a, good;

	good = bundle(&ca, &a, 1, 9, 9);
	inner = bundle(&ca, two, 2, 9, 9);
	for (int i = 0; i < 4; i++)
		deep = wrapped(&ca, deep);
	ok(!lints(good, 'M', E_NESTED, "RFC 9483 5.2.2.1") &&
	    !lints(inner, 'M', E_NESTED, "RFC 9483 5.2.2.2") &&
	    !lints(wrapped(&ca, a), 'M', E_NESTED, "RFC 9483 5.2.2.1") &&
	    !lints(wrapped(&ca, wrapped(&ca, a)), 'S', E_NEST_DEPTH,
	    "RFC 9483 5.2.2"), "lint: bundles and approvals break no rule");
	ok(lints(bundle(&ca, &a, 1, 1, 9), 'M', E_NESTED,
	    "RFC 9483 5.2.2.1"), "lint: an approval without the senderNonce "
	    "of the request");
	ok(lints(bundle(&ca, two, 2, 3, 9), 'M', E_NESTED,
	    "RFC 9483 5.2.2.2"), "lint: a bundle with a transactionID that "
	    "is not fresh");
	ok(lints(bundle(&ca, two, 2, 9, 4), 'M', E_NESTED,
	    "RFC 9483 5.2.2.2"), "lint: a bundle with a senderNonce that is "
	    "not fresh");
	ok(lints(bundle(&ca, mixed, 2, 9, 9), 'M', E_NESTED,
	    "RFC 9483 5.2.2"), "lint: requests and responses in a bundle");
	ok(lints(bundle(&ca, &inner, 1, 8, 8), 'M', E_NEST_DEPTH,
	    "RFC 9483 5.2.2"), "lint: a bundle in a bundle");
	ok(lints(deep, 'S', E_NEST_DEPTH, "RFC 9483 5.2.2"),
	    "lint: four levels of nested messages");
}

/* A MAC may not protect a nested message, be the secret right. */
static int
find_secret(void *arg, struct slice reference, struct buf *out,
    struct err *e)
{
	(void)arg, (void)reference, (void)e;
	buf_add_str(out, "0123456789abcdef");
	return 1;
}

static void
test_mac(void)
{
	struct shared sh = { .reference = SLICE_LIT("ref"),
	    .secret = SLICE_LIT("0123456789abcdef") };
	struct verify_ask ask = { .now = the_time, .secret = find_secret };
	struct slice m = message(&device, 0, 1, 2), der;
	struct err e = { 0 }, f = { 0 };
	struct buf *out = new_buf();
	uint8_t id[32];
	struct checked *c;
	struct draft d;
	struct nest *n;
	struct msg in;

	draft_init(&d);
	mac_new(&sh.mac, MAC_PBMAC1, MAC_HMAC_SHA256, 1000);
	d.body = BODY_NESTED;
	d.transaction_id = d.sender_nonce = SLICE_LIT("0123456789abcdef");
	derw_raw(&d.content, m);
	derw_wrap(&d.content, DER_SEQUENCE, 0);
	if (protect_mac(&d, &sh, SLICE_NONE, out, &e) == -1)
		die("mac", &e);
	der = buf_slice(out);
	if ((n = opened(&der, &nest_limits_default, &e)) == NULL ||
	    msg_decode(der, &in, &e) == -1)
		die("mac", &e);
	ok(verify_msg(nest_msg(n), &ask, &c, &e) == -1 &&
	    e.code == E_PROT_KIND && verify_msg(&in, &ask, &c, &f) == -1 &&
	    f.code == E_PROT_KIND && err_fail(E_PROT_KIND) ==
	    FAIL_WRONG_INTEGRITY, "a nested message under a MAC is "
	    "wrongIntegrity, in pieces and as a whole");
	ok(lints(der, 'M', E_PROT_KIND, "RFC 9483 5.2.2"),
	    "lint: a nested message under a MAC");
	ok(verify_identity(nest_msg(n), &ask, id) == -1,
	    "and has no identity by it");
	nest_free(n);
	draft_release(&d);
}

static void
test_hash(void)
{
	struct key *rsa = new_key("rsa:2048"), *ed = new_key("ed25519");
	struct sigalg a = alg_default(key_info(rsa)),
	    b = alg_default(key_info(ed));
	struct slice data = SLICE_LIT("one two three");
	uint8_t h[HASH_MAX], g[HASH_MAX];
	struct hash_run *r = NULL;
	struct err e = { 0 };
	struct buf sig;
	size_t n;

	buf_init(&sig, 4096);
	hash_begin(a.hash, &r, &e);
	hash_add(r, SLICE_LIT("one "));
	hash_add(r, SLICE_LIT("two three"));
	n = hash_end(r, h);
	ok(n == alg_hash(a.hash, data, g) && memcmp(h, g, n) == 0,
	    "a hash in pieces is that of the whole");
	ok(key_sign_hash(rsa, &a, SLICE(h, n), &sig, &e) == 0 &&
	    key_verify(key_spki(rsa), &a, data, buf_slice(&sig), &e) == 0 &&
	    key_verify_hash(key_spki(rsa), &a, SLICE(h, n), buf_slice(&sig),
	    &e) == 0, "a signature over a hash is one over the data");
	h[0] ^= 1;
	ok(key_verify_hash(key_spki(rsa), &a, SLICE(h, n), buf_slice(&sig),
	    &e) == -1 && e.code == E_PROT_SIG, "and not over another hash");
	ok(key_sign_hash(rsa, &a, SLICE(h, n - 1), &sig, &e) == -1 &&
	    e.code == E_ALG_PARAMS && key_verify_hash(key_spki(rsa), &a,
	    SLICE_NONE, buf_slice(&sig), &e) == -1 && e.code == E_ALG_PARAMS,
	    "a hash of another size is E_ALG_PARAMS");
	ok(key_sign_hash(ed, &b, SLICE(g, 64), &sig, &e) == -1 &&
	    e.code == E_ALG_PARAMS, "EdDSA of a hash is E_ALG_PARAMS");
	ok(hash_begin(HASH_SHAKE256, &r, &e) == -1 && e.code == E_CRYPTO,
	    "SHAKE256 is not hashed in pieces");
	buf_release(&sig);
	key_free(rsa);
	key_free(ed);
}

int
main(void)
{
	make_top();
	ca = identity(NULL, "CN=ca", "ec:P-256", (struct says){ .ca = 1,
	    .ku = KU_KEY_CERT_SIGN | KU_DIGITAL_SIGNATURE });
	device = identity(&ca, "CN=device", "ec:P-256", (struct says){ 0 });
	test_hash();
	test_algorithms();
	test_wrap();
	test_around();
	test_check();
	test_limits();
	test_damage();
	test_changes();
	test_writer();
	test_mac();
	test_lint();
	key_free(ca.key);
	key_free(device.key);
	free_bufs();
	return done();
}
