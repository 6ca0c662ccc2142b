#include <stdlib.h>
#include <string.h>

#include "asn/der.h"
#include "asn/oid.h"
#include "tap.h"

#define B(s)	SLICE_LIT(s)

static const struct {
	enum err_code	 want;
	struct slice	 der;
	const char	*what;
} walks[] = {
	{ E_NONE, B("\x30\x00"), "an empty SEQUENCE" },
	{ E_NONE, B("\x30\x03\x02\x01\x7f"), "a small INTEGER" },
	{ E_NONE, B("\x02\x02\x00\x80"), "128 with its sign octet" },
	{ E_NONE, B("\x02\x01\x80"), "-128" },
	{ E_NONE, B("\x01\x01\xff"), "TRUE" },
	{ E_NONE, B("\x03\x01\x00"), "an empty BIT STRING" },
	{ E_NONE, B("\x03\x02\x03\xf8"), "a BIT STRING of five bits" },
	{ E_NONE, B("\x05\x00"), "NULL" },
	{ E_NONE, B("\x06\x03\x55\x04\x03"), "an OID" },
	{ E_NONE, B("\x31\x06\x02\x01\x01\x02\x01\x02"), "a sorted SET" },
	{ E_NONE, B("\x31\x06\x02\x01\x01\x02\x01\x01"), "a SET of equals" },
	{ E_NONE, B("\xa0\x03\x02\x01\x00"), "a constructed context tag" },
	{ E_NONE, B("\x80\x02\xff\xff"), "a primitive context tag" },
	{ E_NONE, B("\x0c\x02\xc3\xa9"), "a UTF8String" },
	{ E_NONE, B("\x13\x04" "a-Z?"), "a PrintableString" },
	{ E_NONE, B("\x16\x03" "a@b"), "an IA5String" },
	{ E_NONE, B("\x12\x03" "1 2"), "a NumericString" },
	{ E_NONE, B("\x17\x0d" "240229000000Z"), "29 February 2024" },
	{ E_NONE, B("\x18\x0f" "20500101235959Z"), "a GeneralizedTime" },
	{ E_NONE, B("\x30\x08\x06\x03\x55\x1d\x0f\x01\x01\xff"),
	    "critical TRUE" },
	{ E_DER_LENGTH, B(""), "nothing" },
	{ E_DER_LENGTH, B("\x30"), "a tag alone" },
	{ E_DER_LENGTH, B("\x30\x02\x02"), "a cut element" },
	{ E_DER_LENGTH, B("\x30\x03\x02\x02\x01"), "a child past its parent" },
	{ E_DER_LENGTH, B("\x30\x80\x02\x01\x01\x00\x00"),
	    "an indefinite length" },
	{ E_DER_LENGTH, B("\x30\x81\x03\x02\x01\x01"), "a long short length" },
	{ E_DER_LENGTH, B("\x04\x82\x00\x01\x00"), "a length with zeros" },
	{ E_DER_LENGTH, B("\x04\x85\x00\x00\x00\x00\x01\x00"),
	    "a length of five octets" },
	{ E_DER_LENGTH, B("\x30\xff\xff\xff\xff"), "a reserved length" },
	{ E_DER_LENGTH, B("\x04\x84\xff\xff\xff\xff"), "a length of 4 GiB" },
	{ E_DER_TAG, B("\x1f\x81\x00\x00"), "a long tag" },
	{ E_DER_TAG, B("\x10\x00"), "a primitive SEQUENCE" },
	{ E_DER_TAG, B("\x24\x03\x04\x01\x00"), "a constructed OCTET STRING" },
	{ E_DER_TAG, B("\x00\x00"), "end of contents" },
	{ E_DER_TAG, B("\x41\x00"), "an application tag" },
	{ E_DER_TAG, B("\xc1\x00"), "a private tag" },
	{ E_DER_TAG, B("\x09\x01\x00"), "a REAL" },
	{ E_DER_TRAILING, B("\x30\x00\x00"), "a byte after the end" },
	{ E_DER_TRAILING, B("\x30\x00\x30\x00"), "a second value" },
	{ E_DER_INTEGER, B("\x02\x00"), "an empty INTEGER" },
	{ E_DER_INTEGER, B("\x02\x02\x00\x7f"), "a padded INTEGER" },
	{ E_DER_INTEGER, B("\x02\x02\xff\x80"), "a padded negative INTEGER" },
	{ E_DER_INTEGER, B("\x0a\x02\x00\x01"), "a padded ENUMERATED" },
	{ E_DER_BOOLEAN, B("\x01\x01\x01"), "BOOLEAN 01" },
	{ E_DER_BOOLEAN, B("\x01\x02\xff\xff"), "a long BOOLEAN" },
	{ E_DER_BITS, B("\x03\x00"), "a BIT STRING of nothing" },
	{ E_DER_BITS, B("\x03\x02\x08\x00"), "eight unused bits" },
	{ E_DER_BITS, B("\x03\x01\x01"), "unused bits of no octet" },
	{ E_DER_BITS, B("\x03\x02\x03\xff"), "unused bits that are set" },
	{ E_DER_NULL, B("\x05\x01\x00"), "NULL with content" },
	{ E_DER_OID, B("\x06\x00"), "an empty OID" },
	{ E_DER_OID, B("\x06\x02\x55\x84"), "a cut OID" },
	{ E_DER_OID, B("\x06\x03\x55\x80\x01"), "a padded OID" },
	{ E_DER_OID, B("\x06\x0b\x2a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f"),
	    "an OID past 64 bits" },
	{ E_DER_STRING, B("\x0c\x02\xc0\x80"), "overlong UTF-8" },
	{ E_DER_STRING, B("\x0c\x03\xed\xa0\x80"), "a surrogate in UTF-8" },
	{ E_DER_STRING, B("\x0c\x01\xc3"), "cut UTF-8" },
	{ E_DER_STRING, B("\x13\x01" "@"), "@ in a PrintableString" },
	{ E_DER_STRING, B("\x13\x01\x00"), "NUL in a PrintableString" },
	{ E_DER_STRING, B("\x16\x01\x80"), "8 bits in an IA5String" },
	{ E_DER_STRING, B("\x12\x01" "-"), "- in a NumericString" },
	{ E_DER_STRING, B("\x1a\x01\x1f"), "a control in a VisibleString" },
	{ E_DER_STRING, B("\x1e\x01\x00"), "half a BMPString character" },
	{ E_DER_STRING, B("\x1c\x02\x00\x41"), "half a UniversalString one" },
	{ E_DER_TIME, B("\x17\x0d" "230229000000Z"), "29 February 2023" },
	{ E_DER_TIME, B("\x17\x0b" "2402290000Z"), "a time without seconds" },
	{ E_DER_TIME, B("\x17\x11" "240229000000+0100"), "a time zone" },
	{ E_DER_TIME, B("\x17\x0d" "240229240000Z"), "24 o'clock" },
	{ E_DER_TIME, B("\x17\x0d" "240229000060Z"), "a leap second" },
	{ E_DER_TIME, B("\x17\x0d" "240029000000Z"), "month 0" },
	{ E_DER_TIME, B("\x17\x0d" "240229000000z"), "a small z" },
	{ E_DER_TIME, B("\x17\x0d" "24022900000 Z"), "a blank in a time" },
	{ E_DER_TIME, B("\x18\x11" "20500101235959.5Z"), "half a second" },
	{ E_DER_TIME, B("\x18\x0f" "21000229000000Z"), "29 February 2100" },
	{ E_DER_SET, B("\x31\x06\x02\x01\x02\x02\x01\x01"), "a SET unsorted" },
	{ E_DER_DEFAULT, B("\x30\x08\x06\x03\x55\x1d\x0f\x01\x01\x00"),
	    "critical FALSE" },
};

