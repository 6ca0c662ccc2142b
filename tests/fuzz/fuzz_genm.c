/*
 * genm: the content of a general message, from both sides and behind its
 * protection, which is good here.  At the CA it is read and answered, and the
 * answer is well formed; at a device that asked for each kind of information
 * it is taken or not, and what is to be installed has a decent name.
 */
#include "asn/schema.h"
#include "msg/view.h"
#include "op/info.h"
#include "prot/protect.h"
#include "tests/fuzz/known.h"
#include "tests/fuzz/text.h"
#include "tests/unit/t_crl_file.h"

static struct cert sender;
static struct buf sender_der, crl_bytes, asked[8];
static struct conf *conf;
static struct crl *crl;
static struct certs ca = { .v = &known_anchor, .n = 1 };
static struct info_env env = { .ca = &ca, .chain = &ca, .further = &ca,
    .old = &ca, .new_with_new = &ca, .new_with_old = &ca,
    .old_with_new = &ca };

static int
no_entry(void *ctx, struct crl_entry *out, struct err *e)
{
	(void)ctx, (void)out, (void)e;
	return 0;
}

/* What a device asked: the content of its genm, for each kind. */
static void
ask_all(void)
{
	const struct info *kind;
	struct info_words words = { .root = known_anchor.der,
	    .issuer = known_anchor.subject, .has_have = 1,
	    .have = KNOWN_NOW - 86400 };
	struct op_build b = { .info = &words };
	struct err e = { 0 };
	struct draft d;

	for (size_t i = 0; (kind = info_at(i)) != NULL; i++) {
		must(i < 7);
		draft_init(&d);
		words.kind = kind;
		must(op_genm.build(&b, &d, &e) == 0);
		buf_init(&asked[i], 1 << 16);
		buf_add_slice(&asked[i], derw_slice(&d.content));
		draft_release(&d);
	}
}

static void
setup(void)
{
	static const char text[] = "role = ca\n[profile default]\n"
	    "[enrol devices]\nanchor = trust/ca.pem\n"
	    "subject = CN=*,O=Example\nsan = dns:*.example\n";
	struct crl_new n = { .number = 7, .this_update = KNOWN_NOW - 3600,
	    .next_update = KNOWN_NOW + 86400, .rewind = crl_again,
	    .next = no_entry };
	struct err e = { 0 };

	known_setup();
	known_cert("CN=CMP,O=Example", known_anchor.subject, 0, SLICE_NONE,
	    &sender_der);
	must(cert_open(buf_slice(&sender_der), &sender, &e) == 0);
	must(conf_parse(SLICE_LIT(text), "cmp.conf", &conf, &e) == 0);
	n.issuer = known_anchor.subject;
	n.aki = known_anchor.ski;
	buf_init(&crl_bytes, 1 << 16);
	must(crl_into(&n, known_key, &known_alg, &crl_bytes, &e) == 0);
	must(crl_open(buf_slice(&crl_bytes), &crl, &e) == 0);
	env.crl = crl;
	ask_all();
}

/* ${content} in a message that is signed and verified. */
static struct checked *
seal(enum body body, struct slice content, struct buf *out, struct msg *m)
{
	static const struct anchor anchor = { .cert = &known_anchor };
	const struct verify_ask ask = { .anchors = &anchor, .n_anchors = 1,
	    .now = KNOWN_NOW, .answers = 1 };
	const struct signer s = { .key = known_key, .cert = &sender };
	struct checked *c = NULL;
	struct err e = { 0 };
	struct draft d;

	draft_init(&d);
	d.has_time = 1;
	d.message_time = KNOWN_NOW;
	d.transaction_id = d.sender_nonce = d.recip_nonce =
	    SLICE_LIT("0123456789abcdef");
	d.body = body;
	derw_raw(&d.content, content);
	must(protect_sign(&d, &s, SLICE_NONE, out, &e) == 0);
	draft_release(&d);
	if (msg_decode(buf_slice(out), m, &e) == -1)
		return NULL;
	must(verify_msg(m, &ask, &c, &e) == 0);
	return c;
}

/* The infoValue that the CA gives to this request. */
static void
answer(const struct op_ca *op_ca, const struct op_request *r)
{
	struct op_facts facts = { .policy = { .sender = AUTHZ_DEVICE } };
	struct info_template t;
	struct err e = { 0 };
	struct derw w;
	struct txn txn;

	txn_init(&txn);
	facts.txn = &txn;
	derw_init(&w, 1 << 20);
	if (r->info->answer(op_ca, r, &facts, &w, &e) == -1) {
		must(e.code != E_NONE && e.code != E_INTERNAL);
		must(is_clean(slice_str(e.detail)));
	} else if (derw_mark(&w) > 0) {
		must(!derw_bad(&w));
		must(der_walk(derw_slice(&w), &der_limits_message, 0, &e) ==
		    0);
		must(view_info_check(r->info->response, derw_slice(&w), &e) ==
		    0);
		if (r->info->response == OID_IT_CERT_REQ_TEMPLATE)
			must(info_template_read(derw_slice(&w), &t, &e) == 0);
	}
	derw_release(&w);
	txn_release(&txn);
}

