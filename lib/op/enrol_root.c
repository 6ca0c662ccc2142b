/* The first trust anchor of a device, from an ip: RFC 9483 4.1.1, 4.1.5. */
#include "op/enrol.h"
#include "pki/name.h"

static int
check_root(const struct cert *c, int64_t now, struct err *e)
{
	char is[NAME_TEXT];

	name_short(is, c->subject);
	if (!c->ca || (c->has_ku && !(c->ku & KU_KEY_CERT_SIGN)))
		return err_set(e, E_ANSWER_ROOT, "caPubs has \"%.100s\", which "
		    "is not of a CA", is);
	if (c->unknown_critical.p != NULL)
		return err_set(e, E_ANSWER_ROOT, "caPubs has \"%.100s\" with a "
		    "critical extension that is not known here", is);
	if (!cert_is_self_signed(c))
		return err_set(e, E_ANSWER_ROOT, "caPubs has \"%.100s\", which "
		    "is not self-signed: no root", is);
	if (now < c->not_before || now > c->not_after)
		return err_set(e, E_ANSWER_ROOT, "caPubs has \"%.100s\", which "
		    "is not valid now", is);
	return 0;
}

int
enrol_root(const struct checked *c, int64_t now, struct cert *out,
    struct err *e)
{
	const struct msg *m = checked_msg(c);
	struct slice in, der;
	struct cert_rep rep;

	if (checked_mac(c) == NULL || m->body != BODY_IP)
		return 0;
	if (crmf_response(m->content, &rep, e) == -1)
		return -1;
	if (!rep.has_ca_pubs)
		return 0;
	in = rep.ca_pubs;
	if (der_get_tlv(&in, DER_SEQUENCE, &der) == -1 || in.n != 0)
		return err_set(e, E_ANSWER_ROOT, "caPubs has several "
		    "certificates, expected only the root");
	if (cert_parse(der, out, e) == -1) {
		e->code = E_ANSWER_ROOT;
		return err_wrap(e, "caPubs");
	}
	return check_root(out, now, e) == -1 ? -1 : 1;
}
