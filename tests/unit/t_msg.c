/* msg, status, crmf, draft, print, lint: messages made here and read back. */
#include <string.h>

#include "asn/schema.h"
#include "msg/body.h"
#include "msg/crmf.h"
#include "msg/draft.h"
#include "msg/lint.h"
#include "msg/print.h"
#include "pki/cert.h"
#include "pki/key.h"
#include "pki/name.h"
#include "tests/unit/tap.h"

static const uint8_t id[16] = { 1, 2, 3 }, nonce[16] = { 4, 5, 6 },
    nonce2[16] = { 7, 8, 9 };
#define ID	SLICE(id, sizeof(id))
#define NONCE	SLICE(nonce, sizeof(nonce))
#define NONCE2	SLICE(nonce2, sizeof(nonce2))

static struct key *key;
static struct sigalg alg;
static struct buf device, cert, ca;
static struct cert view;
static struct err err;

/* A device with a certificate, and names to ask for. */
static void
setup(void)
{
	uint8_t serial[] = { 5 };
	struct tbs t = { .serial = SLICE(serial, 1), .ca = -1,
	    .path_len = -1, .not_before = 1700000000,
	    .not_after = 1900000000, .ku = KU_DIGITAL_SIGNATURE };

	buf_init(&device, 4096);
	buf_init(&cert, 4096);
	buf_init(&ca, 4096);
	name_parse("CN=pump17,O=Example", &device, &err);
	name_parse("CN=Plant CA,O=Example", &ca, &err);
	key_generate("ec:P-256", &key, &err);
	alg = alg_default(key_info(key));
	t.issuer = buf_slice(&ca);
	t.subject = buf_slice(&device);
	t.spki = key_spki(key);
	cert_sign(&t, key, &alg, &cert, &err);
	cert_parse(buf_slice(&cert), &view, &err);
}

static struct slice
alg_tlv(struct derw *w)
{
	derw_init(w, 4096);
	alg_write(w, &alg);
	return derw_slice(w);
}

/* A header that is as it should be. */
static void
draft_header(struct draft *d, struct derw *w)
{
	static uint8_t to[512];
	struct slice name = buf_slice(&ca);

	draft_init(d);
	to[0] = DER_CTX(4);
	to[1] = (uint8_t)name.n;
	memcpy(to + 2, name.p, name.n);
	d->sender = buf_slice(&device);
	d->recipient = SLICE(to, name.n + 2);
	d->has_time = 1;
	d->message_time = 1800000000;
	d->protection_alg = alg_tlv(w);
	d->sender_kid = view.ski;
	d->transaction_id = ID;
	d->sender_nonce = NONCE;
}

/* CertReqMessages with one request and its proof into ${w}. */
static void
write_request(struct derw *w)
{
	struct crmf_new n = { .subject = buf_slice(&device),
	    .spki = key_spki(key) };
	struct derw req;
	struct buf sig;

	derw_init(&req, 4096);
	buf_init(&sig, 4096);
	crmf_write_request(&req, &n);
	key_sign(key, &alg, derw_slice(&req), &sig, &err);
	derw_reset(w);
	derw_bits(w, DER_BIT_STRING, buf_slice(&sig));
	alg_write(w, &alg);
	derw_wrap(w, DER_CTX(1), 0);
	derw_raw(w, derw_slice(&req));
	derw_wrap(w, DER_SEQUENCE, 0);
	derw_wrap(w, DER_SEQUENCE, 0);
	derw_release(&req);
	buf_release(&sig);
}

/* Sign ${d} into ${out} with the device's certificate. */
static void
finish(const struct draft *d, struct derw *out)
{
	struct derw part;
	struct buf sig;
	size_t mark;

	derw_init(&part, 65536);
	derw_init(out, 65536);
	buf_init(&sig, 4096);
	draft_write(d, &part, &err);
	mark = derw_mark(&part);
	derw_raw(out, buf_slice(&cert));
	derw_wrap(out, DER_SEQUENCE, 0);
	derw_wrap(out, DER_CTX(1), 0);
	derw_wrap(&part, DER_SEQUENCE, 0);
	key_sign(key, &alg, derw_slice(&part), &sig, &err);
	if (d->protection_alg.n > 0) {
		size_t at = derw_mark(out);

		derw_bits(out, DER_BIT_STRING, buf_slice(&sig));
		derw_wrap(out, DER_CTX(0), at);
	}
	derw_raw(out, SLICE(part.p + part.cap - mark, mark));
	derw_wrap(out, DER_SEQUENCE, 0);
	derw_release(&part);
	buf_release(&sig);
}

