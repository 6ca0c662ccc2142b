/*
 * Many messages in one, at the CA (RFC 9483 5.2.2.2): each is answered as if it
 * had come alone, the answers go back in one, and nothing else follows from
 * who put them together.
 */
#include "tap.h"

#define CONF_MORE \
	"\n" \
	"[profile held]\nhold = yes\n" \
	"[profile quorum]\n" \
	"[enrol devices]\nanchor = trust/maker.pem\n" \
	"profile = default held\n" \
	"subject = CN=*,O=Example\nsan = dns:*.example\n" \
	"[channel mail]\ntime-past = 1h\n"
#define RAS \
	"[enrol officers]\nanchor = trust/maker.pem\nprofile = quorum\n" \
	"subject = CN=*,O=Example\napprovals = 1 of lra second\n" \
	"[ra lra]\nanchor = trust/ra-root.pem\n" \
	"[ra second]\ncert = trust/second.pem\n"

#include "t_engine_say.h"

#include <signal.h>
#include <sys/resource.h>

#include "msg/nest.h"
#include "prot/protect_nest.h"
#include "store/store_bundle.h"

#define MOST	20

static struct who ra_root, lra, second, nobody;

/* --- bundles */

struct list {
	const struct slice	*v;
	size_t			 n, at;
};

static int
give(void *arg, struct slice *next, struct err *e)
{
	struct list *l = arg;

	(void)e;
	if (l->at == l->n)
		return 0;
	*next = l->v[l->at++];
	return 1;
}

/* The header of a bundle, to be bent. */
static struct draft
header(void)
{
	struct draft d;

	draft_init(&d);
	d.transaction_id = fresh(16);
	d.sender_nonce = fresh(16);
	d.has_time = 1;
	d.message_time = the_time;
	return d;
}

static struct slice
nested(struct draft *d, const struct who *by, const struct slice *v, size_t n)
{
	struct certs above = { .v = &sub.cert, .n = by == &dev2 };
	struct signer s = { .key = by->key, .cert = &by->cert,
	    .chain = &above };
	struct buf *out = new_buf(), prefix, suffix;
	struct list l = { v, n, 0 };
	struct err e = { 0 };
	size_t total = 0;

	for (size_t i = 0; i < n; i++)
		total += v[i].n;
	buf_init(&prefix, 1 << 16);
	buf_init(&suffix, 1 << 16);
	if (protect_nest(d, &s, total, give, &l, &prefix, &suffix, &e) == -1)
		die("bundle", &e);
	buf_add_slice(out, buf_slice(&prefix));
	for (size_t i = 0; i < n; i++)
		buf_add_slice(out, v[i]);
	buf_add_slice(out, buf_slice(&suffix));
	buf_release(&prefix);
	buf_release(&suffix);
	return buf_slice(out);
}

static struct slice
bundle(const struct who *by, const struct slice *v, size_t n)
{
	struct draft d = header();
	struct slice der = nested(&d, by, v, n);

	draft_release(&d);
	return der;
}

/* ${der} with an approval of ${by} around it. */
static struct slice
wrap(struct slice der, const struct who *by)
{
	struct signer s = { .key = by->key, .cert = &by->cert };
	struct buf *out = new_buf();
	struct err e = { 0 };
	struct msg m;

	if (msg_decode(der, &m, &e) == -1 ||
	    protect_wrap(&m, &s, the_time, out, &e) == -1)
		die("wrap", &e);
	return buf_slice(out);
}

/* The ir of a device for ${subject}; its transactionID is kept, too. */
static struct slice ids[1000];
static size_t n_ids;

static struct slice
request_of(const char *profile, const char *subject)
{
	struct key *key = new_key("ed25519");
	struct ask a = ask_for(&dev, key);
	struct slice der;

	if (profile != NULL)
		a.d.cert_profile = slice_str(profile);
	a.subject = subject;
	der = make(&a);
	ids[n_ids++ % 1000] = a.d.transaction_id;
	ask_release(&a);
	key_free(key);
	return der;
}

static struct slice
request(void)
{
	static char subject[MOST][40];
	static int n;
	char *s = subject[++n % MOST];

	snprintf(s, sizeof(subject[0]), "CN=pump%d,O=Example", n);
	return request_of(NULL, s);
}

