/* Waiting for what has no status of its own: RFC 9483 4.4. */
#include "tap.h"
#include "t_engine_info.h"

#include "msg/poll.h"

static struct slice
error_waiting(struct device *d)
{
	struct slice der;
	struct draft m;

	head_for(&m, d);
	m.body = BODY_ERROR;
	status_write(&m.content, STATUS_WAITING, "ask again", FAIL_NONE);
	derw_wrap(&m.content, DER_SEQUENCE, 0);
	der = seal(&m, &cmp, NULL);
	draft_release(&m);
	return der;
}

static struct slice
rep_for(struct device *d, struct slice nonce, int64_t id)
{
	struct slice der;
	struct draft m;

	head_for(&m, d);
	m.recip_nonce = nonce;
	poll_write_rep(&m, id, 3600, "busy");
	der = seal(&m, &cmp, NULL);
	draft_release(&m);
	return der;
}

/* A pollReq for the whole message. */
static int
asks_again(const struct device *d)
{
	struct err e = { 0 };
	int64_t asked;
	size_t n;

	return got.verdict == VERDICT_WAITING &&
	    got.code == E_ANSWER_WAITING && got.m.body == BODY_POLLREQ &&
	    poll_read_req(got.m.content, &asked, &n, &e) == 0 && n == 1 &&
	    asked == -1 && dev_state(d) == TXN_WAITING;
}

static struct device
revoker(void)
{
	const char *trust[] = { in_top("ca/certs/ca.pem") };
	struct request_ask ask = { .op = "rr", .cert = in_top("dev.pem"),
	    .key = in_top("dev.key"), .chain = in_top("sub.pem"),
	    .trust = trust, .n_trust = 1 };
	struct buf *b = new_buf();
	struct request_made made;
	struct err e = { 0 };
	struct device d;

	snprintf(d.home, sizeof(d.home), "rr");
	d.fd = dir_of(topfd, d.home);
	request_made_init(&made);
	if (request_make(d.fd, &ask, &made, &e) == -1)
		die("rr", &e);
	buf_add_slice(b, buf_slice(&made.message));
	request_made_release(&made);
	d.der = buf_slice(b);
	if (msg_decode(d.der, &d.q, &e) == -1 ||
	    engine_open(d.fd, STORE_WRITE, &d.en, &e) == -1)
		die("device", &e);
	return d;
}

/* The last answer that ${body} stands for, to the request itself. */
static struct slice
final_for(struct device *d, enum body body)
{
	struct slice der;
	struct draft m;
	struct ip p;

	if (body == BODY_CP) {
		p = ip_for(d);
		p.d.body = BODY_CP;
		p.req_id = -1;
		der = ip_make(&p);
		draft_release(&p.d);
		return der;
	}
	head_for(&m, d);
	m.body = body;
	if (body == BODY_RP) {
		rev_write_response(&m.content, STATUS_ACCEPTED, NULL,
		    FAIL_NONE, SLICE_NONE, SLICE_NONE);
	} else if (body == BODY_GENP) {
		derw_oid(&m.content, oid_bytes(OID_IT_CA_CERTS));
		derw_wrap(&m.content, DER_SEQUENCE, 0);
		derw_wrap(&m.content, DER_SEQUENCE, 0);
	} else {
		derw_null(&m.content);
	}
	der = seal(&m, &cmp, NULL);
	draft_release(&m);
	return der;
}

static void
test_wait(struct device d, enum body last, const char *what)
{
	struct slice nonce;

	take(&d, error_waiting(&d));
	ok(asks_again(&d), "%s: an error with status waiting is asked for "
	    "with a pollReq of certReqId -1", what);
	nonce = got.m.hdr.sender_nonce;
	take(&d, final_for(&d, BODY_PKICONF));
	ok(got.verdict == VERDICT_NO && got.code == E_BODY_STATE &&
	    dev_state(&d) == TXN_WAITING, "%s: a pkiConf is not what waits",
	    what);
	take(&d, rep_for(&d, nonce, -1));
	ok(asks_again(&d), "%s: a pollRep is followed by a pollReq", what);
	/* Days later: another process. */
	engine_close(d.en);
	{
		struct err e = { 0 };

		if (engine_open(d.fd, STORE_WRITE, &d.en, &e) == -1)
			die("reopen", &e);
	}
	take(&d, final_for(&d, last));
	ok(got.verdict == VERDICT_TAKEN && dev_state(&d) == TXN_DONE,
	    "%s: the last answer is taken", what);
	device_close(&d);
}

/* After waiting, an answer to something else is no better than before. */
static void
test_other_answer(void)
{
	struct device d = asker((struct request_ask){ .info = "cacerts" });

	take(&d, error_waiting(&d));
	take(&d, final_for(&d, BODY_RP));
	ok(got.verdict == VERDICT_NO && got.code == E_BODY_TYPE &&
	    dev_state(&d) == TXN_FAILED, "genm: an rp is no answer after waiting");
	device_close(&d);
}

int
main(void)
{
	setup("ed25519");
	make_device_files();
	test_wait(asker((struct request_ask){ .info = "cacerts" }), BODY_GENP,
	    "genm");
	test_wait(revoker(), BODY_RP, "rr");
	device_op = "p10cr";
	test_wait(device(0), BODY_CP, "p10cr");
	test_other_answer();
	teardown();
	return done();
}
