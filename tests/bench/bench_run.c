/*
 * bench_run N COMMAND...: run COMMAND N times, "%" in an argument standing
 * for the number of the run; print the median wall and CPU time of a run in
 * milliseconds, and with BENCH_RSS in the environment the largest memory of
 * any run in KiB.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define RUNS	1000
#define ARGS	64

static double
milli(struct timeval t)
{
	return (double)t.tv_sec * 1e3 + (double)t.tv_usec / 1e3;
}

static double
wall(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int
order(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void
child(char **argv, int run)
{
	static char numbered[ARGS][256];
	char *v[ARGS + 1] = { NULL }, *mark;
	int null = open("/dev/null", O_RDWR);

	for (int i = 0; i < ARGS && argv[i] != NULL; i++) {
		v[i] = argv[i];
		if ((mark = strchr(argv[i], '%')) == NULL)
			continue;
		snprintf(numbered[i], sizeof(numbered[i]), "%.*s%d%s",
		    (int)(mark - argv[i]), argv[i], run, mark + 1);
		v[i] = numbered[i];
	}
	for (int fd = 0; fd < 3; fd++)
		dup2(null, fd);
	execvp(v[0], v);
	_exit(127);
}

int
main(int argc, char **argv)
{
	static double took[RUNS], cpu[RUNS];
	long rss = 0;
	struct rusage u;
	int status, n;
	pid_t pid;

	if (argc < 3 || (n = (int)strtol(argv[1], NULL, 10)) < 1 || n > RUNS)
		return 1;
	for (int i = 0; i < n; i++) {
		took[i] = wall();
		if ((pid = fork()) == 0)
			child(argv + 2, i);
		if (pid == -1 || wait4(pid, &status, 0, &u) == -1 ||
		    status != 0) {
			fprintf(stderr, "bench_run: %s failed in run %d\n",
			    argv[2], i);
			return 1;
		}
		took[i] = wall() - took[i];
		rss = u.ru_maxrss > rss ? u.ru_maxrss : rss;
		cpu[i] = milli(u.ru_utime) + milli(u.ru_stime);
	}
	qsort(took, (size_t)n, sizeof(took[0]), order);
	qsort(cpu, (size_t)n, sizeof(cpu[0]), order);
	printf("%.2f %.2f", took[n / 2], cpu[n / 2]);
	if (getenv("BENCH_RSS") != NULL)
		printf(" %ld", rss);
	printf("\n");
	return 0;
}
