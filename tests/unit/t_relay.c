/* What becomes of a message on its way: RFC 9483 5.2.1, 5.2.2.1, 5.2.3. */
#include "tap.h"
#include "t_engine_relay.h"

#include "role/relay.h"

static struct anchor anchors[2];
static struct signer signer;
static struct certs none;

/* ${der} as an RA has it before it goes up. */
struct taken_in {
	struct msg	 m;
	struct checked	*checked;
	struct op_request request;
	struct relay_ask ask;
};

static void
take_in(struct taken_in *t, struct slice der, const struct conf_rule *rule)
{
	struct verify_ask ask = { .anchors = anchors, .n_anchors = 2,
	    .now = the_time };
	struct err e = { 0 };

	memset(t, 0, sizeof(*t));
	if (msg_decode(der, &t->m, &e) == -1 ||
	    verify_msg(&t->m, &ask, &t->checked, &e) == -1)
		die("take in", &e);
	buf_init(&t->request.spki, 1 << 16);
	t->request.checked = t->checked;
	t->request.msg = &t->m;
	t->ask = (struct relay_ask){ .rule = rule, .op = op_by_request(
	    t->m.body), .first = t->m.body, .request = &t->request,
	    .der = der, .whole = der, .signer = &signer, .now = the_time };
	if (t->ask.op->read(&t->request, &e) == -1)
		die("read", &e);
}

static void
let_go(struct taken_in *t)
{
	checked_free(t->checked);
	buf_release(&t->request.spki);
}

/* What goes up; verified against the RA. */
static struct slice
sent(struct taken_in *t, enum conf_mode mode, struct msg *m)
{
	struct anchor own = { .cert = &lra.cert };
	struct verify_ask ask = { .anchors = &own, .n_anchors = 1,
	    .now = the_time };
	struct buf *b = new_buf();
	struct checked *c = NULL;
	struct err e = { 0 };

	if (relay_up(&t->ask, mode, b, &e) == -1 ||
	    msg_decode(buf_slice(b), m, &e) == -1)
		die("up", &e);
	if (mode != FORWARD_KEEP) {
		ok(verify_msg(m, &ask, &c, &e) == 0, "%s: what goes up is "
		    "signed by us", conf_mode_word(mode));
		checked_free(c);
	}
	return buf_slice(b);
}

static int
same_ids(const struct msg *a, const struct msg *b)
{
	return slice_eq(a->hdr.transaction_id, b->hdr.transaction_id) &&
	    slice_eq(a->hdr.sender_nonce, b->hdr.sender_nonce) &&
	    slice_eq(a->hdr.recip_nonce, b->hdr.recip_nonce);
}

/* --- which way */

static enum conf_mode
way(enum conf_mode mode, enum body first, enum body body)
{
	struct conf_rule rule = { .name = (char []){ "x" }, .mode = mode };
	struct op_request request = { 0 };
	struct taken_in t;
	struct ask a = asked(&dev, BODY_IR, NULL);
	enum conf_mode got = FORWARD_REFUSE;
	struct err e = { 0 };

	take_in(&t, make(&a), &rule);
	request.checked = t.checked;
	t.ask.request = &request;
	t.ask.op = op_by_request(body);
	t.ask.first = first;
	if (relay_mode(&t.ask, &got, &e) == -1)
		die("mode", &e);
	let_go(&t);
	drop(&a);
	return got;
}

static void
test_mode(void)
{
	static const struct {
		enum body first, body;
		enum conf_mode is[4];	/* keep add replace raverified */
	} want[] = {
#define K FORWARD_KEEP
#define A FORWARD_ADD
#define R FORWARD_REPLACE
#define V FORWARD_RAVERIFIED
		{ BODY_IR, BODY_IR, { K, A, R, V } },
		{ BODY_CR, BODY_CR, { K, A, R, V } },
		{ BODY_P10CR, BODY_P10CR, { K, A, R, R } },
		{ BODY_GENM, BODY_GENM, { K, A, R, R } },
		{ BODY_KUR, BODY_KUR, { K, A, A, A } },
		{ BODY_RR, BODY_RR, { K, A, A, A } },
		{ BODY_IR, BODY_CERTCONF, { K, A, R, R } },
		{ BODY_IR, BODY_POLLREQ, { K, A, R, R } },
		{ BODY_KUR, BODY_CERTCONF, { K, A, A, A } },
		{ BODY_KUR, BODY_POLLREQ, { K, A, A, A } },
		{ BODY_RR, BODY_POLLREQ, { K, A, A, A } },
	};
	static const enum conf_mode modes[] = { K, A, R, V };

	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++)
		for (int k = 0; k < 4; k++)
			ok(way(modes[k], want[i].first, want[i].body) ==
			    want[i].is[k], "forward = %s: %s in a transaction "
			    "of %s goes up with %s", conf_mode_word(modes[k]),
			    msg_body_name(want[i].body),
			    msg_body_name(want[i].first),
			    conf_mode_word(want[i].is[k]));
}

