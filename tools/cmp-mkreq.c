/* cmp-mkreq: format a request and remember it. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "spool/spool.h"
#include "op/info.h"
#include "role/request.h"
#include "tools/mkreq.h"
#include "tools/tool.h"

static const char usage[] =
"usage: cmp-mkreq [-C HOME] ir|cr|kur|p10cr [--subject DN] [--san NAME]...\n"
"                 [--newkey SPEC | --newkey-file FILE] [--newkey-pass FILE]\n"
"                 [--csr FILE]\n"
"                 [--cert FILE --key FILE [--key-pass FILE] [--chain FILE] |\n"
"                 --secret-file FILE --ref NAME [--mac pbmac1|pbm]]\n"
"                 [--trust FILE]... [--crl FILE]... [--recipient DN]\n"
"                 [--profile NAME] [--template FILE [--omit-empty]] [--confirm]\n"
"                 [-n] [-o FILE|DIR]\n"
"       cmp-mkreq [-C HOME] rr --cert FILE --key FILE [--reason NAME] ...\n"
"       cmp-mkreq [-C HOME] ir|cr|p10cr --on-behalf --csr FILE|DIR\n"
"                 [--allow-subject PATTERN]... [--allow-san PATTERN]...\n"
"                 --cert FILE --key FILE ...\n"
"       cmp-mkreq [-C HOME] rr --serial N --issuer DN [--reason NAME]\n"
"                 --cert FILE --key FILE ...\n"
"       cmp-mkreq [-C HOME] genm cacerts|current-crl|reqtemplate\n"
"                 [--profile NAME] --cert FILE --key FILE\n"
"       cmp-mkreq [-C HOME] genm crl --dp URI | --issuer DN [--have FILE]\n"
"                 --cert FILE --key FILE\n"
"       cmp-mkreq [-C HOME] genm rootupdate --root FILE --cert FILE --key FILE\n"
"       cmp-mkreq [-C HOME] poll [ID] [-n] [-o FILE|DIR]\n"
"       cmp-mkreq [-C HOME] list [--json]\n"
"\n"
"Makes a certificate request and keeps its transaction open in HOME.\n"
"  ir, cr             a first certificate of a PKI; another one\n"
"  kur                an update of --cert, with its names and a new key\n"
"  p10cr              what the PKCS#10 request in --csr asks for\n"
"  rr                 revoke --cert, or as an RA that of --serial and --issuer\n"
"  poll               ask again for an answer that is delayed; ID: first digits\n"
"                     of the transactionID if more than one request waits\n"
"  list               requests that have no last answer yet\n"
"  -C HOME            home directory of the device (made if it is absent)\n"
"  --subject DN       name to ask for, as in RFC 4514: CN=pump17,O=Example\n"
"  --san NAME         dns:NAME ip:ADDRESS email:MAILBOX uri:URI\n"
"  --newkey SPEC      rsa:BITS rsa-pss:BITS ec:P-256 ec:P-384 ec:P-521\n"
"                     ed25519 ed448\n"
"  --newkey-file FILE ask for this key, which exists; HOME gets a copy\n"
"  --newkey-pass FILE passphrase of the new key\n"
"  --csr FILE         p10cr: the request of any tool, PEM or DER\n"
"  --on-behalf        as an RA, for others: --csr is theirs, --cert is ours\n"
"  --allow-subject, --allow-san  and only for such names\n"
"  --cert, --key      the certificate and key that protect the request;\n"
"                     without them it is a draft for cmp-sign\n"
"  --chain FILE       certificates between --cert and its root\n"
"  --secret-file FILE a secret shared with the CA protects the request\n"
"  --ref NAME         what the CA calls that secret\n"
"  --mac KIND         pbmac1, or pbm for old CAs\n"
"  --trust FILE       whose answers to believe (kept in HOME/trust)\n"
"  --template FILE    names, usages and key as HOME/template/NAME.der wants them\n"
"  --omit-empty       leave out what is empty there and nobody fills in\n"
"  --confirm          ask for explicit confirmation\n"
"  --reason NAME      why a certificate is to be revoked: keyCompromise,\n"
"                     superseded, ...; unspecified by default\n"
"  -n                 say what would be done\n"
"  -o FILE|DIR        where to write; standard output by default\n"
"\n"
"example: cmp-mkreq -C dev1 ir --subject CN=pump17,O=Example \\\n"
"             --newkey ec:P-256 --cert idevid.pem --key idevid.key \\\n"
"             --trust ca.pem -o stick/\n";

static struct request_ask ask;
static const char *home, *out;
static struct tool_many san, trust, crl, allow_subject, allow_san;
static int dry, json;

static const struct tool_opt opts[] = {
	{ "home", 'C', OPT_VALUE, &home },
	{ "subject", 0, OPT_VALUE, &ask.subject },
	{ "san", 0, OPT_MANY, &san },
	{ "csr", 0, OPT_VALUE, &ask.csr },
	{ "on-behalf", 0, OPT_FLAG, &ask.on_behalf },
	{ "allow-subject", 0, OPT_MANY, &allow_subject },
	{ "allow-san", 0, OPT_MANY, &allow_san },
	{ "serial", 0, OPT_VALUE, &ask.serial },
	{ "newkey", 0, OPT_VALUE, &ask.newkey },
	{ "newkey-file", 0, OPT_VALUE, &ask.newkey_file },
	{ "newkey-pass", 0, OPT_VALUE, &ask.newkey_pass },
	{ "cert", 0, OPT_VALUE, &ask.cert },
	{ "key", 0, OPT_VALUE, &ask.key },
	{ "key-pass", 0, OPT_VALUE, &ask.key_pass },
	{ "chain", 0, OPT_VALUE, &ask.chain },
	{ "secret-file", 0, OPT_VALUE, &ask.secret_file },
	{ "ref", 0, OPT_VALUE, &ask.ref },
	{ "mac", 0, OPT_VALUE, &ask.mac },
	{ "trust", 0, OPT_MANY, &trust },
	{ "crl", 0, OPT_MANY, &crl },
	{ "recipient", 0, OPT_VALUE, &ask.recipient },
	{ "profile", 0, OPT_VALUE, &ask.profile },
	{ "template", 0, OPT_VALUE, &ask.template_file },
	{ "omit-empty", 0, OPT_FLAG, &ask.omit_empty },
	{ "root", 0, OPT_VALUE, &ask.info_root },
	{ "dp", 0, OPT_VALUE, &ask.info_dp },
	{ "issuer", 0, OPT_VALUE, &ask.info_issuer },
	{ "have", 0, OPT_VALUE, &ask.info_have },
	{ "confirm", 0, OPT_FLAG, &ask.confirm },
	{ "reason", 0, OPT_VALUE, &ask.reason },
	{ "json", 0, OPT_FLAG, &json },
	{ "dry-run", 'n', OPT_FLAG, &dry },
	{ "output", 'o', OPT_VALUE, &out },
};

/* Paths that are kept have to hold when the answer comes. */
static void
make_absolute(void)
{
	static char t[5][TOOL_PATH];
	const char **p[] = { &ask.cert, &ask.key, &ask.key_pass, &ask.chain,
	    &ask.secret_file };

	for (size_t i = 0; i < sizeof(p) / sizeof(p[0]); i++)
		if (*p[i] != NULL)
			*p[i] = tool_absolute(t[i], *p[i]);
}