/* --- what became of one */

/* The answer to the last one. */
static struct {
	struct slice	 member[MOST];
	struct msg	 m[MOST];
	size_t		 n;
	int		 bundle;
	int		 waits;		/* in the outbox, to be delivered */
	char		 note[512];
} got;

static int
piece(void *arg, struct slice data, struct err *e)
{
	(void)e;
	buf_add_slice(arg, data);
	return 0;
}

static int
count_waiting(void *arg, const struct store_answer *a, struct err *e)
{
	(void)a;
	(void)e;
	++*(int *)arg;
	return 0;
}

static struct slice
stored(const char *file)
{
	struct buf *out = new_buf(), keep;
	struct store_answer a;
	struct err e = { 0 };

	buf_init(&keep, 1 << 20);
	if (store_answer_find(engine_store(en), file, &a, &keep, &e) != 1 ||
	    store_answer_each(engine_store(en), &a, piece, out, &e) == -1)
		die(file, &e);
	buf_release(&keep);
	return buf_slice(out);
}

static void
take_apart(void)
{
	struct nest_source src = nest_source_slice(&re.der);
	struct err e = { 0 };
	struct nest *n;
	struct slice m;
	struct buf *b;

	if (nest_open(&src, &nest_limits_default, &n, &e) == -1)
		die("answer", &e);
	while (got.n < MOST && nest_next(n, &m, &e) == 1) {
		b = new_buf();
		buf_add_slice(b, m);
		got.member[got.n] = buf_slice(b);
		if (msg_decode(got.member[got.n], &got.m[got.n], &e) == -1)
			die("member of the answer", &e);
		got.n++;
	}
	nest_free(n);
}

static enum verdict
handle(const struct nest_source *src, const struct conf_channel *by)
{
	struct outcome o;
	struct err e = { 0 };

	memset(&got, 0, sizeof(got));
	outcome_init(&o);
	accept_clock();
	engine_bundle(en, by, src, &o);
	note_outcome(&re, &o);
	got.bundle = o.bundle;
	memcpy(got.note, o.note, sizeof(got.note));
	outcome_release(&o);
	if (got.bundle) {
		re.der = stored(re.name);
		take_apart();
	} else if (re.der.n > 0 && msg_decode(re.der, &re.m, &e) == 0) {
		read_status(&re);
	}
	store_outbox(engine_store(en), count_waiting, &got.waits, &e);
	return re.verdict;
}

static enum verdict
hand(struct slice der)
{
	struct nest_source src = nest_source_slice(&der);

	return handle(&src, NULL);
}

/* The answer is a bundle of the CA's, to ${der}, as it has to be. */
static int
proper(struct slice der)
{
	struct anchor anchor = { .cert = &ca.cert };
	struct verify_ask ask = { .anchors = &anchor, .n_anchors = 1,
	    .now = the_time, .answers = 1 };
	struct nest_source q = nest_source_slice(&der),
	    a = nest_source_slice(&re.der);
	struct nest *asked, *answer;
	const struct hdr *h[2];
	struct checked *c;
	struct err e = { 0 };
	int good;

	if (!got.bundle || nest_open(&q, &nest_limits_default, &asked, &e) ==
	    -1 || nest_open(&a, &nest_limits_default, &answer, &e) == -1)
		return 0;
	h[0] = &nest_msg(asked)->hdr;
	h[1] = &nest_msg(answer)->hdr;
	good = verify_msg(nest_msg(answer), &ask, &c, &e) == 0 &&
	    slice_eq(h[1]->transaction_id, h[0]->transaction_id) &&
	    slice_eq(h[1]->recip_nonce, h[0]->sender_nonce) &&
	    slice_eq(h[1]->recipient, h[0]->sender) &&
	    h[1]->sender_nonce.n == 16 && h[1]->message_time == the_time;
	if (!good)
		printf("# %s %s\n", err_name(e.code), e.detail);
	else
		checked_free(c);
	nest_free(asked);
	nest_free(answer);
	return good;
}

/* Member ${i} of the answer is an ip with a certificate, to ${id}. */
static int
grants(size_t i, struct slice id)
{
	struct cert_rep rep;
	struct err e = { 0 };

	return i < got.n && got.m[i].body == BODY_IP &&
	    slice_eq(got.m[i].hdr.transaction_id, id) &&
	    crmf_response(got.m[i].content, &rep, &e) == 0 &&
	    rep.first.cert.p != NULL;
}

