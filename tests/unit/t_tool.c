/* What every program does before it does anything. */
#include "tap.h"

#include <sys/prctl.h>
#include <sys/resource.h>

#include "tools/tool.h"

int
main(void)
{
	struct rlimit core = { 1, 1 };

	ok(tool_worse(0, 1) == 1 && getrlimit(RLIMIT_CORE, &core) == 0 &&
	    core.rlim_cur == 0 && core.rlim_max == 0,
	    "a program leaves no core file");
#ifndef __SANITIZE_ADDRESS__
	ok(prctl(PR_GET_DUMPABLE) == 0, "and no other looks into its memory");
#endif
	return done();
}