/* --- up */

static void
test_up(void)
{
	struct conf_rule rule = { .name = (char []){ "x" } };
	struct ask a = asked(&dev, BODY_IR, "explicit");
	struct slice v[2], up, der;
	struct taken_in t;
	struct msg m;

	a.san = "dns:p.example";
	der = make(&a);
	take_in(&t, der, &rule);
	ok(slice_eq(sent(&t, FORWARD_KEEP, &m), der), "keep: not a bit is "
	    "changed");
	up = sent(&t, FORWARD_ADD, &m);
	ok(m.body == BODY_NESTED && members(up, v, 2) == 1 &&
	    slice_eq(v[0], der), "add: the request is in an approval bit for "
	    "bit");
	ok(slice_eq(m.hdr.transaction_id, t.m.hdr.transaction_id) &&
	    slice_eq(m.hdr.sender_nonce, t.m.hdr.sender_nonce) &&
	    m.hdr.recip_nonce.p == NULL, "add: with its transactionID and "
	    "senderNonce");
	(void)sent(&t, FORWARD_REPLACE, &m);
	ok(slice_eq(m.content, t.m.content) && m.body == t.m.body &&
	    same_ids(&m, &t.m) && slice_eq(m.hdr.general_info,
	    t.m.hdr.general_info), "replace: transactionID, nonces, "
	    "generalInfo and body stay");
	let_go(&t);
	drop(&a);
}

/* A pollReq, for the recipNonce. */
static void
test_recip_nonce(void)
{
	struct conf_rule rule = { .name = (char []){ "x" } };
	struct ask a = asked(&dev, BODY_IR, NULL);
	struct taken_in t;
	struct msg m;

	take_in(&t, next_message(BODY_POLLREQ, &a, fresh(16), SLICE_NONE),
	    &rule);
	(void)sent(&t, FORWARD_REPLACE, &m);
	ok(m.hdr.recip_nonce.n == 16 && same_ids(&m, &t.m), "replace: the "
	    "recipNonce of a pollReq stays");
	let_go(&t);
	drop(&a);
}

static void
test_orig(void)
{
	struct conf_rule rule = { .name = (char []){ "x" }, .orig = 1 };
	struct ask a = asked(&dev, BODY_IR, "explicit");
	struct slice der = make(&a), in, oid, value, one;
	struct taken_in t;
	struct msg m;
	int found = 0;

	take_in(&t, der, &rule);
	(void)sent(&t, FORWARD_REPLACE, &m);
	in = m.hdr.general_info;
	while (der_get(&in, DER_SEQUENCE, &one) == 0)
		if (der_get(&one, DER_OID, &oid) == 0 &&
		    oid_of(oid) == OID_IT_ORIG_PKI_MESSAGE)
			found += der_get(&one, DER_SEQUENCE, &value) == 0 &&
			    slice_eq(value, der);
	ok(found == 1, "orig: origPKIMessage has the message as it came");
	ok(slice_eq(m.hdr.cert_profile, t.m.hdr.cert_profile), "orig: beside "
	    "what was in generalInfo");
	let_go(&t);
	drop(&a);
}

/* --- raVerified */

static int
has_san(struct slice exts, const char *text)
{
	struct slice ext, oid, value, in;
	struct buf want;
	struct err e = { 0 };
	int n = 0;

	buf_init(&want, 4096);
	san_parse(text, &want, &e);
	while (der_get(&exts, DER_SEQUENCE, &ext) == 0) {
		if (der_get(&ext, DER_OID, &oid) == -1 || oid_of(oid) != OID_SAN)
			continue;
		der_opt(&ext, DER_BOOLEAN, &value);
		if (der_get(&ext, DER_OCTET_STRING, &value) == 0 &&
		    der_only(value, DER_SEQUENCE, &in) == 0)
			n += memmem(in.p, in.n, want.p, want.n) != NULL;
	}
	buf_release(&want);
	return n == 1;
}

