#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "pki/cert.h"
#include "pki/csr.h"
#include "pki/key.h"
#include "tap.h"

#define CN_A	"\x30\x0c\x31\x0a\x30\x08\x06\x03\x55\x04\x03\x0c\x01" "a"
#define ER_OID	"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x09\x0e"
#define CP_OID	"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x09\x07"
/* keyUsage digitalSignature, and an extension nobody knows. */
#define KU	"\x30\x0e\x06\x03\x55\x1d\x0f\x01\x01\xff\x04\x04\x03\x02\x07\x80"
#define EXT_X	"\x30\x07\x06\x02\x2a\x03\x04\x01x"
#define CHALLENGE "\x30\x10" CP_OID "\x31\x03\x0c\x01s"
#define EXT_REQ	"\x30\x1f" ER_OID "\x31\x12\x30\x10" KU

static struct derw w;
static struct key *k;

static const struct sigalg ecdsa = { .scheme = SIG_ECDSA,
	.hash = HASH_SHA256 };

/* A request with raw content of attributes, or none at all; signed. */
static struct slice
make_of(struct slice spki, int64_t version, struct slice subject,
    struct slice attrs)
{
	struct err e = { .code = E_NONE };
	struct buf sig, info;

	buf_init(&sig, 1024);
	buf_init(&info, 65536);
	derw_reset(&w);
	if (attrs.p != NULL)
		derw_prim(&w, DER_CTX(0), attrs);
	derw_raw(&w, spki);
	derw_raw(&w, subject);
	derw_int(&w, DER_INTEGER, version);
	derw_wrap(&w, DER_SEQUENCE, 0);
	buf_add_slice(&info, derw_slice(&w));
	key_sign(k, &ecdsa, buf_slice(&info), &sig, &e);
	derw_reset(&w);
	derw_bits(&w, DER_BIT_STRING, buf_slice(&sig));
	alg_write(&w, &ecdsa);
	derw_raw(&w, buf_slice(&info));
	derw_wrap(&w, DER_SEQUENCE, 0);
	buf_release(&sig);
	buf_release(&info);
	return derw_slice(&w);
}

static struct slice
make(int64_t version, struct slice subject, struct slice attrs)
{
	return make_of(key_spki(k), version, subject, attrs);
}

/* What reading and then verifying ${data} says. */
static enum err_code
open_code(struct slice data, struct csr *c, struct buf *der)
{
	struct err e = { .code = E_NONE };

	buf_init(der, 1 << 20);
	if (csr_open(data, der, c, &e) == 0)
		csr_verify(c, &e);
	return e.code;
}

static enum err_code
try(struct slice data)
{
	struct csr c;
	struct buf der;
	enum err_code code = open_code(data, &c, &der);

	buf_release(&der);
	return code;
}

static enum err_code
attrs(struct slice content)
{
	return try(make(0, SLICE_LIT(CN_A), content));
}

static void
test_view(void)
{
	struct csr c;
	struct buf der;

	ok(open_code(make(0, SLICE_LIT(CN_A), SLICE_LIT(CHALLENGE EXT_REQ)),
	    &c, &der) == E_NONE, "csr: a request is read and verifies");
	ok(slice_eq(c.subject, SLICE_LIT(CN_A)) &&
	    slice_eq(c.spki, key_spki(k)) && slice_eq(c.der, buf_slice(&der)) &&
	    c.sigalg.scheme == SIG_ECDSA, "csr: its fields are there");
	ok(slice_eq(c.extensions, SLICE_LIT(KU)),
	    "csr: the extensions that it asks for are there");
	buf_release(&der);
	ok(open_code(make(0, SLICE_LIT("\x30\x00"), SLICE_LIT("")), &c,
	    &der) == E_NONE && c.extensions.p == NULL,
	    "csr: one of no name and no attributes is read");
	buf_release(&der);
}

