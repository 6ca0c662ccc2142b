/* cmp-sign: protect a draft, or replace a protection. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/secret.h"
#include "prot/protect.h"
#include "prot/shared.h"
#include "prot/verify.h"
#include "tools/tool.h"

#define MESSAGE_MAX	((size_t)1 << 20)

static const char usage[] =
"usage: cmp-sign --cert FILE --key FILE [--key-pass FILE] [--chain FILE]\n"
"                [--replace [--trust FILE]... [--old-secret FILE]]\n"
"                [-o FILE|DIR] [FILE]\n"
"       cmp-sign --secret-file FILE --ref NAME [--mac pbmac1|pbm]\n"
"                [--replace [--trust FILE]... [--old-secret FILE]]\n"
"                [-o FILE|DIR] [FILE]\n"
"\n"
"Reads a message (standard input by default), protects it with a signature or\n"
"a MAC and writes it.\n"
"  --cert, --key      the certificate and key that protect the message\n"
"  --chain FILE       certificates between --cert and its root\n"
"  --secret-file FILE a secret shared with the CA, for a MAC\n"
"  --ref NAME         what the CA calls that secret\n"
"  --mac KIND         pbmac1, or pbm for old CAs\n"
"  --replace          the message is protected already: verify that, then\n"
"                     replace it\n"
"  --trust FILE       a trust anchor of the signature to be replaced\n"
"  --old-secret FILE  the secret of the MAC to be replaced\n"
"  -o FILE|DIR        where to write; standard output by default\n"
"\n"
"example: cmp-sign --cert idevid.pem --key idevid.key < draft.pki > ir.pki\n";

static const char *cert_file, *key_file, *pass_file, *chain_file, *out;
static const char *secret_file, *ref, *mac, *old_secret;
static struct tool_many trust;
static int replace;

static const struct tool_opt opts[] = {
	{ "cert", 0, OPT_VALUE, &cert_file },
	{ "key", 0, OPT_VALUE, &key_file },
	{ "key-pass", 0, OPT_VALUE, &pass_file },
	{ "chain", 0, OPT_VALUE, &chain_file },
	{ "secret-file", 0, OPT_VALUE, &secret_file },
	{ "ref", 0, OPT_VALUE, &ref },
	{ "mac", 0, OPT_VALUE, &mac },
	{ "trust", 0, OPT_MANY, &trust },
	{ "old-secret", 0, OPT_VALUE, &old_secret },
	{ "replace", 0, OPT_FLAG, &replace },
	{ "output", 'o', OPT_VALUE, &out },
};

/* Everything the program opens. */
struct inputs {
	struct buf	 der;
	struct certs	 cert, chain, anchors[TOOL_MANY];
	struct anchor	 list[TOOL_MANY];
	size_t		 n_list;
	struct key	*key;
	struct buf	 secret, old_secret;
	struct mac	 mac;
	struct msg	 msg;
};

static int
check_usage(int argc, int at)
{
	if ((cert_file == NULL) != (key_file == NULL))
		return tool_usage("--cert and --key go together");
	if ((secret_file == NULL) != (ref == NULL))
		return tool_usage("--secret-file and --ref go together");
	if ((cert_file == NULL) == (secret_file == NULL))
		return tool_usage("either --cert and --key sign, or "
		    "--secret-file and --ref make a MAC");
	if (mac != NULL && secret_file == NULL)
		return tool_usage("--mac is for --secret-file");
	if ((pass_file || chain_file) && cert_file == NULL)
		return tool_usage("--key-pass and --chain are for --cert");
	if (argc > at + 1)
		return tool_usage("one FILE at most");
	if (replace != (trust.n > 0 || old_secret != NULL))
		return tool_usage("--replace needs what verifies the "
		    "protection: --trust or --old-secret, which are for it "
		    "only");
	return 0;
}

/* With what the message is to be protected. */
static int
open_credentials(struct inputs *in, struct err *e)
{
	if (secret_file != NULL)
		return shared_mac(mac, ref, &in->mac, e) == -1 ||
		    shared_load(secret_file, &in->secret, e) == -1 ? -1 : 0;
	if (certs_load(cert_file, &in->cert, e) == -1 ||
	    key_load(key_file, pass_file, &in->key, e) == -1 ||
	    (chain_file && certs_load(chain_file, &in->chain, e) == -1))
		return -1;
	if (in->cert.n == 0)
		return err_set(e, E_CERT_SYNTAX, "%s: no certificate in it",
		    cert_file);
	return 0;
}

