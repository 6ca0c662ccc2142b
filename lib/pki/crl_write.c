/*
 * CRLs that we make, in a file.  The entries are walked once for how long they
 * are, because DER has to say it first, and once to write them.
 */
#include "pki/crl_write.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "asn/der.h"
#include "asn/oid.h"
#include "base/file.h"
#include "pki/crl.h"
#include "pki/name.h"

#define BLOCK		65536
#define ENTRY_MAX	1024
#define FRAME_MAX	65536
#define TAIL_MAX	4096	/* room for the algorithm and the signature */
#define SERIAL_MAX	20
#define REASON_MAX	10	/* RFC 5280 5.3.1; there is no 7 */
#define REASON_UNUSED	7
#define REASON_REMOVE	8	/* for delta CRLs */

struct making {
	const struct crl_new	*n;
	const struct sigalg	*alg;
	int			 fd;
	struct derw		 entry;
	struct derw		 head, tail;	/* in tbsCertList, beside the list */
	size_t			 count, list;	/* entries, and their bytes */
	size_t			 fields;	/* content of tbsCertList */
	size_t			 tbs;		/* all of it */
	struct buf		 block;		/* not yet written */
};

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

static void
write_head(struct derw *w, const struct crl_new *n, const struct sigalg *a)
{
	derw_time(w, n->next_update);
	derw_time(w, n->this_update);
	derw_raw(w, n->issuer);
	alg_write(w, a);
	derw_int(w, DER_INTEGER, 1);
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
	size_t mark;

	derw_reset(w);
	if (x->has_invalidity) {
		derw_generalized(w, x->invalidity);
		extension(w, OID_INVALIDITY_DATE, 0);
	}
	/* RFC 5280 5.3.1: "unspecified" is said by leaving it out. */
	mark = derw_mark(w);
	if (x->reason != 0) {
		derw_int(w, DER_ENUMERATED, x->reason);
		extension(w, OID_CRL_REASON, mark);
	}
	if (derw_mark(w) > 0)
		derw_wrap(w, DER_SEQUENCE, 0);
	derw_time(w, x->when);
	derw_unsigned(w, DER_INTEGER, x->serial);
	derw_wrap(w, DER_SEQUENCE, 0);
}

static int
flush(struct making *m, struct err *e)
{
	if (file_write(m->fd, buf_slice(&m->block)) == -1)
		return err_set(e, E_IO, "CRL: write: %s", strerror(errno));
	buf_reset(&m->block);
	return 0;
}

static int
put(struct making *m, struct slice s, struct err *e)
{
	if (m->block.n + s.n > BLOCK && flush(m, e) == -1)
		return -1;
	buf_add_slice(&m->block, s);
	return buf_bad(&m->block) ? err_set(e, E_NOMEM, "out of memory") : 0;
}

/* Walk all entries: ${each} gets them one by one. */
static int
walk(struct making *m, int (*each)(struct making *, struct slice,
    struct err *), struct err *e)
{
	struct crl_entry x;
	size_t i;
	int rc;

	if (m->n->rewind(m->n->ctx, e) == -1)
		return -1;
	for (i = 0;; i++) {
		memset(&x, 0, sizeof(x));
		if ((rc = m->n->next(m->n->ctx, &x, e)) <= 0)
			return rc;
		if (check_entry(&x, i, e) == -1)
			return -1;
		write_entry(&m->entry, &x);
		if (derw_bad(&m->entry))
			return err_set(e, E_NOMEM, "out of memory");
		if (each(m, derw_slice(&m->entry), e) == -1)
			return -1;
	}
}

/* What we cannot read is not to leave us. */
static int
measure(struct making *m, struct slice entry, struct err *e)
{
	m->count++;
	m->list += entry.n;
	if (m->count > der_limits_crl.children ||
	    m->list > der_limits_crl.size - FRAME_MAX - TAIL_MAX)
		return err_set(e, E_FILE_SIZE, "CRL of %zu entries or more, "
		    "expected at most %zu entries in %zu bytes", m->count,
		    der_limits_crl.children, der_limits_crl.size);
	if (crl_entry_check(entry, e) == -1)
		return err_wrap(e, "revoked %zu, to be issued", m->count - 1);
	return 0;
}

/* Tag and length of a SEQUENCE of ${n} octets; returns how long they are. */
static size_t
header(uint8_t t[static 6], size_t n)
{
	size_t octets = 0;

	t[0] = DER_SEQUENCE;
	if (n < 0x80) {
		t[1] = (uint8_t)n;
		return 2;
	}
	while (n >> (8 * octets) != 0)
		octets++;
	t[1] = (uint8_t)(0x80 | octets);
	for (size_t i = 0; i < octets; i++)
		t[2 + i] = (uint8_t)(n >> (8 * (octets - 1 - i)));
	return 2 + octets;
}

