#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

/*
 * Seconds since 1970, UTC: the only clock of the library.  Test programs
 * replace clock.o when they are linked; the shipped programs have no switch.
 */
int64_t	clock_now(void);

#endif
