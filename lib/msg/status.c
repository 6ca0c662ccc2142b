/* PKIStatusInfo (RFC 4210 5.2.3). */
#include "msg/status.h"

#include <stdio.h>
#include <string.h>

#include "msg/syntax.h"

static const char *const names[] = { "accepted", "grantedWithMods",
	"rejection", "waiting", "revocationWarning", "revocationNotification",
	"keyUpdateWarning" };

int
status_get(struct slice *in, struct pki_status_info *s, struct err *e)
{
	struct slice v, bits;

	*s = (struct pki_status_info){ 0 };
	if (der_get(in, DER_SEQUENCE, &v) == -1)
		return syntax_bad(e, "status", "a PKIStatusInfo");
	if (syntax_int(&v, &s->status, "status", e) == -1)
		return -1;
	if (der_opt(&v, DER_SEQUENCE, &s->text) &&
	    syntax_list(s->text, DER_UTF8_STRING, "statusString", e) == -1)
		return -1;
	s->has_fail = der_opt(&v, DER_BIT_STRING, &bits);
	if (s->has_fail && der_named_bits(bits, &s->fail) == -1)
		return syntax_bad(e, "failInfo",
		    "named bits without trailing zeros");
	if (v.n != 0)
		return syntax_bad(e, "status", "the end of PKIStatusInfo");
	return 0;
}

void
status_write(struct derw *w, enum pki_status status, const char *text,
    enum fail fail)
{
	size_t all = derw_mark(w), list;

	if (fail != FAIL_NONE)
		derw_named_bits(w, DER_BIT_STRING, 1u << fail);
	if (text != NULL) {
		list = derw_mark(w);
		derw_utf8(w, text);
		derw_wrap(w, DER_SEQUENCE, list);
	}
	derw_int(w, DER_INTEGER, status);
	derw_wrap(w, DER_SEQUENCE, all);
}

const char *
status_name(int64_t status)
{
	if (status < 0 || status > STATUS_KEY_UPDATE_WARNING)
		return "unknown";
	return names[status];
}

const char *
status_fail_text(char t[static 256], uint32_t fail)
{
	char one[32];
	size_t n = 0, len;

	t[0] = '\0';
	for (int i = 0; i < 32; i++) {
		if (!(fail & 1u << i))
			continue;
		if (*err_fail_name(i))
			snprintf(one, sizeof(one), "%s", err_fail_name(i));
		else
			snprintf(one, sizeof(one), "bit %d", i);
		len = strlen(one);
		if (n + len + 6 > 256) {
			memcpy(t + n, "...", 4);
			break;
		}
		n += (size_t)snprintf(t + n, 256 - n, "%s%s", n ? ", " : "",
		    one);
	}
	return t;
}
