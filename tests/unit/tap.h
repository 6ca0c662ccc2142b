#ifndef TAP_H
#define TAP_H

#include <stdio.h>

/* One promise: ok(condition, "what happens when, in words", ...). */
static int tap_n, tap_bad;

#define ok(cond, ...) do { \
	int ok_ = (cond); \
	printf("%sok %d - ", ok_ ? "" : "not ", ++tap_n); \
	printf(__VA_ARGS__); \
	printf("\n"); \
	if (!ok_) { \
		tap_bad++; \
		printf("# %s:%d: %s\n", __FILE__, __LINE__, #cond); \
	} \
} while (0)

#define done() (printf("1..%d\n", tap_n), tap_bad != 0)

#endif
