#include <string.h>

#include "pki/san.h"
#include "tap.h"

/* Parse ${text} and print what came of it into ${t}; "" if refused. */
static const char *
again(const char *text, char t[static 512])
{
	struct err e = { 0 };
	struct slice in, v;
	enum san_type type;
	struct buf b, out;

	t[0] = '\0';
	buf_init(&b, 8192);
	buf_init(&out, 511);
	if (san_parse(text, &b, &e) == 0) {
		in = buf_slice(&b);
		if (san_next(&in, &type, &v) == 0 && in.n == 0)
			san_text(&out, type, v);
		strcpy(t, buf_str(&out));
	} else if (e.code != E_USAGE) {
		strcpy(t, err_name(e.code));
	}
	buf_release(&b);
	buf_release(&out);
	return t;
}

static int
same(const char *text)
{
	char t[512];

	return strcmp(again(text, t), text) == 0;
}

static int
refused(const char *text)
{
	char t[512];

	return again(text, t)[0] == '\0';
}

/* san_check() of GeneralNames with one entry. */
static enum err_code
check(uint8_t tag, struct slice value, int wildcard)
{
	struct err e = { 0 };
	struct derw w;

	derw_init(&w, 8192);
	derw_prim(&w, tag, value);
	derw_wrap(&w, DER_SEQUENCE, 0);
	san_check(derw_slice(&w), wildcard, &e);
	derw_release(&w);
	return e.code;
}

#define dns(s, wild)	check(0x82, SLICE_LIT(s), wild)
#define email(s)	check(0x81, SLICE_LIT(s), 0)
#define uri(s)		check(0x86, SLICE_LIT(s), 0)
#define ip(s)		check(0x87, SLICE_LIT(s), 0)

static int
match(const char *pattern, const char *text)
{
	struct err e = { 0 };
	struct slice in, v;
	enum san_type type;
	struct buf b;
	int r = 0;

	buf_init(&b, 8192);
	if (san_pattern_check(pattern, &e) == -1)
		printf("# %s\n", e.detail);
	if (san_parse(text, &b, &e) == 0) {
		in = buf_slice(&b);
		r = san_next(&in, &type, &v) == 0 && san_match(pattern, type, v);
	}
	buf_release(&b);
	return r;
}

static void
test_text(void)
{
	char t[512];

	ok(same("dns:pump17.example") && same("dns:*.example") &&
	    same("ip:10.0.0.7") && same("ip:2001:db8::1") &&
	    same("email:a@b.example") && same("uri:urn:x") &&
	    same("dn:CN=x,O=y") && same("rid:1.2.3"),
	    "san: every text form survives parsing and printing");
	ok(strcmp(again("DNS:a.b", t), "dns:a.b") == 0 &&
	    strcmp(again("ip:2001:0DB8:0::1", t), "ip:2001:db8::1") == 0,
	    "san: the printed form is canonical");
	ok(refused("pump17") && refused("foo:x") && refused("other:x") &&
	    refused("") && refused(":") && refused("dns:") &&
	    refused("ip:10.0.0") && refused("ip:10.0.0.7/8") &&
	    refused("rid:1") && refused("rid:x") && refused("dn:") &&
	    refused("dn:XX=a") && refused("dn:C=Germany") &&
	    refused("email:a") && refused("uri:x"),
	    "san: malformed text is refused (E_USAGE)");
}

