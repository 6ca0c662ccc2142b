/* Certification requests, taken apart where they lie. */
#include "pki/csr.h"

#include "base/file.h"
#include "pki/cert.h"
#include "pki/key.h"
#include "pki/name.h"

#define CSR_MAX		(1u << 20)	/* as der_limits_message */
#define EXT_MAX		64

/* The value of extensionRequest: Extensions, none of them twice. */
static int
extensions(struct slice value, struct csr *c, struct err *e)
{
	struct slice in, seen[EXT_MAX];
	char t[OID_TEXT];
	struct ext x;
	size_t n = 0;

	if (der_only(value, DER_SEQUENCE, &in) == -1 || in.n == 0)
		return err_set(e, E_CSR_SYNTAX, "expected one value of at "
		    "least one Extension");
	c->extensions = in;
	while (in.n != 0) {
		if (n == EXT_MAX || cert_next_ext(&in, &x) == -1)
			return err_set(e, E_CSR_SYNTAX, "extension %zu is not "
			    "well formed, or one too many", n);
		for (size_t i = 0; i < n; i++)
			if (slice_eq(seen[i], x.oid))
				return err_set(e, E_CSR_SYNTAX, "extension %s "
				    "is there twice", oid_text(t, x.oid));
		seen[n++] = x.oid;
	}
	return 0;
}

static int
attribute(struct slice tlv, struct csr *c, struct err *e)
{
	struct slice in, oid, values;
	char t[OID_TEXT];

	if (der_only(tlv, DER_SEQUENCE, &in) == -1 ||
	    der_get(&in, DER_OID, &oid) == -1 ||
	    der_get(&in, DER_SET, &values) == -1 || in.n != 0)
		return err_set(e, E_CSR_SYNTAX, "expected a type and a SET of "
		    "values");
	if (values.n == 0)
		return err_set(e, E_CSR_SYNTAX, "%s has no value",
		    oid_text(t, oid));
	if (oid_of(oid) != OID_EXTENSION_REQUEST)
		return 0;
	if (c->extensions.p != NULL)
		return err_set(e, E_CSR_SYNTAX, "extensionRequest is there "
		    "twice");
	if (extensions(values, c, e) == -1)
		return err_wrap(e, "extensionRequest");
	return 0;
}

/* A SET behind an implicit tag: no walk has looked at its order. */
static int
attributes(struct csr *c, struct err *e)
{
	struct slice in = c->attributes, tlv, before = SLICE_NONE;

	for (size_t i = 0; in.n != 0; i++) {
		if (der_any(&in, NULL, NULL, &tlv) == -1 ||
		    attribute(tlv, c, e) == -1)
			return err_wrap(e, "attribute %zu", i);
		if (before.p != NULL && slice_cmp(before, tlv) > 0)
			return err_set(e, E_CSR_SYNTAX, "attribute %zu is out "
			    "of order, DER sorts a SET OF", i);
		before = tlv;
	}
	return 0;
}

static int
is_spki(struct slice tlv)
{
	struct slice in;

	return der_only(tlv, DER_SEQUENCE, &in) == 0 &&
	    der_get(&in, DER_SEQUENCE, NULL) == 0 &&
	    der_get(&in, DER_BIT_STRING, NULL) == 0 && in.n == 0;
}

static int
info(struct csr *c, struct err *e)
{
	struct slice in;
	int64_t v;

	if (der_only(c->info, DER_SEQUENCE, &in) == -1 ||
	    der_int64(&in, &v) == -1 || v != 0)
		return err_set(e, E_CSR_SYNTAX, "version is missing or not "
		    "v1 (0)");
	if (der_get_tlv(&in, DER_SEQUENCE, &c->subject) == -1 ||
	    der_get_tlv(&in, DER_SEQUENCE, &c->spki) == -1)
		return err_set(e, E_CSR_SYNTAX, "subject or subjectPKInfo is "
		    "missing");
	if (!is_spki(c->spki))
		return err_set(e, E_CSR_SYNTAX, "subjectPKInfo is not an "
		    "algorithm and a BIT STRING");
	if (der_get(&in, DER_CTX(0), &c->attributes) == -1 || in.n != 0)
		return err_set(e, E_CSR_SYNTAX, "attributes are missing or "
		    "not the last; without any they are encoded as a0 00");
	if (name_check(c->subject, e) == -1)
		return err_wrap(e, "subject");
	return attributes(c, e);
}

int
csr_parse(struct slice der, struct csr *c, struct err *e)
{
	struct err ignored = { .code = E_NONE };
	struct slice in, bits;

	*c = (struct csr){ .der = der };
	if (der_only(der, DER_SEQUENCE, &in) == -1 ||
	    der_get_tlv(&in, DER_SEQUENCE, &c->info) == -1 ||
	    der_get_tlv(&in, DER_SEQUENCE, &c->sigalg_tlv) == -1 ||
	    der_get(&in, DER_BIT_STRING, &bits) == -1 ||
	    der_octets_of_bits(bits, &c->sig) == -1 || in.n != 0)
		return err_set(e, E_CSR_SYNTAX, "expected "
		    "certificationRequestInfo, signatureAlgorithm and "
		    "signature");
	/* csr_verify() says what is wrong with it. */
	if (alg_parse(c->sigalg_tlv, &c->sigalg, &ignored) == -1)
		c->sigalg = (struct sigalg){ .scheme = SIG_NONE };
	return info(c, e);
}

/* All the requests in PEM ${text}, under both names, into ${der}. */
static int
from_pem(struct slice text, struct buf *der, struct err *e)
{
	if (cert_unpem(text, "CERTIFICATE REQUEST", der, e) == -1 ||
	    cert_unpem(text, "NEW CERTIFICATE REQUEST", der, e) == -1) {
		if (e->code == E_CERT_SYNTAX)
			e->code = E_CSR_SYNTAX;
		return -1;
	}
	if (der->n == 0)
		return err_set(e, E_CSR_SYNTAX, "no certification request in "
		    "it, neither PEM nor DER");
	return 0;
}

int
csr_open(struct slice data, struct buf *der, struct csr *c, struct err *e)
{
	*c = (struct csr){ .info = SLICE_NONE };
	if (der_promised(data) != 0)
		buf_add_slice(der, data);
	else if (from_pem(data, der, e) == -1)
		return -1;
	if (buf_bad(der))
		return buf_err(der, "request", e);
	if (der_walk(buf_slice(der), &der_limits_message, 0, e) == -1)
		return -1;
	return csr_parse(buf_slice(der), c, e);
}

int
csr_load(const char *path, struct buf *der, struct csr *c, struct err *e)
{
	struct buf data;
	int rc = -1;

	*c = (struct csr){ .info = SLICE_NONE };
	buf_init(der, CSR_MAX);
	buf_init(&data, 2 * CSR_MAX);
	if (file_read(path, 2 * CSR_MAX, &data, e) == -1)
		goto out;
	if ((rc = csr_open(buf_slice(&data), der, c, e)) == -1)
		err_wrap(e, "%s", path);
out:
	buf_release(&data);
	return rc;
}

int
csr_verify(const struct csr *c, struct err *e)
{
	struct sigalg a;

	if (alg_parse(c->sigalg_tlv, &a, e) == -1)
		return err_wrap(e, "certification request");
	if (key_verify(c->spki, &a, c->info, c->sig, e) == 0)
		return 0;
	if (e->code == E_PROT_SIG)
		e->code = E_CSR_SIG;
	return err_wrap(e, "certification request");
}
