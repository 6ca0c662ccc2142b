#ifndef OP_INFO_H
#define OP_INFO_H

#include "op/op.h"
#include "pki/crl.h"

/*
 * What general messages ask for (RFC 9483 4.3): one file and one line of
 * info.c's table each.  The operation genm takes the one InfoTypeAndValue
 * apart and puts it together; what is inside is for the functions here.
 */

/* What a CA can tell.  Read from files before the operation; const. */
struct info_env {
	const struct certs	*ca, *chain;	/* ours, and what is above */
	const struct certs	*further;	/* other CAs' */
	const struct crl	*crl;		/* our newest one, or NULL */
	const struct err	*no_crl;	/* why there is none to tell of, or
						 * NULL: none was ever made */
	/* A new root (RFC 4210 4.4): none, or the old one and the three. */
	const struct certs	*old, *new_with_new, *new_with_old,
				*old_with_new;
};

/* What a device asks for: of one kind.  All borrowed. */
struct info_words {
	const struct info	*kind;
	struct slice		 root;		/* Certificate TLV */
	struct slice		 dp;		/* URI text, or */
	struct slice		 issuer;	/* Name TLV */
	int			 has_have;
	int64_t			 have;		/* thisUpdate of the CRL held */
};

/* An answer, at the device.  ${asked}: the request's infoValue, ${value}:
 * the answer's; SLICE_NONE if it is absent. */
struct info_reply {
	const struct checked	*checked;
	const struct op_device	*device;
	struct slice		 asked, value;
};

struct info {
	const char	*name;		/* word of cmp-mkreq genm */
	enum oid	 request, response;
	const char	*section;
	int		 value;		/* the request's infoValue: VALUE_* */

	/*
	 * CA: write the infoValue of the answer to ${r->info_value}, or
	 * nothing if there is none to give.
	 */
	int	(*answer)(const struct op_ca *ca, const struct op_request *r,
		    struct op_facts *f, struct derw *w, struct err *e);

	/* Device: write the infoValue (NULL: there is none). */
	int	(*build)(const struct info_words *words, struct derw *w,
		    struct err *e);

	/* Device: judge an infoValue that is there; files into ${res}. */
	int	(*accept)(const struct info_reply *a, struct op_result *res,
		    struct err *e);
	const char	*nothing;	/* what it means that there is none */
};
#define VALUE_ABSENT	0
#define VALUE_OPTIONAL	1
#define VALUE_PRESENT	2

extern const struct info info_cacerts, info_rootupdate, info_reqtemplate,
	info_crl,
	info_current_crl;

const struct info *info_by_name(const char *name);
const struct info *info_by_request(struct slice oid);
const struct info *info_at(size_t i);		/* NULL at the end */

/*
 * Read a GenMsgContent or GenRepContent of one InfoTypeAndValue.  E_SYNTAX,
 * E_INFO_COUNT.
 */
int	info_read(struct slice content, struct slice *oid,
	    struct slice *value, struct err *e);

/* Add a file of the result: its name below HOME; the content is empty. */
struct op_file *info_file(struct op_result *res, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));

/*
 * A CertReqTemplateContent (4.3.3), taken apart.  What a device has to fill
 * in is there and empty.  ${value} has passed der_walk().  E_ANSWER_INFO,
 * E_SYNTAX, E_DER_*.
 */
struct info_template {
	struct slice	 subject;	/* Name TLV, or none */
	struct slice	 issuer;	/* likewise */
	struct slice	 validity;	/* content of [4], or none */
	struct slice	 extensions;	/* content of Extensions, or none */
	struct slice	 keys;		/* content of keySpec, or none */
};
int	info_template_read(struct slice value, struct info_template *t,
	    struct err *e);

/*
 * The next kind of key off ${keys} that we could make, as key_generate()
 * takes it: 1, or 0 at the end.  Others are skipped.
 */
int	info_template_key(struct slice *keys, char spec[static 64]);

/* crls/NAME.crl for infoValue ${asked} of crlStatusList; NULL: malformed. */
#define INFO_NAME	96
const char *info_crl_file(char t[static INFO_NAME], struct slice asked,
	    struct err *e);

/* "pump17-3f2a9c1b" of any text: for the name of a file. */
const char *info_file_name(char t[static INFO_NAME], struct slice text,
	    struct slice unique);

#endif