struct tally {
	size_t	musts;
	int	codes[E__COUNT];
};

static void
count(void *arg, char level, enum err_code code, const char *section,
    const char *text)
{
	struct tally *t = arg;

	(void)section;
	(void)text;
	t->musts += level == 'M';
	t->codes[code] = level;
}

static struct tally
lint_of(const struct draft *d)
{
	struct tally t = { 0 };
	struct err e = { 0 };
	struct derw w;
	struct msg m;

	finish(d, &w);
	if (msg_decode(derw_slice(&w), &m, &e) == -1)
		printf("# %s: %s\n", err_name(e.code), e.detail);
	else
		lint_msg(&m, count, &t);
	derw_release(&w);
	return t;
}

/* What decoding the message of ${d} fails with. */
static enum err_code
code_of(const struct draft *d)
{
	struct err e = { 0 };
	struct derw w;
	struct msg m;

	finish(d, &w);
	if (msg_decode(derw_slice(&w), &m, &e) == 0)
		body_check(&m, &e);
	derw_release(&w);
	return e.code;
}

static void
test_roundtrip(void)
{
	struct err e = { 0 };
	struct draft d;
	struct derw aw, w;
	struct msg m;
	struct cert_req r;
	struct buf spki;
	size_t n;

	draft_header(&d, &aw);
	d.implicit_confirm = 1;
	d.cert_profile = SLICE_LIT("device");
	d.body = BODY_IR;
	write_request(&d.content);
	finish(&d, &w);

	ok(msg_decode(derw_slice(&w), &m, &e) == 0 && m.body == BODY_IR,
	    "msg: a draft decodes");
	ok(m.hdr.pvno == 2 && slice_eq(m.hdr.transaction_id, ID) &&
	    slice_eq(m.hdr.sender_nonce, NONCE) &&
	    m.hdr.recip_nonce.p == NULL && m.hdr.implicit_confirm &&
	    slice_eq(m.hdr.cert_profile, SLICE_LIT("device")) &&
	    !m.hdr.has_confirm_wait && m.hdr.has_time &&
	    m.hdr.message_time == 1800000000 &&
	    slice_eq(m.hdr.sender_name, buf_slice(&device)),
	    "msg: header fields come back as they were put in");
	ok(m.has_protection && m.n_extra == 1 &&
	    slice_eq(m.extra[0], buf_slice(&cert)),
	    "msg: protection and extraCerts come back");
	ok(m.header_tlv.p + m.header_tlv.n == m.body_tlv.p,
	    "msg: header and body are adjacent");
	ok(schema_agrees(derw_slice(&w), &e) == 0,
	    "msg: libtasn1 takes what a draft writes");

	ok(crmf_requests(m.content, &r, &n, &e) == 0 && n == 1 &&
	    r.popo == POPO_SIGNATURE && r.cert_req_id == 0 &&
	    slice_eq(r.tmpl.subject, buf_slice(&device)),
	    "crmf: a request comes back as it was put in");
	buf_init(&spki, 4096);
	ok(crmf_spki(&r.tmpl, &spki, &e) == 0 &&
	    slice_eq(buf_slice(&spki), key_spki(key)),
	    "crmf: the public key gets its own tag back");
	buf_release(&spki);
	derw_release(&w);
	derw_release(&aw);
	draft_release(&d);
}

