/* Path building and the checks of RFC 5280 6.1, one bent chain at a time. */
#include "pki/path.h"

#include "tap.h"
#include "t_path_chain.h"

static void
test_building(void)
{
	struct cert pool[8], junk, other;

	reset();
	make_chain();
	junk = mk((struct spec){ .subject = "CN=junk", .issuer = "CN=junk",
		.key = K_OTHER, .by = K_OTHER, .ca = 1 });
	other = mk((struct spec){ .subject = SUB, .issuer = CA,
		.key = K_OTHER, .by = K_CA, .ca = 1, .no_ids = 1 });
	pool[0] = junk;
	pool[1] = other;
	pool[2] = c_sub;
	pool[3] = c_ee;
	pool[4] = c_ca;
	pool[5] = c_sub;
	pool[6] = c_root;
	pool[7] = c_ca;
	ok(find(pool, 8, &c_root) == E_NONE,
	    "an unordered pool with junk and duplicates gives a path");
	ok(found.n == 3 && found.certs[0] == &c_ee &&
	    found.anchor->cert == &c_root &&
	    slice_eq(found.certs[1]->der, c_sub.der) &&
	    slice_eq(found.certs[2]->der, c_ca.der),
	    "the path is target, intermediates, anchor");
	ok(find(pool, 3, &c_root) == E_PATH_NONE && says("issuer CN=CA,O=T"),
	    "a missing intermediate is named");
	ok(find(NULL, 0, &c_root) == E_PATH_NONE && says("CN=Sub,O=T"),
	    "an empty pool is a missing intermediate");
	ok(find(pool, 8, &junk) == E_PATH_NONE,
	    "a chain to a root that is no anchor is refused");
	ok(find(pool, 1, &c_ca) == E_PATH_NONE &&
	    find(pool, 3, &c_ca) == E_NONE && found.n == 2,
	    "an intermediate may be the anchor");
	ask.target = &junk;
	ok(find(pool, 8, &c_root) == E_PATH_NONE && says("self-issued"),
	    "a self-signed certificate is not trusted for being there");
}

static void
test_key_ids(void)
{
	reset();
	ee.by = K_OTHER;
	ok(chain() == E_PATH_NONE && says("another key"),
	    "an issuer with another key identifier is no issuer");
	reset();
	ee.no_ids = sub.no_ids = ca.no_ids = root.no_ids = 1;
	ok(chain() == E_NONE, "key identifiers may be absent");
	ee.aki_issuer = CA;
	ee.aki_serial = 3;
	ok(chain() == E_NONE, "authorityCertIssuer and serial may match");
	ee.aki_serial = 9;
	ok(chain() == E_PATH_NONE, "another authorityCertSerialNumber refuses");
	ee.aki_issuer = ROOT;
	ee.aki_serial = 3;
	ok(chain() == E_PATH_NONE, "another authorityCertIssuer refuses");
}

static void
test_signatures(void)
{
	struct spec *at[] = { &ee, &sub, &ca };

	for (size_t i = 0; i < 3; i++) {
		reset();
		at[i]->bad_sig = 1;
		ok(chain() == E_PATH_SIG && says(at[i]->subject),
		    "a wrong signature of %s is found", at[i]->subject);
	}
	reset();
	sub.no_ids = ee.no_ids = 1;
	ee.by = K_OTHER;
	ok(chain() == E_PATH_SIG, "a right signature of another key is wrong");
	reset();
	root.bad_sig = 1;
	ok(chain() == E_NONE, "an anchor's own signature does not matter");
	reset();
	make_chain();
	c_ee.sigalg.scheme = SIG_NONE;
	ok(find((struct cert[]){ c_sub, c_ca }, 2, &c_root) == E_PATH_SIG &&
	    says("algorithm"), "an unknown signature algorithm is refused");
}

static void
test_time(void)
{
	struct spec *at[] = { &ee, &sub, &ca, &root };

	for (size_t i = 0; i < 4; i++) {
		reset();
		at[i]->to = NOW - 1;
		ok(chain() == E_PATH_TIME && says(at[i]->subject) &&
		    says("2027-01-15T07:59:59Z"), "expired %s is refused",
		    at[i]->subject);
		at[i]->to = NOW;
		ok(chain() == E_NONE, "the last second of %s is valid",
		    at[i]->subject);
		at[i]->to = 0;
		at[i]->from = NOW + 1;
		ok(chain() == E_PATH_TIME && says("not valid before"),
		    "%s of tomorrow is refused", at[i]->subject);
		at[i]->from = NOW;
		ok(chain() == E_NONE, "the first second of %s is valid",
		    at[i]->subject);
	}
}