static int
open_inputs(struct inputs *in, const char *file, struct err *e)
{
	struct slice der;

	if (open_credentials(in, e) == -1 || (old_secret != NULL &&
	    shared_load(old_secret, &in->old_secret, e) == -1))
		return -1;
	for (size_t i = 0; i < trust.n; i++) {
		if (certs_load(trust.v[i], &in->anchors[i], e) == -1)
			return -1;
		for (size_t k = 0; k < in->anchors[i].n &&
		    in->n_list < TOOL_MANY; k++)
			in->list[in->n_list++].cert = &in->anchors[i].v[k];
	}
	if (file_read(file, MESSAGE_MAX, &in->der, e) == -1)
		return -1;
	der = buf_slice(&in->der);
	if (tool_shape(file, der, e) == -1 ||
	    msg_decode(der, &in->msg, e) == -1)
		return err_wrap(e, "%s", file);
	return 0;
}

/* Whatever the message calls it. */
static int
give_secret(void *arg, struct slice reference, struct buf *to, struct err *e)
{
	const struct inputs *in = arg;

	(void)reference;
	(void)e;
	buf_add_slice(to, buf_slice(&in->old_secret));
	return 1;
}

/* A draft has no protection; with --replace it has one that verifies. */
static int
check_before(struct inputs *in, struct err *e)
{
	struct verify_ask ask = { .anchors = in->list,
	    .n_anchors = in->n_list, .now = clock_now() };
	struct checked *c;

	if (old_secret != NULL) {
		ask.secret = give_secret;
		ask.secret_arg = in;
	}

	if (!replace) {
		if (in->msg.has_protection)
			return err_set(e, E_PROT_KIND, "the message is "
			    "protected already; to verify and replace that, "
			    "give --replace with --trust FILE or "
			    "--old-secret FILE");
		return 0;
	}
	if (verify_msg(&in->msg, &ask, &c, e) == -1)
		return -1;
	checked_free(c);
	return 0;
}

static int
protect(const struct inputs *in, struct buf *to, struct err *e)
{
	struct signer s = { .key = in->key, .cert = in->cert.v,
	    .chain = &in->chain };
	struct shared k = { .secret = buf_slice(&in->secret), .mac = in->mac };

	if (secret_file != NULL) {
		k.reference = slice_str(ref);
		return protect_message_mac(&in->msg, &k, to, e);
	}
	return protect_check(&s, e) == -1 ? -1 :
	    protect_message(&in->msg, &s, to, e);
}

static int
run(struct inputs *in, const char *file, struct err *e)
{
	char shown[TOOL_PATH];
	struct buf signed_der;
	int rc = -1;

	buf_init(&signed_der, MESSAGE_MAX);
	if (tool_can_put(out, 0, e) == -1 || open_inputs(in, file, e) == -1 ||
	    check_before(in, e) == -1)
		goto done;
	if (protect(in, &signed_der, e) == -1 ||
	    tool_put(out, "signed.pki", buf_slice(&signed_der), shown,
	    e) == -1)
		goto done;
	if (shown[0] != '\0')
		tool_say("wrote %s; next: bring it to the CA", shown);
	rc = 0;
done:
	buf_release(&signed_der);
	return rc;
}

int
main(int argc, char **argv)
{
	static struct inputs in;
	struct err e = { 0 };
	int rc, at = tool_options(argc, argv, usage, opts,
	    sizeof(opts) / sizeof(opts[0]));

	if ((rc = check_usage(argc, at)) != 0)
		return rc;
	buf_init(&in.der, MESSAGE_MAX + 1);
	buf_init(&in.secret, SECRET_MAX + 1);
	buf_init(&in.old_secret, SECRET_MAX + 1);
	rc = run(&in, at < argc ? argv[at] : "-", &e);
	key_free(in.key);
	certs_free(&in.cert);
	certs_free(&in.chain);
	for (size_t i = 0; i < trust.n; i++)
		certs_free(&in.anchors[i]);
	buf_release(&in.secret);
	buf_release(&in.old_secret);
	buf_release(&in.der);
	return rc == -1 ? tool_fail(NULL, &e) : 0;
}
