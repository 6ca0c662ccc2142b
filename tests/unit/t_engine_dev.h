/* A device in a directory, and answers to it made wrong. */
#ifndef T_ENGINE_DEV_H
#define T_ENGINE_DEV_H

#include "t_engine_home.h"

#include "role/request.h"

struct device {
	int		 fd;
	char		 home[16];
	struct engine	*en;
	struct msg	 q;		/* its last message */
	struct slice	 der, spki;
};

#define NO_TRUST	2

/* A PKCS#10 for pump17 of a key that only this function knows. */
static inline const char *
make_csr(struct buf *spki)
{
	struct key *k = new_key("ed25519");
	struct ask a = ask_for(&dev, k);

	a.san = "dns:pump17.example";
	put_csr(&a);
	put_file(topfd, "dev.csr", derw_slice(&a.d.content), 0644);
	buf_add_slice(spki, key_spki(k));
	ask_release(&a);
	key_free(k);
	return in_top("dev.csr");
}

/* What its request is. */
static const char *device_op = "ir";

/*
 * A new device with an open request; ${how}: 1 for explicit confirmation,
 * NO_TRUST for a device that trusts nobody yet.
 */
static inline struct device
device(int how)
{
	static int n;
	const char *san[] = { "dns:pump17.example" },
	    *trust[] = { in_top("ca/certs/ca.pem") };
	struct request_ask ask = { .op = device_op, .subject = "CN=pump17,O=Example",
	    .san = san, .n_san = 1, .newkey = "ed25519",
	    .cert = in_top("dev.pem"), .key = in_top("dev.key"),
	    .chain = in_top("sub.pem"), .trust = trust, .n_trust = how != NO_TRUST,
	    .confirm = how == 1 };
	struct buf *b = new_buf(), *spki = new_buf();
	struct request_made made;
	struct cert_req r;
	struct device d;
	struct err e = { 0 };
	size_t count;

	if (strcmp(device_op, "p10cr") == 0) {
		ask.csr = make_csr(spki);
		ask.newkey = ask.subject = NULL;
		ask.n_san = 0;
	}
	snprintf(d.home, sizeof(d.home), "d%d", ++n);
	d.fd = dir_of(topfd, d.home);
	request_made_init(&made);
	if (request_make(d.fd, &ask, &made, &e) == -1)
		die("request", &e);
	buf_add_slice(b, buf_slice(&made.message));
	request_made_release(&made);
	d.der = buf_slice(b);
	if (msg_decode(d.der, &d.q, &e) == -1 || (ask.csr == NULL &&
	    (crmf_requests(d.q.content, &r, &count, &e) == -1 ||
	    crmf_spki(&r.tmpl, spki, &e) == -1)) ||
	    engine_open(d.fd, STORE_WRITE, &d.en, &e) == -1)
		die("device", &e);
	d.spki = buf_slice(spki);
	return d;
}

static inline void
device_close(struct device *d)
{
	engine_close(d->en);
	close(d->fd);
}

/* The state of its one transaction. */
static inline int
dev_state(const struct device *d)
{
	struct err e = { 0 };
	struct txn t;
	int rc;

	txn_init(&t);
	rc = store_txn(engine_store(d->en), SLICE_NONE,
	    d->q.hdr.transaction_id, &t, &e);
	rc = rc == 1 ? (int)t.state : -1;
	txn_release(&t);
	return rc;
}

static inline void
make_device_files(void)
{
	put_certs(topfd, "dev.pem", (const struct cert *[]){ &dev.cert }, 1);
	put_certs(topfd, "sub.pem", (const struct cert *[]){ &sub.cert }, 1);
	put_key(topfd, "dev.key", dev.key);
}

/* --- answers */

struct ip {
	struct draft	 d;
	struct who	 by;
	const struct cert *chain;
	struct slice	 cert;		/* none: SLICE_NONE */
	int		 encrypted;	/* encryptedCert in its place */
	int		 private_key;
	int		 ca_pubs;
	int64_t		 req_id;
	int		 count, status;
	enum fail	 fail;
};

/* What the CA's answer would certify; ${s} may ask for more. */
static inline struct slice
certificate(const struct device *d, const char *subject, const char *san,
    struct says s)
{
	struct key *k = new_key("ed25519");
	struct sigalg alg = alg_default(key_info(ca.key));
	struct buf *der = new_buf(), names;
	uint8_t serial[8];
	struct err e = { 0 };
	struct derw w;
	struct tbs t = { .serial = SLICE(serial, 8), .subject = name(subject),
	    .issuer = ca.cert.subject, .spki = d ? d->spki : key_spki(k),
	    .ca = s.ca ? 1 : -1, .path_len = -1, .aki = ca.cert.ski,
	    .ku = s.ku ? s.ku : KU_DIGITAL_SIGNATURE,
	    .eku = &s.eku, .n_eku = s.eku != OID_UNKNOWN,
	    .not_before = the_time - DAY, .not_after = the_time +
	    (s.to ? s.to : 100) * DAY };