static void
test_ca(void)
{
	reset();
	sub.ca = 0;
	ok(chain() == E_PATH_CA, "an end entity cannot issue");
	reset();
	ca.ca = 0;
	ok(chain() == E_PATH_CA, "an end entity cannot issue a CA");
	reset();
	root.ca = 0;
	ok(chain() == E_PATH_CA, "an anchor that is no CA issues nothing");
	reset();
	sub.ku = KU_CRL_SIGN;
	ok(chain() == E_PATH_USAGE && says("keyCertSign"),
	    "an intermediate without keyCertSign is refused");
	reset();
	root.ku = KU_CRL_SIGN;
	ok(chain() == E_PATH_USAGE, "an anchor without keyCertSign is refused");
	reset();
	root.ku = ca.ku = sub.ku = 0;
	ok(chain() == E_NONE, "keyUsage may be absent");
	reset();
	root.v1 = 1;
	ok(chain() == E_NONE, "an anchor may be version 1");
	reset();
	sub.v1 = 1;
	ok(chain() == E_PATH_CA, "an intermediate of version 1 is refused");
	reset();
	ee.v1 = 1;
	ok(chain() == E_PATH_CA, "a target of version 1 is refused");
}

static void
test_path_len(void)
{
	reset();
	ca.path_len = 1 + 0;
	ok(chain() == E_PATH_LENGTH && says("found 1"),
	    "pathLen 0 allows no CA below");
	ca.path_len = 1 + 1;
	sub.path_len = 1 + 0;
	ok(chain() == E_NONE, "pathLen 1 over pathLen 0 is as it should be");
	root.path_len = 1 + 1;
	ok(chain() == E_PATH_LENGTH, "pathLen of the anchor counts");
	/* Sub becomes a self-issued roll-over certificate of CA. */
	sub.subject = ee.issuer = CA;
	ca.path_len = 1 + 0;
	ok(chain() == E_NONE, "self-issued intermediates are not counted");
}

static void
test_critical(void)
{
	struct spec *at[] = { &ee, &sub, &ca };

	for (size_t i = 0; i < 3; i++) {
		reset();
		at[i]->critical = 1;
		ok(chain() == E_PATH_CRITICAL && says("1.2.3.4.5"),
		    "an unknown critical extension of %s is refused",
		    at[i]->subject);
	}
}

static void
test_usage(void)
{
	reset();
	ask.ku = KU_DIGITAL_SIGNATURE;
	ok(chain() == E_NONE, "the keyUsage asked for is there");
	ask.ku = KU_DIGITAL_SIGNATURE | KU_KEY_AGREEMENT;
	ok(chain() == E_PATH_USAGE, "every keyUsage bit asked for is needed");
	ee.ku = 0;
	ok(chain() == E_NONE, "a target without keyUsage may do all");

	reset();
	ask.eku = OID_KP_CMC_RA;
	ok(chain() == E_NONE, "the extended key usage asked for is there");
	ee.eku[0] = OID_KP_CMC_CA;
	ok(chain() == E_PATH_EKU && says("cmcRA"), "another EKU is refused");
	ee.eku[0] = OID_KP_ANY;
	ok(chain() == E_PATH_EKU, "anyExtendedKeyUsage is not cmcRA");
	ee.eku[0] = OID_UNKNOWN;
	ok(chain() == E_PATH_EKU, "no EKU is not cmcRA");
	ask.eku = OID_UNKNOWN;
	ok(chain() == E_NONE, "no EKU is fine if none is asked for");
}

static void
test_ca_usage(void)
{
	reset();
	ask.eku = OID_KP_CMC_RA;
	sub.eku[0] = OID_KP_SERVER_AUTH;
	ok(chain() == E_PATH_EKU && says("limited"),
	    "an EKU of an intermediate limits what is below");
	sub.eku[1] = OID_KP_CMC_RA;
	ok(chain() == E_NONE, "an intermediate may list the EKU");
	sub.eku[1] = OID_KP_ANY;
	ok(chain() == E_NONE, "anyExtendedKeyUsage of a CA limits nothing");
	root.eku[0] = OID_KP_CODE_SIGNING;
	ok(chain() == E_PATH_EKU, "an EKU of the anchor limits, too");
	ask.eku = OID_UNKNOWN;
	ok(chain() == E_NONE, "EKUs limit nothing if none is asked for");
}

static void
test_pinned(void)
{
	struct anchor both[2];

	reset();
	ask.eku = OID_KP_CMC_RA;
	make_chain();
	ok(find(NULL, 0, &c_ee) == E_NONE && found.n == 0 &&
	    found.anchor->cert == &c_ee,
	    "a pinned end entity needs no path");
	ask.eku = OID_KP_CMC_CA;
	ok(find(NULL, 0, &c_ee) == E_PATH_EKU,
	    "a pinned end entity still needs the EKU asked for");
	ask.eku = OID_UNKNOWN;
	ask.now = NOW + 31 * DAY;
	ok(find(NULL, 0, &c_ee) == E_PATH_TIME, "a pinned one may expire");
	ask.now = NOW;
	both[0] = (struct anchor){ .cert = &c_root };
	both[1] = (struct anchor){ .cert = &c_ee };
	ask.anchors = both;
	ask.n_anchors = 2;
	ok(find(NULL, 0, NULL) == E_NONE && found.anchor == &both[1],
	    "a pinned one is found among anchors");
	both[1].cert = &c_ca;
	ok(find(&c_sub, 1, NULL) == E_NONE && found.anchor == &both[1],
	    "the anchor that fits is found");
	ask.n_anchors = 0;
	ok(find(&c_sub, 1, NULL) == E_PATH_NONE, "no anchors, no path");
}