/* Refused as a whole, in an error message: nothing of it was done. */
static int
refused(struct slice der, enum err_code code, enum fail fail)
{
	int before = certificates(NULL);
	enum verdict v = hand(der);

	return v == VERDICT_REFUSED && re.code == code && !got.bundle &&
	    re.m.body == BODY_ERROR && re.fail == (int)fail &&
	    certificates(NULL) == before;
}

/* --- the tests */

static void
test_order(void)
{
	struct slice v[8], der, answer;
	int before = certificates(NULL), in_order = 1;
	char file[STORE_NAME];

	n_ids = 0;
	for (int i = 0; i < 7; i++)
		v[i] = request();
	der = bundle(&lra, v, 7);
	say(der);
	ok(re.verdict == VERDICT_BUNDLE && certificates(NULL) == before,
	    "a bundle is for engine_bundle(), and nothing has happened yet");
	hand(der);
	ok(re.verdict == VERDICT_ANSWERED && proper(der) && got.n == 7 &&
	    certificates(NULL) == before + 7,
	    "seven requests in one get seven certificates, in one answer with "
	    "its transactionID and nonce");
	for (size_t i = 0; i < 7; i++)
		in_order &= grants(i, ids[i]);
	ok(in_order, "in the order of the requests, each with its own ids");
	ok(got.waits == 1, "answers are not delivered one by one as well");
	answer = re.der;
	memcpy(file, re.name, sizeof(file));
	the_time += 400 * DAY;
	hand(der);
	ok(re.verdict == VERDICT_REPEATED && slice_eq(re.der, answer) &&
	    strcmp(re.name, file) == 0 && certificates(NULL) == before + 7,
	    "the same bundle again has the same answer, a year later, too");
	the_time -= 400 * DAY;
	say(v[2]);
	ok(re.verdict == VERDICT_REPEATED && slice_eq(re.der, got.member[2]),
	    "a member that comes alone then has the answer it had within");
	hand(bundle(&lra, v, 3));
	ok(re.verdict == VERDICT_ANSWERED && got.n == 3 &&
	    slice_eq(got.member[0], stored(re.name)) == 0 &&
	    certificates(NULL) == before + 7 && grants(2, ids[2]) &&
	    strstr(got.note, "3 seen before") != NULL,
	    "other bundles of the same requests have the same answers in them");
}

static void
test_twice(void)
{
	struct slice v[4], alone;
	int before = certificates(NULL);

	n_ids = 0;
	v[0] = request();
	v[1] = request();
	v[2] = v[0];
	v[3] = v[1];
	hand(bundle(&lra, v, 4));
	ok(re.verdict == VERDICT_ANSWERED && got.n == 2 && grants(0, ids[0]) &&
	    grants(1, ids[1]) && certificates(NULL) == before + 2,
	    "a member that is there twice has one certificate and one answer");
	v[0] = request();
	say(v[0]);
	alone = re.der;
	hand(bundle(&lra, v, 1));
	ok(re.verdict == VERDICT_ANSWERED && got.n == 1 &&
	    slice_eq(got.member[0], alone) && certificates(NULL) == before + 3,
	    "one that had its answer before has the same one in the bundle");
}

static void
test_unreadable(void)
{
	static uint8_t junk[40] = { 0x30, 38 };
	struct slice v[4], der;
	struct buf *large = new_buf();
	int before = certificates(NULL);

	n_ids = 0;
	v[0] = request();
	v[1] = SLICE(junk, sizeof(junk));
	v[2] = request();
	v[3] = request_of(NULL, "CN=x,O=Other");
	der = bundle(&lra, v, 4);
	hand(der);
	ok(re.verdict == VERDICT_ANSWERED && proper(der) && got.n == 3 &&
	    grants(0, ids[0]) && grants(1, ids[1]) &&
	    certificates(NULL) == before + 2,
	    "what cannot be read has no answer, and the others have theirs");
	ok(got.m[2].body == BODY_IP && !grants(2, ids[2]) &&
	    strstr(got.note, "2 good, 1 refused, 1 without") != NULL,
	    "one that is refused is told so, in the same bundle");
	buf_extend(large, 1200000);
	large->p[0] = 0x30, large->p[1] = 0x83;
	large->p[2] = 0x12, large->p[3] = 0x4f, large->p[4] = 0x7b;
	v[1] = buf_slice(large);
	v[0] = request();
	hand(bundle(&lra, v, 3));
	ok(re.verdict == VERDICT_ANSWERED && got.n == 2 &&
	    strstr(got.note, "E_FILE_SIZE") != NULL,
	    "nor has one that is larger than max-size");
	v[0] = v[1];
	v[1] = SLICE(junk, sizeof(junk));
	ok(refused(bundle(&lra, v, 2), E_NESTED, FAIL_BAD_REQUEST),
	    "a bundle of nothing else is answered with an error message");
}

