#ifndef PKI_KEY_INT_H
#define PKI_KEY_INT_H

#include <gnutls/abstract.h>

#include "pki/key.h"

/* Shared by key.c, key_file.c and key_verify.c only. */

/*
 * The signature algorithm of GnuTLS for ${a}.  ${pss_key}: the key is one of
 * id-RSASSA-PSS for GnuTLS, which then wants another name for the same.
 */
gnutls_sign_algorithm_t	key_gnutls_sign(const struct sigalg *a, int pss_key);

/* RSASSA-PSS parameters for a key; an error of GnuTLS, or 0. */
int	key_pss_spki(const struct sigalg *a, gnutls_x509_spki_t *out);

/* key_sign() and key_verify(): of data, or of what is its hash already. */
int	key_sign_datum(const struct key *k, const struct sigalg *a,
	    const gnutls_datum_t *d, int is_hash, struct buf *out,
	    struct err *e);
int	key_verify_datum(struct slice spki, const struct sigalg *a,
	    const gnutls_datum_t *d, int is_hash, struct slice sig,
	    struct err *e);

#endif
