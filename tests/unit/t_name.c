#include <string.h>

#include "pki/name.h"
#include "tap.h"

#define MANY	65536

static struct buf pool[16];
static unsigned used;

/* The DER of ${text}, or SLICE_NONE. */
static struct slice
der(const char *text)
{
	struct buf *b = &pool[used++ % 16];
	struct err e = { 0 };

	buf_release(b);
	buf_init(b, MANY);
	if (name_parse(text, b, &e) == -1)
		return SLICE_NONE;
	return buf_slice(b);
}

static enum err_code
parse_code(const char *text)
{
	struct err e = { 0 };
	struct buf b;
	enum err_code code;

	buf_init(&b, MANY);
	name_parse(text, &b, &e);
	code = b.n > 0 ? E_NONE : e.code;
	buf_release(&b);
	return code;
}

/* Does ${text} survive parsing and printing as ${want}? */
static int
prints(const char *text, const char *want)
{
	struct slice name = der(text);
	struct buf b;
	int same;

	buf_init(&b, MANY);
	name_text(&b, name);
	same = name.n > 0 && strcmp(buf_str(&b), want) == 0;
	if (!same)
		printf("# got %s\n", buf_str(&b));
	buf_release(&b);
	return same;
}

static int
says(const char *pattern, const char *words)
{
	struct err e = { 0 };

	if (name_pattern_check(pattern, &e) == 0 || e.code != E_CONF ||
	    strstr(e.detail, words) == NULL) {
		printf("# %s\n", e.detail);
		return 0;
	}
	return 1;
}

/* A Name of one CN whose value has ${tag} and ${value}. */
static struct slice
one(uint8_t tag, struct slice value)
{
	static struct derw w[8];
	static unsigned n;
	struct derw *at = &w[n++ % 8];

	derw_release(at);
	derw_init(at, MANY);
	derw_prim(at, tag, value);
	derw_oid(at, oid_bytes(OID_CN));
	derw_wrap(at, DER_SEQUENCE, 0);
	derw_wrap(at, DER_SET, 0);
	derw_wrap(at, DER_SEQUENCE, 0);
	return derw_slice(at);
}

static int
refused(struct slice name)
{
	struct err e = { 0 };

	return name_check(name, &e) == -1 && e.code == E_NAME_SYNTAX;
}

static int
match(const char *pattern, const char *name, const char *sender)
{
	struct err e = { 0 };

	if (name_pattern_check(pattern, &e) == -1)
		printf("# %s\n", e.detail);
	return name_match(pattern, der(name), der(sender));
}

static void
test_parse(void)
{
	static const uint8_t example[] = { 0x30, 0x23, 0x31, 0x10, 0x30, 0x0e,
	    0x06, 0x03, 0x55, 0x04, 0x0a, 0x0c, 0x07, 'E', 'x', 'a', 'm', 'p',
	    'l', 'e', 0x31, 0x0f, 0x30, 0x0d, 0x06, 0x03, 0x55, 0x04, 0x03,
	    0x0c, 0x06, 'p', 'u', 'm', 'p', '1', '7' };

	ok(slice_eq(der("CN=pump17,O=Example"), SLICE(example,
	    sizeof(example))), "name: the last RDN of the text is the first "
	    "of the DER");
	ok(slice_eq(der(" cn = pump17 , organizationName=Example "),
	    SLICE(example, sizeof(example))),
	    "name: blanks, case and long attribute names do not matter");
	ok(slice_eq(der("2.5.4.3=pump17,2.5.4.10=#0c074578616d706c65"),
	    SLICE(example, sizeof(example))),
	    "name: dotted types and #hex values are read");
	ok(slice_eq(der(""), SLICE_LIT("\x30\x00")) &&
	    name_is_empty(der("")) && !name_is_empty(der("CN=a")),
	    "name: the empty text is the NULL-DN");
	ok(prints("CN=b+O=a,C=DE", "CN=b+O=a,C=DE") &&
	    prints("O=a+CN=b,C=DE", "CN=b+O=a,C=DE"),
	    "name: the attributes of an RDN are sorted as a DER SET");
	ok(prints("CN=\\#1\\, a\\+b \\\"q\\\" \\<x\\>\\; c\\\\d\\ ,O=\\ x",
	    "CN=\\#1\\, a\\+b \\\"q\\\" \\<x\\>\\; c\\\\d\\ ,O=\\ x"),
	    "name: escapes survive parsing and printing");
	ok(prints("CN=\"a, b\",O=x", "CN=a\\, b,O=x"),
	    "name: quotes of RFC 2253 are read");
	ok(prints("CN=J\\C3\\BCrgen", "CN=Jürgen") &&
	    prints("CN=Jürgen", "CN=Jürgen"),
	    "name: UTF-8 is read raw and as hex pairs");
	ok(prints("serialNumber=17,DC=example,emailAddress=a@b.example,"
	    "1.2.3.4=x", "serialNumber=17,DC=example,"
	    "emailAddress=a@b.example,1.2.3.4=x"),
	    "name: types without a short name stay dotted");
}

