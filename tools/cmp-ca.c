/* cmp-ca: set up and run a certification authority. */
#include <stdio.h>
#include <string.h>

#include "policy/conf.h"
#include "tools/ca.h"
#include "tools/tool.h"

static const struct ca_verb verbs[] = {
	{ "init", ca_init, "make HOME a CA, or an RA" },
	{ "trust", ca_trust, "whose devices may ask, and which RAs for others" },
	{ "ra-cert", ca_ra_cert, "a certificate for a registration authority" },
	{ "ticket", ca_ticket, "shared secrets to enrol with" },
	{ "list", ca_list, "the certificates that were issued" },
	{ "issued", ca_list, "the same" },
	{ "show", ca_show, "one of them" },
	{ "policy", ca_policy, "who may ask for what" },
	{ "revoke", ca_revoke, "a certificate" },
	{ "crl", ca_crl, "make a new CRL" },
	{ "pending", ca_pending, "the requests that wait for a decision" },
	{ "approve", ca_approve, "grant one of them" },
	{ "reject", ca_reject, "refuse one of them" },
	{ "rollover", ca_rollover, "a new key for a root CA" },
	{ "clock", ca_clock, "whether the clock fits the audit trail" },
	{ "check", ca_check, "whether the audit trail is unbroken" },
};
#define VERBS	(sizeof(verbs) / sizeof(verbs[0]))

int
ca_only(int homefd, const char *does, struct err *e)
{
	struct err ignored = { 0 };
	struct conf *c;
	int rc = 0;

	if (conf_load(homefd, "cmp.conf", &c, &ignored) == -1)
		return 0;
	if (strcmp(c->home.role, "ca") != 0)
		rc = err_set(e, E_CONF, "cmp.conf: role is \"%s\"; only a CA "
		    "%s", c->home.role, does);
	conf_free(c);
	return rc;
}

static void
usage(FILE *f)
{
	fputs("usage: cmp-ca [-C HOME] VERB ...\n\n", f);
	for (size_t i = 0; i < VERBS; i++)
		fprintf(f, "  %-8s %s\n", verbs[i].name, verbs[i].what);
	fputs("\ncmp-ca VERB --help says more.\n"
	    "\nexample: cmp-ca -C ca init --name \"CN=Plant CA,O=Example\" "
	    "--newkey ec:P-384\n", f);
}

/* -C may also stand after the verb: the verbs take it as well. */
int
main(int argc, char **argv)
{
	const char *home = ".";
	int at = 1;

	if (argc > 2 && strcmp(argv[1], "-C") == 0) {
		home = argv[2];
		at = 3;
	}
	if (at < argc && strcmp(argv[at], "--help") == 0) {
		usage(stdout);
		return 0;
	}
	if (at < argc && strcmp(argv[at], "--version") == 0) {
		printf("cmp-ca (cmp-tools) %s\n", VERSION);
		return 0;
	}
	if (at >= argc || argv[at][0] == '-')
		return tool_usage("no verb given");
	for (size_t i = 0; i < VERBS; i++)
		if (strcmp(argv[at], verbs[i].name) == 0)
			return verbs[i].run(home, argc - at, argv + at);
	return tool_usage("\"%.40s\" is no verb of cmp-ca", argv[at]);
}
