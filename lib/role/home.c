#include "role/home.h"

#include <stdio.h>

const char *
home_path(char t[static HOME_PATH], int homefd, const char *name)
{
	if (name[0] == '/')
		snprintf(t, HOME_PATH, "%s", name);
	else
		snprintf(t, HOME_PATH, "/proc/self/fd/%d/%s", homefd, name);
	return t;
}
