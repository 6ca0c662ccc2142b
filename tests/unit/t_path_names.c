/* Name constraints (RFC 5280 4.2.1.10): Sub limits, ee is limited. */
#include "pki/path.h"

#include "tap.h"
#include "t_path_chain.h"

/* One constraint of Sub against one alternative name of ee. */
static enum err_code
one(struct gn limit, struct gn alt)
{
	reset();
	sub.nc[0] = limit;
	ee.san[0] = alt;
	return chain();
}

#define L(sign, form, ...)	((struct gn){ sign, SAN_##form, __VA_ARGS__ })
#define N(form, ...)		((struct gn){ 0, SAN_##form, __VA_ARGS__ })

struct row {
	const char	*limit, *name;
	int		 in, out;	/* taken when permitted, excluded */
};

static void
rows(unsigned form, const struct row *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct gn l = { '+', form, v[i].limit, 0 };
		struct gn s = { 0, form, v[i].name, 0 };

		ok((one(l, s) == E_NONE) == v[i].in, "\"%s\" permitted: "
		    "\"%s\" is %s", l.p, s.p, v[i].in ? "taken" : "refused");
		l.sign = '-';
		ok((one(l, s) == E_NONE) == v[i].out, "\"%s\" excluded: "
		    "\"%s\" is %s", l.p, s.p, v[i].out ? "taken" : "refused");
	}
}

#define ROWS(form, v)	rows(SAN_##form, (v), sizeof(v) / sizeof(*(v)))

static const struct row dns[] = {
	{ "plant.example", "plant.example", 1, 0 },
	{ "plant.example", "a.b.plant.example", 1, 0 },
	{ "plant.example", "A.PLANT.Example", 1, 0 },
	{ "plant.example", "xplant.example", 0, 1 },
	{ "plant.example", "example", 0, 1 },
	{ "plant.example", "*.plant.example", 1, 0 },
	{ "a.plant.example", "*.plant.example", 0, 0 },
	{ "plant.example", "a.plant.example.", 0, 0 },
	{ "plant.example", "a..plant.example", 0, 0 },
	{ ".plant.example", "a.plant.example", 0, 0 },
	{ "*.plant.example", "a.plant.example", 0, 0 },
};

static const struct row email[] = {
	{ "a@plant.example", "a@plant.example", 1, 0 },
	{ "a@plant.example", "a@PLANT.example", 1, 0 },
	{ "a@plant.example", "A@plant.example", 0, 0 },
	{ "a@plant.example", "b@plant.example", 0, 1 },
	{ "plant.example", "a@plant.example", 1, 0 },
	{ "plant.example", "a@b.plant.example", 0, 1 },
	{ ".plant.example", "a@b.plant.example", 1, 0 },
	{ ".plant.example", "a@plant.example", 0, 1 },
	{ "plant.example", "plant.example", 0, 0 },
	{ "plant.example", "\"x@y\"@plant.example", 0, 0 },
	{ "plant.example", "a@b@plant.example", 0, 0 },
};

static const struct row uri[] = {
	{ "plant.example", "https://plant.example/x", 1, 0 },
	{ "plant.example", "https://u@PLANT.example:8080?x", 1, 0 },
	{ "plant.example", "https://a.plant.example", 0, 1 },
	{ ".plant.example", "https://a.plant.example#f", 1, 0 },
	{ ".plant.example", "https://plant.example", 0, 1 },
	{ "plant.example", "https://evil.example/@plant.example", 0, 1 },
	{ "plant.example", "urn:plant.example", 0, 0 },
	{ "plant.example", "https://10.0.0.7/", 0, 0 },
	{ "plant.example", "https://[2001:db8::1]/", 0, 0 },
	{ "plant.example", "https:///x", 0, 0 },
};

static const struct row dn[] = {
	{ "OU=a,O=T", "CN=x,OU=a,O=T", 1, 0 },
	{ "OU=a,O=T", "CN=x,OU=b,O=T", 0, 1 },
	{ "OU=a,O=T", "OU=a,O=t", 1, 0 },
	{ "OU=a,O=T", "O=T", 0, 1 },
};

