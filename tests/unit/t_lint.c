/*
 * Bodies beyond ir, ip and certConf: shown in text and JSON, judged by lint,
 * and as libtasn1 sees them.  Given a directory it leaves its messages there,
 * as inputs for fuzz_msg.
 */
#include <stdio.h>
#include <string.h>

#include "asn/schema.h"
#include "base/file.h"
#include "msg/body.h"
#include "msg/draft.h"
#include "msg/lint.h"
#include "msg/print.h"
#include "pki/cert.h"
#include "t_crl_file.h"
#include "pki/key.h"
#include "pki/name.h"
#include "tests/unit/tap.h"

static const uint8_t id[16] = { 1, 2, 3 }, nonce[16] = { 4, 5, 6 },
    nonce2[16] = { 7, 8, 9 };

static struct key *key;
static struct sigalg alg;
static struct buf device, ca, cert, root, crl, csr, bad_csr, inner, other;
static struct cert view;
static const char *seeds;

static void	build(struct buf *out, const char *s);

/* What a letter after "$" stands for. */
static struct slice
named(char c)
{
	switch (c) {
	case 'S': return buf_slice(&device);
	case 'A': return buf_slice(&ca);
	case 'C': return buf_slice(&cert);
	case 'W': return buf_slice(&root);
	case 'K': return key_spki(key);
	case 'L': return buf_slice(&crl);
	case 'R': return buf_slice(&csr);
	case 'Q': return buf_slice(&bad_csr);
	case 'M': return buf_slice(&inner);
	default: return buf_slice(&other);
	}
}

static uint8_t
hex(const char *s)
{
	static const char digits[] = "0123456789abcdef";

	return (uint8_t)((strchr(digits, s[0]) - digits) << 4 |
	    (strchr(digits, s[1]) - digits));
}

static const char *
part(struct buf *out, const char *s)
{
	static const char it[] = "\x06\x08\x2b\x06\x01\x05\x05\x07\x04";
	static const char ctrl[] = "\x06\x09\x2b\x06\x01\x05\x05\x07\x05\x01";
	struct buf in;
	struct derw w;
	uint8_t tag;

	for (; *s != '\0' && *s != ')'; ) {
		if (*s == ' ') {
			s++;
		} else if (*s == '$') {
			buf_add_slice(out, named(s[1]));
			s += 2;
		} else if (*s == '#' || *s == '%') {
			buf_add(out, *s == '#' ? it : ctrl, *s == '#' ?
			    sizeof(it) - 1 : sizeof(ctrl) - 1);
			buf_add_u8(out, hex(s + 1));
			s += 3;
		} else if (*s == '(' || s[2] == '(') {
			tag = *s == '(' ? DER_SEQUENCE : hex(s);
			buf_init(&in, 1 << 20);
			derw_init(&w, 1 << 20);
			s = part(&in, s + (*s == '(' ? 1 : 3));
			derw_prim(&w, tag, buf_slice(&in));
			buf_add_slice(out, derw_slice(&w));
			derw_release(&w);
			buf_release(&in);
		} else {
			buf_add_u8(out, hex(s));
			s += 2;
		}
	}
	return *s == ')' ? s + 1 : s;
}

/*
 * DER from text: "(...)" a SEQUENCE, "a1(...)" with tag a1, other pairs of
 * digits are octets; "#nn" id-it-nn, "%nn" id-regCtrl-nn, "$X" named().
 */
static void
build(struct buf *out, const char *s)
{
	buf_init(out, 1 << 20);
	part(out, s);
}

/* A message with body ${body} and ${content}, signed, into ${out}. */
static void
message(struct buf *out, enum body body, struct slice content, int first,
    struct slice txid)
{
	struct err e = { 0 };
	struct derw aw, w, pw;
	struct draft d;
	struct buf to, sig;
	size_t mark;

