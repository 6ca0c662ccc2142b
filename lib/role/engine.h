#ifndef ROLE_ENGINE_H
#define ROLE_ENGINE_H

#include "op/op.h"
#include "policy/conf.h"
#include "prot/protect.h"
#include "store/store.h"

/*
 * The way through, the same for every role and every way in:
 *
 *	DER -> msg -> checked -> facts -> op -> draft + effects -> DER
 *	    -> one commit {effects, answer, audit} -> outbox -> file
 *
 * engine_handle() does everything up to the store for one message, within a
 * commit that the caller opens and closes: one message or hundreds to a
 * commit are the same.  Only after engine_commit() has returned 0 has
 * anything happened; then engine_outbox() has the answers to deliver.
 *
 * "The same request again gets the stored answer" is promised for ever to
 * those that are verified.  Of the others the store keeps the last
 * STORE_UNVERIFIED answers (store.h): a copy of an older one is refused anew,
 * with other bytes.
 */
struct engine;

enum verdict {
	VERDICT_ANSWERED,	/* a positive answer was made */
	VERDICT_REFUSED,	/* a negative answer was made: err has why */
	VERDICT_REPEATED,	/* seen before: the stored answer, if any */
	VERDICT_TAKEN,		/* device: the answer was taken */
	VERDICT_NO,		/* device: the answer is "no", or not taken */
	VERDICT_BAD,		/* cannot be read or must not be answered */
	VERDICT_WAITING,	/* device: to ask again later, with pollReq */
	VERDICT_TEMPORARY,	/* nothing happened: try again */
	VERDICT_BUNDLE,		/* many in one: for engine_bundle() */
};

struct outcome {
	enum verdict	 verdict;
	struct err	 err;			/* code E_NONE if all is well */
	/* The directory of the answer below out/: that of the channel the
	 * message came by, "" for out/ itself, or where a role sends it on. */
	char		 dir[STORE_DIR];
	char		 name[STORE_NAME];	/* of the answer; "" if none */
	struct buf	 answer;
	int		 bundle;		/* it is not in ${answer}, but by its
						 * name in the store */
	int		 draft;			/* the answer is unprotected */
	char		 note[512];		/* what happened, one line */
	char		 next[256];		/* what to do now, or "" */
};
void	outcome_init(struct outcome *o);
void	outcome_release(struct outcome *o);
/* The exit status that this outcome stands for. */
int	outcome_exit(const struct outcome *o);

/*
 * Open the home of which ${homefd} is the directory: cmp.conf, keys,
 * certificates, trust, store.  The caller holds the home's lock unless
 * ${mode} is STORE_READ.
 */
int	engine_open(int homefd, enum store_mode mode, struct engine **out,
	    struct err *e);
void	engine_close(struct engine *en);
enum role		 engine_role(const struct engine *en);
const struct conf	*engine_conf(const struct engine *en);
struct store		*engine_store(struct engine *en);

/* Has cmp.conf, or a file that it was made of, changed since it was opened? */
int	engine_stale(const struct engine *en);

/* Open a commit.  A CA whose clock is not to be trusted: E_CLOCK (floor.h). */
int	engine_begin(struct engine *en, struct err *e);
int	engine_commit(struct engine *en, struct err *e);
void	engine_abort(struct engine *en);

/*
 * Handle one message that came by the channel ${by} of engine_conf(), whose
 * limits it is judged by; NULL is the one without a name.  Never fails: every
 * failure is an outcome.  What it does to the store it does as a whole or not
 * at all.
 */
void	engine_handle(struct engine *en, const struct conf_channel *by,
	    struct slice der, struct outcome *o);

/*
 * Handle many messages in one (RFC 9483 5.2.2.2), which ${src} has: of
 * engine_handle() its VERDICT_BUNDLE, or a file that is too long for it.  In
 * commits of its own, a group of members each; if the caller has one open, in
 * that.  VERDICT_TEMPORARY: what of it was finished stays so, and it goes on
 * there when it comes again.
 */
struct nest_source;
void	engine_bundle(struct engine *en, const struct conf_channel *by,
	    const struct nest_source *src, struct outcome *o);

/*
 * What time or an operator has decided since.  At a CA: certificates whose
 * confirmation did not come in time are revoked, as if the device had rejected
 * them (RFC 9483 4.1.1); no message is made.  At an RA: requests that an
 * operator approved go upstream, others are turned down, and bundles that are
 * full or old enough, or with ${flush} any, leave.  ${note} gets a line about
 * it.  Returns how many there were or -1.
 */
#define ENGINE_NOTE	160
int	engine_due(struct engine *en, int flush, char note[static ENGINE_NOTE],
	    struct err *e);

/*
 * At the device, after the commit: make what was taken visible as files
 * (keys/, certs/).  Harmless to repeat.
 */
int	engine_install(struct engine *en, struct slice der, struct outcome *o,
	    struct err *e);

#endif
