#ifndef TOOLS_NEST_H
#define TOOLS_NEST_H

#include "msg/nest.h"
#include "pki/cert.h"
#include "prot/protect_nest.h"
#include "prot/verify.h"
#include "tools/tool.h"

/* The commands of cmp-nest, and what they share. */

struct nest_job {
	struct nest_limits	 limits;
	struct signer		 signer;	/* wrap, batch */
	const struct anchor	*anchors;	/* split, show; none: not verified */
	size_t			 n_anchors;
	const char		*out;
	int			 json;
	char			**files;
	size_t			 n_files;
};

/* Each does its command; the exit status. */
int	nest_wrap(const struct nest_job *j);
int	nest_batch(const struct nest_job *j);
int	nest_split(const struct nest_job *j);
int	nest_show(const struct nest_job *j);

/* --- nest_scratch.c: files without a name */

/*
 * A file that nobody else can open, below the directory ${dir} (a path) or, if
 * that is NULL or cannot be written, /var/tmp or /tmp.  Its descriptor, or -1.
 */
int	nest_scratch(const char *dir, struct err *e);

/*
 * Copy ${file} ("-" is standard input) into a scratch file: what happens to
 * ${file} afterwards does not matter.  E_NEST_CHANGED if it changed
 * meanwhile, E_FILE_SIZE beyond ${max}.  The descriptor, or -1.
 */
int	nest_scratch_copy(const char *file, const char *dir, uint64_t max,
	    struct err *e);

/* All of ${n} bytes at ${at}; 0 or -1 with E_IO. */
int	nest_scratch_get(int fd, uint64_t at, void *p, size_t n,
	    struct err *e);
int	nest_scratch_put(int fd, uint64_t at, const void *p, size_t n,
	    struct err *e);

/*
 * A set of digests in a scratch file, for at most ${max} of them, so that
 * memory does not grow with it.
 */
struct nest_seen {
	int		 fd;
	uint64_t	 slots;
};
int	nest_seen_init(struct nest_seen *s, size_t max, const char *dir,
	    struct err *e);
/* 1 if ${digest} is in it already; else it is put there: 0, or -1. */
int	nest_seen_add(struct nest_seen *s, const uint8_t digest[static 32],
	    struct err *e);
void	nest_seen_close(struct nest_seen *s);

/* --- nest_common.c */

/*
 * Verify the protection of ${m} against the anchors of ${j}: 1, 0 if there
 * are none, -1.
 */
int	nest_verify(const struct nest_job *j, const struct msg *m,
	    struct err *e);

/* "ID-NUMBER-WORD.pki"; a message without transactionID has zeros for ID. */
#define NEST_NAME	96
void	nest_name(char t[static NEST_NAME], struct slice transaction_id,
	    size_t number, const char *word);

/* The directory that ${out} (of tool_put()) is in; NULL: standard output. */
const char *nest_dir(const char *out, char t[static TOOL_PATH]);

/* If ${e} is about a limit, add which option raises it. */
void	nest_hint(struct err *e);

#endif