static void
walk(void)
{
	uint8_t *p;
	struct err e;
	int rc;

	for (size_t i = 0; i < sizeof(walks) / sizeof(walks[0]); i++) {
		/* Exactly as many bytes as there are, for the sanitizer. */
		struct slice in = walks[i].der;
		if ((p = malloc(in.n ? in.n : 1)) == NULL)
			return;
		memcpy(p, in.p, in.n);
		e = (struct err){ 0 };
		rc = der_walk(SLICE(p, in.n), &der_limits_message, 0, &e);
		ok(e.code == walks[i].want && (rc == 0) == (e.code == E_NONE),
		    "walk: %s: %s%s", walks[i].what, walks[i].want == E_NONE ?
		    "accepted" : "refused, ", walks[i].want == E_NONE ? "" :
		    err_name(walks[i].want));
		free(p);
	}
	e = (struct err){ 0 };
	ok(der_walk(SLICE_NONE, &der_limits_message, 0, &e) == -1 &&
	    e.code == E_DER_LENGTH, "walk: nothing at all: refused");
}

/* ${depth} SEQUENCEs one in the other. */
static enum err_code
nested(unsigned depth, unsigned already)
{
	struct err e = { 0 };
	struct derw w;

	derw_init(&w, 4096);
	for (unsigned i = 0; i < depth; i++)
		derw_wrap(&w, DER_SEQUENCE, 0);
	der_walk(derw_slice(&w), &der_limits_message, already, &e);
	derw_release(&w);
	return e.code;
}