/* Whom the request is about, in the user's own words. */
static const char *
about(void)
{
	return ask.info != NULL ? ask.info : ask.serial != NULL ?
	    ask.serial : ask.subject != NULL ?
	    ask.subject : ask.csr != NULL ? ask.csr : ask.cert != NULL ?
	    ask.cert : ask.template_file;
}

static int
run(struct err *e)
{
	struct request_made made;
	char shown[TOOL_PATH];
	int fd, lock = -1, rc = -1;

	/* What cannot be done leaves nothing behind, not even a home. */
	if (request_check(&ask, e) == -1 || tool_can_put(out, 0, e) == -1 ||
	    (fd = tool_home(home, 1, e)) == -1)
		return -1;
	request_made_init(&made);
	if (spool_lock(fd, &lock, e) == -1 ||
	    request_make(fd, &ask, &made, e) == -1 ||
	    tool_put(out, made.name, buf_slice(&made.message), shown, e) == -1)
		goto done;
	tool_say("%s for \"%s\"%s%s", made.draft ? "draft" : ask.op,
	    made.names[0] ? made.names : about(),
	    shown[0] ? " written to " : "", shown);
	if (made.key_file[0] != '\0' && ask.csr == NULL)
		tool_say("the new key is in %s/%s", home ? home : ".",
		    made.key_file);
	if (made.draft)
		tool_say("next: cmp-sign --cert FILE --key FILE < DRAFT");
	else
		tool_say("next: bring it to the CA, and its answer to: "
		    "cmp-process -C %s FILE", home ? home : ".");
	rc = 0;
done:
	if (lock != -1)
		close(lock);
	request_made_release(&made);
	close(fd);
	return rc;
}

