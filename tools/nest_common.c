/* What the commands of cmp-nest share. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/escape.h"
#include "tools/nest.h"

int
nest_verify(const struct nest_job *j, const struct msg *m, struct err *e)
{
	struct verify_ask ask = { .anchors = j->anchors,
	    .n_anchors = j->n_anchors, .now = clock_now() };
	struct checked *c;

	if (j->n_anchors == 0)
		return 0;
	if (verify_msg(m, &ask, &c, e) == -1)
		return -1;
	checked_free(c);
	return 1;
}

void
nest_name(char t[static NEST_NAME], struct slice transaction_id,
    size_t number, const char *word)
{
	static const uint8_t none[8];
	char hex[ESCAPE_SHORT];

	escape_hex_short(hex, transaction_id.n > 0 ? transaction_id :
	    SLICE(none, sizeof(none)));
	snprintf(t, NEST_NAME, "%.16s-%zu-%s.pki", hex, number, word);
}

const char *
nest_dir(const char *out, char t[static TOOL_PATH])
{
	const char *slash;

	if (out == NULL ? !isatty(STDOUT_FILENO) : strcmp(out, "-") == 0)
		return NULL;
	if (out == NULL)
		snprintf(t, TOOL_PATH, ".");
	else if (tool_is_dir(out))
		snprintf(t, TOOL_PATH, "%s", out);
	else if ((slash = strrchr(out, '/')) == NULL)
		snprintf(t, TOOL_PATH, ".");
	else
		snprintf(t, TOOL_PATH, "%.*s", (int)(slash - out) +
		    (slash == out), out);
	return t;
}

void
nest_hint(struct err *e)
{
	const char *option = e->code == E_NEST_COUNT ? "--max-members" :
	    e->code == E_FILE_SIZE ? "--max-size" : NULL;
	size_t n = strlen(e->detail);

	if (option != NULL && strstr(e->detail, option) == NULL)
		snprintf(e->detail + n, sizeof(e->detail) - n,
		    "; %s raises the limit", option);
}
