/* Certificates and what they share with certificate templates. */
#include "msg/print_part.h"

#include <string.h>

#include "base/escape.h"
#include "pki/alg.h"
#include "pki/cert.h"
#include "pki/name.h"
#include "pki/san.h"

static const char *const usages[] = { "digitalSignature", "nonRepudiation",
	"keyEncipherment", "dataEncipherment", "keyAgreement", "keyCertSign",
	"cRLSign", "encipherOnly", "decipherOnly" };

void
print_cert_alg(struct emit *em, const char *name, struct slice tlv)
{
	struct err e = { 0 };
	struct sigalg a;
	struct slice in, oid;
	char t[64];

	if (alg_parse(tlv, &a, &e) == 0)
		emit_safe(em, name, alg_name(t, &a));
	else if (der_only(tlv, DER_SEQUENCE, &in) == 0 &&
	    der_get(&in, DER_OID, &oid) == 0)
		emit_oid(em, name, oid);
	else
		emit_head(em, name, tlv);
}

void
print_cert_key(struct emit *em, const char *name, struct slice spki)
{
	struct err e = { 0 };
	struct keyinfo k;
	char t[64];

	if (alg_keyinfo(spki, &k, &e) == 0)
		emit_safe(em, name, alg_key_name(t, &k));
	else
		emit_head(em, name, spki);
}

void
print_cert_general_name(struct emit *em, const char *name, struct slice tlv)
{
	enum san_type type;
	struct slice in = tlv, v;
	struct buf b;

	if (san_next(&in, &type, &v) == -1) {
		emit_head(em, name, tlv);
	} else if (type == SAN_DN) {
		emit_name(em, name, v);
	} else {
		buf_init(&b, 1 << 16);
		san_text(&b, type, v);
		emit_safe(em, name, buf_str(&b) ? buf_str(&b) : "");
		buf_release(&b);
	}
}

void
print_cert_general_names(struct emit *em, const char *name, struct slice in)
{
	struct slice v;
	enum san_type type;
	struct buf b;

	emit_open_list(em, name);
	while (in.n > 0 && san_next(&in, &type, &v) == 0) {
		buf_init(&b, 1 << 16);
		san_text(&b, type, v);
		emit_safe(em, NULL, buf_str(&b) ? buf_str(&b) : "");
		buf_release(&b);
	}
	emit_close_list(em);
}

/* ${tlv} is a GeneralNames TLV. */
static void
print_san(struct emit *em, const char *name, struct slice tlv)
{
	struct slice in;

	if (der_only(tlv, DER_SEQUENCE, &in) == -1)
		emit_head(em, name, tlv);
	else
		print_cert_general_names(em, name, in);
}

static void
print_usage(struct emit *em, const char *name, uint32_t ku)
{
	emit_open_list(em, name);
	for (size_t i = 0; i < sizeof(usages) / sizeof(usages[0]); i++)
		if (ku & 1u << i)
			emit_safe(em, NULL, usages[i]);
	emit_close_list(em);
}

/* ${in} is the content of ExtKeyUsageSyntax. */
static void
print_eku(struct emit *em, const char *name, struct slice in)
{
	struct slice oid;

	emit_open_list(em, name);
	while (der_get(&in, DER_OID, &oid) == 0)
		emit_oid(em, NULL, oid);
	emit_close_list(em);
}

static void
print_constraints(struct emit *em, struct slice in)
{
	struct slice v;
	int64_t n;
	int ca = 0;

	if (der_opt(&in, DER_BOOLEAN, &v) && der_bool_value(v, &ca) == -1)
		ca = 0;
	emit_bool(em, "cA", ca);
	if (der_int64(&in, &n) == 0)
		emit_int(em, "pathLen", n);
}

/* The value of an extension if its DER and its type are as they should. */
static int
print_known(struct emit *em, enum oid id, struct slice value)
{
	struct err e = { 0 };
	struct slice v = value;
	uint32_t bits;

	if (der_walk_inner(value, &e) == -1)
		return 0;
	if (id == OID_KEY_USAGE && der_only(value, DER_BIT_STRING, &v) == 0 &&
	    der_named_bits(v, &bits) == 0)
		print_usage(em, "value", bits);
	else if (id == OID_EKU && der_only(value, DER_SEQUENCE, &v) == 0)
		print_eku(em, "value", v);
	else if (id == OID_SAN && der_only(value, DER_SEQUENCE, &v) == 0)
		print_san(em, "value", value);
	else if (id == OID_BASIC_CONSTRAINTS &&
	    der_only(value, DER_SEQUENCE, &v) == 0)
		print_constraints(em, v);
	else if (id == OID_SKI && der_only(value, DER_OCTET_STRING, &v) == 0)
		emit_hex(em, "value", v);
	else
		return 0;
	return 1;
}

void
print_cert_extensions(struct emit *em, struct slice content)
{
	struct ext x;

	if (content.n == 0)
		return;
	emit_open_list(em, "extensions");
	while (content.n > 0 && cert_next_ext(&content, &x) == 0) {
		emit_open(em, NULL);
		emit_oid(em, "type", x.oid);
		if (x.critical)
			emit_bool(em, "critical", 1);
		if (!print_known(em, oid_of(x.oid), x.value))
			emit_head(em, "value", x.value);
		emit_close(em);
	}
	emit_close_list(em);
}

static void
print_view(struct emit *em, const struct cert *c)
{
	uint8_t digest[32];

	emit_name(em, "subject", c->subject);
	emit_name(em, "issuer", c->issuer);
	emit_hex(em, "serialNumber", c->serial);
	emit_time(em, "notBefore", c->not_before);
	emit_time(em, "notAfter", c->not_after);
	print_cert_alg(em, "signatureAlgorithm", c->sigalg_tlv);
	print_cert_key(em, "publicKey", c->spki);
	if (c->ski.p != NULL)
		emit_hex(em, "subjectKeyIdentifier", c->ski);
	if (c->aki.p != NULL)
		emit_hex(em, "authorityKeyIdentifier", c->aki);
	if (c->has_bc)
		emit_bool(em, "cA", c->ca);
	if (c->has_ku)
		print_usage(em, "keyUsage", c->ku);
	if (c->eku.p != NULL)
		print_eku(em, "extKeyUsage", c->eku);
	if (c->san.p != NULL)
		print_san(em, "subjectAltName", c->san);
	alg_sha256(c->der, SLICE_NONE, digest);
	emit_hex(em, "sha256", SLICE(digest, sizeof(digest)));
}

void
print_cert(struct emit *em, const char *name, struct slice der)
{
	struct err e = { 0 };
	struct cert c;

	emit_open(em, name);
	if (cert_parse(der, &c, &e) == 0) {
		print_view(em, &c);
	} else {
		print_error(em, &e);
		emit_head(em, "content", der);
	}
	emit_close(em);
}
