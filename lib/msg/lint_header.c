/* RFC 9483 3.1: the header. */
#include "msg/lint_rule.h"

#include <inttypes.h>

#include "base/escape.h"
#include "pki/name.h"

#define FIRST	(LINT_REQUEST | LINT_BODY(BODY_P10CR) | LINT_BODY(BODY_RR) | \
		    LINT_BODY(BODY_GENM))
#define NESTED	LINT_BODY(BODY_NESTED)
#define ERROR	LINT_BODY(BODY_ERROR)
#define WITH_IMPLICIT	(LINT_REQUEST | LINT_BODY(BODY_P10CR) | LINT_RESPONSE)
#define WITH_PROFILE	(LINT_REQUEST | LINT_BODY(BODY_P10CR) | \
			    LINT_BODY(BODY_GENM))

static int
pvno_known(const struct lint_view *v, char t[static LINT_TEXT])
{
	if (v->h->pvno == 2 || v->h->pvno == 3)
		return 0;
	return lint_rule_say(t, "pvno is %" PRId64 ", expected 2 or 3",
	    v->h->pvno);
}

/* With a key of its own the sender does not expect EnvelopedData. */
static int
pvno_local_key(const struct lint_view *v, char t[static LINT_TEXT])
{
	if (v->h->pvno != 3 || !v->has_key)
		return 0;
	return lint_rule_say(t, "pvno is 3, expected 2 for a request with a "
	    "public key");
}

static int
pvno_enveloped(const struct lint_view *v, char t[static LINT_TEXT])
{
	if (v->h->pvno == 3 || !(v->rep.first.has_private_key ||
	    v->rep.first.has_encrypted))
		return 0;
	return lint_rule_say(t, "pvno is %" PRId64 ", expected 3 for a "
	    "response with EnvelopedData", v->h->pvno);
}

static int
recipient_named(const struct lint_view *v, char t[static LINT_TEXT])
{
	struct slice in = v->h->recipient, name;

	if (!der_opt(&in, DER_CTX(4), &name) || !name_is_empty(name))
		return 0;
	return lint_rule_say(t, "recipient is the NULL-DN, expected the name "
	    "of the CA");
}

static int
time_with_wait(const struct lint_view *v, char t[static LINT_TEXT])
{
	if (!v->h->has_confirm_wait || v->h->has_time)
		return 0;
	return lint_rule_say(t, "messageTime is absent, expected it with "
	    "confirmWaitTime");
}

static int
txid_there(const struct lint_view *v, char t[static LINT_TEXT])
{
	if (v->h->transaction_id.p != NULL)
		return 0;
	return lint_rule_say(t, "transactionID is absent");
}

static int
txid_size(const struct lint_view *v, char t[static LINT_TEXT])
{
	size_t n = v->h->transaction_id.n;

	if (v->h->transaction_id.p == NULL || n == 16)
		return 0;
	return lint_rule_say(t, "transactionID has %zu octets, expected 16",
	    n);
}

static int
sender_nonce(const struct lint_view *v, char t[static LINT_TEXT])
{
	size_t n = v->h->sender_nonce.n;

	if (v->h->sender_nonce.p == NULL)
		return lint_rule_say(t, "senderNonce is absent");
	if (n < NONCE_MIN)
		return lint_rule_say(t, "senderNonce has %zu octets, expected "
		    "at least %d", n, NONCE_MIN);
	return 0;
}

static int
recip_nonce_absent(const struct lint_view *v, char t[static LINT_TEXT])
{
	if (v->h->recip_nonce.p == NULL)
		return 0;
	return lint_rule_say(t, "recipNonce is present, expected none in a "
	    "first message");
}

static int
recip_nonce_there(const struct lint_view *v, char t[static LINT_TEXT])
{
	if (v->h->recip_nonce.p != NULL)
		return 0;
	return lint_rule_say(t, "recipNonce is absent, expected the "
	    "senderNonce of the message before");
}

static int
implicit_prohibited(const struct lint_view *v, char t[static LINT_TEXT])
{
	if (!v->h->implicit_confirm)
		return 0;
	return lint_rule_say(t, "implicitConfirm is present in %s",
	    msg_body_name(v->m->body));
}

static int
implicit_wanted(const struct lint_view *v, char t[static LINT_TEXT])
{
	if (v->h->implicit_confirm)
		return 0;
	return lint_rule_say(t, "implicitConfirm is absent, expected it "
	    "unless the sender requires confirmation");
}

