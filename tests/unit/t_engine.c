/* Header and protection, as the CA checks them: RFC 9483 3.1 to 3.6. */
#include "tap.h"
#include "t_engine_say.h"

static struct key *key;

#define ASK(a)	struct ask a = ask_for(&dev, key)

static void
say_ask(struct ask *a)
{
	say(make(a));
}

static void
test_good(void)
{
	ASK(a);

	say_ask(&a);
	ok(granted() && re.status == STATUS_ACCEPTED,
	    "a good ir is granted in an ip: protected, addressed to the "
	    "sender, with its nonce and its transactionID");
	ok(re.m.hdr.implicit_confirm && !re.m.hdr.has_confirm_wait,
	    "implicit confirmation is granted without confirmWaitTime");
	ok(state_of(&dev, a.d.transaction_id) == TXN_DONE &&
	    certificates(NULL) == 1, "the transaction is finished");
	ask_release(&a);
}

static void
test_pvno(void)
{
	ASK(a);

	a.d.pvno = 1;
	say_ask(&a);
	ok(ERROR(E_PVNO, FAIL_UNSUPPORTED_VERSION) && re.m.hdr.pvno == 2,
	    "pvno 1 is unsupportedVersion, said in our lowest version");
	a.d.pvno = 4;
	say_ask(&a);
	ok(ERROR(E_PVNO, FAIL_UNSUPPORTED_VERSION) && re.m.hdr.pvno == 3,
	    "pvno 4 is unsupportedVersion, said in our highest version");
	a.key = dev2.key;
	a.d.pvno = 3;
	say_ask(&a);
	ok(granted() && re.m.hdr.pvno == 3,
	    "pvno 3 is answered with pvno 3");
	ask_release(&a);
}

static void
test_transaction_id(void)
{
	struct slice none;
	ASK(a);

	a.d.transaction_id = SLICE_NONE;
	none = make(&a);
	say(none);
	ok(ERROR(E_TXID_MISSING, FAIL_BAD_DATA_FORMAT) &&
	    re.m.hdr.transaction_id.n == 16,
	    "a missing transactionID is badDataFormat, in an error message "
	    "with a transactionID of its own");
	say(none);
	ok(re.verdict == VERDICT_REPEATED && re.der.n > 0,
	    "a message without transactionID is answered the same again");
	a.d.transaction_id = fresh(15);
	say_ask(&a);
	ok(ERROR(E_TXID_SIZE, FAIL_BAD_DATA_FORMAT),
	    "a transactionID of 15 octets is badDataFormat");
	a.d.transaction_id = fresh(65);
	say_ask(&a);
	ok(ERROR(E_TXID_SIZE, FAIL_BAD_DATA_FORMAT),
	    "a transactionID of 65 octets is badDataFormat");
	ask_release(&a);
}

static void
test_nonces(void)
{
	static const size_t sizes[] = { 0, 8, 15, 65 };
	ASK(a);

	a.d.sender_nonce = SLICE_NONE;
	say_ask(&a);
	ok(ERROR(E_SENDER_NONCE, FAIL_BAD_SENDER_NONCE) &&
	    re.m.hdr.recip_nonce.p == NULL,
	    "a missing senderNonce is badSenderNonce");
	for (size_t i = 0; i < 4; i++) {
		a.d.sender_nonce = fresh(sizes[i] ? sizes[i] : 1);
		a.d.sender_nonce.n = sizes[i];
		say_ask(&a);
		ok(ERROR(E_SENDER_NONCE, FAIL_BAD_SENDER_NONCE),
		    "a senderNonce of %zu octets is badSenderNonce",
		    sizes[i]);
	}
	a.d.sender_nonce = fresh(16);
	a.d.recip_nonce = fresh(16);
	say_ask(&a);
	ok(ERROR(E_RECIP_NONCE_FIRST, FAIL_BAD_RECIPIENT_NONCE),
	    "a recipNonce in a first message is badRecipientNonce");
	ok(state_of(&dev, a.d.transaction_id) == TXN_FAILED,
	    "a refusal of a verified sender ends its transaction");
	ask_release(&a);
}

static void
test_time(void)
{
	struct key *k = new_key("ed25519");
	ASK(a);

	a.d.message_time = the_time + 601;
	say_ask(&a);
	ok(ERROR(E_MESSAGE_TIME, FAIL_BAD_TIME),
	    "a messageTime too far in the future is badTime");
	a.d.message_time = the_time - 30 * DAY - 1;
	say_ask(&a);
	ok(ERROR(E_MESSAGE_TIME, FAIL_BAD_TIME),
	    "a messageTime too far in the past is badTime");
	a.d.has_time = 0;
	a.key = k;
	say_ask(&a);
	ok(granted(), "a message without messageTime is fine");
	ask_release(&a);
	key_free(k);
}

