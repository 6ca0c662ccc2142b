#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/*
 * One fuzz target is one fuzz_X.c with this function.  fuzz_X.in/ has the
 * inputs it starts from and fuzz_X.repro/ what once broke it; replay.c runs
 * both in `make check`, libFuzzer goes on from them in `make fuzz T=X`.
 */
int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* What holds for every input; a fuzzer and a sanitizer see the abort. */
#define must(cond) do { \
	if (!(cond)) { \
		fprintf(stderr, "%s:%d: must: %s\n", __FILE__, __LINE__, \
		    #cond); \
		abort(); \
	} \
} while (0)

#endif
