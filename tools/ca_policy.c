/* cmp-ca policy: the table of who may ask for what. */
#include <stdio.h>

#include "policy/authz.h"
#include "tools/ca.h"
#include "tools/tool.h"

static const char usage[] =
"usage: cmp-ca [-C HOME] policy [--json]\n"
"\n"
"Prints the authorisation table: which sender may ask for which operation\n"
"about whose certificate.  What does not stand there is refused.  It is the\n"
"same for every CA; [enrol] and [ra] rules and [profile]s narrow it down.\n"
"An approval by an RA changes one thing: a sender that nobody here knows is\n"
"one that is vouched for.\n";

/* One line for each body and sender: its targets that are allowed. */
struct printing {
	int			 json;
	enum body		 body;
	enum authz_sender	 sender;
	int			 open;		/* a line has been begun */
};

static void
begin(struct printing *p, enum body body, enum authz_sender sender)
{
	if (p->open && p->body == body && p->sender == sender) {
		fputs(", ", stdout);
		return;
	}
	if (p->open)
		putchar('\n');
	if (!p->open || p->body != body)
		printf("%s%s\n", p->open ? "\n" : "", msg_body_name(body));
	printf("  %-24s", authz_sender_name(sender));
	p->open = 1;
	p->body = body;
	p->sender = sender;
}

static void
print_text(void *arg, enum body body, enum authz_sender sender,
    enum authz_target target, int allowed)
{
	if (!allowed)
		return;
	begin(arg, body, sender);
	fputs(authz_target_name(target), stdout);
}

/* Every cell, for scripts that look for what is new. */
static void
print_json(void *arg, enum body body, enum authz_sender sender,
    enum authz_target target, int allowed)
{
	(void)arg;
	printf("{\"body\":\"%s\",\"sender\":\"%s\",\"target\":\"%s\","
	    "\"allowed\":%s}\n", msg_body_name(body),
	    authz_sender_name(sender), authz_target_name(target),
	    allowed ? "true" : "false");
}

int
ca_policy(const char *home, int argc, char **argv)
{
	struct printing p = { 0 };
	const struct tool_opt opts[] = {
		{ "home", 'C', OPT_VALUE, &home },
		{ "json", 0, OPT_FLAG, &p.json },
	};

	if (tool_options(argc, argv, usage, opts,
	    sizeof(opts) / sizeof(opts[0])) != argc)
		return tool_usage("policy takes no operand");
	authz_each(p.json ? print_json : print_text, &p);
	if (p.open)
		putchar('\n');
	return fflush(stdout) != 0 || ferror(stdout) ? err_exit(E_IO) : 0;
}