static void
test_parse_errors(void)
{
	static const char *const bad[] = { "CN", "CN=", "=x", "CN=a,", "CN=a+",
	    ",CN=a", "XX=a", "2.5.4.=a", "CN=a;O=b", "CN=\"a", "CN=\"a\"b",
	    "CN=a\\", "CN=a\\z", "CN=#", "CN=#0", "CN=#0c", "CN=#0c0161zz",
	    "CN=\\FF", "CN=\xff", "CN=\xc3", "CN=\\C0\\80", "C=Germany", "C=D1",
	    "C=\\C3\\BC", "DC=a.b", "DC=-a", "CN=a\\00b", "CN=a\\0Ab",
	    "CN=a\\E2\\80\\AEb", "CN=a\\E2\\80\\8Bb", "CN=#040161", "CN= \\ ",
	    "serialNumber=a_b", "emailAddress=ü@b" };
	struct err e = { 0 };
	struct buf b;
	char text[4096] = "";

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ok(parse_code(bad[i]) == E_NAME_SYNTAX,
		    "name: text no. %zu is refused (badDataFormat)", i);
	buf_init(&b, MANY);
	ok(name_parse("CN=a,Q=b", &b, &e) == -1 && b.n == 0 &&
	    strstr(e.detail, "column 6") && strstr(e.detail, "attribute type"),
	    "name: an error says where and what was expected");
	for (int i = 0; i < 17; i++)
		strcat(text, i ? ",OU=x" : "OU=x");
	ok(parse_code(text) == E_NAME_SYNTAX && parse_code(text + 5) == E_NONE,
	    "name: 16 attributes are read, 17 refused (badDataFormat)");
	memset(text, 'a', 70);
	memcpy(text, "CN=", 3);
	text[68] = '\0';
	ok(parse_code(text) == E_NAME_SYNTAX, "name: a CN of 65 characters is "
	    "refused (badDataFormat)");
	text[67] = '\0';
	ok(parse_code(text) == E_NONE, "name: a CN of 64 characters is fine");
	strcpy(text, "CN=");
	for (int i = 0; i < 64; i++)
		strcat(text, "ü");
	ok(parse_code(text) == E_NONE, "name: bounds count characters, not "
	    "bytes");
	memset(text, 'a', sizeof(text) - 1);
	memcpy(text, "SN=", 3);
	ok(parse_code(text) == E_NAME_SYNTAX, "name: more than 2 KiB of DER are "
	    "refused (badDataFormat)");
	buf_release(&b);
}