static void
test_refused(void)
{
	ok(try(make(1, SLICE_LIT(CN_A), SLICE_LIT(""))) == E_CSR_SYNTAX,
	    "csr: another version is refused (badDataFormat)");
	ok(try(make_of(SLICE_LIT("\x30\x02\x05\x00"), 0, SLICE_LIT(CN_A),
	    SLICE_LIT(""))) == E_CSR_SYNTAX, "csr: a key that is no algorithm and BIT "
	    "STRING is refused");
	ok(try(make(0, SLICE_LIT(CN_A), SLICE_NONE)) == E_CSR_SYNTAX,
	    "csr: attributes left out are refused (badDataFormat)");
	ok(try(make(0, SLICE_LIT("\x30\x0c\x31\x0a\x30\x08\x06\x03\x55\x04\x03"
	    "\x0c\x01\n"), SLICE_LIT(""))) == E_NAME_SYNTAX,
	    "csr: a bad name is refused (badDataFormat)");
	ok(attrs(SLICE_LIT(EXT_REQ CHALLENGE)) == E_CSR_SYNTAX,
	    "csr: attributes out of order are refused");
	ok(attrs(SLICE_LIT(EXT_REQ EXT_REQ)) == E_CSR_SYNTAX,
	    "csr: extensionRequest twice is refused");
	ok(attrs(SLICE_LIT("\x30\x28" ER_OID "\x31\x1b\x30\x07" "\x30\x05\x06"
	    "\x01\x2a\x04\x00\x30\x10" KU)) == E_CSR_SYNTAX,
	    "csr: so with two values");
	ok(attrs(SLICE_LIT("\x30\x0d" ER_OID "\x31\x00")) == E_CSR_SYNTAX &&
	    attrs(SLICE_LIT("\x30\x0d" CP_OID "\x31\x00")) == E_CSR_SYNTAX,
	    "csr: an attribute of no value is refused");
	ok(attrs(SLICE_LIT("\x30\x0f" ER_OID "\x31\x02\x30\x00")) ==
	    E_CSR_SYNTAX, "csr: no extension in extensionRequest is refused");
	ok(attrs(SLICE_LIT("\x30\x21" ER_OID "\x31\x14\x30\x12" EXT_X EXT_X)) ==
	    E_CSR_SYNTAX, "csr: an extension twice is refused");
	ok(attrs(SLICE_LIT("\x02\x01\x00")) == E_CSR_SYNTAX &&
	    attrs(SLICE_LIT("\x30\x0b" CP_OID)) == E_CSR_SYNTAX,
	    "csr: what is no attribute is refused");
	ok(try(SLICE_LIT("")) == E_CSR_SYNTAX &&
	    try(SLICE_LIT("junk")) == E_CSR_SYNTAX &&
	    try(SLICE_LIT("\x30\x00")) == E_CSR_SYNTAX,
	    "csr: what is no request is refused");
}

static void
test_signature(void)
{
	struct slice der = make(0, SLICE_LIT(CN_A), SLICE_LIT(EXT_REQ));
	struct derw other;
	uint8_t *copy, *at;

	copy = malloc(der.n);
	memcpy(copy, der.p, der.n);
	at = memmem(copy, der.n, CN_A, sizeof(CN_A) - 1);
	at[sizeof(CN_A) - 2] = 'b';
	ok(try(SLICE(copy, der.n)) == E_CSR_SIG && err_fail(E_CSR_SIG) ==
	    FAIL_BAD_POP, "csr: another name under the same signature is "
	    "refused (badPOP)");
	memcpy(copy, der.p, der.n);
	at = memmem(copy, der.n, "\x04\x03\x02\x03", 4);	/* SHA256 */
	at[2] = 0x01;						/* SHA224 */
	ok(try(SLICE(copy, der.n)) == E_ALG_UNKNOWN,
	    "csr: an algorithm that is not ours is refused (badAlg)");
	free(copy);
	derw_init(&other, 4096);
	derw_raw(&other, SLICE_LIT("\x05\x00"));
	derw_raw(&other, der);
	ok(try(derw_slice(&other)) == E_DER_TRAILING,
	    "csr: bytes after it are refused (badDataFormat)");
	derw_release(&other);
}

static void
test_pem(void)
{
	struct slice der = make(0, SLICE_LIT(CN_A), SLICE_LIT(EXT_REQ));
	struct buf b;

	buf_init(&b, 65536);
	buf_add_str(&b, "some text\n");
	cert_pem(&b, "NEW CERTIFICATE REQUEST", der);
	ok(try(buf_slice(&b)) == E_NONE, "csr: PEM of either name is read");
	cert_pem(&b, "CERTIFICATE REQUEST", der);
	ok(try(buf_slice(&b)) == E_DER_TRAILING, "csr: two are refused");
	buf_reset(&b);
	cert_pem(&b, "CERTIFICATE", der);
	ok(try(buf_slice(&b)) == E_CSR_SYNTAX, "csr: PEM of others is not it");
	buf_reset(&b);
	buf_add_str(&b, "-----BEGIN CERTIFICATE REQUEST-----\nMAAA\n");
	ok(try(buf_slice(&b)) == E_CSR_SYNTAX, "csr: cut PEM is refused");
	buf_release(&b);
}

