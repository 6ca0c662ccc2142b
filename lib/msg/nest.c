/*
 * Nested messages, read in pieces.
 *
 * All bytes come through one block, and the first look at each block leaves
 * its hash behind: what is read again has to be what was read before, so a
 * file that changes under us is noticed, and memory grows by some 17 bytes
 * for each 64 KiB of the file.
 */
#include "msg/nest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "msg/nest_int.h"
#include "pki/hash.h"

#define BLOCK	65536
#define FRAME	6	/* tag and length, at most */

const struct nest_limits nest_limits_default = { 64u << 20, 10000, 1u << 20 };

/* A DER element that lies in the source. */
struct frame {
	uint64_t	 at, value, end;
	uint8_t		 tag;
};

struct block {
	uint8_t	 sum[16];
	uint8_t	 seen;
};

struct nest {
	struct nest_source	 src;
	struct nest_limits	 limits;
	struct msg		 msg;
	struct buf		 shell;		/* what ${msg} points into */
	struct buf		 part;		/* for EdDSA */
	struct nest_facts	 facts;
	uint64_t		 first, end;	/* where the members lie */
	uint64_t		 at;		/* the next one */
	struct buf		 member;
	uint8_t			*data;		/* the block that is held */
	size_t			 held;		/* its number, n_blocks: none */
	struct block		*blocks;
	size_t			 n_blocks;
	struct hash_run		*digest, *part_hash;	/* while opening */
};

static int
read_slice(void *arg, uint64_t at, void *p, size_t n, struct err *e)
{
	const struct slice *s = arg;

	if (at > s->n || n > s->n - at)
		return err_set(e, E_INTERNAL, "read past the end of a slice");
	memcpy(p, s->p + at, n);
	return 0;
}

struct nest_source
nest_source_slice(const struct slice *s)
{
	return (struct nest_source){ .read = read_slice, .size = s->n,
	    .arg = (void *)(uintptr_t)s };
}

static int
read_fd(void *arg, uint64_t at, void *p, size_t n, struct err *e)
{
	int fd = *(const int *)arg;
	uint8_t *to = p;
	ssize_t r;

	while (n > 0) {
		r = pread(fd, to, n, (off_t)at);
		if (r == -1 && errno == EINTR)
			continue;
		if (r == -1)
			return err_set(e, E_IO, "read: %s", strerror(errno));
		if (r == 0)
			return err_set(e, E_NEST_CHANGED, "the file has "
			    "become shorter while it was read");
		to += r;
		at += (uint64_t)r;
		n -= (size_t)r;
	}
	return 0;
}

int
nest_source_fd(const int *fd, struct nest_source *out, struct err *e)
{
	struct stat st;

	if (fstat(*fd, &st) == -1)
		return err_set(e, E_IO, "stat: %s", strerror(errno));
	if (!S_ISREG(st.st_mode))
		return err_set(e, E_FILE_TYPE, "not a regular file");
	*out = (struct nest_source){ .read = read_fd,
	    .size = (uint64_t)st.st_size, .arg = (void *)(uintptr_t)fd };
	return 0;
}

/* Hold block ${k}, which has to be as it was when it was seen before. */
static int
load(struct nest *n, size_t k, struct err *e)
{
	uint64_t at = (uint64_t)k * BLOCK, left = n->src.size - at;
	size_t size = left < BLOCK ? (size_t)left : BLOCK;
	struct block *b = &n->blocks[k];
	uint8_t sum[32];

	if (n->held == k)
		return 0;
	n->held = n->n_blocks;
	if (n->src.read(n->src.arg, at, n->data, size, e) == -1)
		return -1;
	alg_sha256(SLICE(n->data, size), SLICE_NONE, sum);
	if (b->seen && memcmp(b->sum, sum, sizeof(b->sum)) != 0)
		return err_set(e, E_NEST_CHANGED, "the file has changed while "
		    "it was read (within %zu bytes from offset %llu); nothing "
		    "of it can be relied on, copy it and start again", size,
		    (unsigned long long)at);
	memcpy(b->sum, sum, sizeof(b->sum));
	b->seen = 1;
	n->held = k;
	return 0;
}

