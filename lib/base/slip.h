#ifndef BASE_SLIP_H
#define BASE_SLIP_H

#include "base/buf.h"
#include "base/err.h"

/*
 * Secrets that people carry on paper: "CMP1-7K2Q-...": eight groups of four
 * with 130 random bits and two check digits.  The digits are those of
 * Crockford's base 32: no I, L, O, U.  The secret is this text as printed,
 * so that any program can use it.
 */
#define SLIP_TEXT	40
void	slip_make(char t[static SLIP_TEXT]);

/* A name for such a secret, eight digits: not secret, not to be guessed. */
#define SLIP_NAME	9
void	slip_name(char t[static SLIP_NAME]);

/*
 * If ${secret} is meant to be a slip, which begins with CMP1, make it what
 * was printed, whatever case, blanks and dashes were typed, O for 0 and I or
 * L for 1; any mistyped digit or two exchanged neighbours are
 * E_SECRET_DIGITS.  Everything else is left alone.
 */
int	slip_mend(struct buf *secret, struct err *e);

/*
 * What guessing ${secret} costs at most, in bits, if its characters were
 * drawn at random from those that are in it.
 */
unsigned slip_bits(struct slice secret);

#endif
