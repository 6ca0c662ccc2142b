/* Keys that certificates were issued for. */
#include "role/engine_int.h"

/* What an older program wrote is only looked at once. */
static int
hash_of(struct slice der, uint8_t hash[static 32])
{
	struct err ignored = { 0 };
	struct cert c;

	return cert_parse(der, &c, &ignored) == -1 ? -1 :
	    alg_key_hash(c.spki, hash, &ignored);
}

int
known_key(struct store *s, const uint8_t hash[static 32], struct buf *subject,
    int *revoked, struct err *e)
{
	if (store_key_fill(s, hash_of, e) == -1)
		return -1;
	return store_key(s, hash, subject, revoked, e);
}