/* The caller has seen to it that ${size} bytes from ${at} are there. */
static int
read_at(struct nest *n, uint64_t at, uint8_t *p, size_t size, struct err *e)
{
	size_t off, some;

	while (size > 0) {
		if (load(n, (size_t)(at / BLOCK), e) == -1)
			return -1;
		off = (size_t)(at % BLOCK);
		some = size < BLOCK - off ? size : BLOCK - off;
		memcpy(p, n->data + off, some);
		p += some;
		at += some;
		size -= some;
	}
	return 0;
}

/* The element at ${at}, which has to end by ${end}. */
static int
frame_at(struct nest *n, uint64_t at, uint64_t end, struct frame *f,
    struct err *e)
{
	uint8_t b[FRAME];
	size_t have = end - at < FRAME ? (size_t)(end - at) : FRAME, head;
	uint64_t len;

	if (read_at(n, at, b, have, e) == -1)
		return -1;
	head = nest_frame(SLICE(b, have), &len);
	if (head == 0)
		return err_set(e, E_DER_LENGTH, "offset %llu: no definite, "
		    "minimal length in at most four bytes",
		    (unsigned long long)at);
	if (len > end - at - head)
		return err_set(e, E_DER_LENGTH, "offset %llu: length %llu is "
		    "more than the %llu bytes there are",
		    (unsigned long long)at, (unsigned long long)len,
		    (unsigned long long)(end - at - head));
	*f = (struct frame){ .at = at, .value = at + head,
	    .end = at + head + len, .tag = b[0] };
	return 0;
}

static int
frame_of(struct nest *n, uint64_t at, uint64_t end, uint8_t tag,
    const char *what, struct frame *f, struct err *e)
{
	if (frame_at(n, at, end, f, e) == -1)
		return err_wrap(e, "%s", what);
	if (f->tag != tag)
		return err_set(e, E_SYNTAX, "offset %llu: %s has tag 0x%02x, "
		    "expected 0x%02x", (unsigned long long)at, what, f->tag,
		    tag);
	return 0;
}

/* Append the bytes from ${at} to ${end} to ${out}. */
static int
copy(struct nest *n, uint64_t at, uint64_t end, struct buf *out,
    struct err *e)
{
	uint8_t *p = buf_extend(out, (size_t)(end - at));

	if (p == NULL && end > at)
		return err_set(e, E_NOMEM, "out of memory");
	return read_at(n, at, p, (size_t)(end - at), e);
}

/* PKIMessage, header, body and the SEQUENCE in it. */
struct outline {
	struct frame	 all, header, body, list;
};

static int
read_outline(struct nest *n, struct outline *o, struct err *e)
{
	if (frame_of(n, 0, n->src.size, DER_SEQUENCE, "PKIMessage", &o->all,
	    e) == -1)
		return -1;
	if (o->all.end != n->src.size)
		return err_set(e, E_DER_TRAILING, "%llu bytes follow the end "
		    "of the DER value",
		    (unsigned long long)(n->src.size - o->all.end));
	if (frame_of(n, o->all.value, o->all.end, DER_SEQUENCE, "header",
	    &o->header, e) == -1 ||
	    frame_at(n, o->header.end, o->all.end, &o->body, e) == -1)
		return -1;
	if (o->body.tag < DER_CTX(0) || o->body.tag > DER_CTX(BODY_POLLREP))
		return err_set(e, E_SYNTAX, "body: expected one of the PKIBody "
		    "choices");
	if (o->body.tag != DER_CTX(BODY_NESTED))
		return err_set(e, E_BODY_TYPE, "the message is %s, expected "
		    "nested", msg_body_name(o->body.tag - DER_CTX(0)));
	if (frame_of(n, o->body.value, o->body.end, DER_SEQUENCE, "nested",
	    &o->list, e) == -1)
		return -1;
	if (o->list.end != o->body.end)
		return err_set(e, E_SYNTAX, "nested: expected one SEQUENCE "
		    "inside");
	if (o->list.value == o->list.end)
		return err_set(e, E_SYNTAX, "nested: expected at least one "
		    "PKIMessage");
	return 0;
}