/* All of tbsCertList, its first octet at ${at} of the file. */
static int
put_tbs(struct making *m, size_t at, struct err *e)
{
	size_t count = m->count, list = m->list;
	uint8_t t[6] = { 0 };

	if (lseek(m->fd, (off_t)at, SEEK_SET) == -1)
		return err_set(e, E_IO, "CRL: seek: %s", strerror(errno));
	buf_reset(&m->block);
	if (put(m, SLICE(t, header(t, m->fields)), e) == -1 ||
	    put(m, derw_slice(&m->head), e) == -1)
		return -1;
	/* Without any the list is left out (RFC 5280 5.1.2.6). */
	if (count > 0 && (put(m, SLICE(t, header(t, list)), e) == -1 ||
	    walk(m, put, e) == -1))
		return -1;
	if (put(m, derw_slice(&m->tail), e) == -1 || flush(m, e) == -1)
		return -1;
	if (lseek(m->fd, 0, SEEK_CUR) != (off_t)(at + m->tbs))
		return err_set(e, E_INTERNAL, "CRL to be issued: its entries "
		    "changed");
	return 0;
}

/*
 * Sign, and put header and signature around tbsCertList.  How long the header
 * is may depend on how long an ECDSA signature happens to be: tbsCertList is
 * then written again in its right place, and the signature still fits.
 */
static int
sign(struct making *m, const struct key *k, struct err *e)
{
	uint8_t t[6];
	size_t at = header(t, m->tbs), n;
	struct derw rest;
	struct buf sig;
	int rc = -1;

	buf_init(&sig, TAIL_MAX);
	derw_init(&rest, TAIL_MAX);
	if (put_tbs(m, at, e) == -1 ||
	    key_sign_file(k, m->alg, m->fd, at, m->tbs, &sig, e) == -1)
		goto out;
	derw_bits(&rest, DER_BIT_STRING, buf_slice(&sig));
	alg_write(&rest, m->alg);
	if (derw_bad(&rest)) {
		err_set(e, E_NOMEM, "out of memory");
		goto out;
	}
	n = header(t, m->tbs + derw_mark(&rest));
	if (n != at && put_tbs(m, n, e) == -1)
		goto out;
	if (put(m, derw_slice(&rest), e) == 0 && flush(m, e) == 0)
		rc = pwrite(m->fd, t, n, 0) == (ssize_t)n &&
		    ftruncate(m->fd, (off_t)(n + m->tbs + derw_mark(&rest)))
		    == 0 ? 0 : err_set(e, E_IO, "CRL: write: %s",
		    strerror(errno));
out:
	derw_release(&rest);
	buf_release(&sig);
	return rc;
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

/* How long everything is. */
static int
prepare(struct making *m, struct err *e)
{
	uint8_t t[6];

	write_head(&m->head, m->n, m->alg);
	write_extensions(&m->tail, m->n);
	if (derw_bad(&m->head) || derw_bad(&m->tail))
		return err_set(e, E_NOMEM, "out of memory");
	if (walk(m, measure, e) == -1)
		return -1;
	m->fields = derw_mark(&m->head) + derw_mark(&m->tail) + m->list;
	if (m->count > 0)
		m->fields += header(t, m->list);
	m->tbs = header(t, m->fields) + m->fields;
	return 0;
}

/* The file itself, as whoever gets it reads it. */
static int
read_back(int fd, const struct key *k, struct err *e)
{
	struct crl *made;
	int rc = 0;

	if (crl_frame(fd, key_spki(k), &made, e) == -1)
		return err_wrap(e, "CRL to be issued");
	if (crl_not_understood(made))
		rc = err_set(e, E_INTERNAL, "CRL to be issued has an "
		    "extension that is not understood here");
	crl_free(made);
	return rc;
}

int
crl_write(const struct crl_new *n, const struct key *k,
    const struct sigalg *a, int fd, struct err *e)
{
	struct making m = { .n = n, .alg = a, .fd = fd };
	int rc = -1;

	if (check(n, e) == -1)
		return -1;
	derw_init(&m.entry, ENTRY_MAX);
	derw_init(&m.head, FRAME_MAX / 2);
	derw_init(&m.tail, FRAME_MAX / 2);
	buf_init(&m.block, BLOCK);
	if (prepare(&m, e) == 0 && sign(&m, k, e) == 0)
		rc = read_back(fd, k, e);
	derw_release(&m.entry);
	derw_release(&m.head);
	derw_release(&m.tail);
	buf_release(&m.block);
	return rc;
}