static void
test_bodies(void)
{
	struct err e = { 0 };
	struct draft d;
	struct derw aw, w;
	struct msg m;
	struct cert_rep rep;
	struct cert_status cs;
	struct error_msg em;
	char t[256];
	size_t n;

	draft_header(&d, &aw);
	d.recip_nonce = NONCE2;
	draft_body_certificate(&d, BODY_IP, 0, STATUS_GRANTED_WITH_MODS,
	    "changed", buf_slice(&cert));
	finish(&d, &w);
	ok(msg_decode(derw_slice(&w), &m, &e) == 0 &&
	    crmf_response(m.content, &rep, &e) == 0 && rep.count == 1 &&
	    rep.first.status.status == 1 &&
	    slice_eq(rep.first.cert, buf_slice(&cert)) &&
	    schema_agrees(m.der, &e) == 0, "draft: ip with a certificate");
	derw_release(&w);

	draft_body_rejection(&d, BODY_IP, 0, "no", FAIL_BAD_POP);
	finish(&d, &w);
	ok(msg_decode(derw_slice(&w), &m, &e) == 0 &&
	    crmf_response(m.content, &rep, &e) == 0 &&
	    rep.first.status.status == STATUS_REJECTION &&
	    rep.first.status.fail == 1u << FAIL_BAD_POP &&
	    rep.first.cert.p == NULL && schema_agrees(m.der, &e) == 0,
	    "draft: ip with a rejection");
	ok(strcmp(status_fail_text(t, rep.first.status.fail), "badPOP") == 0,
	    "status: failInfo has a name");
	derw_release(&w);

	draft_body_certconf(&d, NONCE, 0, STATUS_ACCEPTED, NULL, FAIL_NONE);
	finish(&d, &w);
	ok(msg_decode(derw_slice(&w), &m, &e) == 0 &&
	    crmf_confirmation(m.content, &cs, &n, &e) == 0 && n == 1 &&
	    slice_eq(cs.cert_hash, NONCE) && cs.has_status &&
	    !cs.status.has_fail && schema_agrees(m.der, &e) == 0,
	    "draft: certConf");
	derw_release(&w);

	draft_body_error(&d, STATUS_REJECTION, "broken", FAIL_BAD_REQUEST);
	finish(&d, &w);
	ok(msg_decode(derw_slice(&w), &m, &e) == 0 &&
	    crmf_error(m.content, &em, &e) == 0 && em.status.has_fail &&
	    !em.has_code && schema_agrees(m.der, &e) == 0, "draft: error");
	derw_release(&w);

	draft_body_pkiconf(&d);
	finish(&d, &w);
	ok(msg_decode(derw_slice(&w), &m, &e) == 0 &&
	    m.body == BODY_PKICONF && schema_agrees(m.der, &e) == 0,
	    "draft: pkiConf");
	derw_release(&w);
	derw_release(&aw);
	draft_release(&d);
}

static void
test_refusals(void)
{
	static const uint8_t long_version[] = { 0x30, 0x11, 0x30, 0x0f, 0x30,
	    0x0d, 0x02, 0x01, 0x00, 0x30, 0x08, 0x80, 0x02, 0x00, 0x02, 0xa5,
	    0x02, 0x30, 0x00 };
	static const uint8_t loose_bits[] = { 0x30, 0x08, 0x30, 0x06, 0x02,
	    0x01, 0x02, 0x03, 0x01, 0x20 };
	static const uint8_t zeros[] = { 0x30, 0x0a, 0x30, 0x08, 0x02, 0x01,
	    0x02, 0x03, 0x03, 0x00, 0x20, 0x00 };
	static const uint8_t no_text[] = { 0x30, 0x07, 0x30, 0x05, 0x02, 0x01,
	    0x02, 0x30, 0x00 };
	static const uint8_t no_time[] = { 0x30, 0x0c, 0x30, 0x0a, 0x30, 0x08,
	    0x02, 0x01, 0x00, 0x30, 0x03, 0xa4, 0x01, 0x00 };
	struct draft d;
	struct derw aw;

	draft_header(&d, &aw);
	d.recip_nonce = NONCE2;
	d.body = BODY_IR;
	derw_raw(&d.content, SLICE(long_version, sizeof(long_version)));
	ok(code_of(&d) == E_SYNTAX,
	    "crmf: a version that is not minimal is refused (badDataFormat)");
	d.body = BODY_ERROR;
	derw_reset(&d.content);
	derw_raw(&d.content, SLICE(zeros, sizeof(zeros)));
	ok(code_of(&d) == E_SYNTAX, "status: failInfo with trailing zeros is "
	    "refused (badDataFormat)");
	derw_reset(&d.content);
	derw_raw(&d.content, SLICE(no_text, sizeof(no_text)));
	ok(code_of(&d) == E_SYNTAX,
	    "status: an empty statusString is refused (badDataFormat)");
	derw_reset(&d.content);
	derw_raw(&d.content, SLICE(loose_bits, sizeof(loose_bits)));
	ok(code_of(&d) == E_DER_BITS,
	    "msg: what is not DER is refused (badDataFormat)");
	d.body = BODY_IR;
	derw_reset(&d.content);
	derw_raw(&d.content, SLICE(no_time, sizeof(no_time)));
	ok(code_of(&d) != E_NONE,
	    "crmf: a broken validity is refused (badDataFormat)");
	derw_reset(&d.content);
	derw_wrap(&d.content, DER_SEQUENCE, 0);
	ok(code_of(&d) == E_SYNTAX,
	    "crmf: no CertReqMsg at all is refused (badDataFormat)");
	d.body = BODY_PKICONF;
	ok(code_of(&d) == E_SYNTAX,
	    "msg: pkiConf that is not NULL is refused (badDataFormat)");
	d.body = BODY__COUNT;
	ok(code_of(&d) == E_SYNTAX,
	    "msg: an unknown body is refused (badDataFormat)");
	derw_release(&aw);
	draft_release(&d);
}