/* The subject of ee is a directory name as well. */
static void
test_dn(void)
{
	for (size_t i = 0; i < sizeof(dn) / sizeof(*dn); i++) {
		reset();
		sub.nc[0] = L('+', DN, dn[i].limit, 0);
		ee.subject = dn[i].name;
		ok((chain() == E_NONE) == dn[i].in, "DN %s permitted: %s is "
		    "%s", dn[i].limit, ee.subject, dn[i].in ? "taken" :
		    "refused");
		sub.nc[0].sign = '-';
		ok((chain() == E_NONE) == dn[i].out, "DN %s excluded: %s is "
		    "%s", dn[i].limit, ee.subject, dn[i].out ? "taken" :
		    "refused");
	}
	ok(one(L('-', DN, "OU=a,O=T", 0), N(DN, "CN=x,OU=a,O=T", 0)) ==
	    E_PATH_NAMES, "an excluded directoryName in the SAN is refused");
	ok(one(L('+', DNS, "plant.example", 0), N(URI, "urn:x", 0)) == E_NONE,
	    "a limit of one form says nothing about another");
}

static void
test_ip(void)
{
	static const char v4[] = "\x0a\x01\x00\x00\xff\xff\x00\x00";
	static const char hole[] = "\x0a\x01\x00\x00\xff\x00\xff\x00";
	static const char v6[33] = "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\0"
	    "\xff\xff\xff\xff";
	static const char a6[17] = "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1";
	struct gn in = N(IP, "\x0a\x01\x02\x03", 4);
	struct gn out = N(IP, "\x0a\x02\x02\x03", 4);

	ok(one(L('+', IP, v4, 8), in) == E_NONE, "10.1.2.3 is in 10.1/16");
	ok(one(L('+', IP, v4, 8), out) == E_PATH_NAMES,
	    "10.2.2.3 is not permitted");
	ok(one(L('-', IP, v4, 8), in) == E_PATH_NAMES,
	    "10.1.2.3 is excluded");
	ok(one(L('-', IP, v4, 8), out) == E_NONE, "10.2.2.3 is not excluded");
	ok(one(L('+', IP, v6, 32), N(IP, a6, 16)) == E_NONE,
	    "2001:db8::1 is in 2001:db8::/32");
	ok(one(L('-', IP, v6, 32), N(IP, a6, 16)) == E_PATH_NAMES,
	    "2001:db8::1 is excluded");
	ok(one(L('+', IP, v6, 32), in) == E_PATH_NAMES,
	    "IPv4 is not permitted where only IPv6 is");
	ok(one(L('+', IP, hole, 8), in) == E_PATH_NAMES && says("understood"),
	    "a mask with a hole is not understood");
	ok(one(L('+', IP, v4, 4), in) == E_PATH_NAMES,
	    "a constraint without a mask is not understood");
}

static void
test_subject_email(void)
{
	reset();
	sub.nc[0] = L('-', EMAIL, "plant.example", 0);
	ee.subject = "emailAddress=a@plant.example,CN=ee,O=T";
	ok(chain() == E_PATH_NAMES, "an address in the subject is limited");
	ee.san[0] = N(EMAIL, "a@b.example", 0);
	ok(chain() == E_NONE, "but not beside an address in the SAN");
	ee.san[0] = N(DNS, "b.example", 0);
	ok(chain() == E_PATH_NAMES, "a SAN without an address is none");
}

static void
test_forms(void)
{
	ok(one(L('+', OTHER, "x", 0), N(DNS, "a.example", 0)) == E_NONE,
	    "a form that we cannot limit does no harm unless it is there");
	ok(one(L('+', OTHER, "x", 0), N(OTHER, "x", 0)) == E_PATH_NAMES,
	    "a form that we cannot limit is refused, permitted");
	ok(one(L('-', OTHER, "x", 0), N(OTHER, "y", 0)) == E_PATH_NAMES,
	    "or excluded");
	ok(one(L('-', RID, "\x2a\x03", 2), N(RID, "\x2a\x04", 2)) ==
	    E_PATH_NAMES, "registered IDs are such a form");
	ok(one(L('-', DNS, "", 0), N(DNS, "a.example", 0)) == E_PATH_NAMES,
	    "the empty DNS name excludes all");
	ok(one(L('+', DNS, "", 0), N(DNS, "a.example", 0)) == E_NONE,
	    "or permits all");
}