/*
 * Decode the message around the members: as one that has none, which the
 * same reader takes apart as any other.
 */
static int
read_shell(struct nest *n, const struct outline *o, struct err *e)
{
	static const uint8_t empty[] = { DER_CTX(BODY_NESTED), 2,
	    DER_SEQUENCE, 0 };
	uint64_t size = o->header.end - o->header.at + o->all.end -
	    o->body.end + sizeof(empty);
	struct msg *m = &n->msg;

	if (size > der_limits_message.size - FRAME)
		return err_set(e, E_FILE_SIZE, "header, protection and "
		    "extraCerts of %llu bytes, at most %zu are allowed",
		    (unsigned long long)size, der_limits_message.size - FRAME);
	buf_init(&n->shell, der_limits_message.size);
	nest_put_head(&n->shell, DER_SEQUENCE, size);
	if (copy(n, o->header.at, o->header.end, &n->shell, e) == -1)
		return -1;
	buf_add(&n->shell, empty, sizeof(empty));
	if (copy(n, o->body.end, o->all.end, &n->shell, e) == -1 ||
	    msg_decode(buf_slice(&n->shell), m, e) == -1)
		return -1;
	m->der = m->header_tlv = m->body_tlv = m->content = SLICE_NONE;
	return 0;
}

/* How ProtectedPart is to be kept: as its hash, or as it is. */
static int
start_hashes(struct nest *n, const struct outline *o, struct err *e)
{
	uint64_t size = o->body.end - o->header.at;
	struct err ignored = { 0 };
	struct sigalg a;
	struct buf head;
	int rc = 0;

	if (hash_begin(HASH_SHA256, &n->digest, e) == -1)
		return -1;
	/* Of a MAC or an unknown algorithm verify_msg() says what it thinks. */
	if (!n->msg.has_protection || n->msg.hdr.protection_alg.p == NULL ||
	    alg_parse(n->msg.hdr.protection_alg, &a, &ignored) == -1)
		return 0;
	buf_init(&head, FRAME);
	nest_put_head(&head, DER_SEQUENCE, size);
	if (a.scheme == SIG_ED25519 || a.scheme == SIG_ED448) {
		/* At once: growing would take twice as much. */
		buf_init(&n->part, FRAME + (size_t)size);
		buf_extend(&n->part, n->part.max);
		buf_reset(&n->part);
		buf_add_slice(&n->part, buf_slice(&head));
	} else if ((rc = hash_begin(a.hash, &n->part_hash, e)) == 0) {
		hash_add(n->part_hash, buf_slice(&head));
	}
	buf_release(&head);
	return rc;
}

static void
hash_piece(struct nest *n, struct slice s)
{
	hash_add(n->digest, s);
	if (n->part_hash != NULL)
		hash_add(n->part_hash, s);
	if (n->part.max > 0)
		buf_add_slice(&n->part, s);
}

static int
end_hashes(struct nest *n, struct err *e)
{
	uint8_t out[HASH_MAX];
	struct hash_run *r = n->digest;

	n->digest = NULL;
	if (hash_end(r, out) != sizeof(n->msg.digest))
		return err_set(e, E_CRYPTO, "hash of a message");
	memcpy(n->msg.digest, out, sizeof(n->msg.digest));
	n->msg.has_digest = 1;
	if ((r = n->part_hash) != NULL) {
		n->part_hash = NULL;
		n->msg.part_digest_n = hash_end(r, n->msg.part_digest);
		if (n->msg.part_digest_n == 0)
			return err_set(e, E_CRYPTO, "hash of a message");
	}
	if (n->part.max > 0 && buf_bad(&n->part))
		return err_set(e, E_NOMEM, "out of memory");
	n->msg.part = buf_slice(&n->part);
	return 0;
}