static void
test_check(void)
{
	char label[260];
	struct err e = { 0 };
	struct derw w;

	ok(dns("pump17.example", 0) == E_NONE && dns("localhost", 0) == E_NONE &&
	    dns("xn--mnchen-3ya.de", 0) == E_NONE && dns("1.a", 0) == E_NONE,
	    "san: DNS names of letters, digits and hyphens are fine");
	ok(dns("", 0) == E_TMPL_SAN && dns("a..b", 0) == E_TMPL_SAN &&
	    dns("a.", 0) == E_TMPL_SAN && dns(".a", 0) == E_TMPL_SAN &&
	    dns("-a.b", 0) == E_TMPL_SAN && dns("a-.b", 0) == E_TMPL_SAN &&
	    dns("a_b", 0) == E_TMPL_SAN && dns("a b", 0) == E_TMPL_SAN &&
	    dns("a\0b", 0) == E_TMPL_SAN && dns("j\xc3\xbc", 0) == E_TMPL_SAN &&
	    dns(".", 0) == E_TMPL_SAN && dns("*.", 1) == E_TMPL_SAN,
	    "san: other DNS names are refused (badCertTemplate)");
	ok(dns("10.0.0.7", 0) == E_TMPL_SAN && dns("::1", 0) == E_TMPL_SAN &&
	    dns("10.7", 0) == E_TMPL_SAN,
	    "san: an IP address as DNS name is refused (badCertTemplate)");
	ok(dns("*.example", 0) == E_TMPL_SAN && dns("*.example", 1) == E_NONE,
	    "san: a wildcard needs leave (badCertTemplate)");
	ok(dns("*", 1) == E_TMPL_SAN && dns("a.*.b", 1) == E_TMPL_SAN &&
	    dns("a*.b", 1) == E_TMPL_SAN && dns("*.*.b", 1) == E_TMPL_SAN,
	    "san: a wildcard is all of the first label (badCertTemplate)");
	memset(label, 'a', sizeof(label));
	ok(check(0x82, SLICE(label, 63), 0) == E_NONE &&
	    check(0x82, SLICE(label, 64), 0) == E_TMPL_SAN,
	    "san: a label has at most 63 characters (badCertTemplate)");
	for (int i = 49; i < 260; i += 50)
		label[i] = '.';
	ok(check(0x82, SLICE(label, 253), 0) == E_NONE &&
	    check(0x82, SLICE(label, 254), 0) == E_TMPL_SAN,
	    "san: a DNS name has at most 253 characters (badCertTemplate)");
	ok(ip("\x0a\0\0\x07") == E_NONE && ip("\x0a\0\0") == E_TMPL_SAN &&
	    ip("\x0a\0\0\0\xff\0\0\0") == E_TMPL_SAN &&
	    ip("") == E_TMPL_SAN,
	    "san: an IP address has 4 or 16 octets (badCertTemplate)");
	ok(email("a@b") == E_NONE && email("@b") == E_TMPL_SAN &&
	    email("a@") == E_TMPL_SAN && email("a@b@c") == E_TMPL_SAN &&
	    email("a b@c") == E_TMPL_SAN && email("a\n@c") == E_TMPL_SAN &&
	    email("") == E_TMPL_SAN,
	    "san: email has two parts and no controls (badCertTemplate)");
	ok(uri("https://x/y") == E_NONE && uri("/y") == E_TMPL_SAN &&
	    uri("1x:y") == E_TMPL_SAN && uri("x:") == E_TMPL_SAN &&
	    uri("x:a b") == E_TMPL_SAN && uri("x:\x7f") == E_TMPL_SAN,
	    "san: a URI has a scheme and no blanks (badCertTemplate)");
	ok(check(0x88, SLICE_LIT("\x2a\x03"), 0) == E_NONE &&
	    check(0x88, SLICE_LIT("\x2a\x83"), 0) == E_TMPL_SAN &&
	    check(0x88, SLICE_NONE, 0) == E_TMPL_SAN,
	    "san: a registeredID is an OID (badCertTemplate)");
	ok(check(0xa0, SLICE_LIT("\x06\x01\x01"), 0) == E_TMPL_SAN &&
	    check(0xa3, SLICE_NONE, 0) == E_TMPL_SAN &&
	    check(0xa5, SLICE_NONE, 0) == E_TMPL_SAN &&
	    check(0x89, SLICE_NONE, 0) == E_TMPL_SAN,
	    "san: other types are refused (badCertTemplate)");
	ok(check(0xa4, SLICE_LIT("\x30\x00"), 0) == E_TMPL_SAN &&
	    check(0xa4, SLICE_LIT("\x30\x02\x31\x00"), 0) == E_TMPL_SAN &&
	    check(0xa4, SLICE_LIT("\x31\x00"), 0) == E_TMPL_SAN,
	    "san: a directoryName is a good Name (badCertTemplate)");
	derw_init(&w, 8192);
	for (int i = 0; i < SAN_MAX; i++)
		derw_prim(&w, 0x82, SLICE_LIT("a.b"));
	derw_wrap(&w, DER_SEQUENCE, 0);
	ok(san_check(derw_slice(&w), 0, &e) == 0, "san: 32 entries are fine");
	derw_reset(&w);
	for (int i = 0; i < SAN_MAX + 1; i++)
		derw_prim(&w, 0x82, SLICE_LIT("a.b"));
	derw_wrap(&w, DER_SEQUENCE, 0);
	ok(san_check(derw_slice(&w), 0, &e) == -1 && e.code == E_TMPL_SAN &&
	    san_check(SLICE_LIT("\x30\x00"), 0, &e) == -1,
	    "san: none and 33 entries are refused (badCertTemplate)");
	derw_release(&w);
}

