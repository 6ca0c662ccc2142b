#ifndef BASE_ESCAPE_H
#define BASE_ESCAPE_H

#include "base/buf.h"

/*
 * The only way from bytes of a message or a file name to a terminal, a log,
 * a mail or JSON.
 *
 * escape_text() appends ${s} to ${out} as one line of text: printable ASCII
 * and checked UTF-8 pass; controls (C0, C1), invalid UTF-8, bidirectional
 * and zero-width characters and the backslash become \xHH or \u{H}.  After
 * ${max} bytes of input it stops and appends "...".
 *
 * escape_json() appends ${s} as a JSON string with its quotes.  Bytes that
 * are not valid UTF-8 become U+FFFD, so the output is always valid JSON.
 */
void	escape_text(struct buf *out, struct slice s, size_t max);
void	escape_json(struct buf *out, struct slice s);

/*
 * Make the string ${s} one line without controls, invalid UTF-8 and
 * deceptive characters, in place, cut to ${max} bytes with its NUL.  What is
 * escaped already stays as it is, so it is for whole messages.
 */
void	escape_line(char *s, size_t max);

/* Lower-case hexadecimal, two digits a byte. */
void	escape_hex(struct buf *out, struct slice s);

/*
 * The same text into a fixed array, always terminated, for error details:
 * `char t[ESCAPE_SHORT]; escape_short(t, name)`.  Returns ${t}.
 */
#define ESCAPE_SHORT	160
const char *escape_short(char t[static ESCAPE_SHORT], struct slice s);

/* As escape_short(), in hexadecimal. */
const char *escape_hex_short(char t[static ESCAPE_SHORT], struct slice s);

/*
 * Texts of fixed size are cut where they are full, or by "%.90s".  Replace
 * what is left of a cut character in ${t} by "?".  Returns ${t}.
 */
char	*escape_mend(char *t);

/*
 * Decode one UTF-8 character at the start of ${s}: its length in bytes, and
 * its value in ${cp}; 0 if it is not valid UTF-8 (overlong, surrogate, cut).
 */
size_t	escape_utf8(struct slice s, uint32_t *cp);

/*
 * Does ${cp} show nothing, or change how its neighbours are shown: controls,
 * bidirectional and zero-width characters, line separators, noncharacters?
 */
int	escape_deceptive(uint32_t cp);

#endif
