#ifndef MSG_LINT_RULE_H
#define MSG_LINT_RULE_H

#include "msg/crmf.h"
#include "msg/msg.h"
#include "msg/view.h"
#include "pki/cert.h"
#include "pki/csr.h"

/* What rules look at: a message with its parts read as far as possible. */
struct lint_view {
	const struct msg	*m;
	const struct hdr	*h;
	int			 is_mac;
	int			 has_alg;	/* a signature algorithm */
	struct sigalg		 alg;
	struct err		 alg_err;
	struct cert		 certs[MSG_EXTRA_MAX];
	int			 readable[MSG_EXTRA_MAX];
	const struct cert	*signer;	/* extraCerts[0], if it fits */
	struct err		 body_err;
	size_t			 count;		/* elements of the body */
	struct cert_req		 req;		/* the first of each */
	struct cert_rep		 rep;
	struct cert_status	 conf;
	struct error_msg	 error;
	struct csr		 csr;
	struct view_rev		 rev;
	struct view_rev_rep	 rev_rep;
	struct view_info	 info;
	struct err		 info_err;	/* its value */
	struct view_poll	 poll;
	int			 has_key;	/* a template key, not empty */
	struct buf		 spki;
};

#define LINT_TEXT	256
#define LINT_BODY(b)	(1u << (b))
#define LINT_REQUEST	(LINT_BODY(BODY_IR) | LINT_BODY(BODY_CR) | \
			    LINT_BODY(BODY_KUR))
#define LINT_RESPONSE	(LINT_BODY(BODY_IP) | LINT_BODY(BODY_CP) | \
			    LINT_BODY(BODY_KUP))
#define LINT_ANY	UINT32_MAX

/*
 * One rule.  ${broken} returns 1 if it is, and says in ${text} what was
 * found and expected.  It is asked only for ${bodies}.
 */
struct lint_rule {
	char		 level;
	enum err_code	 code;
	const char	*section;	/* NULL: that of the code */
	uint32_t	 bodies;
	int		(*broken)(const struct lint_view *v,
			    char text[static LINT_TEXT]);
};

extern const struct lint_rule lint_rule_header[], lint_rule_prot[],
    lint_rule_body[], lint_rule_req[], lint_rule_rev[], lint_rule_info[],
    lint_rule_delay[];

/* Fill ${text}; return 1. */
int	lint_rule_say(char text[static LINT_TEXT], const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));

#endif
