#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/escape.h"
#include "base/file.h"
#include "base/secret.h"
#include "tap.h"

static void
test_err(void)
{
	struct err e = { 0 };
	char word[700];
	int whole = 1;

	ok(err_set(&e, E_EXISTS, "found %d", 2) == -1 && e.code == E_EXISTS &&
	    strcmp(e.detail, "found 2") == 0 && e.file != NULL && e.line > 0,
	    "err: a failure has a code, a detail and its place");
	ok(err_wrap(&e, "certReq %d", 0) == -1 && e.code == E_EXISTS &&
	    strcmp(e.detail, "certReq 0: found 2") == 0,
	    "err: wrapping says where and keeps the code");
	memset(word, 'x', sizeof(word) - 1);
	word[sizeof(word) - 1] = '\0';
	err_set(&e, E_IO, "%s", word);
	err_wrap(&e, "%s", word);
	ok(strlen(e.detail) < sizeof(e.detail),
	    "err: what is too long is cut, not overrun");
	ok(strcmp(err_name(E_NAME_SYNTAX), "E_NAME_SYNTAX") == 0 &&
	    err_fail(E_TMPL_SAN) == FAIL_BAD_CERT_TEMPLATE &&
	    err_exit(E_USAGE) == 64, "err: a row of err.def has name, failInfo "
	    "and exit status");
	ok(strcmp(err_fail_name(FAIL_BAD_POP), "badPOP") == 0 &&
	    strcmp(err_fail_name(FAIL_DUPLICATE_CERT_REQ),
	    "duplicateCertReq") == 0 && *err_fail_name(FAIL_NONE) == '\0' &&
	    *err_fail_name(99) == '\0', "err: failInfo bits have their names");
	for (enum err_code c = E_NONE + 1; c < E__COUNT; c++)
		whole &= *err_public(c) != '\0' && *err_section(c) != '\0' &&
		    err_exit(c) > 0 && err_fail(c) < FAIL__COUNT;
	ok(whole, "err: every code has a sentence, a section and a status");
}

static void
test_buf(void)
{
	struct buf b;

	buf_init(&b, 10);
	buf_add_str(&b, "12345");
	buf_printf(&b, "%d", 67890);
	ok(!buf_bad(&b) && slice_eq(buf_slice(&b), SLICE_LIT("1234567890")),
	    "buf: it grows up to its limit");
	buf_add_u8(&b, 'x');
	ok(buf_bad(&b) && buf_slice(&b).n == 0 && buf_str(&b) == NULL &&
	    buf_extend(&b, 1) == NULL,
	    "buf: past its limit it is bad and gives nothing");
	buf_add(&b, NULL, 0);
	ok(buf_bad(&b), "buf: bad once is bad until reset");
	buf_reset(&b);
	buf_add_str(&b, "ab");
	ok(!buf_bad(&b) && strcmp(buf_str(&b), "ab") == 0 && b.n == 2,
	    "buf: a reset one is as new, and its string does not count the NUL");
	buf_reset(&b);
	ok(buf_extend(&b, SIZE_MAX) == NULL && buf_bad(&b),
	    "buf: an absurd length does not wrap around");
	buf_release(&b);
	ok(b.p == NULL && b.n == 0 && !buf_bad(&b) && b.max == 10,
	    "buf: a released one is empty");
	ok(slice_cmp(SLICE_LIT("a"), SLICE_LIT("b")) < 0 &&
	    slice_cmp(SLICE_LIT("ab"), SLICE_LIT("a")) > 0 &&
	    slice_cmp(SLICE_LIT("a\xff"), SLICE_LIT("b")) < 0 &&
	    slice_cmp(SLICE_NONE, SLICE_LIT("a")) < 0 &&
	    slice_cmp(SLICE_NONE, SLICE_NONE) == 0 &&
	    slice_cmp(slice_str("ab"), SLICE_LIT("ab")) == 0,
	    "slice: order is by bytes, a prefix first");
	ok(slice_eq(SLICE_NONE, SLICE_LIT("")) &&
	    !slice_eq(SLICE_LIT("a"), SLICE_LIT("b")),
	    "slice: equal is same length and same bytes");
}

static int
text(struct slice in, size_t max, const char *want)
{
	struct buf b;
	int same;

	buf_init(&b, 4096);
	escape_text(&b, in, max);
	same = strcmp(buf_str(&b), want) == 0;
	if (!same)
		printf("# got %s\n", buf_str(&b));
	buf_release(&b);
	return same;
}

static int
json(struct slice in, const char *want)
{
	struct buf b;
	int same;

	buf_init(&b, 4096);
	escape_json(&b, in);
	same = strcmp(buf_str(&b), want) == 0;
	if (!same)
		printf("# got %s\n", buf_str(&b));
	buf_release(&b);
	return same;
}