static void
test_template(void)
{
	char *add[] = { (char []){ "dns:gate.example" } };
	struct conf_rule rule = { .name = (char []){ "x" },
	    .add_subject = (char []){ "OU=Plant 7" },
	    .add_san = { .v = add, .n = 1 } }, plain = { .name = rule.name };
	struct ask a = asked(&dev, BODY_IR, NULL);
	struct err e = { 0 };
	struct cert_req was, r;
	struct slice text;
	struct taken_in t;
	struct msg m;
	struct buf spki;
	size_t n;

	a.san = "dns:p.example";
	a.not_after = the_time + 30 * DAY;
	a.ku = KU_DIGITAL_SIGNATURE;
	take_in(&t, make(&a), &rule);
	was = t.request.cert_req;
	(void)sent(&t, FORWARD_RAVERIFIED, &m);
	ok(same_ids(&m, &t.m) && crmf_requests(m.content, &r, &n, &e) == 0 &&
	    n == 1 && r.popo == POPO_RA_VERIFIED && r.popo_sig.n == 0,
	    "raverified: popo is raVerified, transactionID and nonces stay");
	buf_init(&spki, 1 << 16);
	ok(crmf_spki(&r.tmpl, &spki, &e) == 0 && slice_eq(buf_slice(&spki),
	    buf_slice(&t.request.spki)) && r.cert_req_id == was.cert_req_id &&
	    r.tmpl.not_after == was.tmpl.not_after && r.tmpl.has_not_after &&
	    !r.tmpl.has_not_before, "raverified: key, certReqId and validity "
	    "are those that were asked for");
	buf_release(&spki);
	ok(!name_eq(r.tmpl.subject, was.tmpl.subject) && name_attribute(
	    r.tmpl.subject, OID_OU, &text) == 1 &&
	    slice_eq(text, SLICE_LIT("Plant 7")) && name_attribute(
	    r.tmpl.subject, OID_CN, &text) == 1, "raverified: add-subject is "
	    "added to the name");
	ok(has_san(r.tmpl.extensions, "dns:p.example") && has_san(
	    r.tmpl.extensions, "dns:gate.example"), "raverified: add-san is "
	    "added to the names that were there");
	ok(r.tmpl.extensions.n > was.tmpl.extensions.n, "raverified: other "
	    "extensions stay");
	t.ask.rule = &plain;
	(void)sent(&t, FORWARD_RAVERIFIED, &m);
	ok(crmf_requests(m.content, &r, &n, &e) == 0 && slice_eq(
	    r.tmpl.subject, was.tmpl.subject) && has_san(r.tmpl.extensions,
	    "dns:p.example"), "raverified: without additions the names are "
	    "those that were asked for");
	let_go(&t);
	drop(&a);
}

static enum err_code
checked_as(const struct conf_rule *rule, const struct cert_req *q,
    struct slice spki, struct slice content)
{
	struct err e = { 0 };

	return relay_template_check(rule, q, spki, content, &e) == 0 ? E_NONE :
	    e.code;
}

/* What is signed with raVerified is read again before. */
static void
test_template_check(void)
{
	char *add[] = { (char []){ "dns:gate.example" } };
	struct conf_rule plain = { .name = (char []){ "x" } }, named = plain,
	    rule;
	struct ask a = asked(&dev, BODY_IR, NULL);
	struct buf *more = new_buf(), *key = new_buf();
	struct cert_req q, other;
	struct slice spki;
	struct taken_in t;
	struct msg m;

	named.add_subject = (char []){ "OU=Plant 7" };
	rule = named;
	rule.add_san.v = add;
	rule.add_san.n = 1;
	a.san = "dns:p.example";
	a.ku = KU_DIGITAL_SIGNATURE;
	take_in(&t, make(&a), &rule);
	q = other = t.request.cert_req;
	spki = buf_slice(&t.request.spki);
	(void)sent(&t, FORWARD_RAVERIFIED, &m);
	ok(checked_as(&rule, &q, spki, m.content) == E_NONE, "raverified: what "
	    "was written is what was meant");
	ok(checked_as(&plain, &q, spki, m.content) == E_TMPL_SUBJECT,
	    "raverified: another subject is not signed");
	ok(checked_as(&named, &q, spki, m.content) == E_TMPL_SAN,
	    "raverified: nor a name too many");
	buf_add_slice(more, q.tmpl.extensions);
	buf_add_slice(more, SLICE_LIT("\x30\x09\x06\x03\x55\x1d\x63\x04\x02"
	    "\x05\x00"));
	other.tmpl.extensions = buf_slice(more);
	ok(checked_as(&rule, &other, spki, m.content) == E_TMPL_EXT,
	    "raverified: nor other extensions");
	buf_add_slice(key, spki);
	key->p[key->n - 1] ^= 1;
	ok(checked_as(&rule, &q, buf_slice(key), m.content) == E_TMPL_KEY,
	    "raverified: nor another key");
	ok(checked_as(&rule, &q, spki, t.m.content) == E_INTERNAL,
	    "raverified: nor another proof of possession");
	let_go(&t);
	drop(&a);
}

