#ifndef ROLE_STAGED_H
#define ROLE_STAGED_H

#include "pki/name.h"

/*
 * Roots that wait in HOME/trust/staged for the user's word.  They were checked
 * before they were put there (RFC 9483 4.3.2).
 */
#define STAGED_MAX	64
struct staged {
	char	 name[256];		/* of the file */
	char	 subject[NAME_TEXT];
	uint8_t	 hash[32];		/* SHA-256 of the certificate */
	int64_t	 not_before, not_after;
};

/* All of them by name; returns how many, or -1: E_CERT_SYNTAX, E_HOME. */
int	staged_list(int homefd, struct staged out[static STAGED_MAX],
	    struct err *e);

/*
 * Trust ${r}: it moves to HOME/trust, if it is still the certificate of that
 * hash.  Harmless to repeat.
 */
int	staged_accept(int homefd, const struct staged *r, struct err *e);

/* The same unseen for the one at ${path}, "trust/staged/NAME", below HOME. */
int	staged_accept_one(int homefd, const char *path, struct err *e);

#endif