/* "poll" and "list" make no request: none of its options goes with them. */
static int
about_open(int argc, char **argv, int at)
{
	static const struct request_ask none;
	int poll = strcmp(argv[at], "poll") == 0;

	if (memcmp(&ask, &none, sizeof(ask)) != 0 || san.n > 0 ||
	    trust.n + crl.n + allow_subject.n + allow_san.n > 0)
		return tool_usage("%s takes no options of requests", argv[at]);
	if (at + 1 + poll < argc)
		return tool_usage("\"%.80s\" is not expected here",
		    argv[at + 1 + poll]);
	if (poll ? json : dry || out != NULL)
		return tool_usage("%s is not for %s", json ? "--json" :
		    "-n or -o", argv[at]);
	return poll ? mkreq_poll(home, at + 1 < argc ? argv[at + 1] : NULL,
	    out, dry) : mkreq_list(home, json);
}

int
main(int argc, char **argv)
{
	struct err e = { 0 };
	int at = tool_options(argc, argv, usage, opts,
	    sizeof(opts) / sizeof(opts[0])), rc;

	if (at < argc && (strcmp(argv[at], "poll") == 0 ||
	    strcmp(argv[at], "list") == 0))
		return about_open(argc, argv, at);
	if (json)
		return tool_usage("--json is for list");
	ask.san = san.v;
	ask.n_san = san.n;
	ask.trust = trust.v;
	ask.n_trust = trust.n;
	ask.crl = crl.v;
	ask.n_crl = crl.n;
	ask.allow_subject = allow_subject.v;
	ask.n_allow_subject = allow_subject.n;
	ask.allow_san = allow_san.v;
	ask.n_allow_san = allow_san.n;
	if ((rc = mkreq_check(&ask, argc, argv, at)) != 0)
		return rc;
	make_absolute();
	if (ask.on_behalf)
		return mkreq_behalf(&ask, home, out, dry);
	if (dry) {
		if (request_check(&ask, &e) == -1)
			return tool_fail(NULL, &e);
		if (ask.newkey == NULL && ask.newkey_file == NULL) {
			tool_say("would make %s for \"%s\"", ask.op, about());
			return 0;
		}
		tool_say("would %s %s and make %s for \"%s\"",
		    ask.newkey ? "make a key" : "take the key in", ask.newkey ?
		    ask.newkey : ask.newkey_file, ask.op, about());
		return 0;
	}
	return run(&e) == -1 ? tool_fail(NULL, &e) : 0;
}
