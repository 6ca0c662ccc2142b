/* At an RA: whose requests are passed on, and who answers them. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tools/ca_trust.h"
#include "tools/tool.h"

int
ca_trust_forward(const struct adding *a, struct conf_rule *r, struct err *e)
{
	static const enum conf_mode modes[] = { FORWARD_KEEP, FORWARD_ADD,
	    FORWARD_REPLACE, FORWARD_RAVERIFIED };
	size_t i = 0, n = sizeof(modes) / sizeof(modes[0]);
	const char *mode = a->mode != NULL ? a->mode : a->tickets ?
	    "replace" : "add";

	while (i < n && strcmp(conf_mode_word(modes[i]), mode) != 0)
		i++;
	if (i == n)
		return err_set(e, E_USAGE, "--mode is \"%.40s\", expected keep, "
		    "add, replace or raverified", mode);
	/* Nobody upstream could verify the MAC (5.2.3.1). */
	if (a->tickets && modes[i] != FORWARD_REPLACE &&
	    modes[i] != FORWARD_RAVERIFIED)
		return err_set(e, E_USAGE, "--mode %s leaves a MAC that only "
		    "this RA knows the secret of; for --forward-tickets it is "
		    "replace or raverified", mode);
	if (a->tickets && (a->crl.n > 0 || a->subject || a->san.n > 0))
		return err_set(e, E_USAGE, "--forward-tickets has no --crl, "
		    "and names are those of each ticket; see: cmp-ca ticket");
	r->mode = modes[i];
	r->batch = a->batch;
	return 0;
}

/* trust/NAME.pem for one more anchor, where nothing else is. */
static int
choose(struct editing *d, struct adding *a, struct err *e)
{
	char base[49];

	snprintf(base, sizeof(base), "%.48s", a->name ? a->name : "upstream");
	snprintf(a->chosen, sizeof(a->chosen), "%s", base);
	for (int i = 2;; i++) {
		snprintf(a->anchor, sizeof(a->anchor), "%s.pem", a->chosen);
		if (faccessat(d->h.trust, a->anchor, F_OK,
		    AT_SYMLINK_NOFOLLOW) == -1)
			break;
		if (a->name != NULL)
			return err_set(e, E_EXISTS, "trust/%s is there "
			    "already; choose another --name", a->anchor);
		snprintf(a->chosen, sizeof(a->chosen), "%s-%d", base, i % 100000);
	}
	a->name = a->chosen;
	snprintf(a->anchor, sizeof(a->anchor), "trust/%s.pem", a->name);
	return 0;
}

static int
has_word(const struct conf_list *l, const char *s)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->v[i], s) == 0)
			return 1;
	return 0;
}

/* ${key} of [relay] with ${more} behind what it has, from ${d->h.text} on. */
static int
extend(struct editing *d, const char *key, const struct conf_list *has,
    char *const *more, size_t n, struct err *e)
{
	struct buf value;
	int rc;

	buf_init(&value, 1 << 16);
	for (size_t i = 0; i < has->n; i++)
		buf_printf(&value, "%s%s", i > 0 ? " " : "", has->v[i]);
	for (size_t i = 0; i < n; i++)
		if (!has_word(has, more[i]))
			buf_printf(&value, "%s%s", value.n > 0 ? " " : "",
			    more[i]);
	buf_reset(&d->next);
	rc = conf_set_rule(buf_slice(&d->h.text), CONF_relay, "", key,
	    buf_str(&value), &d->next, e);
	buf_release(&value);
	if (rc == 0) {
		buf_reset(&d->h.text);
		buf_add_slice(&d->h.text, buf_slice(&d->next));
	}
	return rc;
}

int
ca_trust_upstream(struct editing *d, struct adding *a, struct err *e)
{
	const struct conf_home *h = &d->conf->home;
	char *anchor = a->anchor;
	struct conf *c;

	if (choose(d, a, e) == -1 || ca_trust_name_crls(a, e) == -1 ||
	    extend(d, "anchor", &h->upstream, &anchor, 1, e) == -1 ||
	    (a->n_crls > 0 && extend(d, "crl", &h->upstream_crl, a->crl_files,
	    a->n_crls, e) == -1))
		return -1;
	/* Never leave a file behind that would not be read again. */
	if (conf_parse(buf_slice(&d->next), "cmp.conf", &c, e) == -1)
		return -1;
	conf_free(c);
	if (ca_trust_anchor(d, a->upstream, a->name, 0, e) == -1 ||
	    ca_trust_add_crls(d, a, e) == -1 || ca_trust_save(d, e) == -1)
		return -1;
	tool_say("%s is an anchor of [relay] in cmp.conf: whom it vouches for "
	    "may answer upstream", a->anchor);
	return 0;
}

void
ca_trust_list_upstream(const struct conf *c)
{
	const struct conf_home *h = &c->home;

	if (h->upstream.n + h->upstream_crl.n == 0)
		return;
	printf("upstream\n");
	for (size_t i = 0; i < h->upstream.n; i++)
		printf("  anchor   %s\n", h->upstream.v[i]);
	for (size_t i = 0; i < h->upstream_crl.n; i++)
		printf("  crl      %s\n", h->upstream_crl.v[i]);
}