static void
test_check(void)
{
	struct err e = { 0 };

	ok(name_check(SLICE_LIT("\x30\x00"), &e) == 0,
	    "name: a Name of no RDNs is fine");
	ok(refused(SLICE_LIT("\x30\x02\x31\x00")),
	    "name: an RDN of no attributes is refused (badDataFormat)");
	ok(refused(SLICE_NONE) && refused(SLICE_LIT("\x31\x00")) &&
	    refused(SLICE_LIT("\x30\x00\x00")) &&
	    refused(SLICE_LIT("\x30\x04\x31\x02\x30\x00")),
	    "name: what is no Name is refused (badDataFormat)");
	ok(refused(one(DER_UTF8_STRING, SLICE_NONE)) &&
	    refused(one(DER_UTF8_STRING, SLICE_LIT("  "))),
	    "name: empty and blank values are refused (badDataFormat)");
	ok(refused(one(DER_OCTET_STRING, SLICE_LIT("a"))) &&
	    refused(one(DER_UTC_TIME, SLICE_LIT("a"))),
	    "name: values of no string type are refused (badDataFormat)");
	ok(refused(one(DER_UTF8_STRING, SLICE_LIT("a\0b"))) &&
	    refused(one(DER_IA5_STRING, SLICE_LIT("a\x1b[1m"))) &&
	    refused(one(DER_T61_STRING, SLICE_LIT("a\x9b"))) &&
	    refused(one(DER_BMP_STRING, SLICE_LIT("\x20\x2e\0a"))) &&
	    refused(one(DER_UNIVERSAL_STRING, SLICE_LIT("\0\0\x20\x0b"))),
	    "name: controls and invisible characters of any string type are "
	    "refused (badDataFormat)");
	ok(refused(one(DER_BMP_STRING, SLICE_LIT("\xd8\x00\xdc\x00"))) &&
	    refused(one(DER_BMP_STRING, SLICE_LIT("\0a\0"))) &&
	    refused(one(DER_UTF8_STRING, SLICE_LIT("\xed\xa0\x80"))) &&
	    refused(one(DER_IA5_STRING, SLICE_LIT("\xe4"))) &&
	    refused(one(DER_PRINTABLE_STRING, SLICE_LIT("a@b"))),
	    "name: octets that the string type has not are refused "
	    "(badDataFormat)");
	ok(name_check(one(DER_T61_STRING, SLICE_LIT("J\xfcrgen")), &e) == 0 &&
	    name_check(one(DER_BMP_STRING, SLICE_LIT("\0J\0\xfc")), &e) == 0 &&
	    name_check(one(DER_UNIVERSAL_STRING, SLICE_LIT("\0\0\0J")),
	    &e) == 0, "name: T61String, BMPString and UniversalString are "
	    "read");
}

static void
test_compare(void)
{
	struct slice v;

	ok(name_eq(der("CN=Pump  17,O=EXAMPLE"), der("CN=\\ pump 17\\ ,O=example")),
	    "name: ASCII case and repeated blanks do not count");
	ok(!name_eq(der("CN=pump 17"), der("CN=pump17")) &&
	    !name_eq(der("CN=pump1"), der("CN=pump17")) &&
	    !name_eq(der("CN=pump17"), der("OU=pump17")),
	    "name: other values and other types are different names");
	ok(name_eq(one(DER_PRINTABLE_STRING, SLICE_LIT("Pump")), der("CN=pump")) &&
	    name_eq(one(DER_BMP_STRING, SLICE_LIT("\0J\0\xfc")), der("CN=jü")) &&
	    name_eq(one(DER_T61_STRING, SLICE_LIT("J\xfc")), der("CN=jü")),
	    "name: the string type does not count");
	ok(!name_eq(one(DER_OCTET_STRING, SLICE_LIT("a")), der("CN=a")) &&
	    !name_eq(one(DER_UTF8_STRING, SLICE_LIT("a\xff")),
	    one(DER_UTF8_STRING, SLICE_LIT("A\xff"))),
	    "name: what is no text is equal byte for byte only");
	ok(!name_eq(der("CN=a,O=b"), der("O=b,CN=a")) &&
	    !name_eq(der("CN=a,O=b"), der("CN=a+O=b")),
	    "name: the order of RDNs counts");
	ok(name_eq(der("CN=a+CN=B"), der("CN=b+CN=A")) &&
	    !name_eq(der("CN=a+CN=A"), der("CN=a+CN=b")) &&
	    !name_eq(der("CN=a+OU=b"), der("CN=a")),
	    "name: the order within an RDN does not count");
	ok(name_eq(der(""), der("")) && !name_eq(der(""), der("CN=a")) &&
	    !name_eq(SLICE_NONE, SLICE_NONE),
	    "name: the NULL-DN equals itself, and what is absent nothing");
	ok(name_within(der("O=Example"), der("CN=a,OU=b,O=example")) &&
	    name_within(der(""), der("CN=a")) &&
	    name_within(der("CN=a"), der("CN=a")) &&
	    !name_within(der("CN=a,O=b"), der("O=b")) &&
	    !name_within(der("O=Example"), der("O=Example,C=DE")),
	    "name: a subtree holds the names that start with it");
	ok(name_attribute(der("CN=a,serialNumber=17"), OID_SERIAL_NUMBER, &v) &&
	    slice_eq(v, SLICE_LIT("17")) &&
	    !name_attribute(der("CN=a"), OID_O, &v),
	    "name: an attribute is found by its type");
}

