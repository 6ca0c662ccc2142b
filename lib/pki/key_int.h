#ifndef PKI_KEY_INT_H
#define PKI_KEY_INT_H

#include <gnutls/abstract.h>

#include "pki/alg.h"

/* Shared by key.c and key_verify.c only. */

/*
 * The signature algorithm of GnuTLS for ${a}.  ${pss_key}: the key is one of
 * id-RSASSA-PSS for GnuTLS, which then wants another name for the same.
 */
gnutls_sign_algorithm_t	key_gnutls_sign(const struct sigalg *a, int pss_key);

/* RSASSA-PSS parameters for a key; an error of GnuTLS, or 0. */
int	key_pss_spki(const struct sigalg *a, gnutls_x509_spki_t *out);

#endif
