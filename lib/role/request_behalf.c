/* What an RA asks for others: RFC 9483 5.3. */
#include "role/request.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/escape.h"
#include "pki/name.h"
#include "pki/san.h"
#include "role/request_int.h"

#define SERIAL_MAX	20	/* octets, RFC 5280 4.1.2.2 */

/* --- certificates (5.3.1) */

static int
subject_fits(const struct request_ask *a, struct slice subject)
{
	for (size_t i = 0; i < a->n_allow_subject; i++)
		if (name_match(a->allow_subject[i], subject, SLICE_NONE))
			return 1;
	return 0;
}

static int
san_fits(const struct request_ask *a, enum san_type type, struct slice value)
{
	for (size_t i = 0; i < a->n_allow_san; i++)
		if (san_match(a->allow_san[i], type, value))
			return 1;
	return 0;
}

static int
check_patterns(const struct request_ask *a, struct err *e)
{
	for (size_t i = 0; i < a->n_allow_subject; i++)
		if (name_pattern_check(a->allow_subject[i], e) == -1) {
			e->code = E_USAGE;
			return err_wrap(e, "--allow-subject");
		}
	for (size_t i = 0; i < a->n_allow_san; i++)
		if (san_pattern_check(a->allow_san[i], e) == -1) {
			e->code = E_USAGE;
			return err_wrap(e, "--allow-san");
		}
	return 0;
}

/* " dns:pump17.example" after what is in ${text}; each has to fit. */
static int
check_san(const struct request_ask *a, struct slice names, struct buf *text,
    struct err *e)
{
	int all = a->n_allow_subject + a->n_allow_san == 0;
	struct slice in, v;
	enum san_type t;
	size_t at;

	if (names.n == 0)
		return 0;
	if (san_check(names, 1, e) == -1)
		return -1;
	if (der_only(names, DER_SEQUENCE, &in) == -1)
		return err_set(e, E_TMPL_SAN, "subjectAltName is malformed");
	while (in.n > 0 && san_next(&in, &t, &v) == 0) {
		buf_add_str(text, text->n > 0 ? " " : "");
		at = text->n;
		san_text(text, t, v);
		if (!all && !san_fits(a, t, v))
			return err_set(e, E_TMPL_SAN, "asks for %.*s, which no "
			    "--allow-san has", (int)(text->n - at > 160 ? 160 :
			    text->n - at), (const char *)text->p + at);
	}
	return 0;
}

int
request_behalf_names(struct making *k, struct err *e)
{
	const struct request_ask *a = k->ask;
	int all = a->n_allow_subject + a->n_allow_san == 0, rc;
	struct slice subject = buf_slice(&k->subject);
	char shown[NAME_TEXT];
	struct buf text;

	if (check_patterns(a, e) == -1)
		return -1;
	if (a->csr == NULL)
		return 0;
	name_short(shown, subject);
	/* No subject identifies nobody: then its other names do. */
	if (!all && !name_is_empty(subject) && !subject_fits(a, subject))
		return err_set(e, E_TMPL_SUBJECT, "%.100s asks for \"%s\", "
		    "which no --allow-subject has", a->csr, shown);
	buf_init(&text, 1 << 16);
	buf_add_str(&text, shown);
	rc = check_san(a, buf_slice(&k->san), &text, e);
	if (rc == 0 && buf_bad(&text))
		rc = err_set(e, E_TMPL_SAN, "subjectAltName is too long");
	if (rc == 0)
		snprintf(k->made->names, sizeof(k->made->names), "%s",
		    buf_str(&text));
	else
		err_wrap(e, "%.100s", a->csr);
	escape_mend(k->made->names);
	buf_release(&text);
	return rc;
}

