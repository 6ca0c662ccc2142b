/* Words of cmp.conf that stand for keys, usages and kinds of names. */
#include "policy/conf_impl.h"

#include <string.h>
#include <strings.h>

#include "pki/cert.h"
#include "pki/san.h"

int64_t
conf_number(const char **s)
{
	int64_t n = 0;
	int digits = 0;

	for (; **s >= '0' && **s <= '9'; (*s)++) {
		if (++digits > 9)
			return -1;
		n = n * 10 + (**s - '0');
	}
	return digits == 0 ? -1 : n;
}

/* "2048-8192" or "3072". */
static int
rsa_range(const char *s, struct conf_keyspec *k)
{
	int64_t min = conf_number(&s), max = min;

	if (*s == '-') {
		s++;
		max = conf_number(&s);
	}
	if (*s != '\0' || min < 2048 || max > 8192 || min > max)
		return -1;
	k->min = (unsigned)min;
	k->max = (unsigned)max;
	return 0;
}

int
conf_keyspec(const char *s, struct conf_keyspec *k)
{
	static const struct {
		const char	*word;
		enum key_family	 family;
		enum curve	 curve;
	} plain[] = {
		{ "ec:P-256", KEY_EC, CURVE_P256 },
		{ "ec:P-384", KEY_EC, CURVE_P384 },
		{ "ec:P-521", KEY_EC, CURVE_P521 },
		{ "ed25519", KEY_ED25519, CURVE_NONE },
		{ "ed448", KEY_ED448, CURVE_NONE },
	};

	*k = (struct conf_keyspec){ .family = KEY_NONE };
	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++) {
		if (strcmp(s, plain[i].word) == 0) {
			k->family = plain[i].family;
			k->curve = plain[i].curve;
			return 0;
		}
	}
	k->family = strncmp(s, "rsa:", 4) == 0 ? KEY_RSA : KEY_RSA_PSS;
	if (k->family == KEY_RSA_PSS && strncmp(s, "rsa-pss:", 8) != 0)
		return -1;
	return rsa_range(strchr(s, ':') + 1, k);
}

static const struct {
	const char	*name;
	uint32_t	 bit;
} usages[] = {
	{ "digitalSignature", KU_DIGITAL_SIGNATURE },
	{ "nonRepudiation", KU_NON_REPUDIATION },
	{ "contentCommitment", KU_NON_REPUDIATION },
	{ "keyEncipherment", KU_KEY_ENCIPHERMENT },
	{ "dataEncipherment", KU_DATA_ENCIPHERMENT },
	{ "keyAgreement", KU_KEY_AGREEMENT },
	{ "keyCertSign", KU_KEY_CERT_SIGN },
	{ "cRLSign", KU_CRL_SIGN },
	{ "encipherOnly", KU_ENCIPHER_ONLY },
	{ "decipherOnly", KU_DECIPHER_ONLY },
};

uint32_t
conf_ku(const char *word)
{
	for (size_t i = 0; i < sizeof(usages) / sizeof(usages[0]); i++)
		if (strcasecmp(word, usages[i].name) == 0)
			return usages[i].bit;
	return 0;
}

const char *
conf_ku_name(uint32_t bit)
{
	for (size_t i = 0; i < sizeof(usages) / sizeof(usages[0]); i++)
		if (usages[i].bit == bit)
			return usages[i].name;
	return "?";
}

enum oid
conf_eku(const char *word)
{
	uint8_t bytes[64];
	enum oid id = oid_by_name(word, strlen(word));
	size_t n;

	if (id == OID_UNKNOWN &&
	    (n = oid_parse(word, strlen(word), bytes)) > 0)
		id = oid_of(SLICE(bytes, n));
	switch (id) {
	case OID_KP_SERVER_AUTH:
	case OID_KP_CLIENT_AUTH:
	case OID_KP_CODE_SIGNING:
	case OID_KP_EMAIL:
	case OID_KP_TIME_STAMPING:
		return id;
	default:
		return OID_UNKNOWN;
	}
}

int
conf_san_type(const char *s)
{
	static const struct {
		const char	*word;
		enum san_type	 type;
	} types[] = { { "dns", SAN_DNS }, { "ip", SAN_IP },
		{ "email", SAN_EMAIL }, { "uri", SAN_URI }, { "dn", SAN_DN } };

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(s, types[i].word) == 0)
			return (int)types[i].type;
	return -1;
}
