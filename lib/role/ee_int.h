#ifndef ROLE_EE_INT_H
#define ROLE_EE_INT_H

#include "role/engine_int.h"

/* One answer on its way through a device. */
struct step {
	struct engine		*en;
	struct outcome		*o;
	struct msg		 msg;
	struct checked		*checked;
	struct txn		 txn;
	struct op_result	 result;
	struct effects		 effects;
	uint8_t			 nonce[16];
};

void	ee_step_init(struct step *s, struct engine *en, struct outcome *o);
void	ee_step_release(struct step *s);

/* An RA that asks for itself or for others believes whom it believes. */
const struct trust *ee_trust(const struct engine *en);

/* Is the decoded ${s->msg} from whom we asked?  Finds its transaction. */
int	ee_verify(struct step *s, struct err *e);

/* What its operation says to it, into ${s->result}. */
int	ee_accept(struct step *s, struct err *e);

/* Does the operation that began with ${b} end in a certificate? */
int	ee_enrols(enum body b);

#endif
