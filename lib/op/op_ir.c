/* Enrolling an end entity to a new PKI: RFC 9483 4.1.1 and 5.1.1. */
#include "op/enrol.h"

const struct op op_ir = {
	.name = "ir",
	.request = BODY_IR,
	.response = BODY_IP,
	.section = "RFC 9483 4.1.1",
	.flags = OP_STARTS | OP_ENROLS,
	.read = enrol_read,
	.answer = enrol_answer,
	.build = enrol_build,
	.accept = enrol_accept,
};
