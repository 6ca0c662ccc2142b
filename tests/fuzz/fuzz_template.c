/*
 * template: a file with a CA's template is filled in or refused.  What comes
 * out is names that a request may have, with everything that the user gave.
 */
#include <sys/mman.h>
#include <unistd.h>

#include "asn/der.h"
#include "pki/key.h"
#include "pki/name.h"
#include "pki/san.h"
#include "role/request_template.h"
#include "tests/fuzz/text.h"

#define OWN_NAME	"CN=pump17,O=Example"

static int file = -1;
static char path[64];

static void
put_file(const uint8_t *p, size_t n)
{
	if (file == -1) {
		must((file = memfd_create("template", MFD_CLOEXEC)) != -1);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	}
	must(ftruncate(file, 0) == 0);
	must(pwrite(file, p, n, 0) == (ssize_t)n);
}

/* Every attribute of ${own} is in ${name}. */
static void
has_all(struct slice own, struct slice name)
{
	struct slice in, rdn, rest, other;
	int found;

	must(der_only(own, DER_SEQUENCE, &in) == 0);
	while (in.n > 0) {
		must(der_get(&in, DER_SET, &rdn) == 0);
		must(der_only(name, DER_SEQUENCE, &rest) == 0);
		for (found = 0; rest.n > 0 && !found;) {
			must(der_get(&rest, DER_SET, &other) == 0);
			found = slice_eq(rdn, other);
		}
		must(found);
	}
}

/* Every entry of ${own} is in ${names}. */
static void
has_names(struct slice own, struct slice names)
{
	struct slice in, rest, v, w;
	enum san_type t, u;
	int found;

	must(der_only(own, DER_SEQUENCE, &in) == 0);
	while (in.n > 0) {
		must(san_next(&in, &t, &v) == 0);
		must(der_only(names, DER_SEQUENCE, &rest) == 0);
		for (found = 0; rest.n > 0 && !found;) {
			must(san_next(&rest, &u, &w) == 0);
			found = t == u && slice_eq(v, w);
		}
		must(found);
	}
}

/* With the user's names, or with none. */
static int
fill(int own)
{
	struct buf subject, san, given, name;
	char spec[64] = "untouched";
	struct slice names = SLICE_NONE;
	struct err e = { 0 };
	struct derw w;
	int rc;

	buf_init(&san, 1 << 17);
	buf_init(&given, 1 << 12);
	derw_init(&w, 1 << 12);
	buf_init(&subject, NAME_SIZE_MAX);
	buf_init(&name, NAME_SIZE_MAX);
	if (own) {
		must(name_parse(OWN_NAME, &name, &e) == 0);
		buf_add_slice(&subject, buf_slice(&name));
		must(san_parse("dns:pump17.example", &given, &e) == 0);
		derw_prim(&w, DER_SEQUENCE, buf_slice(&given));
		names = derw_slice(&w);
		buf_add_slice(&san, names);
	}
	rc = request_template(path, &subject, &san, spec, &e);
	must(rc == 0 || (e.code != E_NONE && is_clean(slice_str(e.detail))));
	if (rc == 0) {
		must(!buf_bad(&subject) && !buf_bad(&san));
		must(spec[0] == '\0' || key_spec_check(spec, &e) == 0);
		must(subject.n == 0 || name_check(buf_slice(&subject), &e) ==
		    0);
		must(san.n == 0 || san_check(buf_slice(&san), 1, &e) == 0);
		if (own) {
			has_all(buf_slice(&name), buf_slice(&subject));
			has_names(names, buf_slice(&san));
		}
	}
	buf_release(&subject);
	buf_release(&san);
	buf_release(&given);
	buf_release(&name);
	derw_release(&w);
	return rc;
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	put_file(p, n);
	(void)fill(0);
	(void)fill(1);
	return 0;
}