static void
test_escape(void)
{
	char t[ESCAPE_SHORT], more[1000];
	char cut[] = "a\xc3\xa4\xe2\x82!\xc3z";
	struct err e = { 0 };
	uint32_t cp;

	ok(text(SLICE_LIT("a \xc3\xbc \xe2\x82\xac \xf0\x9f\x94\x91"), 99,
	    "a ü € 🔑"), "escape: checked UTF-8 passes");
	ok(text(SLICE_LIT("\x1b[1m\n\0\x7f"), 99, "\\x1b[1m\\x0a\\x00\\x7f") &&
	    text(SLICE_LIT("\xc2\x9b"), 99, "\\u{9b}"),
	    "escape: C0 and C1 controls do not pass");
	ok(text(SLICE_LIT("\xe2\x80\xae\xe2\x80\x8b\xef\xbb\xbf\xe2\x81\xa6"),
	    99, "\\u{202e}\\u{200b}\\u{feff}\\u{2066}"),
	    "escape: bidi and zero-width characters do not pass");
	ok(text(SLICE_LIT("\xff\xc0\x80\xed\xa0\x80\xe2\x82"), 99,
	    "\\xff\\xc0\\x80\\xed\\xa0\\x80\\xe2\\x82"),
	    "escape: invalid UTF-8 is shown byte by byte");
	ok(text(SLICE_LIT("\\x41"), 99, "\\\\x41"),
	    "escape: a backslash of the input is told from ours");
	ok(text(SLICE_LIT("abcdef"), 3, "abc...") &&
	    text(SLICE_LIT("abc"), 3, "abc"), "escape: long input is cut");
	ok(json(SLICE_LIT("a\"b\\\n"), "\"a\\\"b\\\\\\u000a\"") &&
	    json(SLICE_LIT("\xff\xc3\xbc"), "\"\\ufffdü\"") &&
	    json(SLICE_LIT("\xf3\xa0\x80\x81"), "\"\\udb40\\udc01\""),
	    "escape: JSON is valid whatever the bytes");
	ok(escape_utf8(SLICE_LIT("\xf4\x90\x80\x80"), &cp) == 0 &&
	    escape_utf8(SLICE_LIT("\xe0\x80\x80"), &cp) == 0 &&
	    escape_utf8(SLICE_NONE, &cp) == 0 &&
	    escape_utf8(SLICE_LIT("\xe2\x82\xac!"), &cp) == 3 && cp == 0x20ac,
	    "escape: overlong, surrogate, cut and too large UTF-8 is refused");
	memset(more, '\n', sizeof(more));
	ok(strcmp(escape_mend(cut),
	    "a\xc3\xa4?\x3f!?z") == 0,
	    "escape: what a cut left of characters is mended");
	err_set(&e, E_IO, "%.2s", "a\xc3\xa4");
	ok(strcmp(e.detail, "a?") == 0, "err: a detail is never cut within a "
	    "character");
	ok(strlen(escape_short(t, SLICE(more, sizeof(more)))) < ESCAPE_SHORT &&
	    strcmp(escape_hex_short(t, SLICE_LIT("\x0f\xa0")), "0fa0") == 0,
	    "escape: a short text fits its array");
}

static int
content_is(int dir, const char *name, const char *want)
{
	struct err e = { 0 };
	struct buf b;
	int same;

	buf_init(&b, 4096);
	same = file_read_at(dir, name, 4096, &b, &e) == 0 &&
	    slice_eq(buf_slice(&b), slice_str(want));
	buf_release(&b);
	return same;
}

static void
test_deliver(int dir)
{
	struct slice one = SLICE_LIT("one"), two = SLICE_LIT("two");
	struct err e = { 0 };
	struct stat st;

	ok(file_deliver(dir, "f", one, 0600, FILE_NEW, &e) == 0 &&
	    content_is(dir, "f", "one") && fstatat(dir, "f", &st, 0) == 0 &&
	    (st.st_mode & 0777) == 0600,
	    "file: a new file appears with its content and mode");
	ok(file_deliver(dir, "f", one, 0600, FILE_NEW, &e) == 0,
	    "file: delivering the same content again is success");
	ok(file_deliver(dir, "f", two, 0600, FILE_NEW, &e) == -1 &&
	    e.code == E_EXISTS && content_is(dir, "f", "one"),
	    "file: other content is not overwritten (E_EXISTS)");
	ok(file_deliver(dir, "f", two, 0600, FILE_REPLACE, &e) == 0 &&
	    content_is(dir, "f", "two"), "file: replacing replaces");
	ok(faccessat(dir, ".tmp.f", F_OK, 0) == -1,
	    "file: no temporary file remains");
	ok(file_deliver(dir, "empty", SLICE_NONE, 0600, FILE_NEW, &e) == 0 &&
	    content_is(dir, "empty", ""), "file: an empty file can be made");
	ok(symlinkat("f", dir, "link") == 0 &&
	    file_deliver(dir, "link", two, 0600, FILE_NEW, &e) == -1 &&
	    e.code == E_EXISTS, "file: a link is not taken for its file "
	    "(E_EXISTS)");
	ok(file_deliver(dir, "no/f", one, 0600, FILE_NEW, &e) == -1 &&
	    e.code == E_CREATE, "file: a missing directory is no place "
	    "(E_CREATE)");
}