static int
wait_with_implicit(const struct lint_view *v, char t[static LINT_TEXT])
{
	if (!v->h->has_confirm_wait || !v->h->implicit_confirm)
		return 0;
	return lint_rule_say(t, "confirmWaitTime is present together with "
	    "implicitConfirm");
}

static int
wait_unexpected(const struct lint_view *v, char t[static LINT_TEXT])
{
	if (!v->h->has_confirm_wait)
		return 0;
	return lint_rule_say(t, "confirmWaitTime is present in %s, expected "
	    "only in ip, cp, kup", msg_body_name(v->m->body));
}

static int
wait_wanted(const struct lint_view *v, char t[static LINT_TEXT])
{
	if (v->h->has_confirm_wait || v->h->implicit_confirm ||
	    v->rep.first.cert.p == NULL)
		return 0;
	return lint_rule_say(t, "confirmWaitTime is absent, expected it in a "
	    "response that awaits confirmation");
}

static int
profile_prohibited(const struct lint_view *v, char t[static LINT_TEXT])
{
	if (v->h->cert_profile.p == NULL)
		return 0;
	return lint_rule_say(t, "certProfile is present in %s",
	    msg_body_name(v->m->body));
}

static int
profile_empty(const struct lint_view *v, char t[static LINT_TEXT])
{
	if (v->h->cert_profile.p == NULL || v->h->cert_profile.n > 0)
		return 0;
	return lint_rule_say(t, "certProfile is empty, expected the name of "
	    "a profile");
}

static int
unlisted_field(const struct lint_view *v, char t[static LINT_TEXT])
{
	if (v->h->recip_kid.p == NULL && v->h->free_text.p == NULL)
		return 0;
	return lint_rule_say(t, "%s is present, expected it to be left out",
	    v->h->recip_kid.p != NULL ? "recipKID" : "freeText");
}

const struct lint_rule lint_rule_header[] = {
	{ 'M', E_PVNO, "RFC 9483 3.1", LINT_ANY, pvno_known },
	{ 'M', E_PVNO, "RFC 9483 3.1", LINT_REQUEST | LINT_BODY(BODY_P10CR),
	    pvno_local_key },
	{ 'M', E_PVNO, "RFC 9483 3.1", LINT_RESPONSE, pvno_enveloped },
	{ 'S', E_RECIPIENT, NULL, FIRST, recipient_named },
	{ 'M', E_MESSAGE_TIME, "RFC 9483 3.1", LINT_ANY, time_with_wait },
	{ 'M', E_TXID_MISSING, "RFC 9483 3.1", LINT_ANY, txid_there },
	{ 'M', E_TXID_SIZE, NULL, FIRST, txid_size },
	{ 'M', E_SENDER_NONCE, "RFC 9483 3.1", LINT_ANY, sender_nonce },
	{ 'M', E_RECIP_NONCE_FIRST, NULL, FIRST, recip_nonce_absent },
	/* The answer to a message without senderNonce has none to give. */
	{ 'S', E_RECIP_NONCE, "RFC 9483 3.1", ERROR, recip_nonce_there },
	{ 'M', E_RECIP_NONCE, "RFC 9483 3.1", LINT_ANY & ~(FIRST | ERROR |
	    NESTED), recip_nonce_there },
	{ 'M', E_IMPLICIT_CONFIRM, NULL, LINT_ANY & ~WITH_IMPLICIT,
	    implicit_prohibited },
	{ 'S', E_IMPLICIT_CONFIRM, NULL, LINT_REQUEST |
	    LINT_BODY(BODY_P10CR), implicit_wanted },
	{ 'M', E_CONFIRM_WAIT, NULL, LINT_ANY, wait_with_implicit },
	{ 'S', E_CONFIRM_WAIT, NULL, LINT_ANY & ~LINT_RESPONSE,
	    wait_unexpected },
	{ 'S', E_CONFIRM_WAIT, NULL, LINT_RESPONSE, wait_wanted },
	{ 'M', E_CERT_PROFILE, NULL, LINT_ANY & ~WITH_PROFILE,
	    profile_prohibited },
	{ 'M', E_CERT_PROFILE, NULL, WITH_PROFILE, profile_empty },
	{ 'S', E_FIELD, NULL, LINT_ANY, unlisted_field },
	{ 0, E_NONE, NULL, 0, NULL },
};
