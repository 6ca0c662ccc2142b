/* The checks of one certificate in its place in a path (RFC 5280 6.1). */
#include "pki/path.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/escape.h"
#include "pki/path_int.h"

const char *
path_who(char t[static NAME_TEXT], const struct cert *c)
{
	char hex[ESCAPE_SHORT];

	if (!name_is_empty(c->subject))
		return name_short(t, c->subject);
	snprintf(t, NAME_TEXT, "certificate %s",
	    escape_hex_short(hex, c->serial));
	return t;
}

int
path_self_issued(const struct cert *c)
{
	return name_eq(c->subject, c->issuer);
}

/* Does the AKI's authorityCertIssuer name the issuer's own issuer? */
static int
link_issuer(struct slice names, struct slice issuer)
{
	struct slice value;
	uint8_t tag;

	while (der_any(&names, &tag, &value, NULL) == 0)
		if (tag == DER_CTX(4) && name_eq(value, issuer))
			return 1;
	return 0;
}

int
path_link(const struct cert *child, const struct cert *issuer)
{
	if (child->aki.p && issuer->ski.p &&
	    !slice_eq(child->aki, issuer->ski))
		return 0;
	if (child->aki_serial.p && !slice_eq(child->aki_serial, issuer->serial))
		return 0;
	if (name_is_empty(child->issuer) ||
	    !name_eq(child->issuer, issuer->subject))
		return 0;
	return !child->aki_issuer.p ||
	    link_issuer(child->aki_issuer, issuer->issuer);
}

static int
check_time(const struct cert *c, int64_t now, const char *role, struct err *e)
{
	char who[NAME_TEXT], then[DER_TIME_TEXT], t[DER_TIME_TEXT];

	if (now < c->not_before)
		return err_set(e, E_PATH_TIME,
		    "%s%s is not valid before %s (now: %s)", role,
		    path_who(who, c), der_time_text(then, c->not_before),
		    der_time_text(t, now));
	if (now > c->not_after)
		return err_set(e, E_PATH_TIME, "%s%s expired at %s (now: %s)",
		    role, path_who(who, c), der_time_text(then, c->not_after),
		    der_time_text(t, now));
	return 0;
}

static int
check_critical(const struct cert *c, struct err *e)
{
	char who[NAME_TEXT], oid[OID_TEXT];

	if (!c->unknown_critical.p)
		return 0;
	return err_set(e, E_PATH_CRITICAL,
	    "%s has a critical extension we do not process: %s",
	    path_who(who, c), oid_text(oid, c->unknown_critical));
}

/* Version and signature algorithm of what is not an anchor. */
static int
check_form(const struct cert *c, struct err *e)
{
	char who[NAME_TEXT], oid[OID_TEXT];
	struct slice in = c->sigalg_tlv, alg = SLICE_NONE, v = SLICE_NONE;

	if (c->version != 3)
		return err_set(e, E_PATH_CA,
		    "%s is a version 1 certificate: only a trust anchor may be",
		    path_who(who, c));
	if (c->sigalg.scheme != SIG_NONE)
		return 0;
	if (der_get(&in, DER_SEQUENCE, &alg) == 0)
		der_get(&alg, DER_OID, &v);
	return err_set(e, E_PATH_SIG,
	    "%s is signed with an algorithm we do not accept: %s",
	    path_who(who, c), oid_text(oid, v));
}

static int
check_target_usage(const struct path_ask *ask, struct err *e)
{
	const struct cert *c = ask->target;
	char who[NAME_TEXT];

	if (c->has_ku && (c->ku & ask->ku) != ask->ku)
		return err_set(e, E_PATH_USAGE,
		    "keyUsage of %s does not allow this use "
		    "(has 0x%" PRIx32 ", needs 0x%" PRIx32 ")",
		    path_who(who, c), c->ku, ask->ku);
	if (ask->eku != OID_UNKNOWN && !cert_has_eku(c, ask->eku))
		return err_set(e, E_PATH_EKU,
		    "%s lacks the extended key usage %s", path_who(who, c),
		    oid_name(ask->eku));
	return 0;
}

