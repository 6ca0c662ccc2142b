/* Enrolment at the device: the request. */
#include "op/enrol.h"
#include "pki/name.h"

/*
 * Extensions: the subjectAltName, critical if there is no subject, and what
 * a template wants.
 */
static void
write_extensions(const struct op_build *b, struct derw *w)
{
	size_t all = derw_mark(w), mark;

	derw_raw(w, b->extensions);
	mark = derw_mark(w);
	if (b->san.n > 0) {
		derw_prim(w, DER_OCTET_STRING, b->san);
		if (name_is_empty(b->subject))
			derw_bool(w, 1);
		derw_oid(w, oid_bytes(OID_SAN));
		derw_wrap(w, DER_SEQUENCE, mark);
	}
	if (derw_mark(w) != all)
		derw_wrap(w, DER_SEQUENCE, all);
}

/* Controls with the oldCertID of an update (4.1.3). */
static void
write_controls(const struct op_build *b, struct derw *w)
{
	size_t mark;

	derw_prim(w, DER_INTEGER, b->old->serial);
	mark = derw_mark(w);
	derw_raw(w, b->old->issuer);
	derw_wrap(w, DER_CTX(4), mark);
	derw_wrap(w, DER_SEQUENCE, 0);
	derw_oid(w, oid_bytes(OID_REGCTRL_OLD_CERT_ID));
	derw_wrap(w, DER_SEQUENCE, 0);
	derw_wrap(w, DER_SEQUENCE, 0);
}

/*
 * popo: the new key signs the DER of certReq (RFC 4211 4.1 clause 3), or an
 * RA says that it has verified another proof (clause 0).
 */
static int
write_popo(const struct op_build *b, struct slice cert_req, struct derw *w,
    struct err *e)
{
	struct sigalg alg;
	struct buf sig;
	int rc;

	if (b->ra_verified.n > 0) {
		derw_prim(w, DER_CTXP(0), SLICE_NONE);
		return 0;
	}
	alg = alg_default(key_info(b->new_key));
	buf_init(&sig, 4096);
	rc = key_sign(b->new_key, &alg, cert_req, &sig, e);
	if (rc == 0) {
		derw_bits(w, DER_BIT_STRING, buf_slice(&sig));
		alg_write(w, &alg);
		derw_wrap(w, DER_CTX(1), 0);
	}
	buf_release(&sig);
	return rc;
}

int
enrol_build(const struct op_build *b, struct draft *d, struct err *e)
{
	struct crmf_new n = { .cert_req_id = 0, .issuer = b->issuer,
	    .validity = b->validity, .subject = b->subject,
	    .spki = b->ra_verified };
	struct derw *w = &d->content, req, ext, controls;
	int rc = -1;

	if (n.spki.n == 0)
		n.spki = key_spki(b->new_key);
	derw_init(&req, 1 << 16);
	derw_init(&ext, 1 << 15);
	derw_init(&controls, 1 << 14);
	write_extensions(b, &ext);
	if (ext.n > 0)
		n.extensions = derw_slice(&ext);
	if (d->body == BODY_KUR) {
		write_controls(b, &controls);
		n.controls = derw_slice(&controls);
	}
	crmf_write_request(&req, &n);
	if (derw_bad(&req) || derw_bad(&ext) || derw_bad(&controls)) {
		derw_err(derw_bad(&ext) ? &ext : derw_bad(&controls) ?
		    &controls : &req, "request", e);
	} else if (write_popo(b, derw_slice(&req), w, e) == 0) {
		derw_raw(w, derw_slice(&req));
		derw_wrap(w, DER_SEQUENCE, 0);	/* CertReqMsg */
		derw_wrap(w, DER_SEQUENCE, 0);	/* CertReqMessages */
		rc = 0;
	}
	derw_release(&req);
	derw_release(&ext);
	derw_release(&controls);
	return rc;
}