static void
test_text(void)
{
	char t[NAME_TEXT];
	struct buf b;

	buf_init(&b, MANY);
	name_text(&b, one(DER_UTF8_STRING, SLICE_LIT("a\n\xe2\x80\xae" "b\0")));
	ok(strcmp(buf_str(&b), "CN=a\\0A\\E2\\80\\AEb\\00") == 0,
	    "name: controls and bidi characters are printed as hex pairs");
	buf_reset(&b);
	name_text(&b, one(DER_OCTET_STRING, SLICE_LIT("a")));
	ok(strcmp(buf_str(&b), "CN=#040161") == 0,
	    "name: a value of no string type is printed as #hex");
	buf_reset(&b);
	name_text(&b, SLICE_LIT("\x30\x03\x31\x01\x00"));
	name_text(&b, SLICE_LIT("\x02\x01\x00"));
	ok(strcmp(buf_str(&b), "#00#020100") == 0,
	    "name: what is no Name is printed as #hex");
	name_short(t, der("CN=pump17,O=Example"));
	ok(strcmp(t, "CN=pump17,O=Example") == 0, "name: a short name is "
	    "printed whole");
	buf_reset(&b);
	for (int i = 0; i < 600; i++)
		buf_add_str(&b, "ü");
	name_short(t, one(DER_UTF8_STRING, buf_slice(&b)));
	ok(strlen(t) < NAME_TEXT && strcmp(t + strlen(t) - 5, "ü...") == 0,
	    "name: a long name is cut between characters");
	buf_release(&b);
}