/* Put the member at ${n->at} into ${n->member} and go on to the next. */
static int
take(struct nest *n, struct err *e)
{
	struct frame f;

	if (frame_of(n, n->at, n->end, DER_SEQUENCE, "PKIMessage", &f, e) ==
	    -1)
		return -1;
	if (f.end - f.at > n->limits.member_size)
		return err_set(e, E_FILE_SIZE, "a message of %llu bytes is "
		    "nested, at most %zu are allowed",
		    (unsigned long long)(f.end - f.at),
		    n->limits.member_size);
	buf_reset(&n->member);
	if (copy(n, f.at, f.end, &n->member, e) == -1)
		return -1;
	n->at = f.end;
	return 0;
}

static int
read_members(struct nest *n, const struct outline *o, struct err *e)
{
	struct buf head;
	int rc;

	buf_init(&head, (size_t)(o->list.value - o->header.at));
	if ((rc = copy(n, o->header.at, o->list.value, &head, e)) == 0)
		hash_piece(n, buf_slice(&head));
	buf_release(&head);
	while (rc == 0 && n->at < n->end) {
		if (n->facts.count == n->limits.members)
			return err_set(e, E_NEST_COUNT, "more than %zu "
			    "messages are nested, which is the limit "
			    "(max-members)", n->limits.members);
		if ((rc = take(n, e)) == -1)
			return err_wrap(e, "message %zu within",
			    n->facts.count + 1);
		hash_piece(n, buf_slice(&n->member));
		nest_look(&n->facts, &n->msg.hdr, buf_slice(&n->member));
	}
	return rc;
}

static int
open_source(struct nest *n, struct err *e)
{
	struct outline o;

	if (n->src.size > n->limits.size)
		return err_set(e, E_FILE_SIZE, "%llu bytes, at most %llu are "
		    "allowed", (unsigned long long)n->src.size,
		    (unsigned long long)n->limits.size);
	n->n_blocks = (size_t)((n->src.size + BLOCK - 1) / BLOCK);
	n->held = n->n_blocks;
	n->data = malloc(BLOCK);
	n->blocks = calloc(n->n_blocks + 1, sizeof(*n->blocks));
	if (n->data == NULL || n->blocks == NULL)
		return err_set(e, E_NOMEM, "out of memory");
	if (read_outline(n, &o, e) == -1 || read_shell(n, &o, e) == -1 ||
	    start_hashes(n, &o, e) == -1)
		return -1;
	n->first = n->at = o.list.value;
	n->end = o.list.end;
	if (read_members(n, &o, e) == -1 || end_hashes(n, e) == -1)
		return -1;
	nest_rewind(n);
	return 0;
}

int
nest_open(const struct nest_source *src, const struct nest_limits *l,
    struct nest **out, struct err *e)
{
	struct nest *n;

	*out = NULL;
	if ((n = calloc(1, sizeof(*n))) == NULL)
		return err_set(e, E_NOMEM, "out of memory");
	n->src = *src;
	n->limits = *l;
	buf_init(&n->member, l->member_size);
	if (open_source(n, e) == -1) {
		nest_free(n);
		return -1;
	}
	*out = n;
	return 0;
}

void
nest_free(struct nest *n)
{
	if (n == NULL)
		return;
	hash_drop(n->digest);
	hash_drop(n->part_hash);
	buf_release(&n->shell);
	buf_release(&n->part);
	buf_release(&n->member);
	free(n->data);
	free(n->blocks);
	free(n);
}

const struct msg *
nest_msg(const struct nest *n)
{
	return &n->msg;
}

size_t
nest_count(const struct nest *n)
{
	return n->facts.count;
}

int
nest_is_approval(const struct nest *n)
{
	return n->facts.count == 1 && n->facts.same_both == 1;
}

int
nest_way(const struct nest *n)
{
	return (n->facts.up > 0) - (n->facts.down > 0);
}

int
nest_check(const struct nest *n, unsigned layers, struct err *e)
{
	return nest_judge(&n->facts, layers, e);
}

int
nest_next(struct nest *n, struct slice *member, struct err *e)
{
	*member = SLICE_NONE;
	if (n->at == n->end)
		return 0;
	if (take(n, e) == -1)
		return -1;
	*member = buf_slice(&n->member);
	return 1;
}

void
nest_rewind(struct nest *n)
{
	n->at = n->first;
}
