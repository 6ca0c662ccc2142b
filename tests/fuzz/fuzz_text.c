/*
 * text: any bytes as what people type: a slip, a file with a secret, the
 * words of cmp.conf and of options.  A slip that is read is what was printed,
 * and no slip with one digit wrong is.
 */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "asn/oid.h"
#include "base/secret.h"
#include "base/slip.h"
#include "msg/rev.h"
#include "pki/key.h"
#include "policy/conf.h"
#include "prot/shared.h"
#include "role/engine_int.h"
#include "tests/fuzz/text.h"

/* What slip_mend() makes of ${s}; the code, or E_NONE. */
static enum err_code
mend(struct slice s, struct buf *out)
{
	struct err e = { 0 };

	buf_reset(out);
	buf_add_slice(out, s);
	if (slip_mend(out, &e) == 0)
		return E_NONE;
	must(e.code == E_SECRET_DIGITS && is_clean(slice_str(e.detail)));
	return e.code;
}

/* ${printed} is a slip: as it is, in lower case, and with each mistake. */
static void
mistakes(const char *printed)
{
	static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
	char t[SLIP_TEXT];
	struct buf out;
	size_t next;

	buf_init(&out, SECRET_MAX);
	must(strlen(printed) == SLIP_TEXT - 1);
	must(mend(slice_str(printed), &out) == E_NONE);
	must(slice_eq(buf_slice(&out), slice_str(printed)));
	for (size_t i = 5; i < SLIP_TEXT - 1; i++) {
		memcpy(t, printed, sizeof(t));
		if (t[i] == '-')
			continue;
		for (size_t k = 0; k < 32; k++) {
			t[i] = digits[k];
			must((mend(slice_str(t), &out) == E_NONE) ==
			    (t[i] == printed[i]));
		}
		next = printed[i + 1] == '-' ? i + 2 : i + 1;
		if (next >= SLIP_TEXT - 1 || printed[i] == printed[next])
			continue;
		t[i] = printed[next];
		t[next] = printed[i];
		must(mend(slice_str(t), &out) == E_SECRET_DIGITS);
	}
	buf_release(&out);
}

static void
slip(struct slice s)
{
	struct buf out;

	buf_init(&out, SECRET_MAX);
	if (s.n > 0 && s.n <= SECRET_MAX && mend(s, &out) == E_NONE &&
	    !slice_eq(buf_slice(&out), s))
		mistakes(buf_str(&out));
	buf_release(&out);
	must(slip_bits(s) <= 8 * s.n);
}

static void
secret_file(struct slice s)
{
	static char path[64];
	static int file = -1;
	struct err e = { 0 };
	struct buf got;

	if (file == -1) {
		must((file = memfd_create("secret", MFD_CLOEXEC)) != -1);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	}
	must(ftruncate(file, 0) == 0);
	must(pwrite(file, s.p, s.n, 0) == (ssize_t)s.n);
	if (shared_load(path, &got, &e) == 0)
		must(got.n > 0 && got.n <= SECRET_MAX);
	else
		must(e.code == E_KEY_PASS || e.code == E_SECRET_DIGITS ||
		    e.code == E_FILE_SIZE);
	must(is_clean(slice_str(e.detail)));
	buf_release(&got);
}

static void
words(const char *s)
{
	uint8_t oid[64];
	char text[OID_TEXT];
	struct err e = { 0 };
	int64_t seconds;
	size_t n;
	int r;

	seconds = conf_duration(s);
	must(seconds >= -1);
	if ((r = rev_reason(s)) != -1)
		must(strcmp(rev_reason_name(r), s) == 0);
	if ((n = oid_parse(s, strlen(s), oid)) > 0) {
		must(n <= sizeof(oid));
		must(strcmp(oid_text(text, SLICE(oid, n)), s) == 0);
	}
	if (key_spec_check(s, &e) == -1)
		must(e.code == E_USAGE && is_clean(slice_str(e.detail)));
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	char *s;

	must((s = malloc(n + 1)) != NULL);
	if (n > 0)
		memcpy(s, p, n);
	s[n] = '\0';
	slip(SLICE(p, n));
	if (n < 4096)
		secret_file(SLICE(p, n));
	words(s);
	free(s);
	return 0;
}
