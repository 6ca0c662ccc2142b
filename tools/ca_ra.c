/* cmp-ca ra-cert: a certificate for a registration authority. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "pki/cert.h"
#include "pki/name.h"
#include "role/ra_cert.h"
#include "spool/spool.h"
#include "tools/ca.h"
#include "tools/tool.h"

static const char usage[] =
"usage: cmp-ca [-C HOME] ra-cert --csr FILE -o FILE [--days N]\n"
"\n"
"Gives a registration authority a certificate of this CA, with which it signs\n"
"messages: digitalSignature and cmcRA.  No request gets one like that.\n"
"  --csr FILE  its PKCS#10 request: subject and key are taken from it\n"
"  -o FILE     the certificate, PEM\n"
"  --days N    validity (365)\n"
"It is taken for an RA by a rule only: cmp-ca trust add --ra FILE\n";

#define DAYS_MAX	3650

/* Issue, and write it: a file that is lost can be had from cmp-ca show. */
static int
run(int fd, const struct csr *c, int64_t days, const char *to, struct err *e)
{
	char shown[TOOL_PATH], name[NAME_TEXT];
	struct engine *en = NULL;
	struct buf der, pem;
	int rc = -1;

	buf_init(&der, 1 << 16);
	buf_init(&pem, 1 << 16);
	if (engine_open(fd, STORE_WRITE, &en, e) == 0 &&
	    ra_cert_issue(en, c, days, &der, e) == 0) {
		cert_pem(&pem, "CERTIFICATE", buf_slice(&der));
		rc = tool_put(to, "ra.pem", buf_slice(&pem), shown, e);
		if (rc == 0)
			tool_say("issued \"%s\" with cmcRA", name_short(name,
			    c->subject));
	}
	engine_close(en);
	buf_release(&der);
	buf_release(&pem);
	return rc;
}

int
ca_ra_cert(const char *home, int argc, char **argv)
{
	const char *csr = NULL, *to = NULL, *days = NULL;
	const struct tool_opt opts[] = {
		{ "home", 'C', OPT_VALUE, &home },
		{ "csr", 0, OPT_VALUE, &csr },
		{ "out", 'o', OPT_VALUE, &to },
		{ "days", 0, OPT_VALUE, &days },
	};
	struct err e = { 0 };
	int fd = -1, lock = -1, rc = 0;
	struct buf der;
	struct csr c;
	char *end = NULL;
	long n = 365;

	if (tool_options(argc, argv, usage, opts,
	    sizeof(opts) / sizeof(opts[0])) != argc)
		return tool_usage("ra-cert takes no operand");
	if (csr == NULL || to == NULL)
		return tool_usage("ra-cert needs --csr FILE and -o FILE");
	if (days != NULL && ((n = strtol(days, &end, 10)) < 1 ||
	    n > DAYS_MAX || *end != '\0'))
		return tool_usage("--days is \"%.20s\", expected 1 to %d",
		    days, DAYS_MAX);
	if (csr_load(csr, &der, &c, &e) == -1)
		rc = tool_fail(csr, &e);
	else if (tool_can_put(to, 0, &e) == -1)
		rc = tool_fail(to, &e);
	else if ((fd = tool_home(home, 0, &e)) == -1 ||
	    ca_only(fd, "issues certificates", &e) == -1 ||
	    spool_lock(fd, &lock, &e) == -1 || run(fd, &c, n, to, &e) == -1)
		rc = tool_fail(home, &e);
	if (lock != -1)
		close(lock);
	if (fd != -1)
		close(fd);
	buf_release(&der);
	return rc;
}
