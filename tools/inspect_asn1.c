/* A message by the names of its fields in ASN.1. */
#include "tools/inspect_asn1.h"

#include "asn/schema.h"

/* RFC 9480 2.14 to 2.17, RFC 4210 5.1.1 and 5.3.19. */
static const struct {
	enum oid	 id;
	const char	*type;
} types[] = {
	{ OID_IT_CURRENT_CRL, "CertificateList" },
	{ OID_IT_IMPLICIT_CONFIRM, "ImplicitConfirmValue" },
	{ OID_IT_CONFIRM_WAIT_TIME, "ConfirmWaitTimeValue" },
	{ OID_IT_CA_CERTS, "CaCertsValue" },
	{ OID_IT_ROOT_CA_KEY_UPDATE, "RootCaKeyUpdateContent" },
	{ OID_IT_CERT_REQ_TEMPLATE, "CertReqTemplateContent" },
	{ OID_IT_ROOT_CA_CERT, "Certificate" },
	{ OID_IT_CERT_PROFILE, "CertProfileValue" },
	{ OID_IT_CRL_STATUS_LIST, "CRLStatusListValue" },
	{ OID_IT_CRLS, "CrlsValue" },
};

static void
one(struct buf *out, const char *where, struct slice oid, struct slice value)
{
	struct err e = { 0 };
	size_t i;

	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (types[i].id == oid_of(oid))
			break;
	if (i == sizeof(types) / sizeof(types[0]) || value.p == NULL)
		return;
	buf_printf(out, "infoValue of %s in %s (%s):\n", oid_name(oid_of(oid)),
	    where, types[i].type);
	if (schema_dump_type(out, types[i].type, value, &e) == -1)
		buf_printf(out, "  not of that type: %s\n", err_name(e.code));
}

static void
all(struct buf *out, const char *where, struct slice in)
{
	struct slice oid, value;

	while (in.n > 0 && msg_next_info(&in, &oid, &value) == 0)
		one(out, where, oid, value);
}

int
inspect_asn1(struct buf *out, const struct msg *m, struct slice der,
    struct err *e)
{
	struct slice in;

	if (schema_dump(out, der, e) == -1)
		return -1;
	all(out, "generalInfo", m->hdr.general_info);
	if ((m->body == BODY_GENM || m->body == BODY_GENP) &&
	    der_only(m->content, DER_SEQUENCE, &in) == 0)
		all(out, msg_body_name(m->body), in);
	return 0;
}