/* Seven certificates, in order. */
static int
whole(struct slice der)
{
	int in_order = proper(der) && got.n == 7;

	for (size_t i = 0; i < 7; i++)
		in_order &= grants(i, ids[i]);
	return in_order;
}

static struct slice
seven(void)
{
	struct slice v[7];

	n_ids = 0;
	for (int i = 0; i < 7; i++)
		v[i] = request();
	return bundle(&lra, v, 7);
}

/* The disk is full at any one of the commits of a bundle, in groups of three. */
static void
test_full(void)
{
	struct slice der = seven();
	struct rlimit was, tight;
	int before = certificates(NULL), some = 0, bad = 0, n;

	getrlimit(RLIMIT_FSIZE, &was);
	signal(SIGXFSZ, SIG_IGN);
	re.verdict = VERDICT_TEMPORARY;
	tight = was;
	for (tight.rlim_cur = 0; re.verdict == VERDICT_TEMPORARY &&
	    tight.rlim_cur < 64 << 20; tight.rlim_cur += 16384) {
		fflush(stdout);
		setrlimit(RLIMIT_FSIZE, &tight);
		hand(der);
		setrlimit(RLIMIT_FSIZE, &was);
		n = certificates(NULL) - before;
		bad += re.verdict == VERDICT_TEMPORARY ?
		    re.code != E_STORE || re.name[0] != '\0' : n != 7;
		some |= n == 3 || n == 6 ? n : 0;
	}
	ok(bad == 0 && some == 7, "a commit that fails leaves the groups "
	    "before it, and no answer");
	ok(re.verdict == VERDICT_ANSWERED && whole(der),
	    "when there is room the bundle is answered as a whole");
}

/* A run that ended after a group: the clock stops it. */
static int left;

static int
read_left(void *arg, uint64_t at, void *p, size_t n, struct err *e)
{
	const struct slice *s = arg;

	if (certificates(NULL) >= left)
		return err_set(e, E_IO, "read: the stick is gone");
	memcpy(p, s->p + at, n);
	return 0;
}

static void
test_between(void)
{
	struct slice v[7], der;
	struct buf *big = new_buf();
	struct nest_source src = { read_left, 0, &der };
	int before = certificates(NULL);

	/* Large enough that what is behind it is not read ahead. */
	buf_extend(big, 70000);
	big->p[0] = 0x30, big->p[1] = 0x83;
	big->p[2] = 0x01, big->p[3] = 0x11, big->p[4] = 0x6b;
	n_ids = 0;
	for (int i = 0; i < 7; i++)
		v[i] = i % 2 ? buf_slice(big) : request();
	der = bundle(&lra, v, 7);
	src.size = der.n;
	left = before + 2;
	ok(handle(&src, NULL) == VERDICT_TEMPORARY && re.code == E_IO &&
	    certificates(NULL) == before + 2 && re.name[0] == '\0',
	    "what was finished when a run ends stays finished");
	engine_close(en);
	open_ca();
	the_time += 40 * DAY;
	left = before + 3;
	ok(handle(&src, NULL) == VERDICT_ANSWERED && proper(der) &&
	    got.n == 4 && grants(0, ids[0]) && grants(1, ids[1]) &&
	    !grants(2, ids[2]) && !grants(3, ids[3]) &&
	    certificates(NULL) == before + 2,
	    "a bundle that was begun is finished when it has become too old, "
	    "and what has not its answer is too old itself");
	the_time -= 40 * DAY;
	ok(strstr(got.note, "7 messages: 0 good, 2 refused, 3 by an earlier "
	    "run") != NULL, "what an earlier run has handled is not handled "
	    "again");
}