	draft_init(&d);
	derw_init(&aw, 4096);
	derw_init(&w, 1 << 20);
	derw_init(&pw, 1 << 20);
	buf_init(&sig, 4096);
	alg_write(&aw, &alg);
	build(&to, "a4($A)");
	d.sender = buf_slice(&device);
	d.recipient = buf_slice(&to);
	d.has_time = 1;
	d.message_time = 1800000000;
	d.protection_alg = derw_slice(&aw);
	d.sender_kid = view.ski;
	d.transaction_id = txid;
	d.sender_nonce = SLICE(txid.p == id ? nonce : nonce2, 16);
	if (!first)
		d.recip_nonce = SLICE(nonce2, 16);
	d.body = body;
	derw_raw(&d.content, content);
	draft_write(&d, &pw, &e);
	mark = derw_mark(&pw);
	derw_wrap(&pw, DER_SEQUENCE, 0);
	key_sign(key, &alg, derw_slice(&pw), &sig, &e);
	derw_raw(&w, buf_slice(&cert));
	derw_wrap(&w, DER_SEQUENCE, 0);
	derw_wrap(&w, DER_CTX(1), 0);
	size_t at = derw_mark(&w);
	derw_bits(&w, DER_BIT_STRING, buf_slice(&sig));
	derw_wrap(&w, DER_CTX(0), at);
	derw_raw(&w, SLICE(pw.p + pw.cap - mark, mark));
	derw_wrap(&w, DER_SEQUENCE, 0);
	buf_init(out, 1 << 20);
	buf_add_slice(out, derw_slice(&w));
	draft_release(&d);
	derw_release(&aw);
	derw_release(&w);
	derw_release(&pw);
	buf_release(&to);
	buf_release(&sig);
}

static int
one_entry(void *ctx, struct crl_entry *out, struct err *e)
{
	int *left = ctx;

	(void)e;
	*out = (struct crl_entry){ SLICE_LIT("\x05"), 1790000000, .reason = 1 };
	return (*left)-- > 0;
}

static int
one_again(void *ctx, struct err *e)
{
	(void)e;
	*(int *)ctx = 1;
	return 0;
}

static void
make_cert(struct buf *out, struct slice subject, int is_ca)
{
	static const uint8_t serial[] = { 5 };
	struct err e = { 0 };
	struct tbs t = { .serial = SLICE(serial, 1), .ca = is_ca ? 1 : -1,
	    .path_len = -1, .not_before = 1700000000,
	    .not_after = 1900000000, .ku = is_ca ? KU_KEY_CERT_SIGN :
	    KU_DIGITAL_SIGNATURE, .issuer = buf_slice(&ca),
	    .subject = subject, .spki = key_spki(key) };

	buf_init(out, 4096);
	cert_sign(&t, key, &alg, out, &e);
}

static void
make_csr(struct buf *out, const char *info, int good)
{
	struct err e = { 0 };
	struct buf in, sig;
	struct derw w;

	build(&in, info);
	buf_init(&sig, 4096);
	key_sign(key, &alg, good ? buf_slice(&in) : SLICE_LIT("x"), &sig, &e);
	derw_init(&w, 1 << 20);
	derw_bits(&w, DER_BIT_STRING, buf_slice(&sig));
	alg_write(&w, &alg);
	derw_raw(&w, buf_slice(&in));
	derw_wrap(&w, DER_SEQUENCE, 0);
	buf_init(out, 1 << 16);
	buf_add_slice(out, derw_slice(&w));
	derw_release(&w);
	buf_release(&in);
	buf_release(&sig);
}

static void
setup(void)
{
	static const uint8_t id2[16] = { 9, 9 };
	struct err e = { 0 };
	int left = 1;
	struct crl_new n = { .aki = SLICE_LIT("ca"), .number = 7,
	    .this_update = 1790000000, .next_update = 1800000000,
	    .rewind = one_again,
	    .next = one_entry, .ctx = &left };
	struct buf poll;

	buf_init(&device, 4096);
	buf_init(&ca, 4096);
	buf_init(&crl, 1 << 16);
	name_parse("CN=pump17,O=Example", &device, &e);
	name_parse("CN=Plant CA,O=Example", &ca, &e);
	key_generate("ec:P-256", &key, &e);
	alg = alg_default(key_info(key));
	make_cert(&cert, buf_slice(&device), 0);
	make_cert(&root, buf_slice(&ca), 1);
	cert_parse(buf_slice(&cert), &view, &e);
	n.issuer = buf_slice(&ca);
	crl_into(&n, key, &alg, &crl, &e);
	make_csr(&csr, "(020100 $S $K a0((06092a864886f70d01090e 31((("
	    "0603551d0f 04(03020780)))))))", 1);
	make_csr(&bad_csr, "(020100 $S $K a000)", 0);
	build(&poll, "((020100))");
	message(&inner, BODY_POLLREQ, buf_slice(&poll), 0, SLICE(id2, 16));
	message(&other, BODY_POLLREP, SLICE_LIT("\x30\x08\x30\x06\x02\x01\x00"
	    "\x02\x01\x3c"), 0, SLICE(id, 16));
	buf_release(&poll);
	ok(e.code == E_NONE && crl.n > 0 && csr.n > 0, "lint: samples are "
	    "made");
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

	if (t->codes[code] != 'M')
		t->codes[code] = level;
	t->musts += level == 'M';
	printf("# %c %s %s: %s\n", level, section, err_name(code), text);
}

