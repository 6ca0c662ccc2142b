/* A new root, and what must not become one: RFC 9483 4.3.2, RFC 4210 4.4. */
#include "tap.h"
#include "t_engine_info.h"

#include "role/engine_int.h"
#include "role/rollover.h"

static struct who next;		/* the new root: another key, the same name */
static char root_file[160];

/* A certificate of the CA's name for ${key}, signed by ${by}. */
static struct slice
link_of(const struct who *by, const char *subject, const struct key *key,
    struct says s)
{
	return certify(by, subject, key, s).der;
}

/* RootCaKeyUpdateContent; an absent one is SLICE_NONE. */
static struct slice
update(struct slice nwn, struct slice nwo, struct slice own)
{
	struct derw w;
	size_t m;

	derw_init(&w, 1 << 20);
	derw_raw(&w, own);
	if (own.n > 0)
		derw_wrap(&w, DER_CTX(1), 0);
	m = derw_mark(&w);
	derw_raw(&w, nwo);
	if (nwo.n > 0)
		derw_wrap(&w, DER_CTX(0), m);
	derw_raw(&w, nwn);
	derw_wrap(&w, DER_SEQUENCE, 0);
	return kept(&w);
}

static struct device
root_asker(void)
{
	return asker((struct request_ask){ .info = "rootupdate",
	    .info_root = root_file });
}

/* The home of ${d} says that new roots are trusted at once. */
static void
accept_roots(struct device *d)
{
	struct err e = { 0 };

	put_file(d->fd, "cmp.conf", slice_str("role = ee\n"
	    "accept-roots = yes\n"), 0644);
	engine_close(d->en);
	if (engine_open(d->fd, STORE_WRITE, &d->en, &e) == -1)
		die("device", &e);
}

/* How many it trusts, in a process of its own. */
static size_t
anchors_of(const struct device *d)
{
	struct engine *other;
	struct err e = { 0 };
	size_t n;

	if (engine_open(d->fd, STORE_READ, &other, &e) == -1)
		die("device", &e);
	n = other->trust.n_anchors;
	engine_close(other);
	return n;
}

/* What a device does with ${value}: 1 staged, 0 refused, -1 else. */
static int
staged(struct slice value)
{
	struct device d = root_asker();
	int rc;

	tell(&d, oid_bytes(OID_IT_ROOT_CA_KEY_UPDATE), value, 1);
	rc = got.verdict == VERDICT_TAKEN && has_file(&d, "trust/staged") ? 1 :
	    not_taken(&d, E_ANSWER_ROOT) && !has_file(&d, "trust/staged") ? 0 :
	    -1;
	device_close(&d);
	return rc;
}

static void
test_mutants(void)
{
	const char *us = "CN=Plant CA,O=T", *them = "CN=Another Root,O=T";
	struct says a_ca = { .ca = 1 }, none = { .ku = KU_KEY_CERT_SIGN },
	    past = { .ca = 1, .from = -90, .to = -1 };
	struct who evil = identity(NULL, us, "ed25519", a_ca);
	struct slice nwn = next.cert.der,
	    nwo = link_of(&ca, us, next.key, a_ca),
	    own = link_of(&next, us, ca.key, a_ca);

	ok(staged(update(nwn, nwo, own)) == 1,
	    "a root that the old one vouches for is staged");
	ok(staged(update(nwn, nwo, SLICE_NONE)) == 1,
	    "oldWithNew may be absent");
	ok(staged(update(nwn, SLICE_NONE, own)) == 0,
	    "without newWithOld nothing is staged");
	ok(staged(update(evil.cert.der, link_of(&evil, us, evil.key, a_ca),
	    link_of(&evil, us, ca.key, a_ca))) == 0,
	    "mutant: newWithOld signed with the new key");
	ok(staged(update(evil.cert.der, nwo, link_of(&evil, us, ca.key,
	    a_ca))) == 0, "mutant: newWithOld for another key than "
	    "newWithNew's");
	ok(staged(update(nwn, nwo, link_of(&evil, us, ca.key, a_ca))) == 0,
	    "mutant: oldWithNew signed with another key than the new one");
	ok(staged(update(nwn, nwo, link_of(&next, us, evil.key, a_ca))) == 0,
	    "mutant: oldWithNew for another key than the old one");
	ok(staged(update(nwn, link_of(&ca, them, next.key, a_ca), own)) == 0,
	    "mutant: newWithOld of another name");
	ok(staged(update(link_of(&ca, us, next.key, a_ca), nwo, own)) == 0,
	    "mutant: newWithNew that is not self-signed");
	ok(staged(update(link_of(&next, us, next.key, none), nwo, own)) == 0,
	    "mutant: newWithNew without cA");
	ok(staged(update(nwn, link_of(&ca, us, next.key, none), own)) == 0,
	    "mutant: newWithOld without cA");
	ok(staged(update(nwn, nwo, link_of(&next, us, ca.key, none))) == 0,
	    "mutant: oldWithNew without cA");
	ok(staged(update(nwn, link_of(&ca, us, next.key, past), own)) == 0,
	    "mutant: newWithOld that has expired");
	ok(staged(update(link_of(&next, us, next.key, past), nwo, own)) == 0,
	    "mutant: newWithNew that has expired");
	ok(staged(update(nwn, nwo, link_of(&next, us, ca.key, past))) == 0,
	    "mutant: oldWithNew that has expired");
	ok(staged(update(link_of(&next, them, next.key, a_ca), nwo, own)) ==
	    0, "mutant: newWithNew of another name than newWithOld");
	ok(staged(update(nwn, nwo, link_of(&next, them, ca.key, a_ca))) == 0,
	    "mutant: oldWithNew of another name than the old root");
	ok(staged(update(next.cert.der, nwo, SLICE_LIT("\x05\x00"))) == 0,
	    "mutant: oldWithNew that is no certificate");
	ok(staged(update(ca.cert.der, link_of(&ca, us, ca.key, a_ca),
	    SLICE_NONE)) == 0, "the old root is no update of itself");
	key_free(evil.key);
}

