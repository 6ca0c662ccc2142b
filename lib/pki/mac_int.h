#ifndef PKI_MAC_INT_H
#define PKI_MAC_INT_H

#include <stddef.h>
#include <stdint.h>

#include "asn/oid.h"
#include "pki/mac.h"

/* Shared by the files of mac.h only. */

enum mac_params { MAC_PARAMS_NULL, MAC_PARAMS_GMAC, MAC_PARAMS_KMAC };

/* One row for each enum mac_algo, and one for the other OID of HMAC-SHA1. */
struct mac_row {
	enum oid	 oid;
	enum mac_algo	 algo;
	enum mac_params	 params;
	enum mac_hash	 hash;		/* HMAC */
	unsigned	 tag_n, key_n;	/* natural lengths */
};
extern const struct mac_row mac_rows[];
extern const size_t mac_n_rows;

/* KMAC128 or KMAC256 (SP 800-185 4) of ${data}; ${out} gets ${n} <= 64. */
void	mac_kmac(int bits, struct slice key, struct slice custom,
	    struct slice data, size_t n, uint8_t *out);

#endif
