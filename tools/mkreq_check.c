/* What goes together in a request, and what does not. */
#include <string.h>

#include "tools/mkreq.h"
#include "tools/tool.h"

/* A request of another tool has its key and names in it. */
static int
check_csr(const struct request_ask *ask)
{
	if (ask->csr == NULL)
		return tool_usage("p10cr needs --csr FILE, a certification "
		    "request (PKCS#10) of any tool");
	/* It is looked at before anything is done, and then again. */
	if (strcmp(ask->csr, "-") == 0)
		return tool_usage("--csr has to be a file, not standard input");
	if (ask->newkey != NULL || ask->newkey_file != NULL ||
	    ask->newkey_pass != NULL)
		return tool_usage("p10cr certifies the key of --csr, it has no "
		    "--newkey");
	if (ask->subject != NULL || ask->n_san > 0)
		return tool_usage("p10cr takes the names of --csr, it has no "
		    "--subject and no --san");
	return 0;
}

static int
check_key_and_names(const struct request_ask *ask, const struct op *op)
{
	if (op->request == BODY_P10CR)
		return check_csr(ask);
	if (ask->csr != NULL)
		return tool_usage("--csr is for p10cr");
	if (!(op->flags & OP_ENROLS))
		return 0;
	if (ask->newkey == NULL && ask->newkey_file == NULL)
		return tool_usage("--newkey is missing, for example --newkey "
		    "ec:P-256");
	if (ask->newkey != NULL && ask->newkey_file != NULL)
		return tool_usage("--newkey makes a key, --newkey-file takes "
		    "one: give one of them");
	if (op->request == BODY_KUR)
		return ask->subject == NULL && ask->n_san == 0 ? 0 :
		    tool_usage("kur takes the names of --cert over, it has no "
		    "--subject and no --san");
	if (ask->subject == NULL)
		return tool_usage("--subject is missing, for example "
		    "--subject CN=pump17,O=Example");
	return 0;
}

static int
check_secret(const struct request_ask *ask, const struct op *op)
{
	if ((ask->secret_file == NULL) != (ask->ref == NULL))
		return tool_usage("--secret-file and --ref go together");
	if (ask->secret_file == NULL)
		return ask->mac == NULL ? 0 : tool_usage("--mac is for "
		    "--secret-file");
	if (ask->cert != NULL)
		return tool_usage("--cert signs, --secret-file makes a MAC: "
		    "give one of them");
	if (op->request != BODY_IR && op->request != BODY_CR &&
	    op->request != BODY_P10CR)
		return tool_usage("a shared secret is for ir, cr and p10cr; "
		    "%s needs --cert and --key", op->name);
	return 0;
}

int
mkreq_check(const struct request_ask *ask, const struct op *op)
{
	if ((ask->cert == NULL) != (ask->key == NULL))
		return tool_usage("--cert and --key go together");
	if (ask->cert == NULL &&
	    (op->request == BODY_KUR || op->request == BODY_RR))
		return tool_usage("%s needs --cert and --key of the "
		    "certificate that it is about", op->name);
	if (ask->reason != NULL && op->request != BODY_RR)
		return tool_usage("--reason is for rr");
	if (op->request == BODY_RR && (ask->subject != NULL || ask->n_san > 0 ||
	    ask->newkey != NULL || ask->newkey_file != NULL || ask->confirm))
		return tool_usage("rr is about --cert; it has no name, no new "
		    "key and no confirmation");
	if (check_secret(ask, op) != 0)
		return 64;
	return check_key_and_names(ask, op);
}
