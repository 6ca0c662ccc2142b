#ifndef POLICY_CONF_IMPL_H
#define POLICY_CONF_IMPL_H

#include "pki/alg.h"
#include "policy/conf.h"

/* What the files of conf_*.c and profile*.c share; nobody else's business. */
/* How a value is held: what conf_free() has to do. */
enum conf_hold { HOLD_STRING, HOLD_LIST, HOLD_INT64, HOLD_INT };

/*
 * A type of value.  ${set} reads ${value} into ${field}, which is empty, and
 * conf_release() frees what it holds then, also after a failure, which says
 * "expected ..." in ${e}.
 */
struct conf_type {
	const char	*name;
	enum conf_hold	 hold;
	int		(*set)(void *field, const char *value, struct err *e);
};

struct conf_key {
	enum conf_section	 section;
	const char		*key;
	const struct conf_type	*type;
	size_t			 offset;
	const char		*dflt, *example;
	unsigned		 roles;		/* 1 << enum role */
	const char		*doc;
};

#define CONF_KEYS_MAX	128
extern const struct conf_key conf_keys[];
extern const size_t conf_n_keys;

/* "ca"; "" for the keys before the first section. */
const char	*conf_section_name(enum conf_section s);
/* Is it [kind NAME], one of an array? */
int		 conf_is_named(enum conf_section s);
/*
 * The arrays of named sections.  conf_new() makes one more element with
 * ${name}, all else zero, at ${line}: E_CONF if the name is taken, and says
 * only why.  conf_end() looks at what is whole now.
 */
void		*conf_new(struct conf *c, enum conf_section s,
		    const char *name, int line, struct err *e);
int		 conf_end(enum conf_section s, void *base, int *line,
		    struct err *e);
/* All elements of all arrays. */
void		 conf_free_named(struct conf *c);
/* "[profile x] ", "" for the global keys: for messages. */
#define CONF_WHERE	96
const char	*conf_where(char t[static CONF_WHERE], enum conf_section s,
		    const char *name);

/* Every field of ${base}, which holds section ${s}: release, by type. */
void		 conf_release(enum conf_section s, void *base);

/*
 * Lines.  conf_line() takes the next one off ${in}: ${raw} with its end,
 * ${line} without it and without blanks around; 0 at the end.
 * conf_header() reads "[kind name]": 1, or 0 if ${line} is no header, or -1
 * with E_CONF.  ${name} is empty for a section that has none.
 */
#define CONF_NAME_MAX	64
int		 conf_line(struct slice *in, struct slice *raw,
		    struct slice *line);
int		 conf_header(struct slice line, enum conf_section *s,
		    char name[static CONF_NAME_MAX + 1], struct err *e);
/* [A-Za-z0-9._-]{1,64}? */
int		 conf_name_ok(struct slice name);

/* A name that is a directory's as well: no dot file, no message. */
int		 conf_dir_ok(const char *name);

/* Edit distance, for "did you mean"; long words are far from everything. */
unsigned	 conf_distance(const char *a, const char *b);

/* Digits at ${*s}, at most nine of them; -1 if there are none or more. */
int64_t		 conf_number(const char **s);

/* One word of "keys". */
struct conf_keyspec {
	enum key_family	 family;
	enum curve	 curve;
	unsigned	 min, max;	/* RSA: bits */
};
int		 conf_keyspec(const char *word, struct conf_keyspec *k);

/* The KU_* bit or the extended key usage of a word; 0 if it names none. */
uint32_t	 conf_ku(const char *word);
enum oid	 conf_eku(const char *word);
const char	*conf_ku_name(uint32_t bit);
/* enum san_type of "dns", or -1. */
int		 conf_san_type(const char *word);

#define CONF_KU_CA	(KU_KEY_CERT_SIGN | KU_CRL_SIGN)
#define CONF_EKU_MAX	16

#endif
