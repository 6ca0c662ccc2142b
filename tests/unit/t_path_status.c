/* Revocation status of paths: good, revoked, and everything unknown. */
#include "pki/path.h"

#include "tap.h"
#include "t_path_chain.h"

/* The three CRLs of a chain; ${sub} stands for the one about the target. */
static void
good_crls(struct crl_spec of_sub)
{
	reset();
	add_crl((struct crl_spec){ .issuer = ROOT, .key = K_ROOT });
	add_crl((struct crl_spec){ .issuer = CA, .key = K_CA });
	of_sub.issuer = SUB;
	if (of_sub.key == 0)
		of_sub.key = K_SUB;
	add_crl(of_sub);
}

#define EE_CRL(...)	good_crls((struct crl_spec){ __VA_ARGS__ })

static void
test_good(void)
{
	EE_CRL(.key = K_SUB);
	ok(chain() == E_NONE, "every certificate is good by its CRL");
	EE_CRL(.revoked = { 2, 3, 5 });
	ok(chain() == E_NONE, "serials of others revoke nobody");
	EE_CRL(.this_update = NOW + 600, .next_update = NOW + DAY);
	ok(chain() == E_NONE, "a CRL ten minutes ahead is taken");
	EE_CRL(.next_update = NOW);
	ok(chain() == E_NONE, "the last second of a CRL is valid");
	EE_CRL(.key = K_SUB);
	make_chain();
	ok(find(NULL, 0, &c_ee) == E_NONE, "a pinned target needs no CRL");
	EE_CRL(.next_update = NOW - 1);
	add_crl((struct crl_spec){ .issuer = SUB, .key = K_SUB });
	add_crl((struct crl_spec){ .issuer = SUB, .key = K_OTHER });
	ok(chain() == E_NONE, "one good CRL is enough beside bad ones");
}

static void
test_revoked(void)
{
	EE_CRL(.revoked = { 3, 4 });
	ok(chain() == E_PATH_REVOKED && says(EE) && says("serial 04"),
	    "a revoked target is refused");
	EE_CRL(.revoked = { 4 }, .next_update = NOW - 1);
	ok(chain() == E_PATH_REVOKED,
	    "revoked by an expired CRL is still revoked");
	add_crl((struct crl_spec){ .issuer = SUB, .key = K_SUB });
	ok(chain() == E_PATH_REVOKED,
	    "one CRL that revokes outweighs one that does not");
	reset();
	add_crl((struct crl_spec){ .issuer = ROOT, .key = K_ROOT });
	add_crl((struct crl_spec){ .issuer = CA, .key = K_CA,
		.revoked = { 3 } });
	add_crl((struct crl_spec){ .issuer = SUB, .key = K_SUB });
	ok(chain() == E_PATH_REVOKED && says(SUB),
	    "a revoked intermediate is refused");
	reset();
	add_crl((struct crl_spec){ .issuer = ROOT, .key = K_ROOT,
		.revoked = { 2 } });
	add_crl((struct crl_spec){ .issuer = CA, .key = K_CA });
	add_crl((struct crl_spec){ .issuer = SUB, .key = K_SUB });
	ok(chain() == E_PATH_REVOKED && says(CA), "and one just below the "
	    "anchor");
}

/* Every CRL of a chain left out, in turn. */
static void
test_missing(void)
{
	static const struct crl_spec all[] = {
		{ .issuer = ROOT, .key = K_ROOT },
		{ .issuer = CA, .key = K_CA },
		{ .issuer = SUB, .key = K_SUB },
	};

	for (size_t skip = 0; skip < 3; skip++) {
		reset();
		for (size_t i = 0; i < 3; i++)
			if (i != skip)
				add_crl(all[i]);
		ok(chain() == E_PATH_STATUS && says(all[skip].issuer) &&
		    says("is missing") && says("cmp-ca trust crl FILE"),
		    "a missing CRL of %s is named", all[skip].issuer);
	}
}

static void
test_unusable(void)
{
	EE_CRL(.next_update = NOW - 1);
	ok(chain() == E_PATH_STATUS && says("expired at 2027-01-15T07:59:59Z"),
	    "an expired CRL says nothing");
	EE_CRL(.next_update = -1);
	ok(chain() == E_PATH_STATUS && says("no nextUpdate"),
	    "a CRL without nextUpdate says nothing");
	EE_CRL(.this_update = NOW + 601, .next_update = NOW + DAY);
	ok(chain() == E_PATH_STATUS && says("not valid before"),
	    "a CRL of tomorrow says nothing");
	EE_CRL(.bad_sig = 1);
	ok(chain() == E_PATH_STATUS && says("not signed"),
	    "a CRL with a wrong signature says nothing");
	EE_CRL(.key = K_OTHER);
	ok(chain() == E_PATH_STATUS && says("not signed"),
	    "a forged CRL says nothing");
	EE_CRL(.key = K_OTHER, .revoked = { 4 });
	ok(chain() == E_PATH_STATUS, "a forged CRL revokes nobody");
	EE_CRL(.key = K_CA);
	ok(chain() == E_PATH_STATUS, "the key of another CA does not count");
	EE_CRL(.critical = 1);
	ok(chain() == E_PATH_STATUS && says("critical"),
	    "a delta CRL says nothing");
	EE_CRL(.key = K_SUB);
	sub.ku = KU_KEY_CERT_SIGN;
	ok(chain() == E_PATH_STATUS && says("cRLSign"),
	    "a CA without cRLSign says nothing");
	sub.ku = 0;
	ok(chain() == E_NONE, "a CA without keyUsage may sign CRLs");
}

/* The same chain below two anchors, one of which asks for status. */
static void
test_two_anchors(void)
{
	struct cert pool[2], alt;
	struct anchor both[2];

	EE_CRL(.revoked = { 4 });
	make_chain();
	root.bad_sig = 1;
	root.key = K_OTHER;
	root.no_ids = 1;
	alt = mk(root);
	both[0] = (struct anchor){ &c_root, crls, n_crls };
	both[1] = (struct anchor){ &alt, NULL, 0 };
	pool[0] = c_ca;
	pool[1] = c_sub;
	ask.anchors = both;
	ask.n_anchors = 2;
	ok(find(pool, 2, NULL) == E_PATH_REVOKED,
	    "the error is of the anchor that fits, not of the one that "
	    "does not");
	both[0].cert = &alt;
	both[0].n_crls = 0;
	both[1] = (struct anchor){ &c_root, crls, n_crls };
	ok(find(pool, 2, NULL) == E_PATH_REVOKED, "in any order");
}

int
main(void)
{
	setup_keys();
	test_good();
	test_revoked();
	test_missing();
	test_unusable();
	test_two_anchors();
	reset();
	free_keys();
	return done();
}