static void
test_protection_missing(void)
{
	struct slice pbm = SLICE_LIT("\x30\x0b\x06\x09\x2a\x86\x48\x86\xf6\x7d"
	    "\x07\x42\x0d");
	struct slice md5 = SLICE_LIT("\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d"
	    "\x01\x01\x04\x05\x00");
	struct slice null_ed = SLICE_LIT("\x30\x07\x06\x03\x2b\x65\x70\x05"
	    "\x00");
	struct who nobody = dev;
	struct slice der;
	ASK(a);

	nobody.key = NULL;
	a.by = nobody;
	say_ask(&a);
	ok(ERROR(E_PROT_MISSING, FAIL_BAD_MESSAGE_CHECK),
	    "a message without protection is refused");
	ok(state_of(&dev, a.d.transaction_id) == -1,
	    "a message without protection leaves no transaction behind");
	a.d.transaction_id = fresh(16);
	put_body(&a);
	a.d.body = BODY_KUR;
	der = seal_raw(&a.d, pbm, fresh(20));
	a.d.body = BODY_IR;
	say(der);
	ok(ERROR(E_PROT_KIND, FAIL_WRONG_INTEGRITY),
	    "a MAC where a signature is expected is wrongIntegrity");
	a.d.transaction_id = fresh(16);
	put_body(&a);
	say(seal_raw(&a.d, md5, fresh(256)));
	ok(ERROR(E_ALG_UNKNOWN, FAIL_BAD_ALG),
	    "a protectionAlg outside of MSG_SIG_ALG is badAlg");
	a.d.transaction_id = fresh(16);
	put_body(&a);
	say(seal_raw(&a.d, null_ed, fresh(64)));
	ok(ERROR(E_ALG_PARAMS, FAIL_BAD_ALG),
	    "a protectionAlg with wrong parameters is badAlg");
	a.d.transaction_id = fresh(16);
	put_body(&a);
	say(seal_raw(&a.d, pbm, SLICE_NONE));
	ok(ERROR(E_PROT_MISSING, FAIL_BAD_MESSAGE_CHECK),
	    "a protectionAlg without protection is no protection");
	a.d.transaction_id = fresh(16);
	put_body(&a);
	say(seal_raw(&a.d, SLICE_NONE, fresh(64)));
	ok(ERROR(E_PROT_MISSING, FAIL_BAD_MESSAGE_CHECK),
	    "a protection without protectionAlg is no protection");
	ask_release(&a);
}

static void
test_signature(void)
{
	const struct cert *chain[] = { &dev.cert, &sub.cert };
	struct who liar = dev;
	struct slice der;
	ASK(a);

	der = reseal(make(&a), dev2.key, chain, 2);
	say(der);
	ok(ERROR(E_PROT_SIG, FAIL_BAD_MESSAGE_CHECK),
	    "a signature of another key is badMessageCheck");
	ok(state_of(&dev, a.d.transaction_id) == -1,
	    "a bad signature leaves no transaction behind");
	say(der);
	ok(re.verdict == VERDICT_REPEATED && re.der.n > 0,
	    "a bad message again gets the same answer");
	liar.cert.spki = key_spki(key);
	a.d.transaction_id = fresh(16);
	liar.cert = certify(&sub, "CN=device1,O=Example", key,
	    (struct says){ 0 });
	liar.key = dev2.key;
	a.by = liar;
	say_ask(&a);
	ok(ERROR(key_info(key)->family == KEY_ED25519 ? E_PROT_SIG : E_ALG_KEY,
	    key_info(key)->family == KEY_ED25519 ? FAIL_BAD_MESSAGE_CHECK :
	    FAIL_BAD_ALG), "a protectionAlg that does not fit the key of the "
	    "protection certificate is badAlg");
	ask_release(&a);
}

