/* One chain of four that every test bends somewhere. */
#ifndef T_PATH_CHAIN_H
#define T_PATH_CHAIN_H

#include "t_path_pki.h"

#define ROOT	"CN=Root,O=T"
#define CA	"CN=CA,O=T"
#define SUB	"CN=Sub,O=T"
#define EE	"CN=ee,O=T"

#define KU_CA	(KU_KEY_CERT_SIGN | KU_CRL_SIGN)

static struct spec root, ca, sub, ee;
static struct cert c_root, c_ca, c_sub, c_ee;
static struct path_ask ask;
static struct path found;
static struct err last;
static struct crl *crls[8];
static size_t n_crls;

/* Back to a good chain: ee <- Sub <- CA <- Root, no status asked. */
static void
reset(void)
{
	free_bufs();
	while (n_crls > 0)
		crl_free(crls[--n_crls]);
	root = (struct spec){ .subject = ROOT, .issuer = ROOT, .key = K_ROOT,
		.by = K_ROOT, .ca = 1, .ku = KU_CA, .serial = 1 };
	ca = (struct spec){ .subject = CA, .issuer = ROOT, .key = K_CA,
		.by = K_ROOT, .ca = 1, .ku = KU_CA, .serial = 2 };
	sub = (struct spec){ .subject = SUB, .issuer = CA, .key = K_SUB,
		.by = K_CA, .ca = 1, .ku = KU_CA, .serial = 3 };
	ee = (struct spec){ .subject = EE, .issuer = SUB, .key = K_EE,
		.by = K_SUB, .ku = KU_DIGITAL_SIGNATURE,
		.eku = { OID_KP_CMC_RA }, .serial = 4 };
	ask = (struct path_ask){ .now = NOW };
}

static inline void
add_crl(struct crl_spec s)
{
	crls[n_crls++] = mk_crl(s);
}

/* Ask for a path; what came out, as a code (E_NONE: a path was found). */
static enum err_code
find(const struct cert *pool, size_t n_pool, const struct cert *trusted)
{
	static struct anchor a;

	a = (struct anchor){ trusted, n_crls ? crls : NULL, n_crls };
	if (!ask.target)
		ask.target = &c_ee;
	if (!ask.anchors) {
		ask.anchors = &a;
		ask.n_anchors = 1;
	}
	ask.pool = pool;
	ask.n_pool = n_pool;
	last = (struct err){ 0 };
	path_find(&ask, &found, &last);
	if (ask.anchors == &a)
		ask.anchors = NULL;
	if (last.code)
		printf("# %s: %s\n", err_name(last.code), last.detail);
	return last.code;
}

static void
make_chain(void)
{
	c_root = mk(root);
	c_ca = mk(ca);
	c_sub = mk(sub);
	c_ee = mk(ee);
}

/* Make the four certificates and ask for a path from the last. */
static inline enum err_code
chain(void)
{
	make_chain();
	return find((struct cert[]){ c_sub, c_ca }, 2, &c_root);
}

/* Does the error's text hold ${s}? */
static inline int
says(const char *s)
{
	return strstr(last.detail, s) != NULL;
}

#endif
