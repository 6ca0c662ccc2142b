#include "op/op.h"

#include <string.h>

static const struct op *const ops[] = { &op_ir, &op_cr, &op_kur,
    &op_p10cr, &op_rr, &op_certconf, &op_poll };

#define OPS	(sizeof(ops) / sizeof(ops[0]))

const struct op *
op_at(size_t i)
{
	return i < OPS ? ops[i] : NULL;
}

const struct op *
op_by_request(enum body b)
{
	for (size_t i = 0; i < OPS; i++)
		if (ops[i]->request == b)
			return ops[i];
	return NULL;
}

const struct op *
op_by_response(enum body b)
{
	for (size_t i = 0; i < OPS; i++)
		if (ops[i]->response == b)
			return ops[i];
	return NULL;
}

const struct op *
op_by_name(const char *name)
{
	for (size_t i = 0; i < OPS; i++)
		if (strcmp(ops[i]->name, name) == 0)
			return ops[i];
	return NULL;
}