/* The template of ${q} for upstream with the extensions ${exts}. */
static enum err_code
template_of(const struct cert_req *q, struct slice spki, struct slice exts,
    struct slice *san)
{
	struct conf_rule rule = { .name = (char []){ "x" } };
	struct cert_req bent = *q, r;
	struct err e = { 0 };
	struct derw w;
	size_t n;

	*san = SLICE_NONE;
	bent.tmpl.extensions = exts;
	derw_init(&w, 1 << 20);
	if (relay_template(&rule, &bent, spki, &w, &e) == 0 &&
	    crmf_requests(derw_slice(&w), &r, &n, &e) == 0)
		*san = policy_asked_san(r.tmpl.extensions);
	derw_release(&w);
	return e.code;
}

static void
test_template_extensions(void)
{
	/* Extensions of an id that holds another, complete SAN. */
	static const char hidden[] = "\x30\x1b\x06\x15\x06\x03\x55\x1d\x11"
	    "\x04\x0e\x30\x0c\x82\x0a""boss.other\x04\x02\x05\x00";
	struct ask a = asked(&dev, BODY_IR, NULL);
	struct buf *big = new_buf(), *twice = new_buf();
	struct slice san, spki;
	struct taken_in t;
	struct cert_req q;
	struct derw w;

	a.san = "dns:p.example";
	take_in(&t, make(&a), NULL);
	q = t.request.cert_req;
	spki = buf_slice(&t.request.spki);
	derw_init(&w, 1 << 20);
	for (int i = 0; i < 70000; i++)
		buf_add_u8(big, 0);
	derw_prim(&w, DER_OCTET_STRING, buf_slice(big));
	derw_oid(&w, SLICE_LIT("\x55\x1d\x63"));
	derw_wrap(&w, DER_SEQUENCE, 0);
	buf_add_slice(twice, q.tmpl.extensions);
	buf_add_slice(twice, derw_slice(&w));
	ok(template_of(&q, spki, buf_slice(twice), &san) == E_TOO_LARGE,
	    "raverified: extensions that are too long are refused, not left "
	    "out");
	buf_reset(twice);
	buf_add_slice(twice, q.tmpl.extensions);
	buf_add_slice(twice, q.tmpl.extensions);
	ok(template_of(&q, spki, buf_slice(twice), &san) == E_TMPL_SAN,
	    "raverified: two subjectAltNames are refused");
	ok(template_of(&q, spki, SLICE(q.tmpl.extensions.p,
	    q.tmpl.extensions.n - 1), &san) == E_TMPL_EXT, "raverified: so are "
	    "extensions that end early");
	(void)template_of(&q, spki, SLICE_LIT(hidden), &san);
	ok(san.n == 0, "raverified: a name that hides in the id of an "
	    "extension is none");
	derw_release(&w);
	let_go(&t);
	drop(&a);
}

/* --- down */

static void
test_down(void)
{
	struct conf_rule keep = { .name = (char []){ "x" } }, replace = keep;
	struct ask a = asked(&dev, BODY_IR, NULL);
	struct anchor own = { .cert = &lra.cert };
	struct verify_ask ask = { .anchors = &own, .n_anchors = 1,
	    .now = the_time, .answers = 1 };
	struct slice ip = upstream(make(&a));
	struct err e = { 0 };
	struct buf *b = new_buf(), *c = new_buf();
	struct checked *checked = NULL;
	struct msg m, d;

	replace.down_replace = 1;
	if (msg_decode(ip, &m, &e) == -1)
		die("ip", &e);
	ok(relay_down(&keep, &m, m.hdr.recipient, NULL, &signer, b, &e) == 0 &&
	    slice_eq(buf_slice(b), ip), "down = keep: not a bit is changed");
	ok(relay_down(&replace, &m, m.hdr.recipient, NULL, &signer, c, &e) ==
	    0 && msg_decode(buf_slice(c), &d, &e) == 0 && verify_msg(&d, &ask,
	    &checked, &e) == 0 && same_ids(&d, &m) && slice_eq(d.content,
	    m.content) && d.hdr.implicit_confirm == m.hdr.implicit_confirm,
	    "down = replace: our signature, and the rest as it was");
	ok(d.n_extra > 1, "down = replace: upstream's certificates come with "
	    "it");
	checked_free(checked);
	drop(&a);
}

int
main(void)
{
	setup_relay();
	ra_conf("", FORWARD("forward = keep"));
	anchors[0].cert = &maker.cert;
	anchors[1].cert = &ca.cert;
	signer = (struct signer){ .key = lra.key, .cert = &lra.cert,
	    .chain = &none };
	test_mode();
	test_up();
	test_recip_nonce();
	test_orig();
	test_template();
	test_template_check();
	test_template_extensions();
	test_down();
	teardown_relay();
	return done();
}