static void
test_sender(void)
{
	const struct cert *chain[] = { &dev.cert, &sub.cert };
	struct slice der;
	ASK(a);

	a.by.cert.subject = name("CN=somebody,O=Example");
	der = make(&a);
	say(reseal(der, dev.key, chain, 2));
	ok(ERROR(E_SENDER_NAME, FAIL_BAD_MESSAGE_CHECK),
	    "a sender that is not the certificate's subject is "
	    "badMessageCheck");
	a.d.transaction_id = fresh(16);
	a.by = dev;
	a.by.cert.ski = fresh(20);
	say(reseal(make(&a), dev.key, chain, 2));
	ok(ERROR(E_SENDER_KID, FAIL_BAD_MESSAGE_CHECK),
	    "a senderKID that is not the certificate's key identifier is "
	    "badMessageCheck");
	a.d.transaction_id = fresh(16);
	a.by = dev;
	a.by.cert.subject = SLICE_LIT("\x30\x00");
	say(reseal(make(&a), dev.key, chain, 2));
	ok(ERROR(E_SENDER_NAME, FAIL_BAD_MESSAGE_CHECK),
	    "a NULL-DN as sender is badMessageCheck");
	a.d.transaction_id = fresh(16);
	a.by = dev;
	a.by.cert.ski = SLICE_NONE;
	a.key = dev.key;
	say(reseal(make(&a), dev.key, chain, 2));
	ok(granted(), "a message without senderKID is fine");
	ask_release(&a);
}

static void
test_extra_certs(void)
{
	const struct cert *mixed[] = { &stranger.cert, &maker.cert, &sub.cert,
	    &sub.cert, &dev2.cert, &stranger_root.cert, &dev.cert };
	const struct cert *many[40];
	struct key *k = new_key("ed25519");
	struct slice der;
	ASK(a);

	say(reseal(make(&a), dev.key, NULL, 0));
	ok(ERROR(E_PROT_CERT, FAIL_BAD_MESSAGE_CHECK),
	    "a first message without extraCerts is badMessageCheck");
	a.d.transaction_id = fresh(16);
	say(reseal(make(&a), dev.key, mixed, 1));
	ok(re.verdict == VERDICT_REFUSED && re.m.body == BODY_ERROR &&
	    re.fail == FAIL_BAD_MESSAGE_CHECK, "extraCerts without the "
	    "protection certificate are badMessageCheck");
	for (size_t i = 0; i < 40; i++)
		many[i] = i ? &sub.cert : &dev.cert;
	a.d.transaction_id = fresh(16);
	a.key = k;
	der = make(&a);
	say(reseal(der, dev.key, many, 33));
	ok(ERROR(E_EXTRA_COUNT, FAIL_BAD_DATA_FORMAT),
	    "more than 32 extraCerts are badDataFormat");
	say(reseal(der, dev.key, many, 33));
	ok(re.verdict == VERDICT_REPEATED && re.der.n > 0,
	    "a message that cannot be decoded gets the same answer again");
	a.d.transaction_id = fresh(16);
	say(reseal(make(&a), dev.key, mixed, 7));
	ok(granted(), "unordered, duplicate and unrelated extraCerts do no "
	    "harm");
	ask_release(&a);
	key_free(k);
}

static void
say_as(struct who w, struct ask *a)
{
	a->by = w;
	a->d.transaction_id = fresh(16);
	say_ask(a);
}

static void
test_trust(void)
{
	struct who w = { .key = dev.key };
	ASK(a);

	a.chain = stranger_root;
	say_as(stranger, &a);
	ok(ERROR(E_PATH_NONE, FAIL_SIGNER_NOT_TRUSTED),
	    "a signer under an unknown root is signerNotTrusted");
	w = identity(NULL, "CN=device1,O=Example", "ed25519",
	    (struct says){ 0 });
	say_as(w, &a);
	key_free(w.key);
	ok(ERROR(E_PATH_NONE, FAIL_SIGNER_NOT_TRUSTED),
	    "a self-signed certificate in extraCerts is not trusted");
	a.chain = sub;
	w.key = dev.key;
	w.cert = certify(&sub, "CN=device1,O=Example", dev.key,
	    (struct says){ .to = -1 });
	say_as(w, &a);
	ok(ERROR(E_PATH_TIME, FAIL_SIGNER_NOT_TRUSTED),
	    "an expired protection certificate is signerNotTrusted");
	w.cert = certify(&sub, "CN=device1,O=Example", dev.key,
	    (struct says){ .ku = KU_KEY_AGREEMENT });
	say_as(w, &a);
	ok(ERROR(E_PROT_USAGE, FAIL_SIGNER_NOT_TRUSTED),
	    "a keyUsage without digitalSignature is signerNotTrusted");
	w.cert = certify(&dev2, "CN=device1,O=Example", dev.key,
	    (struct says){ 0 });
	a.chain = dev2;
	say(make(&a));
	say_as(w, &a);
	ok(re.verdict == VERDICT_REFUSED && re.m.body == BODY_ERROR &&
	    re.fail == FAIL_SIGNER_NOT_TRUSTED,
	    "a certificate issued by a device is signerNotTrusted");
	ask_release(&a);
}