/* A message with the header fields after recipient as in ${fields}. */
static enum err_code
code_of_fields(struct slice fields, struct msg *m)
{
	static const uint8_t names[] = { 0x02, 0x01, 0x02, 0xa4, 0x02, 0x30,
	    0x00, 0xa4, 0x02, 0x30, 0x00 };
	static const uint8_t body[] = { 0xb3, 0x02, 0x05, 0x00 };
	static struct derw w;
	struct err e = { 0 };
	size_t mark;

	derw_release(&w);
	derw_init(&w, 65536);
	derw_raw(&w, SLICE(body, sizeof(body)));
	mark = derw_mark(&w);
	derw_raw(&w, fields);
	derw_raw(&w, SLICE(names, sizeof(names)));
	derw_wrap(&w, DER_SEQUENCE, mark);
	derw_wrap(&w, DER_SEQUENCE, 0);
	msg_decode(derw_slice(&w), m, &e);
	return e.code;
}

static void
test_header(void)
{
	static const uint8_t order[] = { 0xa5, 0x03, 0x04, 0x01, 0x01, 0xa4,
	    0x03, 0x04, 0x01, 0x02 };
	static const uint8_t twice[] = { 0xa4, 0x06, 0x04, 0x01, 0x01, 0x04,
	    0x01, 0x02 };
	static const uint8_t good[] = { 0xa4, 0x03, 0x04, 0x01, 0x01, 0xa5,
	    0x03, 0x04, 0x01, 0x02 };
	static const uint8_t empty[] = { 0xa4, 0x03, 0x04, 0x01, 0x01, 0xa8,
	    0x02, 0x30, 0x00 };
	static const uint8_t implicit[] = { 0xa8, 0x10, 0x30, 0x0e, 0x30,
	    0x0c, 0x06, 0x08, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x04, 0x0d,
	    0x30, 0x00 };
	static const uint8_t again[] = { 0xa8, 0x1e, 0x30, 0x1c,
	    0x30, 0x0c, 0x06, 0x08, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x04,
	    0x0d, 0x05, 0x00,
	    0x30, 0x0c, 0x06, 0x08, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x04,
	    0x0d, 0x05, 0x00 };
	static const uint8_t unknown[] = { 0xa9, 0x02, 0x05, 0x00 };
	struct msg m;

	ok(code_of_fields(SLICE(good, sizeof(good)), &m) == E_NONE,
	    "msg: header fields in their order are read");
	ok(code_of_fields(SLICE(order, sizeof(order)), &m) == E_SYNTAX,
	    "msg: fields out of order are refused (badDataFormat)");
	ok(code_of_fields(SLICE(twice, sizeof(twice)), &m) == E_SYNTAX,
	    "msg: two elements in one tag are refused (badDataFormat)");
	ok(code_of_fields(SLICE(unknown, sizeof(unknown)), &m) == E_SYNTAX,
	    "msg: an unknown field is refused (badDataFormat)");
	ok(code_of_fields(SLICE(implicit, sizeof(implicit)), &m) == E_SYNTAX,
	    "msg: implicitConfirm other than NULL is refused "
	    "(badDataFormat)");
	ok(code_of_fields(SLICE(again, sizeof(again)), &m) == E_SYNTAX,
	    "msg: implicitConfirm twice is refused (badDataFormat)");
	ok(code_of_fields(SLICE(empty, sizeof(empty)), &m) == E_SYNTAX &&
	    m.hdr.transaction_id.n == 1,
	    "msg: a failure leaves what was read before it");
}