static void
at_ca(struct slice content)
{
	static const struct cert *const anchors[] = { &known_anchor };
	struct policy_rule rule = { .conf = conf->enrol.v, .anchors = anchors,
	    .n_anchors = 1 };
	struct op_ca op_ca = { .policy = { .conf = conf, .rules = &rule,
	    .n_rules = 1, .issuer = &known_anchor, .now = KNOWN_NOW },
	    .key = known_key, .alg = known_alg, .info = &env };
	struct op_request r = { .msg = NULL };
	struct checked *c;
	struct err e = { 0 };
	struct buf der;
	struct msg m;

	buf_init(&der, 2 << 20);
	c = seal(BODY_GENM, content, &der, &m);
	r.checked = c;
	r.msg = &m;
	if (c != NULL) {
		if (op_genm.read(&r, &e) == 0) {
			must(r.info != NULL);
			answer(&op_ca, &r);
		} else {
			must(e.code != E_NONE && is_clean(slice_str(e.detail)));
		}
	}
	checked_free(c);
	buf_release(&der);
}

/* What is to be installed: names, and content that can be read again. */
static void
files(const struct op_result *res)
{
	struct certs certs;
	struct err e = { 0 };
	struct crl *got = NULL;

	must(res->n_files <= OP_FILES);
	for (size_t i = 0; i < res->n_files; i++) {
		const struct op_file *f = &res->files[i];
		const char *dot = strrchr(f->name, '.');

		must(is_clean(slice_str(f->name)) && f->name[0] != '/');
		must(strstr(f->name, "..") == NULL && dot != NULL);
		must(strchr(f->name, '/') != NULL &&
		    strchr(f->name, '/')[1] != '.');
		must(!buf_bad(&f->content) && f->content.n > 0);
		if (strcmp(dot, ".json") == 0)
			must(json_valid(buf_slice(&f->content)));
		if (strcmp(dot, ".pem") == 0) {
			must(certs_import(buf_slice(&f->content), f->name,
			    &certs, &e) == 0 && certs.n > 0);
			certs_free(&certs);
		}
		must(f->is_crl == (strcmp(dot, ".crl") == 0));
		if (f->is_crl) {
			must(crl_open(buf_slice(&f->content), &got, &e) == 0);
			must(name_eq(crl_issuer(got), known_anchor.subject));
			crl_free(got);
		}
		if (strncmp(f->name, "template/", 9) == 0 &&
		    strcmp(dot, ".der") == 0)
			must(schema_agrees_type("CertReqTemplateContent",
			    buf_slice(&f->content), &e) == 0);
	}
}

static void
accept_as(const struct checked *c, struct slice question)
{
	static const struct anchor anchor = { .cert = &known_anchor };
	struct op_device d = { .anchors = &anchor, .n_anchors = 1,
	    .now = KNOWN_NOW };
	struct op_result res = { .n_files = 0 };
	struct err e = { 0 };
	struct txn txn;

	txn_init(&txn);
	buf_add_slice(&txn.subject, question);
	buf_add_str(&txn.key_file, "../pro\nfile");
	d.txn = &txn;
	draft_init(&res.draft);
	if (op_genm.accept(c, &d, &res, &e) == 0) {
		must(res.done && is_clean(slice_str(res.note)));
		files(&res);
	} else {
		must(e.code != E_NONE && e.code != E_INTERNAL);
		must(is_clean(slice_str(e.detail)));
	}
	for (size_t i = 0; i < res.n_files; i++)
		buf_release(&res.files[i].content);
	draft_release(&res.draft);
	txn_release(&txn);
}

static void
at_device(struct slice content)
{
	struct checked *c;
	struct buf der;
	struct msg m;

	buf_init(&der, 2 << 20);
	if ((c = seal(BODY_GENP, content, &der, &m)) != NULL)
		for (size_t i = 0; asked[i].n > 0; i++)
			accept_as(c, buf_slice(&asked[i]));
	checked_free(c);
	buf_release(&der);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct err e = { 0 };

	if (conf == NULL)
		setup();
	if (n > 1 << 18 || der_walk(SLICE(p, n), &der_limits_message, 3, &e) ==
	    -1)
		return 0;
	at_ca(SLICE(p, n));
	at_device(SLICE(p, n));
	return 0;
}