static void
test_limits(void)
{
	struct slice v[11], der;
	struct draft d = header();

	for (int i = 0; i < 11; i++)
		v[i] = request();
	ok(refused(bundle(&lra, v, 11), E_NEST_COUNT, FAIL_BAD_REQUEST),
	    "more members than max-members are refused");
	ok(refused(bundle(&dev2, v, 11), E_NOT_AUTHORIZED,
	    FAIL_NOT_AUTHORIZED), "which nobody else is told");
	der = bundle(&lra, v, 2);
	v[2] = der;
	ok(refused(bundle(&lra, v, 3), E_NEST_DEPTH, FAIL_BAD_REQUEST),
	    "no bundle in a bundle");
	v[2] = wrap(wrap(wrap(v[3], &lra), &second), &lra);
	ok(refused(bundle(&lra, v, 3), E_NEST_DEPTH, FAIL_BAD_REQUEST),
	    "no more approvals in it than a rule has officers");
	d.transaction_id = ids[(n_ids - 11) % 1000];
	ok(refused(nested(&d, &lra, v, 2), E_NESTED, FAIL_BAD_REQUEST),
	    "no member with the transactionID of the bundle");
	draft_release(&d);
	d = header();
	d.recip_nonce = fresh(16);
	ok(refused(nested(&d, &lra, v, 2), E_RECIP_NONCE_FIRST,
	    FAIL_BAD_RECIPIENT_NONCE), "no recipNonce in a bundle of requests");
	draft_release(&d);
	d = header();
	hand(nested(&d, &lra, v, 1));
	ok(re.verdict == VERDICT_ANSWERED && refused(nested(&d, &lra, v, 2),
	    E_TXID_IN_USE, FAIL_TRANSACTION_ID_IN_USE),
	    "no other bundle with the same transactionID");
	draft_release(&d);
	engine_close(en);
	open_ca();
}

static void
test_signer(void)
{
	static const uint8_t pbm[] = { 0x30, 0x0b, 0x06, 0x09, 0x2a, 0x86,
	    0x48, 0x86, 0xf6, 0x7d, 0x07, 0x42, 0x0d };
	struct slice v[2] = { request(), request() }, der, answer;
	struct draft d = header();
	struct err e = { 0 };
	struct msg m;

	ok(refused(bundle(&dev2, v, 2), E_NOT_AUTHORIZED,
	    FAIL_NOT_AUTHORIZED), "a device may not bundle");
	ok(refused(bundle(&nobody, v, 2), E_NOT_AUTHORIZED,
	    FAIL_NOT_AUTHORIZED), "without cmcRA nobody below the anchor of "
	    "an RA may bundle");
	ok(refused(bundle(&stranger, v, 2), E_PATH_NONE,
	    FAIL_SIGNER_NOT_TRUSTED), "nor may a stranger");
	der = bundle(&lra, v, 2);
	ok(refused(reseal(der, dev2.key, (const struct cert *[]){ &lra.cert },
	    1), E_PROT_SIG, FAIL_BAD_MESSAGE_CHECK),
	    "the signature of a bundle is verified");
	hand(der);
	ok(re.verdict == VERDICT_ANSWERED && got.n == 2,
	    "which does not keep the right one away");
	d.body = BODY_NESTED;
	if (msg_decode(bundle(&lra, (struct slice[]){ request(), request() },
	    2), &m, &e) == -1)
		die("mac", &e);
	derw_raw(&d.content, m.content);
	ok(refused(seal_raw(&d, SLICE(pbm, sizeof(pbm)), SLICE_LIT("mac")),
	    E_PROT_KIND, FAIL_WRONG_INTEGRITY), "a MAC protects no bundle");
	draft_release(&d);
	say(request());
	answer = re.der;
	hand(bundle(&lra, &answer, 1));
	ok(re.verdict == VERDICT_BAD && re.code == E_BODY_TYPE &&
	    re.der.n == 0, "a bundle of answers is not for a CA");
	v[1] = answer;
	v[0] = request();
	ok(refused(bundle(&lra, v, 2), E_NESTED, FAIL_BAD_REQUEST),
	    "requests and answers are not mixed");
}