static enum err_code
raw(const void *p, size_t n)
{
	reset();
	sub.raw_nc = SLICE(p, n);
	return chain();
}

static void
test_syntax(void)
{
	static const char empty[] = "\x30\x02\xa0\x00";
	static const char minimum[] =
	    "\x30\x0a\xa0\x08\x30\x06\x82\x01\x61\x80\x01\x01";
	static const char maximum[] =
	    "\x30\x0a\xa0\x08\x30\x06\x82\x01\x61\x81\x01\x05";
	static const char trailing[] =
	    "\x30\x09\xa0\x05\x30\x03\x82\x01\x61\x05\x00";

	ok(raw(empty, 4) == E_PATH_NAMES, "no subtrees are not understood");
	ok(raw(minimum, 12) == E_PATH_NAMES, "a minimum is not understood");
	ok(raw(maximum, 12) == E_PATH_NAMES, "a maximum is not understood");
	ok(raw(trailing, 11) == E_PATH_NAMES, "more than we know is refused");
}

static void
test_place(void)
{
	reset();
	root.nc[0] = L('+', DN, "O=T", 0);
	root.nc[1] = L('-', DN, "CN=ee,O=T", 0);
	ok(chain() == E_PATH_NAMES, "constraints of the anchor count");
	reset();
	ca.nc[0] = L('-', DN, SUB, 0);
	ok(chain() == E_PATH_NAMES && says(SUB),
	    "intermediates are limited as well");
	reset();
	ca.nc[0] = L('+', DN, "CN=ee,O=T", 0);
	sub.subject = ee.issuer = CA;
	ok(chain() == E_NONE, "but not if they are self-issued");
	reset();
	ca.nc[0] = L('+', DNS, "plant.example", 0);
	sub.nc[0] = L('+', DNS, "example", 0);
	ee.san[0] = N(DNS, "a.example", 0);
	ok(chain() == E_PATH_NAMES, "a CA cannot widen what is above it");
	ee.san[0] = N(DNS, "a.plant.example", 0);
	ok(chain() == E_NONE, "what all of them permit is taken");
	ee.san[1] = N(DNS, "b.example", 0);
	ok(chain() == E_PATH_NAMES, "every name has to be permitted");
	reset();
	sub.nc[0] = L('+', DNS, "a.example", 0);
	sub.nc[1] = L('+', DNS, "b.example", 0);
	sub.nc[2] = L('-', DNS, "x.b.example", 0);
	ee.san[0] = N(DNS, "b.example", 0);
	ok(chain() == E_NONE, "one of several permitted is enough");
	ee.san[0] = N(DNS, "x.b.example", 0);
	ok(chain() == E_PATH_NAMES, "excluded wins over permitted");
}

/* 1,000 subtrees and six names are more comparisons than we make. */
static void
test_work(void)
{
	struct derw w;
	size_t m;

	reset();
	derw_init(&w, 1 << 16);
	for (int i = 0; i < 1000; i++) {
		m = derw_mark(&w);
		derw_prim(&w, DER_CTXP(SAN_DNS), SLICE_LIT("x.example"));
		derw_wrap(&w, DER_SEQUENCE, m);
	}
	derw_wrap(&w, DER_CTX(1), 0);
	derw_wrap(&w, DER_SEQUENCE, 0);
	sub.raw_nc = derw_slice(&w);
	ok(chain() == E_NONE, "1,000 subtrees and one name are compared");
	for (int i = 0; i < LIST; i++)
		ee.san[i] = N(DNS, "a.example", 0);
	ok(chain() == E_PATH_NAMES && says("too many"),
	    "1,000 subtrees and seven names are refused");
	derw_release(&w);
}

int
main(void)
{
	setup_keys();
	ROWS(DNS, dns);
	ROWS(EMAIL, email);
	ROWS(URI, uri);
	test_dn();
	test_ip();
	test_subject_email();
	test_forms();
	test_syntax();
	test_place();
	test_work();
	reset();
	free_keys();
	return done();
}
