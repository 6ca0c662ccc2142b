#include "pki/name_attr.h"

/* Has ${name}, the content of a Name, an attribute of ${type}? */
static int
has_type(struct slice name, struct slice type)
{
	struct slice rdn = SLICE_NONE;
	struct name_attr a;

	while (name_each_attr(&name, &rdn, &a) == 1)
		if (slice_eq(a.type, type))
			return 1;
	return 0;
}

/* Are all attributes of the RDN ${tlv} of types that ${more} has? */
static int
gives_way(struct slice tlv, struct slice more)
{
	struct name_attr a;
	struct slice rdn;

	if (der_only(tlv, DER_SET, &rdn) == -1)
		return 0;
	while (rdn.n > 0)
		if (name_next_attr(&rdn, &a) == -1 || !has_type(more, a.type))
			return 0;
	return 1;
}

int
name_merge(struct slice name, struct slice more, struct buf *out,
    struct err *e)
{
	struct slice in, first, rdn;
	size_t start = out->n;
	struct buf all;
	struct derw w;

	if (der_only(name, DER_SEQUENCE, &in) == -1 ||
	    der_only(more, DER_SEQUENCE, &first) == -1)
		return err_set(e, E_NAME_SYNTAX, "a Name is malformed");
	buf_init(&all, NAME_SIZE_MAX * 2);
	derw_init(&w, NAME_SIZE_MAX * 2 + 8);
	buf_add_slice(&all, first);
	while (der_get_tlv(&in, DER_SET, &rdn) == 0)
		if (!gives_way(rdn, first))
			buf_add_slice(&all, rdn);
	derw_raw(&w, buf_slice(&all));
	derw_wrap(&w, DER_SEQUENCE, 0);
	buf_add_slice(out, derw_slice(&w));
	if (in.n > 0 || buf_bad(&all) || derw_bad(&w) || buf_bad(out))
		err_set(e, E_NAME_SYNTAX, "a Name is malformed or longer than "
		    "%d bytes", NAME_SIZE_MAX);
	buf_release(&all);
	derw_release(&w);
	return e->code != E_NONE ? -1 : name_check(SLICE(out->p + start,
	    out->n - start), e);
}