/* A and B certify each other; nobody certifies them. */
static void
test_loops(void)
{
	struct cert pool[4];

	reset();
	make_chain();
	pool[0] = c_sub;
	pool[1] = mk((struct spec){ .subject = CA, .issuer = "CN=B",
		.key = K_CA, .by = K_OTHER, .ca = 1 });
	pool[2] = mk((struct spec){ .subject = "CN=B", .issuer = CA,
		.key = K_OTHER, .by = K_CA, .ca = 1 });
	ok(find(pool, 3, &c_root) == E_PATH_NONE,
	    "two that certify each other end the search");
	pool[3] = c_ca;
	ok(find(pool, 4, &c_root) == E_NONE && found.n == 3,
	    "cross certificates do not hide the way to the anchor");
	root.subject = root.issuer = "CN=B";
	root.key = root.by = K_OTHER;
	c_root = mk(root);
	ok(find(pool, 4, &c_root) == E_NONE &&
	    slice_eq(found.certs[2]->der, pool[1].der),
	    "the cross certificate leads to the other anchor");
}

static void
test_hostile_pools(void)
{
	struct cert pool[PATH_MAX_POOL + 8];
	struct spec junk;
	char cn[32];
	size_t n = 0;

	reset();
	make_chain();
	for (; n < 64; n++) {
		snprintf(cn, sizeof(cn), "CN=junk %zu", n);
		pool[n] = mk((struct spec){ .subject = cn, .issuer = cn,
			.key = K_OTHER, .by = K_OTHER, .ca = 1 });
	}
	pool[n++] = c_ca;
	pool[n++] = c_sub;
	ok(find(pool, n, &c_root) == E_NONE,
	    "64 unrelated certificates do no harm");

	reset();
	ee.no_ids = sub.no_ids = ca.no_ids = 1;
	make_chain();
	junk = sub;
	junk.key = K_OTHER;
	for (n = 0; n < 20; n++) {
		junk.serial = 1000 + (int)n;
		junk.bad_sig = 1;
		pool[n] = mk(junk);
	}
	pool[n++] = c_ca;
	pool[n++] = c_sub;
	ok(find(pool, n, &c_root) == E_NONE,
	    "20 false issuers of the right name do no harm");
	for (; n < 44; n++) {
		junk.serial = 2000 + (int)n;
		pool[n] = mk(junk);
	}
	pool[21] = pool[22];
	ok(find(pool, n, &c_root) == E_PATH_LENGTH && says("gave up"),
	    "the search gives up after 32 signatures, and says so");
}

static void
test_bad_keys(void)
{
	struct cert pool[3];

	reset();
	make_chain();
	pool[0] = pool[1] = c_sub;
	pool[2] = c_ca;
	pool[0].der = c_root.der;
	pool[0].spki = SLICE_LIT("\x30\x00");
	ok(find(pool, 3, &c_root) == E_NONE,
	    "an issuer with a malformed key does no harm");
	pool[1] = pool[0];
	ok(find(pool, 3, &c_root) == E_PATH_SIG && says(SUB),
	    "a malformed key is named when there is no other");
}

/* ${n} CAs in a row above the end entity. */
static enum err_code
long_chain(int n)
{
	struct cert pool[16];
	char a[32], b[32];

	reset();
	ca.no_ids = root.no_ids = ee.no_ids = 1;
	c_root = mk(root);
	for (int i = 0; i < n; i++) {
		snprintf(a, sizeof(a), "CN=CA %d", i);
		snprintf(b, sizeof(b), "CN=CA %d", i - 1);
		ca.subject = a;
		ca.issuer = i ? b : ROOT;
		ca.key = i & 1 ? K_CA : K_SUB;
		ca.by = i == 0 ? K_ROOT : i & 1 ? K_SUB : K_CA;
		pool[i] = mk(ca);
	}
	ee.issuer = a;
	ee.by = ca.key;
	c_ee = mk(ee);
	return find(pool, (size_t)n, &c_root);
}

int
main(void)
{
	setup_keys();
	test_building();
	test_key_ids();
	test_signatures();
	test_time();
	test_ca();
	test_path_len();
	test_critical();
	test_usage();
	test_ca_usage();
	test_pinned();
	test_loops();
	test_hostile_pools();
	test_bad_keys();
	ok(long_chain(9) == E_NONE && found.n == 10,
	    "a path of 10 certificates is found");
	ok(long_chain(10) == E_PATH_LENGTH, "one of 11 is refused");
	reset();
	free_keys();
	return done();
}