/* A sample; ${code} E_NONE: no MUST is broken, and ${shown} is in the text. */
static const struct sample {
	const char	*name;
	enum body	 body;
	const char	*der;
	enum err_code	 code;
	char		 level;
	const char	*shown;
} samples[] = {
	{ "p10cr", BODY_P10CR, "$R", E_NONE, 0, "type: keyUsage" },
	{ "p10cr-sig", BODY_P10CR, "$Q", E_CSR_SIG, 'M', "publicKey: EC" },
	{ "kur-old", BODY_KUR, "(((020100 (a5(a4($S)))) ))", E_SYNTAX, 'M',
	    "unreadable" },
	{ "kur-name", BODY_KUR, "(((020100 (a5($A) ) (( %05 (a4($A) "
	    "020106))))))", E_UPDATE_NAME, 'M', "serialNumber: 06" },
	{ "kur-id", BODY_KUR, "(((020100 (a5($S) ) (( %05 (a4($A) "
	    "020106))))))", E_UPDATE_ID, 'M', "type: oldCertID" },
	{ "cp-capubs", BODY_CP, "(a1(($W)) ((020100 (020100) (a0($C)))))",
	    E_ANSWER_CAPUBS, 'M', "caPubs:" },
	{ "krr", BODY_KRR, "(((020100 (a5($S)))))", E_BODY_TYPE, 'S',
	    "certReqId: 0" },
	{ "rr", BODY_RR, "(((810105 a3($A)) ((0603551d15 04(0a0101)))))",
	    E_NONE, 0, "reasonCode: keyCompromise" },
	{ "rr-two", BODY_RR, "(((810105 a3($A)) ((0603551d15 04(0a0101))))"
	    "((810106 a3($A)) ((0603551d15 04(0a0101)))))", E_REQ_COUNT, 'M',
	    "serialNumber: 06" },
	{ "rr-anonymous", BODY_RR, "(((810105) ((0603551d15 04(0a0101)))))",
	    E_TMPL_FIELD, 'M', "certDetails" },
	{ "rr-more", BODY_RR, "(((810105 a3($A) a5($S)) ((0603551d15 "
	    "04(0a0100)))))", E_FIELD, 'S', "reasonCode: unspecified" },
	{ "rr-no-reason", BODY_RR, "(((810105 a3($A))))", E_REV_REASON, 'M',
	    "issuer" },
	{ "rr-reason-7", BODY_RR, "(((810105 a3($A)) ((0603551d15 "
	    "04(0a0107)))))", E_REV_REASON, 'M', "reasonValue: 7" },
	{ "rr-invalidity", BODY_RR, "(((810105 a3($A)) ((0603551d15 "
	    "04(0a0101)) (0603551d18 04(180f32303236303130313030303030305a)"
	    "))))", E_REV_REASON, 'M', "invalidityDate: 2026-01-01" },
	{ "rp", BODY_RP, "(((020100)))", E_NONE, 0, "status: accepted" },
	{ "rp-more", BODY_RP, "(((020100)) a0(((a4($A) 020105))) a1(($L)))",
	    E_FIELD, 'S', "cRLNumber: 07" },
	{ "rp-mods", BODY_RP, "(((020101)))", E_ANSWER_STATUS, 'M',
	    "grantedWithMods" },
	{ "rp-two", BODY_RP, "(((020100)(020100)))", E_ANSWER_COUNT, 'M',
	    "accepted" },
	{ "rp-fail", BODY_RP, "(((020100 03020520)))", E_ANSWER_STATUS, 'M',
	    "badRequest" },
	{ "genm-cacerts", BODY_GENM, "((#11))", E_NONE, 0, "caCerts" },
	{ "genm-cacerts-value", BODY_GENM, "((#11 ($C)))", E_INFO_VALUE, 'M',
	    "CN=pump17" },
	{ "genm-two", BODY_GENM, "((#11)(#13))", E_INFO_COUNT, 'M',
	    "certReqTemplate" },
	{ "genm-none", BODY_GENM, "()", E_INFO_COUNT, 'M', "body:" },
	{ "genm-other", BODY_GENM, "((#07 (0603551d0f)))", E_INFO_TYPE, 'M',
	    "value: keyUsage" },
	{ "genm-root", BODY_GENM, "((#14 $W))", E_NONE, 0, "cA: true" },
	{ "genm-root-none", BODY_GENM, "((#14))", E_INFO_VALUE, 'S',
	    "rootCaCert" },
	{ "genm-crl-dpn", BODY_GENM, "((#16 ((a0(a0(8603 75726e)) "
	    "170d3236303130313030303030305a))))", E_NONE, 0, "dpn: uri:urn" },
	{ "genm-crl-issuer", BODY_GENM, "((#16 ((a1((a4($A)))))))", E_NONE, 0,
	    "issuer: dn:CN=Plant CA" },
	{ "genm-crl-dns", BODY_GENM, "((#16 ((a1((820161))))))",
	    E_INFO_VALUE, 'M', "issuer: dns:a" },
	{ "genm-crl-none", BODY_GENM, "((#16))", E_INFO_VALUE, 'M',
	    "crlStatusList" },
	{ "genm-current", BODY_GENM, "((#06))", E_NONE, 0, "currentCRL" },
	{ "genp-cacerts", BODY_GENP, "((#11 ($W $C)))", E_NONE, 0,
	    "subject: CN=Plant CA" },
	{ "genp-root", BODY_GENP, "((#12 ($W a0($W) a1($W))))", E_NONE, 0,
	    "oldWithNew" },
	{ "genp-root-link", BODY_GENP, "((#12 ($W)))", E_INFO_VALUE, 'M',
	    "newWithNew" },
	{ "genp-template", BODY_GENP, "((#13 ((a5(3000)) ((%0b "
	    "(06072a8648ce3d0201 06082a8648ce3d030107)) (%0c 02020800)))))",
	    E_NONE, 0, "value: 2048" },
	{ "genp-template-key", BODY_GENP, "((#13 ((810105))))", E_INFO_VALUE,
	    'M', "serialNumber" },
	{ "genp-template-rsa", BODY_GENP, "((#13 ((a5(3000)) ((%0b "
	    "(06092a864886f70d010101 0500))))))", E_INFO_VALUE, 'M',
	    "rsaEncryption" },
	{ "genp-template-len", BODY_GENP, "((#13 ((a5(3000)) ((%0c "
	    "020100)))))", E_INFO_VALUE, 'M', "rsaKeyLen" },
	{ "genp-template-token", BODY_GENP, "((#13 ((a5(3000)) ((%01 "
	    "0c0161)))))", E_INFO_VALUE, 'M', "regToken" },
	{ "genp-crls", BODY_GENP, "((#17 ($L)))", E_NONE, 0, "entries: 1" },
	{ "genp-crls-two", BODY_GENP, "((#17 ($L $L)))", E_INFO_VALUE, 'M',
	    "thisUpdate" },
	{ "genp-current", BODY_GENP, "((#06 $L))", E_NONE, 0, "nextUpdate" },
	{ "genp-broken", BODY_GENP, "((#17 020100))", E_INFO_VALUE, 'M',
	    "unreadable" },
	{ "pollreq", BODY_POLLREQ, "((0201ff))", E_NONE, 0, "certReqId: -1" },
	{ "pollreq-id", BODY_POLLREQ, "((020105))", E_POLL_ID, 'M',
	    "certReqId: 5" },
	{ "pollreq-none", BODY_POLLREQ, "()", E_POLL_ID, 'M', "body:" },
	{ "pollrep", BODY_POLLREP, "((020100 02013c (0c0161)))", E_NONE, 0,
	    "checkAfter: 60" },
	{ "pollrep-time", BODY_POLLREP, "((020100 0201ff))", E_POLL_TIME,
	    'M', "checkAfter: -1" },
	{ "ip-waiting-fail", BODY_IP, "(((020100 (020103 03020520))))",
	    E_ANSWER_STATUS, 'M', "waiting" },
	{ "error-waiting-fail", BODY_ERROR, "((020103 03020520))",
	    E_ANSWER_STATUS, 'M', "waiting" },
	{ "nested", BODY_NESTED, "($M $M)", E_NONE, 0,
	    "    message: pollReq" },
	{ "nested-mixed", BODY_NESTED, "($M $X)", E_NESTED, 'M',
	    "checkAfter: 60" },
	{ "nested-empty", BODY_NESTED, "()", E_SYNTAX, 'M', "unreadable" },
	{ "nested-junk", BODY_NESTED, "((3000 a000))", E_NESTED, 'M',
	    "unreadable" },
	{ "cann", BODY_CANN, "$C", E_BODY_TYPE, 'S', "subject: CN=pump17" },
	{ "ckuann", BODY_CKUANN, "($W $W $W)", E_BODY_TYPE, 'S',
	    "newWithOld" },
	{ "rann", BODY_RANN, "(020104 (a4($A) 020105) "
	    "180f32303236303130313030303030305a "
	    "180f32303236303130313030303030305a)", E_BODY_TYPE, 'S',
	    "badSinceDate: 2026" },
	{ "crlann", BODY_CRLANN, "($L)", E_BODY_TYPE, 'S', "entries: 1" },
};