static void
test_match(void)
{
	const char *me = "CN=pump17,serialNumber=17,UID=A*7,OU=x,OU=y,O=Example";

	ok(match("CN=pump*,O=Example", "CN=Pump17,O=EXAMPLE", "") &&
	    match("O=Example,CN=pump*", "CN=pump17,O=Example", "") &&
	    match("O=Example+CN=pump*", "CN=pump17,O=Example", ""),
	    "pattern: order and RDNs do not count");
	ok(!match("CN=pump*", "CN=pump17,O=Example", "") &&
	    !match("CN=pump*,O=Example,OU=*", "CN=pump17,O=Example", ""),
	    "pattern: no attribute may be left over on either side");
	ok(!match("CN=pump*", "CN=pump", "") && match("CN=*", "CN=p", ""),
	    "pattern: a star stands for one character at least");
	ok(match("CN=a\\*", "CN=a*", "") && !match("CN=a\\*", "CN=ab", "") &&
	    match("CN=\\{O}", "CN={O}", "O=x") &&
	    !match("CN=\\{O}", "CN=x", "O=x"),
	    "pattern: an escaped star or brace is itself");
	ok(match("CN={CN}-*,O=Example", "CN=pump17-tls,O=Example", me) &&
	    !match("CN={CN}-*,O=Example", "CN=pump18-tls,O=Example", me),
	    "pattern: {CN} is the value in the sender's certificate");
	ok(match("CN={UID}", "CN=a*7", me) &&
	    !match("CN={UID}", "CN=AB7", me) &&
	    match("CN=*{serialNumber}", "CN=pump17", me),
	    "pattern: a star in the sender's certificate is no wildcard");
	ok(!match("CN={OU}", "CN=x", me) && !match("CN={C}", "CN=DE", me) &&
	    !name_match("CN={CN}", der("CN=x"), SLICE_NONE) &&
	    !match("CN=*{C}", "CN=DE", me),
	    "pattern: a missing or repeated attribute matches nothing");
	ok(match("OU=*,OU=a*,OU=ab", "OU=ab,OU=abc,OU=z", "") &&
	    match("OU=ab,OU=*,OU=a*", "OU=z,OU=ab,OU=abc", "") &&
	    !match("OU=ab,OU=a*,OU=*b", "OU=ab,OU=abc,OU=z", ""),
	    "pattern: each attribute is used once, whatever the order");
	ok(match("CN=#0c0161", "CN=a", "") && !match("CN=#130161", "CN=a", ""),
	    "pattern: #hex matches byte for byte");
	ok(!name_match("CN=*", SLICE_LIT("\x30\x02\x31\x00"), SLICE_NONE) &&
	    !name_match("CN=*", SLICE_NONE, SLICE_NONE) &&
	    !name_match("CN=*", one(DER_OCTET_STRING, SLICE_LIT("a")),
	    SLICE_NONE) && !match("CN=*", "", ""),
	    "pattern: what is no name or no text is not matched");
	ok(says("", "attributes") && says("*", "CN=*") && says("CN", "\"=\"") &&
	    says("CN=", "a value") && says("CN=a,O", "column 7") &&
	    says("CN={foo}", "{serialNumber}") && says("CN={CN", "\"}\"") &&
	    says("CN=\"a*\"", "quotes") && says("CN=\\FF", "UTF-8"),
	    "pattern: an error says what was expected (E_CONF)");
	ok(!name_match("*", der("CN=a"), SLICE_NONE) &&
	    !name_match("", der(""), SLICE_NONE),
	    "pattern: a malformed one matches nothing");
}

static void
test_glob(void)
{
	static uint8_t text[20000];
	static const char hard[] = "*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b";

	memset(text, 'a', sizeof(text));
	ok(!name_glob(SLICE_LIT(hard), SLICE(text, sizeof(text)), 1),
	    "glob: many stars cost no more than quadratic time");
	ok(name_glob(SLICE_LIT("a*c*e"), SLICE_LIT("abcccde"), 0) &&
	    name_glob(SLICE_LIT("*ab"), SLICE_LIT("abab"), 0) &&
	    !name_glob(SLICE_LIT("**"), SLICE_LIT("a"), 0) &&
	    name_glob(SLICE_LIT("**"), SLICE_LIT("ab"), 0) &&
	    !name_glob(SLICE_LIT("*a"), SLICE_LIT("a"), 0) &&
	    name_glob(SLICE_LIT(""), SLICE_LIT(""), 0),
	    "glob: a star is tried at every length");
	ok(name_glob(SLICE_LIT("A*"), SLICE_LIT("ab"), 1) &&
	    !name_glob(SLICE_LIT("A*"), SLICE_LIT("ab"), 0),
	    "glob: case counts unless folded");
}

int
main(void)
{
	test_parse();
	test_parse_errors();
	test_check();
	test_compare();
	test_text();
	test_match();
	test_glob();
	for (int i = 0; i < 16; i++)
		buf_release(&pool[i]);
	return done();
}