static enum err_code
wide(size_t n)
{
	struct err e = { 0 };
	struct derw w;

	derw_init(&w, 8192);
	for (size_t i = 0; i < n; i++)
		derw_null(&w);
	derw_wrap(&w, DER_SEQUENCE, 0);
	der_walk(derw_slice(&w), &der_limits_message, 0, &e);
	derw_release(&w);
	return e.code;
}

static void
limits(void)
{
	static const struct der_limits tiny = { .size = 3, .depth = 4,
	    .children = 4 };
	struct err e = { 0 };

	ok(nested(32, 0) == E_NONE, "limits: 32 levels are accepted");
	ok(nested(33, 0) == E_DER_DEPTH, "limits: 33 levels are refused");
	ok(nested(16, 16) == E_NONE && nested(17, 16) == E_DER_DEPTH,
	    "limits: levels outside an OCTET STRING count");
	ok(nested(1000, 0) == E_DER_DEPTH, "limits: so are 1000");
	ok(wide(1000) == E_NONE, "limits: 1000 elements are accepted");
	ok(wide(1001) == E_DER_COUNT, "limits: 1001 elements are refused");
	ok(der_walk(B("\x04\x02\x00\x00"), &tiny, 0, &e) == -1 &&
	    e.code == E_FILE_SIZE, "limits: size is one");
	ok(der_promised(B("\x30\x82\x01\x00")) == 260 &&
	    der_promised(B("\x30\x05")) == 7 &&
	    der_promised(B("\x30\x80")) == 0 && der_promised(B("\x31\x05")) == 0
	    && der_promised(B("\x30\x82\x01")) == 0,
	    "promised: the size is told from a header");
}

static void
cursor(void)
{
	struct slice in = B("\x02\x01\x05\x04\x02\xab\xcd"), was = in, v;
	int64_t n;
	uint32_t bits;
	int b;

	ok(der_get(&in, DER_OCTET_STRING, &v) == -1 && in.p == was.p &&
	    in.n == was.n, "cursor: an absent element leaves it as it was");
	ok(der_opt(&in, DER_NULL, &v) == 0 && v.p == NULL,
	    "cursor: an absent option is SLICE_NONE");
	ok(der_int64(&in, &n) == 0 && n == 5 && in.n == 4,
	    "cursor: an INTEGER is taken");
	ok(der_only(in, DER_OCTET_STRING, &v) == 0 && v.n == 2,
	    "cursor: the only element is opened");
	ok(der_only(was, DER_INTEGER, &v) == -1,
	    "cursor: one of two is not the only element");
	in = B("\x02\x09\x00\xff\xff\xff\xff\xff\xff\xff\xff");
	ok(der_int64(&in, &n) == -1 && in.n == 11,
	    "cursor: an INTEGER of 2^64 - 1 does not fit");
	ok(der_int64_value(B("\xff"), &n) == 0 && n == -1 &&
	    der_int64_value(B("\x80\0\0\0\0\0\0\0"), &n) == 0 &&
	    n == INT64_MIN, "cursor: negative INTEGERs are read");
	ok(der_bool_value(B("\xff"), &b) == 0 && b == 1 &&
	    der_bool_value(B("\x01"), &b) == -1, "cursor: BOOLEANs are strict");
	ok(der_octets_of_bits(B("\x00\xab"), &v) == 0 && v.n == 1 &&
	    der_octets_of_bits(B("\x01\xaa"), &v) == -1,
	    "cursor: odd bits are not octets");
	ok(der_named_bits(B("\x05\xa0"), &bits) == 0 && bits == 5 &&
	    der_named_bits(B("\x07\x00\x80"), &bits) == 0 && bits == 1 << 8 &&
	    der_named_bits(B("\x00"), &bits) == 0 && bits == 0,
	    "cursor: named bits are numbered from the first");
	ok(der_named_bits(B("\x04\xa0"), &bits) == -1 &&
	    der_named_bits(B("\x07\x00"), &bits) == -1,
	    "cursor: trailing zero bits are refused");
}

