/* KMAC (SP 800-185) on the Keccak permutation, which is all nettle has. */
#include "pki/mac_int.h"

#include <nettle/sha3.h>
#include <string.h>

struct sponge {
	struct sha3_state	 s;
	size_t			 rate, at;
};

static void
xor_at(struct sponge *k, size_t at, uint8_t c)
{
	k->s.a[at / 8] ^= (uint64_t)c << 8 * (at % 8);
}

static void
absorb(struct sponge *k, struct slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		xor_at(k, k->at++, s.p[i]);
		if (k->at == k->rate) {
			sha3_permute(&k->s);
			k->at = 0;
		}
	}
}

/* The big-endian octets of ${v} without leading zeros, at least one. */
static size_t
octets(uint64_t v, uint8_t out[static 8])
{
	size_t n = 1;

	while (n < 8 && v >> 8 * n != 0)
		n++;
	for (size_t i = 0; i < n; i++)
		out[i] = (uint8_t)(v >> 8 * (n - 1 - i));
	return n;
}

static void
left_encode(struct sponge *k, uint64_t v)
{
	uint8_t t[9];

	t[0] = (uint8_t)octets(v, t + 1);
	absorb(k, SLICE(t, 1 + (size_t)t[0]));
}

static void
right_encode(struct sponge *k, uint64_t v)
{
	uint8_t t[9];
	size_t n = octets(v, t);

	t[n] = (uint8_t)n;
	absorb(k, SLICE(t, n + 1));
}

static void
encode_string(struct sponge *k, struct slice s)
{
	left_encode(k, (uint64_t)s.n * 8);
	absorb(k, s);
}

/* The end of a bytepad(): zeros up to a whole block. */
static void
pad(struct sponge *k)
{
	if (k->at != 0)
		sha3_permute(&k->s);
	k->at = 0;
}

/* One block holds all we ever ask for: the rate is at least 136. */
static void
squeeze(struct sponge *k, size_t n, uint8_t *out)
{
	xor_at(k, k->at, 0x04);		/* cSHAKE's suffix */
	xor_at(k, k->rate - 1, 0x80);
	sha3_permute(&k->s);
	for (size_t i = 0; i < n; i++)
		out[i] = (uint8_t)(k->s.a[i / 8] >> 8 * (i % 8));
}

void
mac_kmac(int bits, struct slice key, struct slice custom, struct slice data,
    size_t n, uint8_t *out)
{
	struct sponge k;

	memset(&k, 0, sizeof(k));
	k.rate = bits == 128 ? 168 : 136;
	left_encode(&k, k.rate);
	encode_string(&k, SLICE_LIT("KMAC"));
	encode_string(&k, custom);
	pad(&k);
	left_encode(&k, k.rate);
	encode_string(&k, key);
	pad(&k);
	absorb(&k, data);
	right_encode(&k, (uint64_t)n * 8);
	squeeze(&k, n, out);
	explicit_bzero(&k, sizeof(k));
}
