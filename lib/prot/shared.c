#include "prot/shared.h"

#include <string.h>

#include "base/secret.h"
#include "base/slip.h"

#define ITERATIONS	100000	/* the most that OpenSSL takes */

int
shared_load(const char *path, struct buf *out, struct err *e)
{
	if (secret_read(path, out, e) == -1)
		return -1;
	return slip_mend(out, e) == -1 ? err_wrap(e, "%.200s", path) : 0;
}

int
shared_mac(const char *kind, const char *ref, struct mac *m, struct err *e)
{
	int pbm = kind != NULL && strcmp(kind, "pbm") == 0;

	if (kind != NULL && !pbm && strcmp(kind, "pbmac1") != 0)
		return err_set(e, E_USAGE, "--mac is \"%.40s\", expected "
		    "pbmac1 or pbm", kind);
	if (*ref == '\0' || strlen(ref) > 128)
		return err_set(e, E_USAGE, "--ref has %zu characters, expected "
		    "1 to 128", strlen(ref));
	mac_new(m, pbm ? MAC_PBM : MAC_PBMAC1, MAC_HMAC_SHA256, ITERATIONS);
	return 0;
}
