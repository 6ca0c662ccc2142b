/* Which options go with which operation. */
#include <stdlib.h>
#include <string.h>

#include "op/info.h"
#include "op/op.h"
#include "tools/mkreq.h"
#include "tools/tool.h"

#define INFO_WORDS "cacerts, rootupdate, reqtemplate, crl or current-crl"

/* A request of another tool has its key and names in it. */
static int
check_csr(const struct request_ask *a)
{
	if (a->csr == NULL)
		return tool_usage("p10cr needs --csr FILE, a certification "
		    "request (PKCS#10) of any tool");
	/* It is looked at before anything is done, and then again. */
	if (strcmp(a->csr, "-") == 0)
		return tool_usage("--csr has to be a file, not standard input");
	if (a->newkey != NULL || a->newkey_file != NULL ||
	    a->newkey_pass != NULL)
		return tool_usage("p10cr certifies the key of --csr, it has no "
		    "--newkey");
	if (a->subject != NULL || a->n_san > 0)
		return tool_usage("p10cr takes the names of --csr, it has no "
		    "--subject and no --san");
	return 0;
}

/* An RA asks for others, whose keys and names are theirs. */
static int
check_behalf(const struct request_ask *a, const struct op *op)
{
	if (!a->on_behalf)
		return a->n_allow_subject + a->n_allow_san == 0 ? 0 :
		    tool_usage("--allow-subject and --allow-san are for "
		    "--on-behalf");
	if (op->request != BODY_IR && op->request != BODY_CR &&
	    op->request != BODY_P10CR)
		return tool_usage("--on-behalf is for ir, cr and p10cr; rr has "
		    "--serial and --issuer");
	if (a->csr == NULL || strcmp(a->csr, "-") == 0)
		return tool_usage("--on-behalf needs --csr, a file with a "
		    "certification request (PKCS#10) or a directory of them");
	if (a->newkey != NULL || a->newkey_file != NULL ||
	    a->newkey_pass != NULL || a->template_file != NULL)
		return tool_usage("--on-behalf asks for the key in --csr; it "
		    "has no --newkey and no --template");
	if (a->subject != NULL || a->n_san > 0)
		return tool_usage("--on-behalf asks for the names in --csr; it "
		    "has no --subject and no --san");
	return a->cert != NULL ? 0 : tool_usage("--on-behalf needs --cert and "
	    "--key of the RA, which signs the request");
}

/* rr of another's certificate. */
static int
check_serial(const struct request_ask *a, const struct op *op)
{
	if (a->serial == NULL)
		return op->request != BODY_RR || a->info_issuer == NULL ? 0 :
		    tool_usage("rr: --issuer says whose certificate --serial "
		    "is; --cert alone revokes --cert");
	if (op->request != BODY_RR)
		return tool_usage("--serial is for rr");
	return a->info_issuer != NULL ? 0 : tool_usage("rr: --serial needs "
	    "--issuer, the name of the CA that issued the certificate");
}

static int
check_key_and_names(const struct request_ask *a, const struct op *op)
{
	if (a->on_behalf)
		return 0;
	if (op->request == BODY_P10CR)
		return check_csr(a);
	if (a->csr != NULL)
		return tool_usage("--csr is for p10cr, and for ir and cr with "
		    "--on-behalf");
	if (!(op->flags & OP_ENROLS))
		return 0;
	if (a->newkey == NULL && a->newkey_file == NULL &&
	    a->template_file == NULL)
		return tool_usage("--newkey is missing, for example --newkey "
		    "ec:P-256");
	if (a->newkey != NULL && a->newkey_file != NULL)
		return tool_usage("--newkey makes a key, --newkey-file takes "
		    "one: give one of them");
	if (op->request == BODY_KUR)
		return a->subject == NULL && a->n_san == 0 ? 0 :
		    tool_usage("kur takes the names of --cert over, it has no "
		    "--subject and no --san");
	if (a->template_file == NULL && a->subject == NULL)
		return tool_usage("--subject is missing, for example "
		    "--subject CN=pump17,O=Example");
	return 0;
}

/* genm: what goes with what is asked for. */
static int
check_info(const struct request_ask *a)
{
	const struct info *kind = a->info ? info_by_name(a->info) : NULL;
	int is_crl;

	if (a->info == NULL)
		return tool_usage("genm what? expected %s", INFO_WORDS);
	if (kind == NULL)
		return tool_usage("genm is for \"%.40s\", expected %s",
		    a->info, INFO_WORDS);
	is_crl = strcmp(a->info, "crl") == 0;
	if (is_crl && (a->info_dp == NULL) == (a->info_issuer == NULL))
		return tool_usage("genm crl needs --dp or --issuer");
	if (!is_crl && (a->info_dp || a->info_issuer || a->info_have))
		return tool_usage("--dp, --issuer and --have are for genm crl");
	if ((a->info_root != NULL) != (strcmp(a->info, "rootupdate") == 0))
		return tool_usage("genm rootupdate and --root go together");
	return 0;
}

static int
check_secret(const struct request_ask *a, const struct op *op)
{
	if ((a->secret_file == NULL) != (a->ref == NULL))
		return tool_usage("--secret-file and --ref go together");
	if (a->secret_file == NULL)
		return a->mac == NULL ? 0 : tool_usage("--mac is for "
		    "--secret-file");
	if (a->cert != NULL)
		return tool_usage("--cert signs, --secret-file makes a MAC: "
		    "give one of them");
	if (op->request != BODY_IR && op->request != BODY_CR &&
	    op->request != BODY_P10CR)
		return tool_usage("a shared secret is for ir, cr and p10cr; "
		    "%s needs --cert and --key", op->name);
	return 0;
}

int
mkreq_check(struct request_ask *a, int argc, char **argv, int at)
{
	const struct op *op;

	if (at >= argc)
		return tool_usage("no operation given, for example ir");
	op = op_by_name(argv[at]);
	if (op == NULL || op->build == NULL)
		return tool_usage("operation is \"%.40s\", expected ir, cr, "
		    "kur, p10cr, rr, genm, poll or list", argv[at]);
	a->op = op->name;
	if (op->request == BODY_GENM)
		a->info = at + 1 < argc ? argv[++at] : NULL;
	if (at + 1 < argc)
		return tool_usage("\"%.80s\" is not expected here",
		    argv[at + 1]);
	if ((a->cert == NULL) != (a->key == NULL))
		return tool_usage("--cert and --key go together");
	if (a->cert == NULL &&
	    (op->request == BODY_KUR || op->request == BODY_RR))
		return tool_usage("%s needs --cert and --key of the "
		    "certificate that it is about", op->name);
	if (a->reason != NULL && op->request != BODY_RR)
		return tool_usage("--reason is for rr");
	if (op->request == BODY_RR && (a->subject != NULL || a->n_san > 0 ||
	    a->newkey != NULL || a->newkey_file != NULL || a->confirm))
		return tool_usage("rr is about --cert; it has no name, no new "
		    "key and no confirmation");
	if (a->omit_empty && a->template_file == NULL)
		return tool_usage("--omit-empty is for --template");
	if (a->template_file != NULL && op->request != BODY_IR &&
	    op->request != BODY_CR && op->request != BODY_KUR)
		return tool_usage("--template is for ir, cr and kur, not for %s",
		    op->name);
	if (check_secret(a, op) != 0 || check_behalf(a, op) != 0 ||
	    check_serial(a, op) != 0)
		return err_exit(E_USAGE);
	return op->request == BODY_GENM ? check_info(a) :
	    check_key_and_names(a, op);
}