/* The failure is in the syntax: answered when there is a header to answer. */
static void
test_syntax(void)
{
	struct slice good, der;
	struct buf *b = new_buf();
	ASK(a);

	good = make(&a);
	say(SLICE(good.p, good.n - 1));
	ok(re.verdict == VERDICT_BAD && re.code != E_NONE && re.der.n == 0,
	    "a message cut short is bad and not answered");
	buf_add_slice(b, good);
	buf_add_u8(b, 0);
	say(buf_slice(b));
	ok(re.verdict == VERDICT_BAD && re.code == E_DER_TRAILING,
	    "a message with something after it is bad");
	derw_reset(&a.d.content);
	derw_int(&a.d.content, DER_INTEGER, 5);
	derw_wrap(&a.d.content, DER_SEQUENCE, 0);
	der = seal(&a.d, &a.by, &sub.cert);
	say(der);
	ok(REJECTED(E_SYNTAX, FAIL_BAD_DATA_FORMAT),
	    "a body of wrong syntax is rejected in its own response with "
	    "badDataFormat");
	a.d.transaction_id = fresh(16);
	derw_reset(&a.d.content);
	derw_int(&a.d.content, DER_INTEGER, 5);
	der = seal(&a.d, &a.by, &sub.cert);
	say(der);
	ok(ERROR(E_SYNTAX, FAIL_BAD_DATA_FORMAT),
	    "a body that is no SEQUENCE is badDataFormat in an error message");
	say(der);
	ok(re.verdict == VERDICT_REPEATED,
	    "the same syntax error again gets the same answer");
	a.d.transaction_id = fresh(16);
	a.d.general_info = SLICE_LIT("\x30\x0d\x06\x08\x2b\x06\x01\x05\x05\x07"
	    "\x04\x0d\x02\x01\x00");
	say(make(&a));
	ok(ERROR(E_SYNTAX, FAIL_BAD_DATA_FORMAT),
	    "an implicitConfirm that is not NULL is badDataFormat");
	a.d.transaction_id = fresh(16);
	a.d.general_info = SLICE_LIT("\x30\x0f\x06\x08\x2b\x06\x01\x05\x05\x07"
	    "\x04\x0e\x16\x03" "abc");
	say(make(&a));
	ok(ERROR(E_SYNTAX, FAIL_BAD_DATA_FORMAT),
	    "a confirmWaitTime that is no GeneralizedTime is badDataFormat");
	a.d.transaction_id = fresh(16);
	a.d.general_info = SLICE_LIT("\x30\x14\x06\x08\x2b\x06\x01\x05\x05\x07"
	    "\x04\x15\x30\x08\x0c\x02" "ab\x0c\x02" "cd");
	say(make(&a));
	ok(ERROR(E_SYNTAX, FAIL_BAD_DATA_FORMAT),
	    "a certProfile of two names is badDataFormat");
	a.d.general_info = SLICE_NONE;
	ask_release(&a);
}

/* Header fields that are not ours to judge. */
static void
test_graceful(void)
{
	struct key *k = new_key("ed25519");
	ASK(a);

	a.key = k;
	a.d.recipient = SLICE_LIT("\xa4\x02\x30\x00");
	a.d.general_info = SLICE_LIT("\x30\x0c\x06\x08\x2b\x06\x01\x05\x05\x07"
	    "\x04\x7f\x05\x00");
	say_ask(&a);
	ok(granted(), "an unknown generalInfo and a NULL-DN recipient are "
	    "handled gracefully");
	ok(re.m.hdr.has_confirm_wait && !re.m.hdr.implicit_confirm &&
	    re.m.hdr.confirm_wait == the_time + 60 * DAY,
	    "without implicitConfirm there is confirmWaitTime, and "
	    "messageTime with it");
	ask_release(&a);
	key_free(k);
}

int
main(void)
{
	setup("ed25519");
	key = new_key("ec:P-256");
	test_good();
	test_pvno();
	test_transaction_id();
	test_nonces();
	test_time();
	test_protection_missing();
	test_signature();
	test_sender();
	test_extra_certs();
	test_trust();
	test_syntax();
	test_graceful();
	key_free(key);
	teardown();
	return done();
}