static void
test_match(void)
{
	static const char *const bad[] = { "", "dns", "foo:*", "dns:", "dns:a b",
	    "dns:a_b", "ip:10.0.0", "ip:x", "rid:a", "dn:", "dn:x", "uri:a b" };
	struct err e;
	int good = 1;

	ok(match("dns:*.example", "dns:Pump17.EXAMPLE") &&
	    !match("dns:*.example", "dns:example") &&
	    !match("dns:*.example", "dns:a.example.org") &&
	    match("dns:*", "dns:a"), "san pattern: a star is any text of a "
	    "DNS name, case does not count");
	ok(!match("dns:*", "email:a@b") && !match("email:*", "dns:a"),
	    "san pattern: the type has to be the same");
	ok(match("ip:10.0.0.*", "ip:10.0.0.7") &&
	    !match("ip:10.0.0.*", "ip:10.0.1.7") &&
	    match("ip:2001:0db8::1", "ip:2001:db8::1"),
	    "san pattern: addresses match by text, or whole by value");
	ok(match("email:*@b.example", "email:a@b.example") &&
	    match("uri:urn:dev:*", "uri:urn:dev:17") &&
	    !match("uri:urn:dev:*", "uri:URN:dev:17") &&
	    match("rid:1.2.*", "rid:1.2.3"),
	    "san pattern: email, URI and registeredID match by text");
	ok(match("dn:CN=*,O=y", "dn:CN=x,O=y") &&
	    !match("dn:CN=*,O=y", "dn:CN=x,OU=admin,O=y") &&
	    match("dn:*", "dn:CN=x"),
	    "san pattern: a directoryName matches by its attributes");
	ok(!san_match("dns:*", SAN_DNS, SLICE_LIT("a\0b")) &&
	    !san_match("ip:*", SAN_IP, SLICE_LIT("abc")) &&
	    !san_match("other:*", SAN_OTHER, SLICE_LIT("abc")),
	    "san pattern: a malformed entry matches nothing");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		e = (struct err){ 0 };
		good &= san_pattern_check(bad[i], &e) == -1 && e.code == E_CONF;
	}
	ok(good, "san pattern: malformed patterns are refused (E_CONF)");
}

static void
test_same(void)
{
	struct slice in = SLICE_LIT("\x82\x05" "ab"), v;
	enum san_type type;
	struct buf b;

	ok(san_same(SAN_DNS, SLICE_LIT("A.b"), SAN_DNS, SLICE_LIT("a.B")) &&
	    !san_same(SAN_DNS, SLICE_LIT("a\0b"), SAN_DNS, SLICE_LIT("a\0c")) &&
	    !san_same(SAN_URI, SLICE_LIT("A"), SAN_URI, SLICE_LIT("a")) &&
	    !san_same(SAN_DNS, SLICE_LIT("a"), SAN_URI, SLICE_LIT("a")),
	    "san: only DNS names are the same in any case");
	ok(san_next(&in, &type, &v) == -1 && in.n == 4,
	    "san: a cut entry is not taken");
	buf_init(&b, 512);
	san_text(&b, SAN_DNS, SLICE_LIT("a\x1b[1m\0b"));
	ok(strcmp(buf_str(&b), "dns:a\\x1b[1m\\x00b") == 0,
	    "san: printed text is escaped");
	buf_reset(&b);
	san_text(&b, SAN_IP, SLICE_LIT("abc"));
	san_text(&b, SAN_OTHER, SLICE_LIT("\x06"));
	ok(strcmp(buf_str(&b), "ip:#616263other:#06") == 0,
	    "san: what has no text is printed as #hex");
	buf_release(&b);
}

int
main(void)
{
	test_text();
	test_check();
	test_match();
	test_same();
	return done();
}
