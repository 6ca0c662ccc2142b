/* CRLs: on demand and by cmp.conf. */
#include <inttypes.h>

#include "asn/der.h"
#include "role/crl.h"
#include "tools/agent.h"
#include "tools/tool.h"

int
agent_crl(struct engine *en, const char *shown)
{
	char until[DER_TIME_TEXT];
	struct err e = { 0 };
	struct crl_made m;

	if (crl_make(en, &m, &e) == -1)
		return tool_fail(shown, &e);
	tool_say("CRL %" PRId64 " with %zu entries, good until %s: "
	    "%s/certs/ca.crl", m.number, m.entries,
	    der_time_text(until, m.next_update), shown);
	return 0;
}

int
agent_crl_due(struct engine *en, const char *shown)
{
	struct err e = { 0 };

	switch (crl_due(en, &e)) {
	case 0:
		return 0;
	case 1:
		return agent_crl(en, shown);
	default:
		return tool_fail(shown, &e);
	}
}
