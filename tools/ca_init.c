#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "role/setup.h"
#include "spool/spool.h"
#include "tools/ca.h"
#include "tools/tool.h"

static const char usage[] =
"usage: cmp-ca [-C HOME] init --name DN --newkey SPEC [--days N]\n"
"                        [--protect-newkey SPEC | --protect-key FILE]\n"
"       cmp-ca [-C HOME] init --key FILE --cert FILE [--key-pass FILE]\n"
"                        [--chain FILE]\n"
"                        [--protect-newkey SPEC | --protect-key FILE]\n"
"       cmp-ca [-C HOME] init --role ra --name DN --newkey SPEC [--days N]\n"
"       cmp-ca [-C HOME] init --role ra --key FILE --cert FILE\n"
"                        [--key-pass FILE] [--chain FILE]\n"
"\n"
"Makes HOME a certification authority: keys, certificates, cmp.conf, spool\n"
"and store; or a registration authority, whose certificate signs itself.\n"
"  --role ca|ra       which of them (ca)\n"
"  --name DN          of a new CA or RA: CN=Plant CA,O=Example\n"
"  --newkey SPEC      rsa:BITS rsa-pss:BITS ec:P-256 ec:P-384 ec:P-521\n"
"                     ed25519 ed448\n"
"  --days N           validity of the new certificate (7300)\n"
"  --key, --cert      of a CA or RA that exists; --chain: what is above it\n"
"  --protect-newkey SPEC  for the key that signs messages; default as the CA's\n"
"  --protect-key FILE     or a key that exists, without a passphrase\n"
"\n"
"example: cmp-ca -C ca init --name \"CN=Plant CA,O=Example\" --newkey ec:P-384\n";

static int
check_usage(const struct setup_ask *a)
{
	if (a->ra && (a->protect_newkey != NULL || a->protect_key != NULL))
		return tool_usage("an RA has only the key that signs messages: "
		    "--newkey or --key");
	if (a->protect_newkey != NULL && a->protect_key != NULL)
		return tool_usage("--protect-newkey makes a key, --protect-key "
		    "takes one: give one of them");
	if (a->key == NULL && a->cert == NULL) {
		if (a->name == NULL || a->newkey == NULL)
			return tool_usage("--name and --newkey are needed for "
			    "a new %s, --key and --cert for one that exists",
			    a->ra ? "RA" : "CA");
		if (a->chain != NULL || a->key_pass != NULL)
			return tool_usage("--chain and --key-pass are for one "
			    "that exists");
		return 0;
	}
	if (a->key == NULL || a->cert == NULL)
		return tool_usage("--key and --cert go together");
	if (a->name != NULL || a->newkey != NULL || a->days != NULL)
		return tool_usage("--name, --newkey and --days are for a new "
		    "one");
	return 0;
}

/* What comes next; ${without}: a certificate that is not an RA's. */
static void
say_next(const char *home, int ra, int without)
{
	if (!ra) {
		tool_say("%s is a CA now; devices need %s/certs/ca.pem to "
		    "trust it", home, home);
		tool_say("next: cmp-ca -C %s trust add --enrol FILE --subject "
		    "'CN=*,O=Example'", home);
		return;
	}
	if (without)
		tool_say("warning: the certificate has no cmcRA in its "
		    "extendedKeyUsage; only a CA that pins it takes it for an "
		    "RA, and no CA its raVerified");
	tool_say("%s is an RA now; a CA comes to know it with: cmp-ca trust "
	    "add --ra %s/certs/cmp.pem", home, home);
	tool_say("next: cmp-ca -C %s trust add --upstream FILE, the anchor of "
	    "that CA, and trust add --forward FILE, that of devices", home);
}

int
ca_init(const char *home, int argc, char **argv)
{
	struct setup_ask ask = { 0 };
	const char *role = "ca";
	const struct tool_opt opts[] = {
		{ "home", 'C', OPT_VALUE, &home },
		{ "role", 0, OPT_VALUE, &role },
		{ "name", 0, OPT_VALUE, &ask.name },
		{ "newkey", 0, OPT_VALUE, &ask.newkey },
		{ "days", 0, OPT_VALUE, &ask.days },
		{ "key", 0, OPT_VALUE, &ask.key },
		{ "key-pass", 0, OPT_VALUE, &ask.key_pass },
		{ "cert", 0, OPT_VALUE, &ask.cert },
		{ "chain", 0, OPT_VALUE, &ask.chain },
		{ "protect-newkey", 0, OPT_VALUE, &ask.protect_newkey },
		{ "protect-key", 0, OPT_VALUE, &ask.protect_key },
	};
	char pass[TOOL_PATH];
	struct err e = { 0 };
	int fd, rc, at, without = 0;

	at = tool_options(argc, argv, usage, opts,
	    sizeof(opts) / sizeof(opts[0])) + 1;
	if (at - 1 < argc)
		return tool_usage("\"%.80s\" is not expected here",
		    argv[at - 1]);
	ask.ra = strcmp(role, "ra") == 0;
	if (!ask.ra && strcmp(role, "ca") != 0)
		return tool_usage("--role is \"%.40s\", expected ca or ra; "
		    "cmp-mkreq makes the home of a device", role);
	if ((rc = check_usage(&ask)) != 0)
		return rc;
	if (ask.key_pass != NULL)
		ask.key_pass = tool_absolute(pass, ask.key_pass);
	/* What cannot be done leaves no home behind. */
	if (setup_check(&ask, &e) == -1 || (fd = tool_home(home, 1, &e)) == -1)
		return tool_fail(home, &e);
	if (spool_init(fd, &e) == -1 || (ask.ra ? setup_ra(fd, &ask, &without,
	    &e) : setup_ca(fd, &ask, &e)) == -1)
		rc = tool_fail(home, &e);
	close(fd);
	if (rc != 0)
		return rc;
	say_next(home, ask.ra, without);
	return 0;
}
