/* Updating a valid certificate: RFC 9483 4.1.3. */
#include "op/enrol.h"

const struct op op_kur = {
	.name = "kur",
	.request = BODY_KUR,
	.response = BODY_KUP,
	.section = "RFC 9483 4.1.3",
	.flags = OP_STARTS | OP_ENROLS,
	.read = enrol_read,
	.answer = enrol_update,
	.build = enrol_build,
	.accept = enrol_accept,
};
