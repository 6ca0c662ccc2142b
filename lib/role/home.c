#include "role/home.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/file.h"

#define CONF_MAX	((size_t)1 << 20)

const char *
home_path(char t[static HOME_PATH], int homefd, const char *name)
{
	if (name[0] == '/')
		snprintf(t, HOME_PATH, "%s", name);
	else
		snprintf(t, HOME_PATH, "/proc/self/fd/%d/%s", homefd, name);
	return t;
}

int
home_edit_begin(struct home_edit *d, int homefd, struct err *e)
{
	*d = (struct home_edit){ .homefd = homefd, .trust = -1 };
	buf_init(&d->text, CONF_MAX);
	if ((d->trust = file_open_dir(homefd, "trust", 0, e)) == -1)
		return -1;
	if (flock(d->trust, LOCK_EX) == -1)
		return err_set(e, E_LOCKED, "trust: cannot be locked: %s",
		    strerror(errno));
	return file_read_at(homefd, "cmp.conf", CONF_MAX, &d->text, e);
}

int
home_edit_save(struct home_edit *d, struct slice text, struct err *e)
{
	return file_deliver(d->homefd, "cmp.conf", text, 0644, FILE_REPLACE,
	    e);
}

void
home_edit_end(struct home_edit *d)
{
	if (d->trust != -1)
		close(d->trust);
	buf_release(&d->text);
}
