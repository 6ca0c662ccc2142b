/* What a file that is no message looks like. */
#include <string.h>

#include "asn/der.h"
#include "tools/tool.h"

static int
is_base64(struct slice s)
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	    "0123456789+/=\r\n\t ";

	if (s.n < 8 || s.p[0] != 'M')
		return 0;
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] == '\0' || !strchr(digits, s.p[i]))
			return 0;
	return 1;
}

static const char *
text_kind(struct slice s)
{
	static const char begin[] = "-----BEGIN";

	while (s.n > 0 && s.p[0] != '\0' && strchr(" \t\r\n", s.p[0]))
		s = SLICE(s.p + 1, s.n - 1);
	if (s.n >= sizeof(begin) - 1 &&
	    memcmp(s.p, begin, sizeof(begin) - 1) == 0)
		return "PEM text";
	return is_base64(s) ? "base64 text" : NULL;
}

int
tool_shape(const char *file, struct slice in, struct err *e)
{
	const char *kind = text_kind(in);
	size_t promised = der_promised(in);

	if (in.n == 0)
		return err_set(e, E_NOINPUT, "%.200s is empty; did the command "
		    "that makes it fail?", file);
	if (kind != NULL)
		return err_set(e, E_FILE_FORMAT, "%.200s is %s, expected the "
		    "DER that is encoded in it (decode it with base64 -d)",
		    file, kind);
	if (promised > in.n)
		return err_set(e, E_FILE_PARTIAL, "%.200s has %zu bytes of "
		    "%zu; copy it again", file, in.n, promised);
	if (promised == 0)
		return err_set(e, E_FILE_FORMAT, "%.200s is no DER message",
		    file);
	return 0;
}