int
path_check_target(const struct path_ask *ask, int pinned, struct err *e)
{
	const struct cert *c = ask->target;

	if (check_time(c, ask->now, "", e) == -1)
		return -1;
	if (!pinned && (check_form(c, e) == -1 || check_critical(c, e) == -1))
		return -1;
	return check_target_usage(ask, e);
}

/* cA and keyCertSign; an anchor of version 1 can say neither. */
static int
check_ca(const struct cert *c, int anchor, struct err *e)
{
	char who[NAME_TEXT];

	if (anchor && c->version == 1)
		return 0;
	if (!c->has_bc || !c->ca)
		return err_set(e, E_PATH_CA,
		    "%s issued a certificate but is not a CA "
		    "(no basicConstraints cA)", path_who(who, c));
	if (c->has_ku && !(c->ku & KU_KEY_CERT_SIGN))
		return err_set(e, E_PATH_USAGE,
		    "%s issued a certificate but its keyUsage lacks "
		    "keyCertSign", path_who(who, c));
	return 0;
}

/* An EKU of a CA limits what is below it. */
static int
check_ca_eku(const struct path_ask *ask, const struct cert *c, struct err *e)
{
	char who[NAME_TEXT];

	if (ask->eku == OID_UNKNOWN || !c->eku.p ||
	    cert_has_eku(c, ask->eku) || cert_has_eku(c, OID_KP_ANY))
		return 0;
	return err_set(e, E_PATH_EKU,
	    "CA %s is limited to other extended key usages than %s",
	    path_who(who, c), oid_name(ask->eku));
}

/* pathLenConstraint: intermediates below, the self-issued not counted. */
static int
check_path_len(const struct path *below, const struct cert *c, struct err *e)
{
	char who[NAME_TEXT];
	int64_t n = 0;

	if (c->path_len < 0)
		return 0;
	for (size_t i = 1; i < below->n; i++)
		n += !path_self_issued(below->certs[i]);
	if (n <= c->path_len)
		return 0;
	return err_set(e, E_PATH_LENGTH,
	    "%s allows %" PRId64 " CA below it, found %" PRId64,
	    path_who(who, c), c->path_len, n);
}

int
path_check_issuer(const struct path_ask *ask, const struct path *below,
    const struct cert *issuer, int anchor, struct err *e)
{
	const char *role = anchor ? "trust anchor " : "CA ";

	if (check_time(issuer, ask->now, role, e) == -1)
		return -1;
	if (!anchor && check_form(issuer, e) == -1)
		return -1;
	if (check_ca(issuer, anchor, e) == -1 ||
	    check_path_len(below, issuer, e) == -1)
		return -1;
	if (!anchor && check_critical(issuer, e) == -1)
		return -1;
	return check_ca_eku(ask, issuer, e);
}

int
path_spend(struct path_budget *b, struct err *e)
{
	if (b->left == 0) {
		b->spent = 1;
		return err_set(e, E_PATH_LENGTH,
		    "gave up after %d signature checks: too many "
		    "certificates of the same names", PATH_MAX_SIGS);
	}
	b->left--;
	return 0;
}

int
path_check_sig(const struct cert *child, const struct cert *issuer,
    struct path_budget *b, struct err *e)
{
	char who[NAME_TEXT], by[NAME_TEXT];
	struct keyinfo k;

	/* What needs no arithmetic comes first and is not counted. */
	if (alg_keyinfo(issuer->spki, &k, e) == -1 ||
	    alg_fits(&child->sigalg, &k, e) == -1) {
		if (e->code != E_NOMEM)
			e->code = E_PATH_SIG;
		return err_wrap(e, "key of %s", path_who(by, issuer));
	}
	if (path_spend(b, e) == -1)
		return -1;
	if (key_verify(issuer->spki, &child->sigalg, child->tbs, child->sig,
	    e) == 0)
		return 0;
	if (e->code == E_NOMEM)
		return -1;
	return err_set(e, E_PATH_SIG, "%s is not signed by the key of %s",
	    path_who(who, child), path_who(by, issuer));
}
