/* Keys and certificates of a home, of whatever role. */
#include "role/engine_int.h"

int
engine_load_key(struct engine *en, const char *file, const char *pass,
    struct key **out, struct err *e)
{
	char path[HOME_PATH], pass_path[HOME_PATH];

	if (key_load(home_path(path, en->homefd, file), pass == NULL ? NULL :
	    home_path(pass_path, en->homefd, pass), out, e) == -1)
		return err_wrap(e, "%.100s", file);
	return 0;
}

int
engine_load_certs(struct engine *en, const char *file, struct certs *out,
    struct err *e)
{
	char path[HOME_PATH];

	if (certs_load(home_path(path, en->homefd, file), out, e) == -1)
		return err_wrap(e, "%.100s", file);
	if (out->n == 0)
		return err_set(e, E_CERT_SYNTAX, "%.100s: no certificate in "
		    "it", file);
	return 0;
}
