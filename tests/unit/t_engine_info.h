/* General messages, asked and answered in unit tests. */
#ifndef T_ENGINE_INFO_H
#define T_ENGINE_INFO_H

#include "t_engine_dev.h"
#include "t_engine_say.h"

#include "op/info.h"
#include "role/crl.h"
#include "t_crl_file.h"

/* --- at the CA */

/* A genm of ${by} with ${n} times this InfoTypeAndValue. */
static inline struct slice
genm(const struct who *by, struct slice type, struct slice value, int n,
    const char *profile)
{
	struct draft d;
	struct slice der;
	size_t m;

	draft_init(&d);
	d.body = BODY_GENM;
	d.transaction_id = fresh(16);
	d.sender_nonce = fresh(16);
	d.has_time = 1;
	d.message_time = the_time;
	if (profile != NULL)
		d.cert_profile = slice_str(profile);
	for (int i = 0; i < n; i++) {
		m = derw_mark(&d.content);
		derw_raw(&d.content, value);
		derw_oid(&d.content, type);
		derw_wrap(&d.content, DER_SEQUENCE, m);
	}
	derw_wrap(&d.content, DER_SEQUENCE, 0);
	der = seal(&d, by, &sub.cert);
	draft_release(&d);
	return der;
}

/* Ask the CA; the answer's infoValue goes to ${value}: is it a good genp? */
static inline int
told(const struct who *by, enum oid ask, struct slice with, enum oid answer,
    struct slice *value)
{
	struct err e = { 0 };
	struct slice oid;

	*value = SLICE_NONE;
	say(genm(by, oid_bytes(ask), with, 1, NULL));
	return re.verdict == VERDICT_ANSWERED && re.proper &&
	    re.m.body == BODY_GENP && !re.m.hdr.implicit_confirm &&
	    info_read(re.m.content, &oid, value, &e) == 0 &&
	    oid_of(oid) == answer;
}

/* What ${w} holds, for ever; ${w} is released. */
static inline struct slice
kept(struct derw *w)
{
	struct buf *b = new_buf();

	buf_add_slice(b, derw_slice(w));
	derw_release(w);
	return buf_slice(b);
}

static inline int
no_entry(void *ctx, struct crl_entry *out, struct err *e)
{
	(void)ctx, (void)out, (void)e;
	return 0;
}

/* A CRL of ${by}, made ${ago} seconds ago. */
static inline struct slice
crl_until(const struct who *by, int64_t ago, int64_t until)
{
	struct crl_new n = { .issuer = by->cert.subject, .aki = by->cert.ski,
	    .number = 1, .this_update = the_time - ago,
	    .next_update = until, .rewind = crl_again, .next = no_entry };
	struct sigalg alg = alg_default(key_info(by->key));
	struct buf *b = new_buf();
	struct err e = { 0 };

	if (crl_into(&n, by->key, &alg, b, &e) == -1)
		die("crl", &e);
	return buf_slice(b);
}

static inline struct slice
crl_of(const struct who *by, int64_t ago)
{
	return crl_until(by, ago, the_time + 30 * DAY);
}

/* The CA's home has changed: open it again. */
static inline void
reopen(void)
{
	engine_close(en);
	open_ca();
}

/* --- at the device */

/* A new device that asks for ${ask}, whose op and credentials are set. */
static inline struct device
asker(struct request_ask ask)
{
	const char *trust[] = { in_top("ca/certs/ca.pem") };
	struct buf *b = new_buf();
	struct request_made made;
	struct device d = { .fd = -1 };
	struct err e = { 0 };
	static int n;

	ask.op = "genm";
	ask.cert = in_top("dev.pem");
	ask.key = in_top("dev.key");
	ask.chain = in_top("sub.pem");
	ask.trust = trust;
	ask.n_trust = 1;
	snprintf(d.home, sizeof(d.home), "i%d", ++n);
	d.fd = dir_of(topfd, d.home);
	/* What is trusted has to be there before it is asked about. */
	close(dir_of(d.fd, "trust"));
	request_made_init(&made);
	if (request_make(d.fd, &ask, &made, &e) == -1)
		die("request", &e);
	buf_add_slice(b, buf_slice(&made.message));
	request_made_release(&made);
	d.der = buf_slice(b);
	if (msg_decode(d.der, &d.q, &e) == -1 ||
	    engine_open(d.fd, STORE_WRITE, &d.en, &e) == -1)
		die("device", &e);
	return d;
}

/* Give ${d} a genp with ${type} and ${value}, signed by the CA. */
static inline void
tell(struct device *d, struct slice type, struct slice value, int n)
{
	struct draft m;
	size_t k;

	head_for(&m, d);
	m.body = BODY_GENP;
	for (int i = 0; i < n; i++) {
		k = derw_mark(&m.content);
		derw_raw(&m.content, value);
		derw_oid(&m.content, type);
		derw_wrap(&m.content, DER_SEQUENCE, k);
	}
	derw_wrap(&m.content, DER_SEQUENCE, 0);
	take(d, seal(&m, &cmp, NULL));
	draft_release(&m);
}

/* Is ${name} in the home of ${d}? */
static inline int
has_file(const struct device *d, const char *name)
{
	return faccessat(d->fd, name, F_OK, 0) == 0;
}

static inline int
not_taken(const struct device *d, enum err_code code)
{
	return got.verdict == VERDICT_NO && got.code == code &&
	    got.der.n == 0 && dev_state(d) == TXN_FAILED;
}

#endif
