/* The commented cmp.conf of a new home, and the list of all keys. */
#include "policy/conf_impl.h"

#include <string.h>

static const char *const intro[CONF__SECTIONS] = {
	[CONF_global] =
	    "# cmp.conf(5).  A line is \"key = value\" or a comment; keys that\n"
	    "# are commented out show their default.  Files are named relative\n"
	    "# to this directory; they hold the secrets, this file has none.\n",
	[CONF_ca] =
	    "# The keys and certificates of the CA.\n",
	[CONF_relay] =
	    "# The key and certificate of the RA, who answers it, and when the\n"
	    "# messages that it bundles leave.\n",
	[CONF_spool] =
	    "# The directory that messages come and go through.\n",
	[CONF_channel] =
	    "# A way that messages come by, in spool/in/NAME and spool/out/NAME;\n"
	    "# what it does not say is as above.\n",
	[CONF_profile] =
	    "# What a certificate may be; any number, each with its own name.\n",
	[CONF_enrol] =
	    "# Whose devices may ask for which names; the first rule that fits\n"
	    "# decides.  `cmp-ca trust add` writes these.\n",
	[CONF_ra] =
	    "# RAs that may approve requests and make them for others.  `cmp-ca\n"
	    "# trust add --ra` writes these.\n",
	[CONF_forward] =
	    "# Whose requests are passed on, and how; the first rule that fits\n"
	    "# decides.  `cmp-ca trust add --forward` writes these.\n",
};

/* A header, commented out where an example would otherwise be a rule. */
static const char *const header[CONF__SECTIONS] = {
	[CONF_ca] = "[ca]\n",
	[CONF_relay] = "[relay]\n",
	[CONF_spool] = "[spool]\n",
	[CONF_profile] = "[profile default]\n",
	[CONF_channel] = "#[channel example]\n",
	[CONF_enrol] = "#[enrol example]\n",
	[CONF_ra] = "#[ra example]\n",
	[CONF_forward] = "#[forward example]\n",
};

static void
put_key(struct buf *out, const struct conf_key *k, enum role role)
{
	static const char *const names[] = { "ee", "ra", "ca" };

	buf_printf(out, "\n# %s%s\n", k->doc,
	    k->dflt == NULL ? "  Not set by default; as:" : "");
	if (strcmp(k->key, "role") == 0)
		buf_printf(out, "role = %s\n", names[role]);
	else
		buf_printf(out, "#%s = %s\n", k->key,
		    k->dflt != NULL ? k->dflt : k->example);
}

void
conf_template(struct buf *out, enum role role)
{
	int last = -1;

	for (const struct conf_key *k = conf_keys;
	    k < conf_keys + conf_n_keys; k++) {
		if (!(k->roles & 1u << role))
			continue;
		if ((int)k->section != last) {
			buf_add_str(out, last == -1 ? "" : "\n");
			buf_add_str(out, intro[k->section]);
			if (header[k->section] != NULL)
				buf_add_str(out, header[k->section]);
			last = (int)k->section;
		}
		put_key(out, k, role);
	}
}

void
conf_each_key(void (*each)(void *arg, const char *section, const char *key,
    const char *type, const char *dflt, const char *doc), void *arg)
{
	for (const struct conf_key *k = conf_keys;
	    k < conf_keys + conf_n_keys; k++)
		each(arg, conf_section_name(k->section), k->key, k->type->name,
		    k->dflt, k->doc);
}
