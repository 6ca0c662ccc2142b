#ifndef MSG_LINT_H
#define MSG_LINT_H

#include "msg/msg.h"

/*
 * Every rule of RFC 9483 3, 4.1.1 to 4.1.4, 4.2, 4.3, 4.4 and 5.2.2 that can
 * be judged from one message alone, without keys or a store: all that are broken, not only the
 * first.  Calls ${found} with the code (its section is err_section()) and
 * what was found and expected; returns the number of findings.
 *
 * ${level} is 'M' for a MUST, 'S' for a SHOULD or RECOMMENDED.
 */
size_t	lint_msg(const struct msg *m, void (*found)(void *arg, char level,
	    enum err_code code, const char *section, const char *text),
	    void *arg);

#endif