/* Each byte of a message changed: what we take, libtasn1 takes. */
static void
test_mutations(void)
{
	struct draft d;
	struct derw aw, w;
	struct slice s;
	size_t taken = 0, alone = 0;
	uint8_t *p;

	draft_header(&d, &aw);
	d.implicit_confirm = 1;
	d.body = BODY_IR;
	write_request(&d.content);
	finish(&d, &w);
	s = derw_slice(&w);
	p = w.p + w.cap - w.n;
	for (size_t i = 0; i < s.n; i++) {
		struct err e = { 0 };
		struct buf out;
		struct cert c;
		struct msg m;

		p[i] ^= 0x11;
		if (msg_decode(s, &m, &e) == 0 && body_check(&m, &e) == 0 &&
		    cert_parse(m.extra[0], &c, &e) == 0) {
			taken++;
			if (schema_agrees(s, &e) == -1) {
				printf("# octet %zu: %s\n", i, e.detail);
				alone++;
			}
			buf_init(&out, 1 << 20);
			print_text(&out, &m);
			print_json(&out, &m);
			buf_release(&out);
		}
		p[i] ^= 0x11;
	}
	ok(taken > 100 && alone == 0, "msg: what we take of %zu changed "
	    "messages libtasn1 takes too", s.n);
	derw_release(&w);
	derw_release(&aw);
	draft_release(&d);
}

static void
test_print(void)
{
	struct err e = { 0 };
	struct draft d;
	struct derw aw, w;
	struct buf text, json, tree;
	struct msg m;

	draft_header(&d, &aw);
	d.recip_nonce = NONCE2;
	draft_body_error(&d, STATUS_REJECTION, "a\nb\x1b[1m\"q\"",
	    FAIL_BAD_TIME);
	finish(&d, &w);
	msg_decode(derw_slice(&w), &m, &e);
	buf_init(&text, 1 << 20);
	buf_init(&json, 1 << 20);
	buf_init(&tree, 1 << 20);
	print_text(&text, &m);
	print_json(&json, &m);
	ok(strstr(buf_str(&text), "  transactionID: 0102030000") &&
	    strstr(buf_str(&text), "  sender: CN=pump17,O=Example\n") &&
	    strstr(buf_str(&text), "    failInfo: badTime\n") &&
	    strstr(buf_str(&text), "messageTime: 2027-01-15T08:00:00Z"),
	    "print: text has names, times and hexadecimal");
	ok(strstr(buf_str(&text), "a\\x0ab\\x1b[1m") != NULL,
	    "print: controls in a message do not reach the terminal");
	ok(strchr(buf_str(&json), '\n') == buf_str(&json) + json.n - 1 &&
	    strstr(buf_str(&json), "\"failInfo\":\"badTime\"") &&
	    strstr(buf_str(&json), "\"octets\":"),
	    "print: JSON is one line");
	ok(schema_dump(&tree, m.der, &e) == 0 &&
	    strstr(buf_str(&tree), "name:pKIStatusInfo") &&
	    strstr(buf_str(&tree), "a.b.[1m") &&
	    !strstr(buf_str(&tree), "name:NULL  type:UTF8_STR"),
	    "schema: the tree names fields and keeps one line for each");
	buf_release(&text);
	buf_release(&json);
	buf_release(&tree);
	derw_release(&w);
	derw_release(&aw);
	draft_release(&d);
}