	rand_bytes(serial, 8);
	serial[0] = (serial[0] & 0x3f) | 0x40;
	buf_init(&names, 4096);
	derw_init(&w, 4096);
	if (s.to < 0)
		t.not_before = the_time - 100 * DAY;
	if (san != NULL) {
		san_parse(san, &names, &e);
		derw_raw(&w, buf_slice(&names));
		derw_wrap(&w, DER_SEQUENCE, 0);
		t.san = derw_slice(&w);
	}
	if (cert_sign(&t, s.ku_none ? maker.key : ca.key, &alg, der, &e) ==
	    -1)
		die("certificate", &e);
	derw_release(&w);
	buf_release(&names);
	key_free(k);
	return buf_slice(der);
}

static inline void
head_for(struct draft *d, const struct device *v)
{
	draft_init(d);
	d->recipient = v->q.hdr.sender;
	d->transaction_id = v->q.hdr.transaction_id;
	d->recip_nonce = v->q.hdr.sender_nonce;
	d->sender_nonce = fresh(16);
	d->has_time = 1;
	d->message_time = the_time;
}

/* A good ip for ${v}. */
static inline struct ip
ip_for(const struct device *v)
{
	struct ip p = { .by = cmp, .count = 1, .status = STATUS_ACCEPTED,
	    .fail = FAIL_NONE };

	head_for(&p.d, v);
	p.d.body = BODY_IP;
	p.d.implicit_confirm = 1;
	p.cert = certificate(v, "CN=pump17,O=Example", "dns:pump17.example",
	    (struct says){ 0 });
	return p;
}

static inline struct slice
ip_make(struct ip *p)
{
	struct derw *w = &p->d.content;
	size_t m, k;

	derw_reset(w);
	for (int i = 0; i < p->count; i++) {
		m = derw_mark(w);
		if (p->private_key) {	/* EncryptedValue of its one field */
			k = derw_mark(w);
			derw_bits(w, DER_BIT_STRING, SLICE_LIT("key"));
			derw_wrap(w, DER_SEQUENCE, k);
			derw_wrap(w, DER_CTX(0), k);
		}
		if (p->cert.p != NULL || p->encrypted) {
			k = derw_mark(w);
			if (p->encrypted) {
				derw_bits(w, DER_BIT_STRING, p->cert);
				derw_wrap(w, DER_SEQUENCE, k);
			} else {
				derw_raw(w, p->cert);
			}
			derw_wrap(w, DER_CTX(p->encrypted != 0), k);
			derw_wrap(w, DER_SEQUENCE, m);
		}
		status_write(w, (enum pki_status)p->status, "text", p->fail);
		derw_int(w, DER_INTEGER, p->req_id);
		derw_wrap(w, DER_SEQUENCE, m);
	}
	derw_wrap(w, DER_SEQUENCE, 0);
	m = derw_mark(w);
	if (p->ca_pubs) {
		derw_raw(w, stranger_root.cert.der);
		derw_wrap(w, DER_SEQUENCE, m);
		derw_wrap(w, DER_CTX(1), m);
	}
	derw_wrap(w, DER_SEQUENCE, 0);
	return seal(&p->d, &p->by, p->chain);
}

/* --- what the device makes of it */

struct taken {
	enum verdict	 verdict;
	enum err_code	 code;
	struct slice	 der;
	struct msg	 m;
	struct cert_status conf;	/* of a certConf */
};
static struct taken got;

static inline struct taken *
take(struct device *d, struct slice der)
{
	struct buf *b = new_buf();
	struct outcome o;
	struct err e = { 0 };
	size_t count;

	outcome_init(&o);
	if (engine_begin(d->en, &e) == -1)
		die("begin", &e);
	engine_handle(d->en, NULL, der, &o);
	if (engine_commit(d->en, &e) == -1)
		die("commit", &e);
	got = (struct taken){ .verdict = o.verdict, .code = o.err.code };
	if (o.err.code != E_NONE)
		printf("# %s: %s\n", err_name(o.err.code), o.err.detail);
	if (o.verdict == VERDICT_TAKEN &&
	    engine_install(d->en, der, &o, &e) == -1)
		die("install", &e);
	buf_add_slice(b, buf_slice(&o.answer));
	outcome_release(&o);
	got.der = buf_slice(b);
	if (got.der.n > 0 && (msg_decode(got.der, &got.m, &e) == -1 ||
	    (got.m.body == BODY_CERTCONF && crmf_confirmation(got.m.content,
	    &got.conf, &count, &e) == -1)))
		die("certConf", &e);
	return &got;
}

static inline int
installed(const struct device *d)
{
	const uint8_t *id = d->q.hdr.transaction_id.p;
	struct stat st;
	char file[64];

	snprintf(file, sizeof(file), "certs/pump17-%02x%02x%02x%02x.pem",
	    id[0], id[1], id[2], id[3]);
	return fstatat(d->fd, file, &st, 0) == 0;
}

#endif
