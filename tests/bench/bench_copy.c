/*
 * bench_copy FILE DIR N: write N copies of the message FILE to DIR/<i>.pki,
 * each with a transactionID of its own.  Their signatures do not hold, which
 * is no matter to who only puts them together and takes them apart.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "msg/msg.h"

static int
bail(const char *what)
{
	fprintf(stderr, "bench_copy: %s\n", what);
	return 1;
}

int
main(int argc, char **argv)
{
	struct err e = { 0 };
	struct buf b;
	struct msg m;
	char path[512];
	unsigned n;
	uint8_t *id;
	int fd;

	if (argc != 4)
		return bail("usage: bench_copy FILE DIR N");
	buf_init(&b, 1 << 20);
	if (file_read(argv[1], 1 << 20, &b, &e) == -1 ||
	    msg_decode(buf_slice(&b), &m, &e) == -1)
		return bail(e.detail);
	id = b.p + (m.hdr.transaction_id.p - b.p);
	n = (unsigned)strtoul(argv[3], NULL, 10);
	for (unsigned i = 0; i < n; i++) {
		memcpy(id, &i, sizeof(i));
		snprintf(path, sizeof(path), "%.400s/%06u.pki", argv[2], i);
		fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0644);
		if (fd == -1 || file_write(fd, buf_slice(&b)) == -1)
			return bail(path);
		close(fd);
	}
	buf_release(&b);
	return 0;
}
