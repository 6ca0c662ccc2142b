/*
 * nest: what is read in pieces is what is read as a whole, member by member,
 * with the same digest; and what is not read as a whole for a reason outside
 * of the members is not read in pieces either.
 */
#include <string.h>

#include "msg/body.h"
#include "msg/nest.h"
#include "tests/fuzz/fuzz.h"

static const struct nest_limits limits = { 1 << 20, 500, 65536 };

/* One after another the members are a part of ${in}, and again. */
static void
take_all(struct nest *n, struct slice in)
{
	struct slice member, inner;
	struct err e = { 0 };
	struct buf all;
	size_t count = 0;

	buf_init(&all, in.n);
	while (nest_next(n, &member, &e) == 1) {
		must(member.n > 0 && member.n <= limits.member_size);
		buf_add_slice(&all, member);
		count++;
		if (nest_layers(member, 4, &inner, &e) >= 0)
			must(inner.n <= member.n);
		e = (struct err){ 0 };
	}
	must(e.code == E_NONE && count == nest_count(n) && count > 0);
	must(!buf_bad(&all) && memmem(in.p, in.n, all.p, all.n) != NULL);
	buf_release(&all);
	nest_rewind(n);
	must(nest_next(n, &member, &e) == 1);
}

static void
compare(const struct nest *n, const struct msg *m)
{
	const struct msg *p = nest_msg(n);
	uint8_t a[32], b[32];

	msg_digest(m, a);
	msg_digest(p, b);
	must(memcmp(a, b, 32) == 0);
	must(slice_eq(p->hdr.sender, m->hdr.sender));
	must(slice_eq(p->hdr.transaction_id, m->hdr.transaction_id));
	must(slice_eq(p->protection, m->protection));
	must(p->n_extra == m->n_extra && p->has_protection ==
	    m->has_protection);
	must(p->content.p == NULL && p->body == BODY_NESTED);
}

/* As one would be told. */
static void
judge(const struct nest *n)
{
	struct err e = { 0 }, f = { 0 };

	if (nest_check(n, 0, &e) == 0) {
		must(!nest_is_approval(n) && nest_check(n, 9, &f) == 0);
		return;
	}
	must(e.code == E_NESTED || e.code == E_NEST_DEPTH);
	must(e.detail[0] != '\0');
	if (nest_check(n, 1, &f) == 0)
		must(e.code == E_NEST_DEPTH);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct slice in = SLICE(p, n), inner;
	struct nest_source src = nest_source_slice(&in);
	struct err e = { 0 }, f = { 0 };
	struct nest *nest;
	struct msg m;
	int whole = msg_decode(in, &m, &f) == 0 && m.body == BODY_NESTED &&
	    body_check(&m, &f) == 0;

	(void)nest_looks(in);
	(void)nest_layers(in, 3, &inner, &f);
	if (nest_open(&src, &limits, &nest, &e) == -1) {
		must(nest == NULL && e.code != E_NONE && e.detail[0] != '\0');
		must(!whole || e.code == E_NEST_COUNT ||
		    e.code == E_FILE_SIZE);
		return 0;
	}
	must(nest_looks(in));
	if (whole)
		compare(nest, &m);
	take_all(nest, in);
	judge(nest);
	nest_free(nest);
	return 0;
}
