#include "role/ra_cert.h"

#include <stdio.h>
#include <string.h>

#include "base/escape.h"
#include "base/rand.h"
#include "pki/name.h"
#include "policy/profile.h"
#include "role/engine_int.h"

#define DAY	86400
#define BACK	300	/* for clocks that are slow */

/* Sound, and nobody else's: what signs for others is asked no less. */
static int
check_key(struct engine *en, const struct csr *c, struct err *e)
{
	static const char *const words[] = { "rsa:2048-8192", "rsa-pss:2048-8192",
	    "ec:P-256", "ec:P-384", "ec:P-521", "ed25519", "ed448" };
	const struct conf_list keys = { .v = (char **)(uintptr_t)words,
	    .n = sizeof(words) / sizeof(words[0]) };
	char other[NAME_TEXT];
	struct buf subject;
	uint8_t hash[32];
	int revoked, rc;

	if (profile_key(&keys, c->spki, e) == -1 ||
	    alg_key_hash(c->spki, hash, e) == -1)
		return -1;
	buf_init(&subject, 1 << 16);
	rc = known_key(en->store, hash, &subject, &revoked, e);
	if (rc == 1 && (revoked || !name_eq(c->subject, buf_slice(&subject))))
		rc = err_set(e, E_TMPL_KEY_USED, "the key is certified for "
		    "\"%s\" already%s; make a new key", name_short(other,
		    buf_slice(&subject)), revoked ? " and revoked" : "");
	buf_release(&subject);
	return rc == -1 ? -1 : 0;
}

static int
check(struct engine *en, const struct csr *c, struct err *e)
{
	if (csr_verify(c, e) == -1)
		return -1;
	if (name_is_empty(c->subject))
		return err_set(e, E_TMPL_SUBJECT, "the request has no subject");
	if (name_eq(c->subject, en->ca_cert.v[0].subject))
		return err_set(e, E_TMPL_SUBJECT, "the subject is that of the "
		    "CA");
	return check_key(en, c, e);
}

static int
free_serial(struct engine *en, uint8_t serial[static 20], struct err *e)
{
	int taken;

	do {
		rand_bytes(serial, 20);
		serial[0] &= 0x7f;
		taken = serial[0] == 0 ? 1 : store_serial_taken(en->store,
		    SLICE(serial, 20), e);
	} while (taken == 1);
	return taken;
}

static int
make(struct engine *en, const struct csr *c, const uint8_t *serial,
    int64_t days, struct buf *out, struct err *e)
{
	static const enum oid eku[] = { OID_KP_CMC_RA };
	const struct cert *ca = &en->ca_cert.v[0];
	struct sigalg alg = alg_default(key_info(en->ca_key));
	struct tbs t = { .serial = SLICE(serial, 20), .issuer = ca->subject,
	    .subject = c->subject, .spki = c->spki, .ca = -1, .path_len = -1,
	    .ku = KU_DIGITAL_SIGNATURE, .eku = eku, .n_eku = 1,
	    .aki = ca->ski, .not_before = en->now - BACK,
	    .not_after = en->now + days * DAY };

	if (t.not_after > ca->not_after)
		t.not_after = ca->not_after;
	return cert_sign(&t, en->ca_key, &alg, out, e);
}

static int
put(struct engine *en, const struct cert *c, struct slice serial,
    struct err *e)
{
	struct effects f = { .has_cert = 1, .event = "issued",
	    .cert = { .der = c->der, .serial = serial, .subject = c->subject,
	    .spki = c->spki, .not_before = c->not_before,
	    .not_after = c->not_after, .first_issued = en->now,
	    .profile = RA_CERT_PROFILE } };
	struct store_row row = { .effects = &f, .now = en->now };
	char name[STORE_NAME], hex[ESCAPE_SHORT];

	snprintf(f.detail, sizeof(f.detail), "serial %.40s with cmcRA by the "
	    "operator", escape_hex_short(hex, serial));
	return store_put(en->store, &row, name, e);
}

int
ra_cert_issue(struct engine *en, const struct csr *csr, int64_t days,
    struct buf *out, struct err *e)
{
	uint8_t serial[20];
	struct cert made;

	if (engine_begin(en, e) == -1)
		return -1;
	if (check(en, csr, e) == 0 && free_serial(en, serial, e) == 0 &&
	    make(en, csr, serial, days, out, e) == 0 &&
	    cert_parse(buf_slice(out), &made, e) == 0 &&
	    put(en, &made, SLICE(serial, 20), e) == 0)
		return engine_commit(en, e);
	engine_abort(en);
	return -1;
}