static void
test_time(void)
{
	struct slice v[2] = { request(), request() }, der = bundle(&lra, v, 2);
	struct nest_source src = nest_source_slice(&der);

	the_time += 2 * 3600;
	handle(&src, conf_channel(engine_conf(en), "mail"));
	ok(re.verdict == VERDICT_REFUSED && re.code == E_MESSAGE_TIME,
	    "messageTime of a bundle is judged by the channel it came by");
	handle(&src, NULL);
	ok(re.verdict == VERDICT_ANSWERED && got.n == 2,
	    "and elsewhere by that");
	the_time -= 2 * 3600;
}

/* Who puts messages together has not said yes to them. */
static void
test_approvals(void)
{
	struct slice v[3];

	n_ids = 0;
	v[0] = request_of("quorum", "CN=valve1,O=Example");
	v[1] = request_of("quorum", "CN=valve2,O=Example");
	v[1] = wrap(v[1], &lra);
	v[2] = request_of("held", "CN=valve3,O=Example");
	hand(bundle(&lra, v, 3));
	ok(re.verdict == VERDICT_ANSWERED && got.n == 3 && !grants(0, ids[0]) &&
	    got.m[0].body == BODY_IP, "the protection of a bundle is no "
	    "approval of what is in it");
	ok(grants(1, ids[1]), "an approval within a bundle is one");
	ok(got.m[2].body == BODY_IP && !grants(2, ids[2]),
	    "a member that has to wait is told so in the bundle");
}

/* -n: the caller has a commit open, and gives it up. */
static void
test_dry(void)
{
	struct slice der = seven();
	struct nest_source src = nest_source_slice(&der);
	int before = certificates(NULL);
	struct outcome o;
	struct err e = { 0 };

	outcome_init(&o);
	ok(engine_begin(en, &e) == 0 && (engine_bundle(en, NULL, &src, &o), 1) &&
	    o.verdict == VERDICT_ANSWERED && certificates(NULL) == before + 7 &&
	    (engine_abort(en), 1) && certificates(NULL) == before,
	    "within a commit of the caller's it makes none itself");
	outcome_release(&o);
	ok(hand(der) == VERDICT_ANSWERED && whole(der), "and is answered when "
	    "it is meant");
}

static void
make_ras(void)
{
	struct says ra = { .eku = OID_KP_CMC_RA };
	int fd = dir_of(cafd, "trust");

	ra_root = identity(NULL, "CN=RA Root", "ed25519", (struct says){
	    .ca = 1 });
	lra = identity(&ra_root, "CN=LRA,O=Plant", "ec:P-256", ra);
	nobody = identity(&ra_root, "CN=Nobody,O=Plant", "ec:P-256",
	    (struct says){ 0 });
	second = identity(&stranger_root, "CN=Second", "ed25519",
	    (struct says){ 0 });
	put_certs(fd, "ra-root.pem", (const struct cert *[]){
	    &ra_root.cert }, 1);
	put_certs(fd, "second.pem", (const struct cert *[]){
	    &second.cert }, 1);
	close(fd);
}

/* Groups of three, ten members at most. */
static void
configure(void)
{
	struct buf text, next;
	struct err e = { 0 };

	engine_close(en);
	buf_init(&text, 1 << 20);
	buf_init(&next, 1 << 20);
	if (file_read_at(cafd, "cmp.conf", 1 << 20, &text, &e) == -1 ||
	    conf_set(buf_slice(&text), "group", "3", &next, &e) == -1)
		die("cmp.conf", &e);
	buf_reset(&text);
	if (conf_set(buf_slice(&next), "max-members", "10", &text, &e) == -1)
		die("cmp.conf", &e);
	buf_add_str(&text, RAS);
	put_file(cafd, "cmp.conf", buf_slice(&text), 0644);
	buf_release(&text);
	buf_release(&next);
	open_ca();
}

int
main(void)
{
	setup("ed25519");
	make_ras();
	configure();
	test_order();
	test_twice();
	test_unreadable();
	test_full();
	test_between();
	test_limits();
	test_signer();
	test_time();
	test_approvals();
	test_dry();
	key_free(ra_root.key);
	key_free(lra.key);
	key_free(nobody.key);
	key_free(second.key);
	teardown();
	return done();
}
