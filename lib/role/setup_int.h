#ifndef ROLE_SETUP_INT_H
#define ROLE_SETUP_INT_H

#include "role/engine_int.h"
#include "role/setup.h"

#define SETUP_DAY	86400

/* A home while it is being made. */
struct making {
	const struct setup_ask *ask;
	int		 homefd, keys, certs;
	struct key	*ca_key, *prot_key;
	struct buf	 name, prot_name;	/* Name TLVs */
	struct buf	 ca_der, prot_der;
	struct cert	 ca;
	int64_t		 now, until;
};

void	setup_begin(struct making *k, int homefd, const struct setup_ask *ask);
void	setup_end(struct making *k);

/* ${s} days, or without it those of a new certificate; -1: no such number. */
int64_t	setup_days(const char *s);

/* Name, days and key that are asked for, of a new ${what}: "a CA". */
int	setup_new(struct making *k, const char *what, struct err *e);

/* Are there certificates in ${file}? */
int	setup_chain(const char *file, struct err *e);

/* Make keys/, certs/ and trust/, and open the first two. */
int	setup_dirs(struct making *k, struct err *e);

/*
 * keys/NAME with a new key; one that an interrupted run has left is used, so
 * that running again ends well.
 */
int	setup_key(struct making *k, const char *name, const char *spec,
	    struct key **out, struct err *e);
/* ${t} with a serial number and the validity of ${k}, signed by its CA key. */
int	setup_sign(struct making *k, struct tbs *t, struct buf *out,
	    struct err *e);
int	setup_pem(int dirfd, const char *name, const char *label,
	    struct slice der, struct err *e);

/* Files that exist are copied as they are. */
int	setup_copy(int dirfd, const char *from, const char *to, unsigned mode,
	    struct err *e);

/* The line of ${key} in ${text}, the cmp.conf to be; ${more} is scratch. */
int	setup_set(struct buf *text, struct buf *more, const char *key,
	    const char *value, struct err *e);

/* setup_ra.c: setup_check() of an RA. */
int	setup_ra_read(struct making *k, struct err *e);

#endif
