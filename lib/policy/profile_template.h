#ifndef POLICY_PROFILE_TEMPLATE_H
#define POLICY_PROFILE_TEMPLATE_H

#include "pki/cert.h"
#include "policy/conf.h"

/*
 * What a request under ${p} is to look like (RFC 9483 4.3.3): a
 * CertReqTemplateContent.  Values that the device chooses are empty: "*" of
 * ${rule}'s patterns.  Without a rule, or a subject in it, the names are
 * those of ${sender}.
 */
void	profile_template(const struct conf_profile *p,
	    const struct conf_rule *rule, const struct cert *sender,
	    struct derw *w);

#endif
