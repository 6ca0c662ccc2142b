#ifndef ROLE_HOME_H
#define ROLE_HOME_H

/*
 * Path "/proc/self/fd/N/NAME" of a file below HOME, for readers of paths; an
 * absolute ${name} is itself.  Returns ${t}.
 */
#define HOME_PATH	512
const char *home_path(char t[static HOME_PATH], int homefd, const char *name);

#endif