/* accept-roots: trusted at once if it is good, and only then. */
static void
test_accept(void)
{
	const char *us = "CN=Plant CA,O=T";
	struct says a_ca = { .ca = 1 }, past = { .ca = 1, .from = -90,
	    .to = -1 };
	struct slice nwn = next.cert.der, nwo = link_of(&ca, us, next.key,
	    a_ca), bad[] = {
		update(link_of(&next, us, next.key, past), nwo, SLICE_NONE),
		update(nwn, link_of(&next, us, next.key, a_ca), SLICE_NONE),
		update(nwn, nwo, link_of(&next, us, ca.key, past)),
	};

	for (size_t i = 0; i < 3; i++) {
		struct device d = root_asker();

		accept_roots(&d);
		tell(&d, oid_bytes(OID_IT_ROOT_CA_KEY_UPDATE), bad[i], 1);
		ok(not_taken(&d, E_ANSWER_ROOT) && anchors_of(&d) == 1,
		    "accept-roots: bad update %zu is not trusted", i + 1);
		device_close(&d);
	}
	struct device d = root_asker();

	accept_roots(&d);
	tell(&d, oid_bytes(OID_IT_ROOT_CA_KEY_UPDATE), update(nwn, nwo,
	    SLICE_NONE), 1);
	ok(got.verdict == VERDICT_TAKEN && anchors_of(&d) == 2,
	    "accept-roots: a good one is trusted, without oldWithNew too");
	device_close(&d);
	d = root_asker();
	tell(&d, oid_bytes(OID_IT_ROOT_CA_KEY_UPDATE), update(nwn, nwo,
	    SLICE_NONE), 1);
	ok(got.verdict == VERDICT_TAKEN && anchors_of(&d) == 1,
	    "without accept-roots it waits");
	device_close(&d);
}

static void
test_ca(void)
{
	struct slice v, in, nwn, nwo, own, old = ca.cert.der;
	struct err e = { 0 };
	struct device d;

	ok(told(&dev, OID_IT_ROOT_CA_CERT, old, OID_IT_ROOT_CA_KEY_UPDATE,
	    &v) && v.p == NULL, "without a new root there is no infoValue");
	ok(rollover_make(cafd, NULL, 100, &e) == 0, "rollover makes one");
	reopen();
	ok(told(&dev, OID_IT_ROOT_CA_CERT, old, OID_IT_ROOT_CA_KEY_UPDATE,
	    &v) && der_only(v, DER_SEQUENCE, &in) == 0 &&
	    der_get(&in, DER_SEQUENCE, &nwn) == 0 &&
	    der_get(&in, DER_CTX(0), &nwo) == 0 &&
	    der_get(&in, DER_CTX(1), &own) == 0 && in.n == 0,
	    "the update is newWithNew, newWithOld and oldWithNew");
	ok(told(&dev, OID_IT_ROOT_CA_CERT, SLICE_NONE,
	    OID_IT_ROOT_CA_KEY_UPDATE, &v) && v.p != NULL,
	    "the root may be left out of the request");
	ok(told(&dev, OID_IT_ROOT_CA_CERT, maker.cert.der,
	    OID_IT_ROOT_CA_KEY_UPDATE, &v) && v.p == NULL,
	    "of another root there is no update");
	say(genm(&dev, oid_bytes(OID_IT_ROOT_CA_CERT), SLICE_LIT("\x30\x00"),
	    1, NULL));
	ok(ERROR(E_INFO_VALUE, FAIL_BAD_DATA_FORMAT),
	    "what is no certificate is badDataFormat");
	d = root_asker();
	say(d.der);
	take(&d, re.der);
	ok(got.verdict == VERDICT_TAKEN && has_file(&d, "trust/staged"),
	    "our device stages what our CA gives");
	device_close(&d);
}

int
main(void)
{
	setup("ed25519");
	make_device_files();
	snprintf(root_file, sizeof(root_file), "%s", in_top("ca/certs/ca.pem"));
	next = identity(NULL, "CN=Plant CA,O=T", "ed25519", (struct says){
	    .ca = 1 });
	test_mutants();
	test_accept();
	test_ca();
	key_free(next.key);
	teardown();
	return done();
}