static int64_t
at(struct slice tlv)
{
	int64_t t = -1;

	return der_time(&tlv, &t) == 0 ? t : -1;
}

static void
times(void)
{
	static const int64_t when[] = { 0, -1, 951782400, 951868799,
	    1709164800, 2524607999, 2524608000, -631152000, -631152001,
	    4107542399, 253402300799LL, -62135596800LL };
	char t[DER_TIME_TEXT];
	struct derw w;
	struct slice v;

	ok(at(B("\x17\x0d" "700101000000Z")) == 0, "time: 1970 is 0");
	ok(at(B("\x17\x0d" "491231235959Z")) == 2524607999 &&
	    at(B("\x17\x0d" "500101000000Z")) == -631152000,
	    "time: years 49 and 50 are in two centuries");
	ok(strcmp(der_time_text(t, 951782400), "2000-02-29T00:00:00Z") == 0,
	    "time: 29 February 2000 was a day");
	ok(strcmp(der_time_text(t, INT64_MAX), "9999-12-31T23:59:59Z") == 0 &&
	    strcmp(der_time_text(t, INT64_MIN), "0001-01-01T00:00:00Z") == 0,
	    "time: the text stays within years 1 to 9999");
	derw_init(&w, 64);
	for (size_t i = 0; i < sizeof(when) / sizeof(when[0]); i++) {
		derw_reset(&w);
		derw_time(&w, when[i]);
		v = derw_slice(&w);
		ok(at(v) == when[i] && (v.p[0] == DER_UTC_TIME) ==
		    (when[i] >= -631152000 && when[i] < 2524608000),
		    "time: %s comes back, as UTCTime from 1950 to 2049",
		    der_time_text(t, when[i]));
	}
	derw_reset(&w);
	derw_generalized(&w, 0);
	ok(slice_eq(derw_slice(&w), B("\x18\x0f" "19700101000000Z")),
	    "time: GeneralizedTime is written where asked for");
	derw_release(&w);
}

static int
wrote(struct derw *w, struct slice want)
{
	int same = slice_eq(derw_slice(w), want);

	derw_reset(w);
	return same;
}

static int
int_is(struct derw *w, int64_t v, struct slice want)
{
	derw_int(w, DER_INTEGER, v);
	return wrote(w, want);
}