/* Every bit turned over and every length cut: nothing verifies. */
static void
test_damage(void)
{
	struct slice der = make(0, SLICE_LIT(CN_A),
	    SLICE_LIT(CHALLENGE EXT_REQ));
	uint8_t *copy;
	int bad = 0;

	for (size_t i = 0; i < der.n * 8; i++) {
		copy = malloc(der.n);
		memcpy(copy, der.p, der.n);
		copy[i / 8] ^= (uint8_t)(1 << i % 8);
		bad += try(SLICE(copy, der.n)) == E_NONE;
		free(copy);
	}
	for (size_t i = 1; i < der.n; i++) {
		copy = malloc(i);
		memcpy(copy, der.p, i);
		bad += try(SLICE(copy, i)) == E_NONE;
		free(copy);
	}
	ok(bad == 0, "csr: a damaged or cut one is never accepted");
}

static const char script[] =
    "exec >$D/log 2>&1; cd $D &&"
    "printf '[req]\\ndistinguished_name=d\\nreq_extensions=x\\nattributes=a\\n"
    "[d]\\n[a]\\nchallengePassword=12345\\nunstructuredName=n\\n"
    "[x]\\nsubjectAltName=DNS:pump17.example,IP:10.0.0.7\\n"
    "extendedKeyUsage=clientAuth\\nkeyUsage=critical,digitalSignature\\n"
    "' >cnf &&"
    "r() { n=$1; shift; openssl req -config cnf -new -nodes -keyout $n.key "
    "-subj /CN=pump17 -out $n.pem \"$@\"; } &&"
    "r rsa -newkey rsa:2048 && r ed -newkey ed25519 && r e4 -newkey ed448 &&"
    "r pss -newkey rsa:2048 -sigopt rsa_padding_mode:pss "
    "-sigopt rsa_pss_saltlen:20 &&"
    "r ec -newkey ec -pkeyopt ec_paramgen_curve:P-384 -sha384 &&"
    "r sha1 -newkey rsa:2048 -sha1 &&"
    "openssl req -new -key ec.key -subj /CN=x -outform DER -out ec.der &&"
    "openssl req -x509 -key ec.key -subj /CN=x -out cert.pem";

static enum err_code
load(const char *dir, const char *name, struct slice *exts, int *fits)
{
	struct err e = { .code = E_NONE };
	char path[256];
	struct csr c;
	struct buf der;
	struct ext x;
	int n = 0;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	if (csr_load(path, &der, &c, &e) == 0 && csr_verify(&c, &e) == 0) {
		*fits = 1;
		while (cert_next_ext(&c.extensions, &x) == 0)
			n++;
	}
	if (exts)
		exts->n = (size_t)n;
	if (e.code != E_NONE)
		printf("# %s %s\n", err_name(e.code), e.detail);
	buf_release(&der);
	return e.code;
}

static void
test_openssl(void)
{
	static const char *const names[] = { "rsa.pem", "ec.pem", "ed.pem",
	    "e4.pem", "pss.pem" };
	char dir[] = "/tmp/t_csr.XXXXXX", cmd[64];
	struct slice exts = SLICE_NONE;
	int fits = 0;

	if (mkdtemp(dir) == NULL)
		return;
	setenv("D", dir, 1);
	ok(system(script) == 0, "openssl made requests");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		ok(load(dir, names[i], &exts, &fits) == E_NONE && exts.n == 3,
		    "csr: %s of openssl verifies and asks for 3 extensions",
		    names[i]);
	ok(load(dir, "ec.der", &exts, &fits) == E_NONE && exts.n == 0,
	    "csr: so in DER, with no attributes");
	ok(load(dir, "sha1.pem", NULL, &fits) == E_ALG_UNKNOWN,
	    "csr: one of SHA-1 is refused (badAlg)");
	ok(load(dir, "cert.pem", NULL, &fits) == E_CSR_SYNTAX &&
	    load(dir, "absent", NULL, &fits) == E_NOINPUT,
	    "csr: other files are refused");
	snprintf(cmd, sizeof(cmd), "rm -rf %s", dir);
	ok(system(cmd) == 0, "clean");
}

int
main(void)
{
	struct err e = { .code = E_NONE };

	derw_init(&w, 65536);
	if (key_generate("ec:P-256", &k, &e) == -1)
		return 1;
	test_view();
	test_refused();
	test_signature();
	test_pem();
	test_damage();
	test_openssl();
	key_free(k);
	derw_release(&w);
	return done();
}
