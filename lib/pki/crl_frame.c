/* What stands around the entries of a CRL in a file. */
#include "pki/crl.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define END_MAX	65536	/* of what is before the entries, and behind them */

struct frame {
	int		 fd;
	size_t		 size;
	struct buf	 front, rear;	/* the first and the last bytes */
	size_t		 tbs, tbs_end;	/* where tbsCertList is */
	size_t		 fields;	/* its first field */
	size_t		 list, list_end;
};

static int
get(const struct frame *f, size_t at, size_t n, struct buf *out,
    struct err *e)
{
	uint8_t *p = buf_extend(out, n);
	ssize_t r;

	if (n == 0)
		return 0;
	for (size_t done = 0; p != NULL && done < n; done += (size_t)r) {
		errno = 0;
		if ((r = pread(f->fd, p + done, n - done, (off_t)(at + done)))
		    <= 0)
			return err_set(e, E_IO, "CRL: read: %s", errno != 0 ?
			    strerror(errno) : "the file became shorter");
	}
	return p != NULL ? 0 : err_set(e, E_NOMEM, "out of memory");
}

/* The SEQUENCE at ${at} of the front: where it begins inside, and ends. */
static int
sequence(const struct frame *f, size_t at, size_t *inside, size_t *end)
{
	struct slice in;
	size_t n;

	if (at >= f->front.n)
		return -1;
	in = SLICE(f->front.p + at, f->front.n - at);
	if ((n = der_promised(in)) == 0 || n > f->size - at)
		return -1;
	*inside = at + (in.p[1] < 0x80 ? 2 : 2 + (in.p[1] & 0x7f));
	*end = at + n;
	return 0;
}

/* Find the list of entries; without one it is empty. */
static int
find(struct frame *f)
{
	struct slice in, start;
	size_t inside, end;
	int64_t t;

	if (sequence(f, 0, &f->tbs, &end) == -1 || end != f->size ||
	    sequence(f, f->tbs, &f->fields, &f->tbs_end) == -1 ||
	    f->fields > f->front.n)
		return -1;
	start = in = SLICE(f->front.p + f->fields, (f->tbs_end < f->front.n ?
	    f->tbs_end : f->front.n) - f->fields);
	der_opt(&in, DER_INTEGER, NULL);
	if (der_get(&in, DER_SEQUENCE, NULL) == -1 ||
	    der_get(&in, DER_SEQUENCE, NULL) == -1 || der_time(&in, &t) == -1)
		return -1;
	der_time(&in, &t);
	f->list = f->list_end = f->fields + (size_t)(in.p - start.p);
	if (der_peek(in, DER_SEQUENCE) &&
	    sequence(f, f->list, &inside, &f->list_end) == -1)
		return -1;
	return f->list_end <= f->tbs_end &&
	    f->size - f->list_end <= END_MAX ? 0 : -1;
}

/* The same CRL with nobody on it: whatever is wrong with it is found. */
static int
open_empty(struct frame *f, struct crl **out, struct err *e)
{
	size_t mark, inner = f->tbs_end - f->list_end;
	struct derw w;
	int rc;

	if (get(f, f->list_end, f->size - f->list_end, &f->rear, e) == -1)
		return -1;
	derw_init(&w, 4 * END_MAX);
	derw_raw(&w, SLICE(f->rear.p + inner, f->rear.n - inner));
	mark = derw_mark(&w);
	derw_raw(&w, SLICE(f->rear.p, inner));
	derw_raw(&w, SLICE(f->front.p + f->fields, f->list - f->fields));
	derw_wrap(&w, DER_SEQUENCE, mark);
	derw_wrap(&w, DER_SEQUENCE, 0);
	rc = derw_bad(&w) ? err_set(e, E_NOMEM, "out of memory") :
	    crl_open(derw_slice(&w), out, e);
	derw_release(&w);
	return rc;
}

static int
verify(const struct frame *f, const struct crl *c, struct slice spki,
    struct err *e)
{
	struct slice alg, sig;
	struct sigalg a;

	crl_signature(c, &alg, &sig);
	if (alg_parse(alg, &a, e) == 0 && key_verify_file(spki, &a, f->fd,
	    f->tbs, f->tbs_end - f->tbs, sig, e) == 0)
		return 0;
	if (e->code == E_PROT_SIG)
		return err_set(e, E_PATH_SIG, "signature of the CRL does not "
		    "verify");
	return err_wrap(e, "CRL");
}

int
crl_frame(int fd, struct slice spki, struct crl **out, struct err *e)
{
	struct frame f = { .fd = fd };
	struct stat st;
	int rc = -1;

	*out = NULL;
	buf_init(&f.front, END_MAX);
	buf_init(&f.rear, END_MAX);
	if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode)) {
		err_set(e, E_FILE_TYPE, "CRL: not a file");
		goto out;
	}
	f.size = (size_t)st.st_size;
	if (get(&f, 0, f.size < END_MAX ? f.size : END_MAX, &f.front, e) == -1)
		goto out;
	if (find(&f) == -1)
		err_set(e, E_CRL_SYNTAX, "%zu bytes are no CRL in DER",
		    f.size);
	else if (open_empty(&f, out, e) == 0)
		rc = verify(&f, *out, spki, e);
	if (rc == -1 && *out != NULL) {
		crl_free(*out);
		*out = NULL;
	}
out:
	buf_release(&f.front);
	buf_release(&f.rear);
	return rc;
}
