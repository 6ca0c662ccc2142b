/* Who made a message that is verified. */
#include <string.h>

#include "role/engine_int.h"

void
sender_init(struct sender *s)
{
	memset(s, 0, sizeof(*s));
	buf_init(&s->row, 1 << 17);
}

void
sender_release(struct sender *s)
{
	buf_release(&s->row);
}

/* INTEGER content as the store has serials. */
static struct slice
unsigned_serial(struct slice v)
{
	return v.n > 1 && v.p[0] == 0 ? SLICE(v.p + 1, v.n - 1) : v;
}

/* Of ours: the store knows at once what no CRL could say sooner. */
static enum authz_sender
own_kind(const struct sender *s, int64_t now)
{
	return s->own.revoked ? AUTHZ_OWN_REVOKED :
	    s->own.not_after < now ? AUTHZ_OWN_EXPIRED : AUTHZ_OWN;
}

int
sender_find(struct engine *en, const struct checked *c, int64_t now,
    struct sender *s, struct err *e)
{
	const struct cert *signer = checked_signer(c);
	int ra, rc;

	buf_reset(&s->row);
	s->anchor = checked_path(c)->anchor->cert;
	rc = store_cert(en->store, unsigned_serial(signer->serial), &s->own,
	    &s->row, e);
	if (rc == -1)
		return -1;
	if (rc == 0 || !slice_eq(s->own.der, signer->der))
		s->own = (struct store_cert){ .serial = SLICE_NONE };
	s->kind = s->own.serial.n > 0 ? own_kind(s, now) : AUTHZ_DEVICE;
	if (s->kind != AUTHZ_OWN && s->kind != AUTHZ_DEVICE)
		return 0;
	ra = trust_ra(&en->trust, c, now, &s->ra);
	if (ra)
		s->kind = AUTHZ_RA;
	else if (s->kind == AUTHZ_DEVICE && (ca_is_own(en, s->anchor) ||
	    (s->anchor = trust_device(&en->trust, c, now)) == NULL))
		s->kind = AUTHZ_STRANGER;
	return 0;
}

int
sender_in_force(const struct sender *s, struct err *e)
{
	if (s->own.revoked)
		return err_set(e, E_PATH_REVOKED, "the certificate that "
		    "protects the message is revoked (reason %d)",
		    s->own.reason);
	if (s->own.unconfirmed)
		return err_set(e, E_NOT_CONFIRMED, "the certificate that "
		    "protects the message waits for its certConf");
	return 0;
}
