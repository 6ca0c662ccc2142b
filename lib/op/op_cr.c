/* Enrolling an end entity to a known PKI: RFC 9483 4.1.2. */
#include "op/enrol.h"

const struct op op_cr = {
	.name = "cr",
	.request = BODY_CR,
	.response = BODY_CP,
	.section = "RFC 9483 4.1.2",
	.flags = OP_STARTS | OP_ENROLS,
	.read = enrol_read,
	.answer = enrol_answer,
	.build = enrol_build,
	.accept = enrol_accept,
};