static void
writer(void)
{
	uint8_t big[300] = { 0 };
	struct derw w;
	size_t mark;

	derw_init(&w, 1024);
	ok(int_is(&w, 0, B("\x02\x01\x00")) &&
	    int_is(&w, 128, B("\x02\x02\x00\x80")) &&
	    int_is(&w, -128, B("\x02\x01\x80")) &&
	    int_is(&w, -129, B("\x02\x02\xff\x7f")) &&
	    int_is(&w, INT64_MIN, B("\x02\x08\x80\0\0\0\0\0\0\0")),
	    "writer: INTEGERs are minimal");
	derw_unsigned(&w, DER_INTEGER, B("\x00\x00\x80"));
	ok(wrote(&w, B("\x02\x02\x00\x80")),
	    "writer: unsigned INTEGERs get one sign octet");
	derw_unsigned(&w, DER_INTEGER, SLICE_NONE);
	ok(wrote(&w, B("\x02\x01\x00")), "writer: no octets are zero");
	derw_bool(&w, 1);
	derw_null(&w);
	mark = derw_mark(&w);
	derw_oid(&w, oid_bytes(OID_CN));
	derw_wrap(&w, DER_SET, mark);
	derw_wrap(&w, DER_SEQUENCE, 0);
	ok(wrote(&w, B("\x30\x0c\x31\x05\x06\x03\x55\x04\x03\x05\x00"
	    "\x01\x01\xff")), "writer: what is written last stands first");
	derw_bits(&w, DER_BIT_STRING, B("\xab"));
	ok(wrote(&w, B("\x03\x02\x00\xab")), "writer: octets become bits");
	derw_named_bits(&w, DER_BIT_STRING, 5);
	ok(wrote(&w, B("\x03\x02\x05\xa0")), "writer: named bits are cut");
	derw_named_bits(&w, DER_BIT_STRING, 0);
	ok(wrote(&w, B("\x03\x01\x00")), "writer: no named bits are empty");
	derw_prim(&w, DER_OCTET_STRING, SLICE(big, 127));
	ok(derw_slice(&w).n == 129, "writer: 127 has a short length");
	derw_reset(&w);
	derw_prim(&w, DER_OCTET_STRING, SLICE(big, 128));
	ok(derw_slice(&w).n == 131 && derw_slice(&w).p[1] == 0x81,
	    "writer: 128 has a long length");
	derw_reset(&w);
	derw_prim(&w, DER_OCTET_STRING, SLICE(big, 256));
	ok(derw_slice(&w).n == 260 && memcmp(derw_slice(&w).p,
	    "\x04\x82\x01\x00", 4) == 0, "writer: 256 takes two octets");
	for (int i = 0; i < 4; i++)
		derw_raw(&w, SLICE(big, 300));
	ok(derw_bad(&w) && derw_slice(&w).p == NULL,
	    "writer: past its bound it is bad, and has nothing");
	derw_reset(&w);
	derw_null(&w);
	ok(wrote(&w, B("\x05\x00")), "writer: after a reset it is good again");
	derw_release(&w);
}

static void
oids(void)
{
	static const char *const dotted[] = { NULL,
#define OID(id, name, dotted, bytes, rfc4514) dotted,
#include "asn/oid.def"
#undef OID
	};
	static const char *const bad[] = { "", "1", "1.", ".1", "1..2", "3.1",
	    "1.40", "0.40", "01.2", "1.02", "1.2 ", "a", "1.2.x", "1.2." };
	uint8_t out[64];
	char t[OID_TEXT];
	size_t n, same = 0;

	for (enum oid i = 1; i < OID__COUNT; i++) {
		struct slice b = oid_bytes(i);
		n = oid_parse(dotted[i], strlen(dotted[i]), out);
		ok(slice_eq(SLICE(out, n), b) && oid_of(b) == i &&
		    strcmp(oid_text(t, b), dotted[i]) == 0,
		    "oid: both forms of %s are the same", oid_name(i));
		same += oid_by_name(oid_name(i), strlen(oid_name(i))) == i;
	}
	ok(same == OID__COUNT - 1, "oid: every name leads back");
	ok(oid_of(SLICE_NONE) == OID_UNKNOWN, "oid: nothing is unknown");
	ok(oid_by_attribute("cn", 2) == OID_CN &&
	    oid_by_attribute("COMMONNAME", 10) == OID_CN &&
	    oid_by_attribute("clientAuth", 10) == OID_UNKNOWN,
	    "oid: attributes are found by either name, in any case");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ok(oid_parse(bad[i], strlen(bad[i]), out) == 0,
		    "oid: \"%s\" is not one", bad[i]);
	n = oid_parse("2.999.1", 7, out);
	ok(n == 3 && strcmp(oid_text(t, SLICE(out, n)), "2.999.1") == 0,
	    "oid: the second arc below 2 may be large");
	n = oid_parse("2.25.36028797018963967", 22, out);
	ok(n == 0 || strcmp(oid_text(t, SLICE(out, n)),
	    "2.25.36028797018963967") == 0, "oid: large arcs come back or are "
	    "refused");
}

int
main(void)
{
	walk();
	limits();
	cursor();
	times();
	writer();
	oids();
	return done();
}