static enum err_code
read_code(int dir, const char *name, size_t max)
{
	struct err e = { 0 };
	struct buf b;

	buf_init(&b, 4096);
	file_read_at(dir, name, max, &b, &e);
	buf_release(&b);
	return e.code;
}

static void
test_read(int dir)
{
	ok(read_code(dir, "f", 3) == E_NONE && read_code(dir, "f", 2) ==
	    E_FILE_SIZE, "file: more than the limit is refused (E_FILE_SIZE)");
	ok(read_code(dir, "link", 99) == E_FILE_TYPE,
	    "file: a symbolic link is refused (E_FILE_TYPE)");
	ok(mkfifoat(dir, "fifo", 0600) == 0 &&
	    read_code(dir, "fifo", 99) == E_FILE_TYPE,
	    "file: a FIFO is refused at once (E_FILE_TYPE)");
	ok(linkat(dir, "f", dir, "hard", 0) == 0 &&
	    read_code(dir, "hard", 99) == E_FILE_TYPE &&
	    unlinkat(dir, "hard", 0) == 0,
	    "file: a second hard link is refused (E_FILE_TYPE)");
	ok(read_code(dir, ".", 99) == E_FILE_TYPE,
	    "file: a directory is refused (E_FILE_TYPE)");
	ok(read_code(dir, "none", 99) == E_NOINPUT,
	    "file: an absent file is reported (E_NOINPUT)");
}

static enum err_code
secret(int dir, const char *path, struct slice content, struct slice want)
{
	struct err e = { 0 };
	struct buf b;

	file_deliver(dir, "secret", content, 0600, FILE_REPLACE, &e);
	e.code = E_NONE;
	if (secret_read(path, &b, &e) == 0 && !secret_eq(buf_slice(&b), want))
		e.code = E_IO;
	buf_release(&b);
	return e.code;
}

static void
test_secret(int dir, const char *home)
{
	uint8_t big[SECRET_MAX + 2];
	char path[128];

	snprintf(path, sizeof(path), "%s/secret", home);
	memset(big, 'x', sizeof(big));
	ok(secret(dir, path, SLICE_LIT("pass"), SLICE_LIT("pass")) == E_NONE &&
	    secret(dir, path, SLICE_LIT("pass\n"), SLICE_LIT("pass")) ==
	    E_NONE && secret(dir, path, SLICE_LIT(" p\0\n\n"),
	    SLICE_LIT(" p\0\n")) == E_NONE,
	    "secret: it is the bytes of the file without one final newline");
	ok(secret(dir, path, SLICE_NONE, SLICE_NONE) == E_KEY_PASS &&
	    secret(dir, path, SLICE_LIT("\n"), SLICE_NONE) == E_KEY_PASS,
	    "secret: an empty one is refused (E_KEY_PASS)");
	ok(secret(dir, path, SLICE(big, SECRET_MAX), SLICE(big, SECRET_MAX)) ==
	    E_NONE && secret(dir, path, SLICE(big, SECRET_MAX + 1),
	    SLICE_NONE) == E_KEY_PASS,
	    "secret: 1024 bytes are read, more are refused (E_KEY_PASS)");
	ok(secret_eq(SLICE_LIT("ab"), SLICE_LIT("ab")) &&
	    !secret_eq(SLICE_LIT("ab"), SLICE_LIT("ac")) &&
	    !secret_eq(SLICE_LIT("ab"), SLICE_LIT("a")) &&
	    secret_eq(SLICE_NONE, SLICE_NONE),
	    "secret: equal is same length and same bytes");
}

static void
test_files(void)
{
	static const char *const made[] = { "f", "empty", "link", "fifo",
	    "secret" };
	char home[] = "/tmp/t_base.XXXXXX";
	struct err e = { 0 };
	int dir;

	if (mkdtemp(home) == NULL ||
	    (dir = file_open_dir(AT_FDCWD, home, 0, &e)) == -1) {
		ok(0, "file: a directory to work in");
		return;
	}
	test_deliver(dir);
	test_read(dir);
	test_secret(dir, home);
	for (size_t i = 0; i < sizeof(made) / sizeof(made[0]); i++)
		unlinkat(dir, made[i], 0);
	close(dir);
	ok(rmdir(home) == 0, "file: nothing else was left behind");
}

int
main(void)
{
	test_err();
	test_buf();
	test_escape();
	test_files();
	return done();
}
