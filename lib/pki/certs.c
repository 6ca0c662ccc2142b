/* Certificates from files. */
#include "pki/cert.h"

#include <stdlib.h>

#include "base/file.h"

#define CERTS_FILE_MAX	(8u << 20)

static int
split(struct certs *c, struct err *e)
{
	struct slice in = buf_slice(&c->der), tlv;

	while (in.n != 0) {
		if (c->n == CERTS_MAX)
			return err_set(e, E_CERT_SYNTAX, "more than %d "
			    "certificates", CERTS_MAX);
		if (der_any(&in, NULL, NULL, &tlv) == -1)
			return err_set(e, E_DER_LENGTH, "certificate %zu is "
			    "cut", c->n + 1);
		if (cert_open(tlv, &c->v[c->n], e) == -1)
			return err_wrap(e, "certificate %zu", c->n + 1);
		c->n++;
	}
	return 0;
}

/* A view each for at most CERTS_MAX values. */
static int
views(struct certs *c, struct err *e)
{
	struct slice in = buf_slice(&c->der);
	size_t n = 0;

	while (n < CERTS_MAX && der_any(&in, NULL, NULL, NULL) == 0)
		n++;
	if (n == 0)
		return err_set(e, E_CERT_SYNTAX, "no certificate in it, "
		    "neither PEM nor DER");
	if ((c->v = calloc(n, sizeof(*c->v))) == NULL)
		return err_set(e, E_NOMEM, "out of memory");
	return split(c, e);
}

static int
import(struct slice data, struct certs *out, struct err *e)
{
	/* A DER file is one value; what follows it is refused by the walk. */
	if (data.n == 0 || data.p[0] != DER_SEQUENCE) {
		if (cert_unpem(data, "CERTIFICATE", &out->der, e) == -1)
			return -1;
		return views(out, e);
	}
	buf_add_slice(&out->der, data);
	if (buf_bad(&out->der))
		return buf_err(&out->der, "certificate", e);
	if ((out->v = calloc(1, sizeof(*out->v))) == NULL)
		return err_set(e, E_NOMEM, "out of memory");
	if (cert_open(buf_slice(&out->der), &out->v[0], e) == -1)
		return -1;
	out->n = 1;
	return 0;
}

int
certs_import(struct slice data, const char *shown, struct certs *out,
    struct err *e)
{
	*out = (struct certs){ .n = 0 };
	buf_init(&out->der, CERTS_FILE_MAX);
	if (import(data, out, e) == -1) {
		certs_free(out);
		return err_wrap(e, "%s", shown);
	}
	return 0;
}

int
certs_load(const char *path, struct certs *out, struct err *e)
{
	struct buf b;
	int rc;

	*out = (struct certs){ .n = 0 };
	buf_init(&b, CERTS_FILE_MAX);
	rc = file_read(path, CERTS_FILE_MAX, &b, e);
	if (rc == 0)
		rc = certs_import(buf_slice(&b), path, out, e);
	buf_release(&b);
	return rc;
}

void
certs_free(struct certs *c)
{
	buf_release(&c->der);
	free(c->v);
	*c = (struct certs){ .n = 0 };
}
