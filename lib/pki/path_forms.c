/*
 * Which names lie within the base of a subtree (RFC 5280 4.2.1.10), form by
 * form.  A name that cannot be read with certainty fits neither way: it is
 * "unknown", and the caller refuses.
 */
#include <string.h>

#include "pki/path_int.h"
#include "pki/san.h"

static int
is_alnum(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9');
}

static uint8_t
lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? c + 32 : c;
}

static int
same_text(struct slice a, struct slice b)
{
	if (a.n != b.n)
		return 0;
	for (size_t i = 0; i < a.n; i++)
		if (lower(a.p[i]) != lower(b.p[i]))
			return 0;
	return 1;
}

static struct slice
skip(struct slice s, size_t n)
{
	return SLICE(s.p + n, s.n - n);
}

/* Letters, digits, hyphens and underscores in labels that are not empty. */
static int
is_host(struct slice s)
{
	uint8_t last = '.';

	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '.' ? last == '.' :
		    !is_alnum(s.p[i]) && s.p[i] != '-' && s.p[i] != '_')
			return 0;
		last = s.p[i];
	}
	return last != '.';
}

/* A last label of digits only is an IPv4 address, whatever is before it. */
static int
is_domain(struct slice s)
{
	size_t i = s.n;

	if (!is_host(s))
		return 0;
	while (i > 0 && s.p[i - 1] >= '0' && s.p[i - 1] <= '9')
		i--;
	return i > 0 && s.p[i - 1] != '.';
}

/* Is ${host} ${base} with at least ${min} labels added to its left? */
static int
below(struct slice base, struct slice host, int min)
{
	if (same_text(base, host))
		return min == 0;
	return host.n > base.n && host.p[host.n - base.n - 1] == '.' &&
	    same_text(base, skip(host, host.n - base.n));
}

static enum path_fit
fit(int yes)
{
	return yes ? PATH_FIT_YES : PATH_FIT_NO;
}

static enum path_fit
fit_dns(struct slice base, struct slice name, int exclude)
{
	int any = name.n > 2 && memcmp(name.p, "*.", 2) == 0;
	struct slice host = any ? skip(name, 2) : name;

	if (!is_host(host))
		return PATH_FIT_UNKNOWN;
	if (base.n == 0 || below(base, host, 0))
		return PATH_FIT_YES;
	/* "*.a.b" may stand for the excluded "c.a.b". */
	return fit(any && exclude && below(host, base, 1));
}

/* "host" is that host alone, ".domain" all hosts below it. */
static enum path_fit
fit_host(struct slice base, struct slice host)
{
	if (base.p[0] == '.')
		return fit(below(skip(base, 1), host, 1));
	return fit(same_text(base, host));
}

/* Split a mailbox at its only "@"; quoted local parts are not for us. */
static int
split_mailbox(struct slice s, struct slice *local, struct slice *host)
{
	const uint8_t *at = s.n ? memchr(s.p, '@', s.n) : NULL;

	if (!at || at == s.p)
		return -1;
	*local = SLICE(s.p, at - s.p);
	*host = skip(s, local->n + 1);
	for (size_t i = 0; i < local->n; i++)
		if (local->p[i] <= ' ' || local->p[i] >= 0x7f ||
		    strchr("\"\\()<>[],;:", local->p[i]))
			return -1;
	return is_host(*host) ? 0 : -1;
}

static enum path_fit
fit_email(struct slice base, struct slice name, int exclude)
{
	struct slice local, host, blocal, bhost;

	if (split_mailbox(name, &local, &host) == -1)
		return PATH_FIT_UNKNOWN;
	if (split_mailbox(base, &blocal, &bhost) == -1)
		return fit_host(base, host);
	/* The local part may differ in case; it may be the same box, too. */
	return fit(same_text(bhost, host) && (exclude ?
	    same_text(blocal, local) : slice_eq(blocal, local)));
}

/* The host of a URI that has an authority. */
static int
uri_host(struct slice uri, struct slice *host)
{
	const uint8_t *p, *colon = uri.n ? memchr(uri.p, ':', uri.n) : NULL;
	struct slice s;
	size_t n = 0;

	if (!colon)
		return -1;
	s = skip(uri, (size_t)(colon + 1 - uri.p));
	if (s.n < 3 || memcmp(s.p, "//", 2) != 0)
		return -1;
	s = skip(s, 2);
	while (n < s.n && s.p[n] != '\0' && !strchr("/?#", s.p[n]))
		n++;
	s.n = n;
	if ((p = memrchr(s.p, '@', s.n)))
		s = skip(s, (size_t)(p + 1 - s.p));
	if ((p = memchr(s.p, ':', s.n)))
		s.n = (size_t)(p - s.p);
	*host = s;
	return is_domain(s) ? 0 : -1;
}

static enum path_fit
fit_uri(struct slice base, struct slice name)
{
	struct slice host;

	if (uri_host(name, &host) == -1)
		return PATH_FIT_UNKNOWN;
	return fit_host(base, host);
}

static enum path_fit
fit_ip(struct slice base, struct slice name)
{
	if (name.n != 4 && name.n != 16)
		return PATH_FIT_UNKNOWN;
	if (base.n != 2 * name.n)
		return PATH_FIT_NO;
	for (size_t i = 0; i < name.n; i++)
		if ((name.p[i] ^ base.p[i]) & base.p[name.n + i])
			return PATH_FIT_NO;
	return PATH_FIT_YES;
}

enum path_fit
path_fit(unsigned form, struct slice base, struct slice name, int exclude)
{
	switch (form) {
	case SAN_DNS:
		return fit_dns(base, name, exclude);
	case SAN_EMAIL:
		return fit_email(base, name, exclude);
	case SAN_URI:
		return fit_uri(base, name);
	case SAN_IP:
		return fit_ip(base, name);
	case SAN_DN:
		return fit(name_within(base, name));
	default:
		return PATH_FIT_UNKNOWN;
	}
}

/* Ones, then zeros. */
static int
is_mask(struct slice m)
{
	int end = 0;

	for (size_t i = 0; i < 8 * m.n; i++) {
		int bit = m.p[i / 8] >> (7 - i % 8) & 1;

		if (bit && end)
			return 0;
		end |= !bit;
	}
	return 1;
}

static int
is_host_base(struct slice s)
{
	return s.n > 0 && is_host(s.p[0] == '.' ? skip(s, 1) : s);
}

int
path_base_ok(unsigned form, struct slice base)
{
	struct slice local, host;
	struct err e = { 0 };

	switch (form) {
	case SAN_DNS:
		return base.n == 0 || is_host(base);
	case SAN_EMAIL:
		return is_host_base(base) ||
		    split_mailbox(base, &local, &host) == 0;
	case SAN_URI:
		return is_host_base(base);
	case SAN_IP:
		return (base.n == 8 || base.n == 32) &&
		    is_mask(skip(base, base.n / 2));
	case SAN_DN:
		return name_check(base, &e) == 0;
	default:
		/* Refused when a name of this form turns up. */
		return form <= SAN_RID;
	}
}
