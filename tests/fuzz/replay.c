/*
 * Feed every file of the given directories to the fuzz target, once; without
 * arguments those of the program's own name, tests/fuzz/NAME.in and .repro.
 * A directory that is missing or empty is a failure: nothing would have been
 * tried.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"

#define INPUT_MAX	(4u << 20)

static uint8_t bytes[INPUT_MAX];

/* In memory of its own size, so that a sanitizer sees one byte too many. */
static int
feed(size_t n)
{
	uint8_t *p;

	if ((p = malloc(n ? n : 1)) == NULL)
		return -1;
	memcpy(p, bytes, n);
	LLVMFuzzerTestOneInput(p, n);
	free(p);
	return 0;
}

static int
replay_file(int dirfd, const char *name)
{
	size_t n = 0;
	ssize_t got;
	int fd;

	if ((fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC)) == -1)
		return -1;
	while (n < INPUT_MAX &&
	    (got = read(fd, bytes + n, INPUT_MAX - n)) != 0) {
		if (got == -1) {
			close(fd);
			return -1;
		}
		n += (size_t)got;
	}
	close(fd);
	return n < INPUT_MAX ? feed(n) : -1;
}

/* The number of files, or -1. */
static int
replay_dir(const char *path)
{
	struct dirent *de;
	int count = 0;
	DIR *d;

	if ((d = opendir(path)) == NULL) {
		perror(path);
		return -1;
	}
	while ((de = readdir(d)) != NULL) {
		if (de->d_name[0] == '.')
			continue;
		if (getenv("REPLAY_VERBOSE") != NULL)
			fprintf(stderr, "%s/%s\n", path, de->d_name);
		if (replay_file(dirfd(d), de->d_name) == -1) {
			fprintf(stderr, "%s/%s: unable to read\n", path,
			    de->d_name);
			count = -1;
			break;
		}
		count++;
	}
	closedir(d);
	if (count == 0) {
		fprintf(stderr, "%s: no inputs\n", path);
		return -1;
	}
	return count;
}

int
main(int argc, char *argv[])
{
	static char in[512], repro[512];
	const char *name = strrchr(argv[0], '/');
	char *own[] = { argv[0], in, repro };
	int n, total = 0;

	name = name != NULL ? name + 1 : argv[0];
	if (argc < 2) {
		snprintf(in, sizeof(in), "tests/fuzz/%s.in", name);
		snprintf(repro, sizeof(repro), "tests/fuzz/%s.repro", name);
		argc = 3;
		argv = own;
	}
	for (int i = 1; i < argc; i++) {
		if ((n = replay_dir(argv[i])) == -1)
			return 1;
		total += n;
	}
	printf("%s: replayed %d inputs\n", name, total);
	return 0;
}
