#ifndef TOOLS_CA_H
#define TOOLS_CA_H

#include "base/err.h"

/*
 * The verbs of cmp-ca, one file each.  A verb gets the home's path and its
 * own arguments, argv[0] being its name, and returns an exit status.
 */
struct ca_verb {
	const char	*name;
	int		(*run)(const char *home, int argc, char **argv);
	const char	*what;
};

int	ca_init(const char *home, int argc, char **argv);
int	ca_trust(const char *home, int argc, char **argv);
int	ca_ticket(const char *home, int argc, char **argv);
int	ca_ra_cert(const char *home, int argc, char **argv);
int	ca_list(const char *home, int argc, char **argv);
int	ca_show(const char *home, int argc, char **argv);
int	ca_policy(const char *home, int argc, char **argv);
int	ca_revoke(const char *home, int argc, char **argv);
int	ca_crl(const char *home, int argc, char **argv);
int	ca_pending(const char *home, int argc, char **argv);
int	ca_approve(const char *home, int argc, char **argv);
int	ca_reject(const char *home, int argc, char **argv);
int	ca_rollover(const char *home, int argc, char **argv);
int	ca_clock(const char *home, int argc, char **argv);
int	ca_check(const char *home, int argc, char **argv);

/*
 * Is this the home of a CA?  E_CONF says that only one ${does} that.  A file
 * that cannot be read is for others to complain about.
 */
int	ca_only(int homefd, const char *does, struct err *e);

#endif