static int
is_first(enum body b)
{
	return body_is_request(b) || b == BODY_P10CR || b == BODY_RR ||
	    b == BODY_GENM || b == BODY_NESTED;
}

static int
has(struct buf *out, const char *text)
{
	const char *s = buf_str(out);

	return s != NULL && strstr(s, text) != NULL;
}

static void
check_lint(const struct sample *s, const struct msg *m)
{
	struct tally t = { 0 };

	lint_msg(m, count, &t);
	if (s->code == E_NONE)
		ok(t.musts == 0, "lint: %s breaks no MUST", s->name);
	else
		ok(t.codes[s->code] == s->level, "lint: %s is %s %s", s->name,
		    s->level == 'M' ? "MUST" : "SHOULD", err_name(s->code));
}

static void
check(const struct sample *s)
{
	struct err e = { 0 }, why = { 0 };
	struct buf content, m_der, text, json;
	char path[1024];
	struct msg m;

	build(&content, s->der);
	message(&m_der, s->body, buf_slice(&content), is_first(s->body),
	    SLICE(id, 16));
	buf_init(&text, 1 << 20);
	buf_init(&json, 1 << 20);
	if (msg_decode(buf_slice(&m_der), &m, &e) == -1) {
		ok(0, "lint: %s decodes: %s", s->name, e.detail);
		goto out;
	}
	print_text(&text, &m);
	print_json(&json, &m);
	ok(has(&text, s->shown) && !buf_bad(&json), "print: %s shows \"%s\"",
	    s->name, s->shown);
	if (!has(&text, s->shown))
		printf("# %s\n", buf_str(&text));
	check_lint(s, &m);
	if (body_check(&m, &e) == 0)
		ok(schema_agrees(m.der, &why) == 0, "schema: %s is taken by "
		    "libtasn1 too: %s", s->name, why.detail);
	if (seeds != NULL) {
		snprintf(path, sizeof(path), "%s/body-%s", seeds, s->name);
		file_deliver_path(path, m.der, 0644, FILE_REPLACE, &e);
	}
out:
	buf_release(&content);
	buf_release(&m_der);
	buf_release(&text);
	buf_release(&json);
}

/* Values behind an OBJECT IDENTIFIER, by the types of RFC 9480. */
static void
test_types(void)
{
	static const struct {
		const char	*type, *der;
	} t[] = {
		{ "RootCaKeyUpdateContent", "($W a0($W) a1($W))" },
		{ "CertReqTemplateContent", "((a5(3000)) ((%0c 02020800)))" },
		{ "CRLStatusListValue", "((a0(a0(8603 75726e))) "
		    "(a1((a4($A))) 170d3236303130313030303030305a))" },
		{ "CertificateList", "$L" },
		{ "Certificates", "($W $C)" },
	};
	struct err e = { 0 };
	struct buf b;

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		build(&b, t[i].der);
		ok(schema_agrees_type(t[i].type, buf_slice(&b), &e) == 0,
		    "schema: %s of ours is taken by libtasn1: %s", t[i].type,
		    e.detail);
		buf_release(&b);
	}
}

int
main(int argc, char **argv)
{
	seeds = argc > 1 ? argv[1] : NULL;
	setup();
	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++)
		check(&samples[i]);
	test_types();
	return done();
}
