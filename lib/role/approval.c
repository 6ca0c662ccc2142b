#include "role/approval.h"

#include <stdio.h>
#include <string.h>

#include "msg/nest.h"
#include "pki/name.h"

void
approval_init(struct approvals *a)
{
	memset(a, 0, sizeof(*a));
	buf_init(&a->keep, 1 << 18);
}

void
approval_release(struct approvals *a)
{
	buf_release(&a->keep);
}

unsigned
approval_layers(const struct conf *c)
{
	size_t n = 1;

	for (size_t i = 0; i < c->enrol.n; i++)
		if (c->enrol.v[i].approvals.of.n > n)
			n = c->enrol.v[i].approvals.of.n;
	return (unsigned)(n < POLICY_APPROVALS ? n : POLICY_APPROVALS);
}

/* Is it an approval, of no more layers than may be there? */
static int
check_shape(struct slice der, unsigned max, struct err *e)
{
	struct nest_source src = nest_source_slice(&der);
	struct nest *n;
	int rc;

	if (nest_open(&src, &nest_limits_default, &n, e) == -1)
		return -1;
	rc = nest_check(n, max, e);
	if (rc == 0 && !nest_is_approval(n))
		rc = err_set(e, E_NESTED, "a bundle of %zu messages, "
		    "expected an approval of one", nest_count(n));
	nest_free(n);
	return rc;
}

/* The one message in ${m}. */
static int
unwrap(const struct msg *m, struct slice *inner, struct err *e)
{
	if (m->body != BODY_NESTED ||
	    der_only(m->content, DER_SEQUENCE, inner) == -1)
		return err_set(e, E_SYNTAX, "nested message is malformed");
	return 0;
}

/* Whose signature is it?  It has to be that of an RA in force. */
static int
check_ra(struct engine *en, const struct checked *c, int64_t now,
    struct policy_ra *out, struct err *e)
{
	struct sender s;
	int rc;

	sender_init(&s);
	rc = sender_find(en, c, now, &s, e) == -1 ||
	    sender_in_force(&s, e) == -1 ||
	    authz_check(BODY_NESTED, s.kind, AUTHZ_NOTHING, e) == -1 ? -1 : 0;
	if (rc == 0)
		*out = s.ra;
	sender_release(&s);
	return rc;
}

/* What the store is to keep of it: names for people, the bytes for us. */
static int
keep(struct approvals *a, const struct msg *m, struct err *e)
{
	const struct policy_ra *ra = &a->by[a->n];
	size_t at = a->keep.n;

	for (size_t i = 0; i < ra->n; i++)
		buf_printf(&a->keep, "%s%s", i > 0 ? " " : "",
		    ra->rules[i]->name);
	buf_add_u8(&a->keep, 0);
	if (buf_bad(&a->keep))
		return err_set(e, E_NOMEM, "out of memory");
	a->row[a->n] = (struct txn_approval){ .message = m->der,
	    .key = SLICE(ra->key, sizeof(ra->key)),
	    .signer = m->hdr.sender_name };
	a->text_at[a->n] = at;
	return 0;
}

static int
take(struct engine *en, const struct msg *m, struct approvals *a,
    struct err *e)
{
	const struct conf_channel *by = en->by;
	struct verify_ask ask = { .anchors = en->trust.anchors,
	    .n_anchors = en->trust.n_anchors, .now = en->now,
	    .time_past = by->time_past, .time_future = by->time_future };
	struct checked *c;
	int rc;

	if (verify_msg(m, &ask, &c, e) == -1)
		return -1;
	rc = check_ra(en, c, en->now, &a->by[a->n], e) == -1 ||
	    keep(a, m, e) == -1 ? -1 : 0;
	checked_free(c);
	if (rc == 0)
		a->n++;
	return rc;
}

int
approval_open(struct engine *en, struct slice der, const struct msg *m,
    struct approvals *a, struct slice *inner, struct err *e)
{
	struct msg at = *m;

	*inner = der;
	if (m->body != BODY_NESTED)
		return 0;
	a->outer = *m;
	if (verify_is_mac(m))
		return authz_check(BODY_NESTED, AUTHZ_MAC, AUTHZ_NOTHING, e);
	if (verify_header(m, e) == -1 ||
	    check_shape(der, approval_layers(en->conf), e) == -1)
		return -1;
	while (at.body == BODY_NESTED) {
		if (a->n == POLICY_APPROVALS)
			return err_set(e, E_NEST_DEPTH, "too many approvals");
		if (take(en, &at, a, e) == -1 || unwrap(&at, inner, e) == -1 ||
		    msg_decode(*inner, &at, e) == -1)
			return -1;
	}
	for (size_t i = 0; i < a->n; i++)
		a->row[i].rules = (const char *)a->keep.p + a->text_at[i];
	return 0;
}

int
approval_vouch(struct approvals *a, const struct msg *m,
    const struct verify_ask *ask, struct checked **out, struct err *e)
{
	struct slice known = ask->known, der = SLICE_NONE;
	struct verify_ask own = *ask;
	struct err why = { 0 };

	if (m->n_extra > 0)
		der = m->extra[0];
	else if (der_get_tlv(&known, DER_SEQUENCE, &der) == -1)
		return -1;
	if (cert_parse(der, &a->unknown, &why) == -1)
		return -1;
	a->vouched.cert = &a->unknown;
	own.anchors = &a->vouched;
	own.n_anchors = 1;
	if (verify_msg(m, &own, out, &why) == -1)
		return -1;
	if (checked_path(*out)->n == 0) {
		memset(e, 0, sizeof(*e));
		return 0;
	}
	checked_free(*out);
	*out = NULL;
	return -1;
}

struct loading {
	struct engine		*en;
	const struct msg	*held;
	struct approvals	*a;
};

/* Is the message that ${m} is around that which is held? */
static int
same_request(const struct msg *m, const struct msg *held)
{
	struct err ignored = { 0 };
	uint8_t a[32], b[32];
	struct msg at = *m;
	struct slice inner;

	while (at.body == BODY_NESTED)
		if (unwrap(&at, &inner, &ignored) == -1 ||
		    msg_decode(inner, &at, &ignored) == -1)
			return 0;
	msg_digest(&at, a);
	msg_digest(held, b);
	return memcmp(a, b, sizeof(a)) == 0;
}

/* Whoever is not an RA any more, or revoked since, has not approved. */
static int
load_one(void *arg, const struct store_approval *row)
{
	struct loading *l = arg;
	struct approvals *a = l->a;
	struct verify_ask ask = { .anchors = l->en->trust.anchors,
	    .n_anchors = l->en->trust.n_anchors, .now = l->en->now };
	struct err ignored = { 0 };
	struct checked *c;
	struct msg m;

	if (a->n_earlier == POLICY_APPROVALS ||
	    msg_decode(row->message, &m, &ignored) == -1 ||
	    !same_request(&m, l->held) ||
	    verify_msg(&m, &ask, &c, &ignored) == -1)
		return 0;
	if (check_ra(l->en, c, l->en->now, &a->earlier[a->n_earlier],
	    &ignored) == 0)
		a->n_earlier++;
	checked_free(c);
	return 0;
}

int
approval_load(struct engine *en, int64_t txn, const struct msg *held,
    struct approvals *a, struct err *e)
{
	struct loading l = { en, held, a };

	a->n_earlier = 0;
	return store_approvals(en->store, txn, load_one, &l, e);
}
