#ifndef MSG_PRINT_PART_H
#define MSG_PRINT_PART_H

#include "base/err.h"
#include "msg/crmf.h"
#include "msg/emit.h"
#include "msg/msg.h"

/* The parts of the printer; print.h has what others call. */

/* PKIHeader; protection and extraCerts. */
void	print_header(struct emit *em, const struct hdr *h);
void	print_tail(struct emit *em, const struct msg *m);

/* The content of PKIBody: its fields where we know them, else a head. */
void	print_body(struct emit *em, const struct msg *m);

/* rr and rp: bodies that body_check() has taken. */
void	print_rev(struct emit *em, struct slice content);
void	print_rev_rep(struct emit *em, struct slice content);

/*
 * Content of PKIMessages, as list ${name}.  A few levels are shown as messages
 * of their own; those within them are only named.
 */
void	print_messages(struct emit *em, const char *name,
	    struct slice content);

void	print_status(struct emit *em, const struct pki_status_info *s);
void	print_template(struct emit *em, const char *name,
	    const struct cert_template *t);

/* A CertificateList TLV: all but its entries. */
void	print_crl(struct emit *em, const char *name, struct slice der);
/* Content of SEQUENCE OF Certificate, of CertificateList, as list ${name}. */
void	print_certs(struct emit *em, const char *name, struct slice content);
void	print_crls(struct emit *em, const char *name, struct slice content);
/* CAKeyUpdAnnContent. */
void	print_info_ca_update(struct emit *em, const char *name,
	    struct slice tlv);

/* A Certificate TLV: what one looks for when a path does not build. */
void	print_cert(struct emit *em, const char *name, struct slice der);

/* Content of Extensions, under "extensions". */
void	print_cert_extensions(struct emit *em, struct slice content);

/* An AlgorithmIdentifier TLV and a SubjectPublicKeyInfo TLV in one line. */
void	print_cert_alg(struct emit *em, const char *name, struct slice tlv);
void	print_cert_key(struct emit *em, const char *name, struct slice spki);

/* A GeneralName TLV. */
void	print_cert_general_name(struct emit *em, const char *name,
	    struct slice tlv);
/* Content of GeneralNames, as list ${name}. */
void	print_cert_general_names(struct emit *em, const char *name,
	    struct slice content);

/* Content of SEQUENCE OF InfoTypeAndValue, as list ${name}. */
void	print_infos(struct emit *em, const char *name, struct slice content);

/* Content of PKIFreeText, as list ${name}; nothing if absent. */
void	print_free_text(struct emit *em, const char *name,
	    struct slice content);

/* What could not be read, where it should have stood. */
void	print_error(struct emit *em, const struct err *e);

#endif
