/* Revocation: rr, rp, and the heads of CRLs. */
#include "msg/print_part.h"

#include "msg/view.h"
#include "pki/cert.h"
#include "pki/crl.h"

/* Those of crlEntryDetails that have no line of their own. */
static int
has_others(const struct view_rev *r)
{
	return r->n_extensions >
	    (size_t)(r->has_reason && r->reason >= 0) +
	    (size_t)r->has_invalidity;
}

static void
print_details(struct emit *em, const struct view_rev *r)
{
	emit_open(em, NULL);
	print_template(em, "certDetails", &r->tmpl);
	if (r->has_reason && r->reason >= 0) {
		emit_safe(em, "reasonCode", view_reason_name(r->reason));
		emit_int(em, "reasonValue", r->reason);
	}
	if (r->has_invalidity)
		emit_time(em, "invalidityDate", r->invalidity);
	if (has_others(r)) {
		emit_open(em, "crlEntryDetails");
		print_cert_extensions(em, r->extensions);
		emit_close(em);
	}
	emit_close(em);
}

void
print_rev(struct emit *em, struct slice content)
{
	struct slice in = SLICE_NONE;
	struct err e = { 0 };
	struct view_rev r;

	der_only(content, DER_SEQUENCE, &in);
	emit_open_list(em, "revDetails");
	while (in.n > 0 && view_next_rev(&in, &r, &e) == 0)
		print_details(em, &r);
	emit_close_list(em);
}

void
print_rev_rep(struct emit *em, struct slice content)
{
	struct slice issuer, serial;
	struct pki_status_info s;
	struct view_rev_rep r;
	struct err e = { 0 };

	if (view_rev_rep(content, &r, &e) == -1)
		return;
	emit_open_list(em, "response");
	while (r.status.n > 0 && status_get(&r.status, &s, &e) == 0) {
		emit_open(em, NULL);
		print_status(em, &s);
		emit_close(em);
	}
	emit_close_list(em);
	if (r.rev_certs.p != NULL) {
		emit_open_list(em, "revCerts");
		while (r.rev_certs.n > 0 && view_cert_id(&r.rev_certs,
		    &issuer, &serial, &e) == 0) {
			emit_open(em, NULL);
			print_cert_general_name(em, "issuer", issuer);
			emit_hex(em, "serialNumber", serial);
			emit_close(em);
		}
		emit_close_list(em);
	}
	if (r.crls.p != NULL)
		print_crls(em, "crls", r.crls);
}

static void
print_crl_view(struct emit *em, const struct crl *c)
{
	struct slice number = crl_number(c), aki = crl_aki(c);

	emit_name(em, "issuer", crl_issuer(c));
	emit_time(em, "thisUpdate", crl_this_update(c));
	if (crl_next_update(c) != INT64_MIN)
		emit_time(em, "nextUpdate", crl_next_update(c));
	if (number.p != NULL)
		emit_hex(em, "cRLNumber", number);
	if (aki.p != NULL)
		emit_hex(em, "authorityKeyIdentifier", aki);
	emit_int(em, "entries", (int64_t)crl_count(c));
	if (crl_not_understood(c))
		emit_bool(em, "unknownCritical", 1);
}

void
print_crl(struct emit *em, const char *name, struct slice der)
{
	struct err e = { 0 };
	struct crl *c;

	emit_open(em, name);
	if (crl_open(der, &c, &e) == 0) {
		print_crl_view(em, c);
		crl_free(c);
	} else {
		print_error(em, &e);
		emit_head(em, "content", der);
	}
	emit_int(em, "octets", (int64_t)der.n);
	emit_close(em);
}

void
print_crls(struct emit *em, const char *name, struct slice content)
{
	struct slice tlv;

	emit_open_list(em, name);
	while (der_get_tlv(&content, DER_SEQUENCE, &tlv) == 0)
		print_crl(em, NULL, tlv);
	emit_close_list(em);
}

void
print_certs(struct emit *em, const char *name, struct slice content)
{
	struct slice tlv;

	emit_open_list(em, name);
	while (der_get_tlv(&content, DER_SEQUENCE, &tlv) == 0)
		print_cert(em, NULL, tlv);
	emit_close_list(em);
}
