/* bench_make CERT KEY DIR N: write N distinct requests DIR/<i>.pki. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "tests/bench/requests.h"

int
main(int argc, char **argv)
{
	struct requester r;
	struct buf b;
	char path[512];
	unsigned n;
	int fd;

	if (argc != 5)
		BAIL("usage: bench_make CERT KEY DIR N");
	requester_open(&r, argv[1], argv[2]);
	n = (unsigned)strtoul(argv[4], NULL, 10);
	for (unsigned i = 0; i < n; i++) {
		buf_init(&b, 1 << 20);
		requester_make(&r, i, &b);
		snprintf(path, sizeof(path), "%.400s/%05u.pki", argv[3], i);
		fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0644);
		if (fd == -1 || file_write(fd, buf_slice(&b)) == -1)
			BAIL("%s: not written", path);
		close(fd);
		buf_release(&b);
	}
	certs_free(&r.cert);
	key_free(r.key);
	return 0;
}
