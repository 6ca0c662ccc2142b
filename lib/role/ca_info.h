#ifndef ROLE_CA_INFO_H
#define ROLE_CA_INFO_H

#include "op/info.h"

struct engine;

/* Who owns what struct info_env points to. */
struct ca_info {
	struct info_env	 env;
	struct certs	 further, old, new_with_new, new_with_old,
			 old_with_new;
	struct crl	*crl;
	struct err	 no_crl;	/* what is wrong with the file */
};

/*
 * What there is to tell: certs/ca.crl, certs/further.pem and certs/next/,
 * read when the first general message comes, so that they hold up nothing
 * else.  NULL with E_CONF if one of them is bad; of a bad CRL only
 * ${no_crl} tells.  Owned by ${en}.
 */
const struct info_env	*ca_info(struct engine *en, struct err *e);
void			 ca_info_free(struct engine *en);

#endif
