/* CRLs that we make: written backwards, entry after entry, in one pass. */
#include "pki/crl_write.h"

#include "asn/der.h"
#include "asn/oid.h"
#include "pki/crl.h"
#include "pki/name.h"

#define TBS_MAX		(255u << 20)	/* crl.c reads 256 MiB */
#define TAIL_MAX	4096
#define SERIAL_MAX	20
#define REASON_MAX	10	/* RFC 5280 5.3.1; there is no 7 */
#define REASON_UNUSED	7
#define REASON_REMOVE	8	/* for delta CRLs */

/* Wrap the extnValue written since ${mark} into an Extension. */
static void
extension(struct derw *w, enum oid id, size_t mark)
{
	derw_wrap(w, DER_OCTET_STRING, mark);
	derw_oid(w, oid_bytes(id));
	derw_wrap(w, DER_SEQUENCE, mark);
}

static void
write_extensions(struct derw *w, const struct crl_new *n)
{
	size_t all = derw_mark(w), mark = all;

	derw_int(w, DER_INTEGER, n->number);
	extension(w, OID_CRL_NUMBER, mark);
	mark = derw_mark(w);
	derw_prim(w, DER_CTXP(0), n->aki);
	derw_wrap(w, DER_SEQUENCE, mark);
	extension(w, OID_AKI, mark);
	derw_wrap(w, DER_SEQUENCE, all);
	derw_wrap(w, DER_CTX(0), all);
}

static int
check_entry(const struct crl_entry *x, size_t i, struct err *e)
{
	size_t zeros = 0;

	while (zeros < x->serial.n && x->serial.p[zeros] == 0)
		zeros++;
	if (zeros == x->serial.n || x->serial.n - zeros > SERIAL_MAX)
		return err_set(e, E_INTERNAL, "revoked %zu: serial of %zu "
		    "octets, expected 1 to %d that are not zero", i,
		    x->serial.n, SERIAL_MAX);
	if (x->reason < 0 || x->reason > REASON_MAX ||
	    x->reason == REASON_UNUSED || x->reason == REASON_REMOVE)
		return err_set(e, E_INTERNAL, "revoked %zu: reason %d is not "
		    "one that a full CRL has", i, x->reason);
	return 0;
}

static void
write_entry(struct derw *w, const struct crl_entry *x)
{
	size_t mark = derw_mark(w);

	/* RFC 5280 5.3.1: "unspecified" is said by leaving it out. */
	if (x->reason != 0) {
		derw_int(w, DER_ENUMERATED, x->reason);
		extension(w, OID_CRL_REASON, mark);
		derw_wrap(w, DER_SEQUENCE, mark);
	}
	derw_time(w, x->when);
	derw_unsigned(w, DER_INTEGER, x->serial);
	derw_wrap(w, DER_SEQUENCE, mark);
}

/* All entries; without any the list is left out (RFC 5280 5.1.2.6). */
static int
write_entries(struct derw *w, const struct crl_new *n, size_t *count,
    struct err *e)
{
	size_t mark = derw_mark(w);
	struct crl_entry x;
	int rc;

	for (*count = 0;; ++*count) {
		x = (struct crl_entry){ .reason = 0 };
		if ((rc = n->next(n->ctx, &x, e)) <= 0)
			break;
		if (check_entry(&x, *count, e) == -1)
			return -1;
		write_entry(w, &x);
		if (derw_bad(w))
			return err_set(e, E_NOMEM, "CRL is too large after "
			    "%zu entries, or out of memory", *count);
	}
	if (*count > 0)
		derw_wrap(w, DER_SEQUENCE, mark);
	return rc;
}

static int
write_tbs(struct derw *w, const struct crl_new *n, const struct sigalg *a,
    size_t *count, struct err *e)
{
	write_extensions(w, n);
	if (write_entries(w, n, count, e) == -1)
		return -1;
	derw_time(w, n->next_update);
	derw_time(w, n->this_update);
	derw_raw(w, n->issuer);
	alg_write(w, a);
	derw_int(w, DER_INTEGER, 1);
	derw_wrap(w, DER_SEQUENCE, 0);
	if (derw_bad(w))
		return err_set(e, E_NOMEM, "CRL is too large, or out of "
		    "memory");
	return 0;
}

static int
check(const struct crl_new *n, struct err *e)
{
	if (n->issuer.n == 0 || name_is_empty(n->issuer) || n->aki.n == 0)
		return err_set(e, E_INTERNAL, "CRL without the name or the "
		    "key identifier of its issuer");
	if (n->number < 0)
		return err_set(e, E_INTERNAL, "cRLNumber %lld, expected one "
		    "from 0", (long long)n->number);
	if (n->next_update <= n->this_update)
		return err_set(e, E_INTERNAL, "nextUpdate is not after "
		    "thisUpdate");
	return 0;
}

/* Put signature and header around ${tbs}, onto ${whole}. */
static int
sign(struct slice tbs, const struct key *k, const struct sigalg *a,
    struct derw *whole, struct err *e)
{
	struct buf sig;
	int rc = -1;

	buf_init(&sig, TAIL_MAX);
	if (key_sign(k, a, tbs, &sig, e) == -1)
		goto out;
	derw_bits(whole, DER_BIT_STRING, buf_slice(&sig));
	alg_write(whole, a);
	derw_raw(whole, tbs);
	derw_wrap(whole, DER_SEQUENCE, 0);
	rc = derw_bad(whole) ? err_set(e, E_NOMEM, "out of memory") : 0;
out:
	buf_release(&sig);
	return rc;
}

/* What we cannot read is not to leave us. */
static int
read_back(struct slice der, size_t count, struct err *e)
{
	struct crl *made;
	int rc = 0;

	if (crl_open(der, &made, e) == -1)
		return err_wrap(e, "CRL to be issued");
	if (crl_count(made) != count || crl_not_understood(made))
		rc = err_set(e, E_INTERNAL, "CRL to be issued: %zu entries "
		    "read back of %zu", crl_count(made), count);
	crl_free(made);
	return rc;
}

int
crl_write(const struct crl_new *n, const struct key *k,
    const struct sigalg *a, struct buf *out, struct err *e)
{
	struct derw body, whole;
	size_t count;
	int rc = -1;

	derw_init(&body, TBS_MAX);
	derw_init(&whole, TBS_MAX + TAIL_MAX);
	if (check(n, e) == -1 || write_tbs(&body, n, a, &count, e) == -1 ||
	    sign(derw_slice(&body), k, a, &whole, e) == -1)
		goto out;
	derw_release(&body);
	if (read_back(derw_slice(&whole), count, e) == -1)
		goto out;
	buf_add_slice(out, derw_slice(&whole));
	rc = buf_bad(out) ? err_set(e, E_NOMEM, "out of memory") : 0;
out:
	derw_release(&whole);
	derw_release(&body);
	return rc;
}