/* "certs/web-3f2a9c1b.pem" of "requests/web.csr". */
void
request_behalf_file(struct making *k)
{
	const char *base = strrchr(k->ask->csr, '/'), *end;
	char hex[ESCAPE_SHORT], word[80] = "";
	size_t n = 0;

	base = base != NULL ? base + 1 : k->ask->csr;
	end = strrchr(base, '.');
	if (end == NULL || end == base)
		end = base + strlen(base);
	for (; base < end && n + 1 < sizeof(word); base++)
		if (isalnum((unsigned char)*base) || (n > 0 &&
		    strchr(".-_", *base) != NULL))
			word[n++] = *base;
	word[n] = '\0';
	escape_hex_short(hex, SLICE(k->id, 4));
	snprintf(k->made->key_file, sizeof(k->made->key_file),
	    "certs/%s-%.8s.pem", n > 0 ? word : "csr", hex);
}

/* --- revocation (5.3.2) */

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* ${v} of ${n} octets times ${base} plus ${digit}; -1 if that is too long. */
static int
push(uint8_t *v, size_t n, unsigned base, unsigned digit)
{
	for (size_t i = n; i-- > 0;) {
		digit += v[i] * base;
		v[i] = (uint8_t)digit;
		digit >>= 8;
	}
	return digit == 0 ? 0 : -1;
}

/* Decimal; hexadecimal after "0x" or with colons; into ${v}. */
static int
read_serial(const char *s, uint8_t v[static SERIAL_MAX])
{
	int colons = strchr(s, ':') != NULL, d, group = 0;
	unsigned base = 10;

	memset(v, 0, SERIAL_MAX);
	if (colons)
		base = 16;
	else if (s[0] == '0' && (s[1] | 0x20) == 'x') {
		base = 16;
		s += 2;
	}
	if (*s == '\0')
		return -1;
	for (; *s != '\0'; s++) {
		if (colons && *s == ':') {
			if (group != 2 || s[1] == '\0')
				return -1;
			group = 0;
			continue;
		}
		d = hex_digit(*s);
		if (d == -1 || (unsigned)d >= base || (colons && ++group > 2) ||
		    push(v, SERIAL_MAX, base, (unsigned)d) == -1)
			return -1;
	}
	return colons && group != 2 ? -1 : 0;
}

static int
take_serial(struct making *k, struct err *e)
{
	uint8_t v[SERIAL_MAX];
	size_t at = 0;

	if (read_serial(k->ask->serial, v) == 0)
		while (at < SERIAL_MAX && v[at] == 0)
			at++;
	else
		at = SERIAL_MAX;
	if (at == SERIAL_MAX || (at == 0 && v[0] & 0x80))
		return err_set(e, E_USAGE, "--serial is \"%.80s\", expected a "
		    "positive number of up to 20 octets: 4711, 0x1267 or 12:67",
		    k->ask->serial);
	if (v[at] & 0x80)
		k->serial[k->n_serial++] = 0;
	memcpy(k->serial + k->n_serial, v + at, SERIAL_MAX - at);
	k->n_serial += SERIAL_MAX - at;
	return 0;
}

int
request_behalf_cert(struct making *k, struct err *e)
{
	char hex[ESCAPE_SHORT], name[NAME_TEXT];
	struct slice issuer;

	if (take_serial(k, e) == -1)
		return -1;
	if (name_parse(k->ask->info_issuer, &k->issuer, e) == -1 ||
	    name_check(buf_slice(&k->issuer), e) == -1)
		return err_wrap(e, "--issuer");
	issuer = buf_slice(&k->issuer);
	if (name_is_empty(issuer))
		return err_set(e, E_USAGE, "--issuer is empty; who issued the "
		    "certificate?");
	if (k->cert.n > 0 && name_eq(issuer, k->cert.v[0].issuer) &&
	    slice_eq(SLICE(k->serial, k->n_serial), k->cert.v[0].serial))
		return err_set(e, E_USAGE, "--serial and --issuer are those of "
		    "--cert itself; leave them out to revoke that");
	snprintf(k->made->names, sizeof(k->made->names), "serial 0x%.42s of %s",
	    escape_hex_short(hex, SLICE(k->serial, k->n_serial)),
	    name_short(name, issuer));
	return 0;
}
