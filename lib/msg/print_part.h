#ifndef MSG_PRINT_PART_H
#define MSG_PRINT_PART_H

#include "base/err.h"
#include "msg/emit.h"
#include "msg/msg.h"

/* The parts of the printer; print.h has what others call. */

/* The content of PKIBody: its fields where we know them, else a head. */
void	print_body(struct emit *em, const struct msg *m);

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

/* Content of SEQUENCE OF InfoTypeAndValue, as list ${name}. */
void	print_infos(struct emit *em, const char *name, struct slice content);

/* Content of PKIFreeText, as list ${name}; nothing if absent. */
void	print_free_text(struct emit *em, const char *name,
	    struct slice content);

/* What could not be read, where it should have stood. */
void	print_error(struct emit *em, const struct err *e);

#endif
