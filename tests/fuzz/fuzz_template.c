/*
 * template: a file with a CA's template is filled in or refused.  What comes
 * out is names that a request may have, with everything that the user gave.
 */
#include <sys/mman.h>
#include <unistd.h>

#include "asn/der.h"
#include "pki/cert.h"
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

/* With the user's names, or with none; ${leave} what is empty, or not. */
static void
fill(const struct request_template *t, int own, int leave)
{
	struct buf subject, san, given, name;
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
	rc = request_template_names(t, &subject, &san, leave, &e);
	must(rc == 0 || (e.code != E_NONE && is_clean(slice_str(e.detail))));
	must(!leave || e.code != E_TEMPLATE_EMPTY);
	if (rc == 0) {
		must(!buf_bad(&subject) && !buf_bad(&san));
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
}

/* The key and the extensions that it wants. */
static void
wanted(const struct request_template *t)
{
	struct slice in = buf_slice(&t->extensions);
	struct err e = { 0 };
	struct ext x;

	must(t->spec[0] == '\0' || key_spec_check(t->spec, &e) == 0);
	must(t->spec[0] == '\0' || request_template_spec(t, t->spec, &e) ==
	    0);
	must(!buf_bad(&t->extensions));
	while (in.n > 0) {
		must(cert_next_ext(&in, &x) == 0);
		must(oid_of(x.oid) != OID_SAN && x.value.n > 0);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct request_template t;
	struct err e = { 0 };

	put_file(p, n);
	request_template_init(&t);
	if (request_template_load(&t, path, &e) == 0) {
		wanted(&t);
		for (int i = 0; i < 4; i++)
			fill(&t, i & 1, i >> 1);
	} else {
		must(e.code != E_NONE && e.code != E_INTERNAL);
		must(is_clean(slice_str(e.detail)));
	}
	request_template_release(&t);
	return 0;
}