static void
test_lint_request(void)
{
	struct draft d;
	struct derw aw;
	struct tally t;

	draft_header(&d, &aw);
	d.implicit_confirm = 1;
	d.body = BODY_IR;
	write_request(&d.content);
	t = lint_of(&d);
	ok(t.musts == 0, "lint: a good ir breaks no rule");

	d.pvno = 3;
	ok(lint_of(&d).codes[E_PVNO] == 'M', "lint: pvno 3 without need");
	d.pvno = 2;
	d.recip_nonce = NONCE2;
	ok(lint_of(&d).codes[E_RECIP_NONCE_FIRST] == 'M',
	    "lint: recipNonce in a first message");
	d.recip_nonce = SLICE_NONE;
	d.transaction_id.n = 15;
	ok(lint_of(&d).codes[E_TXID_SIZE] == 'M',
	    "lint: transactionID of another size");
	d.transaction_id = SLICE_NONE;
	ok(lint_of(&d).codes[E_TXID_MISSING] == 'M',
	    "lint: no transactionID");
	d.transaction_id = ID;
	d.sender_nonce.n = 15;
	ok(lint_of(&d).codes[E_SENDER_NONCE] == 'M',
	    "lint: senderNonce too short");
	d.sender_nonce = NONCE;
	d.sender = buf_slice(&ca);
	ok(lint_of(&d).codes[E_SENDER_NAME] == 'M',
	    "lint: sender that is not the subject");
	d.sender = buf_slice(&device);
	d.sender_kid = SLICE_NONE;
	ok(lint_of(&d).codes[E_SENDER_KID] == 'M', "lint: no senderKID");
	d.sender_kid = view.ski;
	d.has_confirm_wait = 1;
	d.confirm_wait = 1800000100;
	d.has_time = 0;
	t = lint_of(&d);
	ok(t.codes[E_CONFIRM_WAIT] && t.codes[E_MESSAGE_TIME] == 'M',
	    "lint: confirmWaitTime with implicitConfirm, without time");
	d.has_confirm_wait = 0;
	d.implicit_confirm = 0;
	ok(lint_of(&d).codes[E_IMPLICIT_CONFIRM] == 'S',
	    "lint: an ir should ask for implicit confirmation");
	d.recipient = SLICE_NONE;
	ok(lint_of(&d).codes[E_RECIPIENT] == 'S',
	    "lint: an ir should name the CA");
	d.protection_alg = SLICE_NONE;
	ok(lint_of(&d).codes[E_PROT_MISSING] == 'M', "lint: no protection");
	derw_release(&aw);
	draft_release(&d);
}

static void
test_lint_answers(void)
{
	struct draft d;
	struct derw aw;

	draft_header(&d, &aw);
	d.recip_nonce = NONCE2;
	d.implicit_confirm = 1;
	draft_body_certificate(&d, BODY_IP, 0, STATUS_ACCEPTED, NULL,
	    buf_slice(&cert));
	ok(lint_of(&d).musts == 0, "lint: a good ip breaks no rule");
	d.recip_nonce = SLICE_NONE;
	ok(lint_of(&d).codes[E_RECIP_NONCE] == 'M',
	    "lint: an ip without recipNonce");
	d.recip_nonce = NONCE2;
	draft_body_certificate(&d, BODY_IP, 0, STATUS_REJECTION, NULL,
	    buf_slice(&cert));
	ok(lint_of(&d).codes[E_ANSWER_STATUS] == 'M',
	    "lint: a rejection with a certificate");
	draft_body_certificate(&d, BODY_IP, 1, STATUS_ACCEPTED, NULL,
	    buf_slice(&cert));
	ok(lint_of(&d).codes[E_ANSWER_ID] == 'M', "lint: another certReqId");

	draft_body_certconf(&d, NONCE, 0, STATUS_ACCEPTED, NULL, FAIL_NONE);
	ok(lint_of(&d).codes[E_IMPLICIT_CONFIRM] == 'M',
	    "lint: implicitConfirm in certConf");
	d.implicit_confirm = 0;
	ok(lint_of(&d).musts == 0, "lint: a good certConf breaks no rule");
	draft_body_certconf(&d, NONCE, 0, STATUS_ACCEPTED, NULL,
	    FAIL_BAD_ALG);
	ok(lint_of(&d).codes[E_CONF_STATUS] == 'M',
	    "lint: certConf that accepts with failInfo");
	draft_body_error(&d, STATUS_ACCEPTED, NULL, FAIL_NONE);
	ok(lint_of(&d).codes[E_ANSWER_STATUS] == 'M',
	    "lint: error with status accepted");
	draft_body_pkiconf(&d);
	ok(lint_of(&d).musts == 0, "lint: a good pkiConf breaks no rule");
	d.cert_profile = SLICE_LIT("x");
	ok(lint_of(&d).codes[E_CERT_PROFILE] == 'M',
	    "lint: certProfile in pkiConf");
	derw_release(&aw);
	draft_release(&d);
}

int
main(void)
{
	setup();
	test_roundtrip();
	test_bodies();
	test_refusals();
	test_header();
	test_mutations();
	test_print();
	test_lint_request();
	test_lint_answers();
	key_free(key);
	buf_release(&device);
	buf_release(&cert);
	buf_release(&ca);
	return done();
}
