#include "base/secret.h"

#include "base/file.h"

int
secret_read(const char *path, struct buf *out, struct err *e)
{
	buf_init(out, SECRET_MAX + 1);
	if (file_read(path, SECRET_MAX + 1, out, e) == -1)
		return -1;
	if (out->n > 0 && out->p[out->n - 1] == '\n')
		out->n--;
	if (out->n == 0 || out->n > SECRET_MAX)
		return err_set(e, E_KEY_PASS, "%s: %zu bytes of secret, "
		    "expected 1 to %d", path, out->n, SECRET_MAX);
	return 0;
}

int
secret_eq(struct slice a, struct slice b)
{
	volatile uint8_t diff = 0;

	if (a.n != b.n)
		return 0;
	for (size_t i = 0; i < a.n; i++)
		diff |= a.p[i] ^ b.p[i];
	return diff == 0;
}
