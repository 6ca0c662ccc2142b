/*
 * der: what the walk accepts, the cursor reads and the writer writes again,
 * byte for byte; what it refuses, the cursor survives.
 */
#include <string.h>

#include "asn/der.h"
#include "asn/oid.h"
#include "tests/fuzz/fuzz.h"

/* The typed readers and writers; what they have in common must agree. */
static void
put_primitive(struct derw *w, uint8_t tag, struct slice v, struct slice tlv)
{
	uint8_t oid[64];
	char text[OID_TEXT];
	struct slice in = tlv, bits;
	uint32_t named;
	int64_t n;
	size_t len;
	int b;

	if (tag == DER_INTEGER && v.p[0] < 0x80) {
		derw_unsigned(w, tag, v);
	} else if ((tag == DER_INTEGER || tag == DER_ENUMERATED) &&
	    der_int64_value(v, &n) == 0) {
		derw_int(w, tag, n);
	} else if (tag == DER_BOOLEAN) {
		must(der_bool_value(v, &b) == 0);
		derw_bool(w, b);
	} else if (tag == DER_BIT_STRING && v.n < 4 &&
	    der_named_bits(v, &named) == 0) {
		derw_named_bits(w, tag, named);
	} else if (tag == DER_BIT_STRING &&
	    der_octets_of_bits(v, &bits) == 0) {
		derw_bits(w, tag, bits);
	} else if (tag == DER_OID) {
		oid_text(text, v);
		len = oid_parse(text, strlen(text), oid);
		must(len == 0 || slice_eq(v, SLICE(oid, len)));
		must(oid_of(v) == OID_UNKNOWN ||
		    slice_eq(v, oid_bytes(oid_of(v))));
		derw_oid(w, v);
	} else if (tag == DER_UTC_TIME) {
		must(der_time(&in, &n) == 0);
		derw_time(w, n);
	} else if (tag == DER_GENERALIZED_TIME) {
		must(der_generalized_value(v, &n) == 0);
		derw_generalized(w, n);
	} else if (tag == DER_NULL) {
		derw_null(w);
	} else {
		derw_prim(w, tag, v);
	}
}

static void
put(struct derw *w, struct slice tlv)
{
	static _Thread_local unsigned depth;
	struct slice in = tlv, v, *kids;
	size_t n = 0, mark = derw_mark(w);
	uint8_t tag;

	must(der_any(&in, &tag, &v, NULL) == 0 && in.n == 0);
	if (!(tag & 0x20)) {
		put_primitive(w, tag, v, tlv);
		return;
	}
	must(++depth <= 32);
	must((kids = malloc(1001 * sizeof(*kids))) != NULL);
	while (v.n > 0) {
		must(n < 1000);
		must(der_any(&v, NULL, NULL, &kids[n++]) == 0);
	}
	while (n-- > 0)
		put(w, kids[n]);
	derw_wrap(w, tag, mark);
	free(kids);
	depth--;
}

/* Every reader at every place of something that may be nonsense. */
static void
poke(struct slice in)
{
	struct slice at, v;
	uint32_t bits;
	uint8_t tag;
	int64_t n;
	int b;

	for (; in.n > 0; in = SLICE(in.p + 1, in.n - 1)) {
		at = in;
		if (der_any(&at, &tag, &v, NULL) == -1)
			continue;
		must(at.p + at.n == in.p + in.n && v.p + v.n == at.p);
		der_int64_value(v, &n);
		der_bool_value(v, &b);
		der_named_bits(v, &bits);
		der_octets_of_bits(v, &v);
		der_generalized_value(v, &n);
		at = in;
		der_time(&at, &n);
		at = in;
		der_int64(&at, &n);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct slice in = SLICE(p, n);
	struct err e = { 0 };
	struct derw w;

	if (n > 0 && n < 4096)
		poke(in);
	(void)der_promised(SLICE(p, n < 6 ? n : 6));
	if (der_walk(in, &der_limits_message, 0, &e) == -1) {
		must(e.code != E_NONE && e.detail[0] != '\0');
		(void)der_walk_inner(in, &e);
		return 0;
	}
	must(e.code == E_NONE);
	must(der_walk(in, &der_limits_crl, 0, &e) == 0);
	must(p[0] != DER_SEQUENCE ||
	    der_promised(SLICE(p, n < 6 ? n : 6)) == n);
	must(der_walk(SLICE(p, n - 1), &der_limits_message, 0, &e) == -1);
	derw_init(&w, n);
	put(&w, in);
	must(!derw_bad(&w) && slice_eq(derw_slice(&w), in));
	derw_release(&w);
	return 0;
}
