/* General messages: RFC 9483 4.3 and 5.1.4.  Their contents: info.h. */
#include <stdio.h>
#include <string.h>

#include "op/info.h"

static int
genm_read(struct op_request *r, struct err *e)
{
	char text[OID_TEXT];
	struct slice oid;

	if (info_read(r->msg->content, &oid, &r->info_value, e) == -1)
		return -1;
	r->info = info_by_request(oid);
	if (r->info == NULL)
		return err_set(e, E_INFO_TYPE, "infoType is %s, which this CA "
		    "does not handle", oid_of(oid) != OID_UNKNOWN ?
		    oid_name(oid_of(oid)) : oid_text(text, oid));
	if (r->info->value == VALUE_ABSENT && r->info_value.p != NULL)
		return err_set(e, E_INFO_VALUE, "infoValue of %s is present, "
		    "expected none (%s)", oid_name(r->info->request),
		    r->info->section);
	if (r->info->value == VALUE_PRESENT && r->info_value.p == NULL)
		return err_set(e, E_INFO_VALUE, "infoValue of %s is missing "
		    "(%s)", oid_name(r->info->request), r->info->section);
	return 0;
}

/* Header, protection and certificates need room in the message as well. */
#define ROOM	((size_t)64 << 10)

/* InfoTypeAndValue around what has been written, and the SEQUENCE of it. */
static int
finish(struct draft *d, enum oid type, struct err *e)
{
	struct derw *w = &d->content;

	derw_oid(w, oid_bytes(type));
	derw_wrap(w, DER_SEQUENCE, 0);
	derw_wrap(w, DER_SEQUENCE, 0);
	if (derw_bad(w) || derw_mark(w) > d->max - ROOM)
		return err_set(e, E_INFO_SIZE, "what was asked for does not "
		    "fit into a message of %zu bytes; raise max-size in "
		    "[spool] of cmp.conf, here and where it is read", d->max);
	return 0;
}

/* What is worth writing is what the other side may read: more than usual only
 * where somebody has raised it. */
static void
make_room(struct draft *d, const struct conf *c)
{
	size_t max = (size_t)c->home.max_size;

	if (max > der_limits_genp.size)
		max = der_limits_genp.size;
	if (max > d->max)
		d->max = d->content.max = max;
}

static int
genm_answer(const struct op_ca *ca, const struct op_request *r,
    struct op_facts *facts, struct op_answer *a, struct err *e)
{
	struct derw *w = &a->draft.content;
	struct grant *g;

	if (policy_inform(&ca->policy, r->checked, &facts->policy, &g,
	    e) == -1)
		return -1;
	grant_free(g);
	a->draft.body = BODY_GENP;
	derw_reset(w);
	make_room(&a->draft, ca->policy.conf);
	if (r->info->answer(ca, r, facts, w, e) == -1)
		return -1;
	snprintf(a->note, sizeof(a->note), "%s: %s", r->info->name,
	    derw_mark(w) > 0 ? "told" : "there is nothing to tell");
	snprintf(a->effects.event, sizeof(a->effects.event), "informed");
	snprintf(a->effects.detail, sizeof(a->effects.detail), "%s", a->note);
	facts->txn->state = TXN_DONE;
	return finish(&a->draft, r->info->response, e);
}

static int
genm_build(const struct op_build *b, struct draft *d, struct err *e)
{
	const struct info *kind = b->info->kind;

	derw_reset(&d->content);
	if (kind->build != NULL && kind->build(b->info, &d->content, e) == -1)
		return -1;
	return finish(d, kind->request, e);
}

static int
genm_accept(const struct checked *c, const struct op_device *d,
    struct op_result *res, struct err *e)
{
	struct info_reply a = { .checked = c, .device = d };
	const struct info *kind;
	char text[OID_TEXT];
	struct slice oid;

	/* What was asked is kept as it was sent. */
	if (info_read(buf_slice(&d->txn->subject), &oid, &a.asked, e) == -1 ||
	    (kind = info_by_request(oid)) == NULL)
		return err_set(e, E_INTERNAL, "the request of this transaction "
		    "cannot be read");
	if (info_read(checked_msg(c)->content, &oid, &a.value, e) == -1)
		return -1;
	if (oid_of(oid) != kind->response)
		return err_set(e, E_ANSWER_INFO, "infoType is %s, expected %s",
		    oid_of(oid) != OID_UNKNOWN ? oid_name(oid_of(oid)) :
		    oid_text(text, oid), oid_name(kind->response));
	res->done = 1;
	if (a.value.p != NULL)
		return kind->accept(&a, res, e);
	snprintf(res->note, sizeof(res->note), "%s", kind->nothing);
	return 0;
}

const struct op op_genm = {
	.name = "genm",
	.request = BODY_GENM,
	.response = BODY_GENP,
	.section = "RFC 9483 4.3",
	.flags = OP_STARTS,
	.read = genm_read,
	.answer = genm_answer,
	.build = genm_build,
	.accept = genm_accept,
};
