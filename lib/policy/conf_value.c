/* Values of cmp.conf: one setter a type, and the table of all keys. */
#include "policy/conf_impl.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "pki/cert.h"
#include "pki/name.h"
#include "pki/san.h"

#define YEAR	(365 * INT64_C(86400))

static int
expected(struct err *e, const char *what)
{
	return err_set(e, E_CONF, "expected %s", what);
}

static int
no_memory(struct err *e)
{
	return err_set(e, E_NOMEM, "out of memory");
}

int64_t
conf_duration(const char *s)
{
	static const struct {
		char	unit;
		int64_t	seconds;
	} units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 },
		{ 'y', YEAR } };
	int64_t n = conf_number(&s);

	if (n == -1 || *s == '\0' || s[1] != '\0')
		return -1;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (*s == units[i].unit)
			return n > 1000 * YEAR / units[i].seconds ? -1 :
			    n * units[i].seconds;
	return -1;
}

static int
set_duration(void *field, const char *value, struct err *e)
{
	int64_t n = conf_duration(value);

	if (n == -1)
		return expected(e, "a number followed by y, d, h, m or s, of at "
		    "most 1000y");
	*(int64_t *)field = n;
	return 0;
}

static int
set_period(void *field, const char *value, struct err *e)
{
	if (set_duration(field, value, e) == -1)
		return -1;
	if (*(int64_t *)field == 0)
		return expected(e, "more than 0");
	return 0;
}

static int
set_size(void *field, const char *value, struct err *e)
{
	int64_t n = conf_number(&value), unit = 1;

	if (*value == 'k' || *value == 'm')
		unit = *value++ == 'k' ? 1 << 10 : 1 << 20;
	if (n < 1 || *value != '\0' || n > (INT64_C(1) << 30) / unit)
		return expected(e, "a number of bytes, or one followed by k or "
		    "m, of at most 1024m");
	*(int64_t *)field = n * unit;
	return 0;
}

static int
set_number(void *field, const char *value, int64_t min, int64_t max,
    struct err *e)
{
	int64_t n = conf_number(&value);

	if (n < min || n > max || *value != '\0')
		return err_set(e, E_CONF, "expected a number from %d to %d",
		    (int)min, (int)max);
	*(int64_t *)field = n;
	return 0;
}

static int
set_count(void *field, const char *value, struct err *e)
{
	return set_number(field, value, 1, 100000, e);
}

static int
set_san_count(void *field, const char *value, struct err *e)
{
	return set_number(field, value, 0, SAN_MAX, e);
}

static int
set_choice(void *field, const char *value, const char *no, const char *yes,
    struct err *e)
{
	if (strcmp(value, no) != 0 && strcmp(value, yes) != 0)
		return err_set(e, E_CONF, "expected %s or %s", yes, no);
	*(int *)field = strcmp(value, yes) == 0;
	return 0;
}

static int
set_bool(void *field, const char *value, struct err *e)
{
	return set_choice(field, value, "no", "yes", e);
}

static int
set_confirm(void *field, const char *value, struct err *e)
{
	return set_choice(field, value, "implicit", "explicit", e);
}

/* Strings: an empty one is one that is not set. */
static int
set_string(void *field, const char *value, struct err *e)
{
	if (*value != '\0' && (*(char **)field = strdup(value)) == NULL)
		return no_memory(e);
	return 0;
}

static int
check_role(const char *s, struct err *e)
{
	if (strcmp(s, "ee") != 0 && strcmp(s, "ra") != 0 &&
	    strcmp(s, "ca") != 0)
		return expected(e, "ee, ra or ca");
	return 0;
}

static int
set_role(void *field, const char *value, struct err *e)
{
	if (check_role(value, e) == -1)
		return -1;
	return set_string(field, value, e);
}

static int
check_name(const char *s, struct err *e)
{
	if (!conf_name_ok(slice_str(s)))
		return expected(e, "1 to 64 letters, digits, \".\", \"_\" or "
		    "\"-\"");
	return 0;
}

static int
set_name(void *field, const char *value, struct err *e)
{
	if (check_name(value, e) == -1)
		return -1;
	return set_string(field, value, e);
}

static int
check_path(const char *s, struct err *e)
{
	for (const char *at = s; at != NULL; at = strchr(at, '/')) {
		at += *at == '/';
		if (strncmp(at, "..", 2) == 0 && (at[2] == '/' || at[2] == '\0'))
			return expected(e, "a path without \"..\"");
	}
	return 0;
}

static int
set_path(void *field, const char *value, struct err *e)
{
	if (check_path(value, e) == -1)
		return -1;
	return set_string(field, value, e);
}

static int
set_pattern(void *field, const char *value, struct err *e)
{
	if (*value != '\0' && name_pattern_check(value, e) == -1)
		return -1;
	return set_string(field, value, e);
}

/* Lists: words between blanks, each checked by itself. */
#define LIST_MAX	64

static int
list_has(const struct conf_list *l, const char *word)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->v[i], word) == 0)
			return 1;
	return 0;
}

/* Takes over ${word}. */
static int
list_add(struct conf_list *l, char *word, struct err *e)
{
	char **v;

	if (l->n == LIST_MAX || list_has(l, word)) {
		free(word);
		return expected(e, "at most 64 words, each once");
	}
	if ((v = realloc(l->v, (l->n + 2) * sizeof(*v))) == NULL) {
		free(word);
		return no_memory(e);
	}
	l->v = v;
	v[l->n++] = word;
	v[l->n] = NULL;
	return 0;
}

static int
set_list(void *field, const char *value,
    int (*check)(const char *word, struct err *e), struct err *e)
{
	char *word;
	size_t n;

	for (;; value += n) {
		value += strspn(value, " \t");
		if ((n = strcspn(value, " \t")) == 0)
			return 0;
		if ((word = strndup(value, n)) == NULL)
			return no_memory(e);
		if (check(word, e) == -1) {
			free(word);
			return -1;
		}
		if (list_add(field, word, e) == -1)
			return -1;
	}
}

static int
set_names(void *field, const char *value, struct err *e)
{
	return set_list(field, value, check_name, e);
}

static int
set_paths(void *field, const char *value, struct err *e)
{
	return set_list(field, value, check_path, e);
}

static int
set_patterns(void *field, const char *value, struct err *e)
{
	return set_list(field, value, san_pattern_check, e);
}

static int
check_uri(const char *s, struct err *e)
{
	const char *colon = strchr(s, ':');

	if (colon == NULL || colon == s || colon[1] == '\0')
		return expected(e, "URIs as http://host/path");
	for (const char *p = s; *p != '\0'; p++)
		if (*p <= 0x20 || *p >= 0x7f || strchr("\"<>\\^`{|}", *p))
			return expected(e, "URIs of ASCII characters, others as "
			    "%XX");
	return 0;
}

static int
set_uris(void *field, const char *value, struct err *e)
{
	return set_list(field, value, check_uri, e);
}

static int
check_body(const char *s, struct err *e)
{
	static const char *const bodies[] = { "ir", "cr", "kur", "p10cr" };

	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++)
		if (strcmp(s, bodies[i]) == 0)
			return 0;
	return expected(e, "words of ir cr kur p10cr");
}

static int
set_bodies(void *field, const char *value, struct err *e)
{
	return set_list(field, value, check_body, e);
}

/* What starts a transaction. */
static int
check_start(const char *s, struct err *e)
{
	if (strcmp(s, "rr") == 0 || strcmp(s, "genm") == 0 ||
	    check_body(s, e) == 0)
		return 0;
	return expected(e, "words of ir cr kur p10cr rr genm");
}

static int
set_starts(void *field, const char *value, struct err *e)
{
	return set_list(field, value, check_start, e);
}

static const char *const modes[] = {
	[FORWARD_KEEP] = "keep", [FORWARD_ADD] = "add",
	[FORWARD_REPLACE] = "replace", [FORWARD_RAVERIFIED] = "raverified",
	[FORWARD_REFUSE] = "refuse",
};
#define MODES	(sizeof(modes) / sizeof(modes[0]))

const char *
conf_mode_word(enum conf_mode m)
{
	return modes[m];
}

static int
set_mode(void *field, const char *value, struct err *e)
{
	for (size_t i = 0; i < MODES; i++) {
		if (strcmp(value, modes[i]) == 0) {
			*(enum conf_mode *)field = (enum conf_mode)i;
			return 0;
		}
	}
	return expected(e, "keep, add, replace, raverified or refuse");
}

static int
set_down(void *field, const char *value, struct err *e)
{
	return set_choice(field, value, "keep", "replace", e);
}

/* "2 of officer-a officer-b officer-c" */
static int
set_approvals(void *field, const char *value, struct err *e)
{
	struct conf_quorum *q = field;
	int64_t n = conf_number(&value);

	if (n < 1 || n > LIST_MAX || strncmp(value, " of ", 4) != 0)
		return expected(e, "as \"2 of officer-a officer-b\"");
	if (set_list(&q->of, value + 4, check_name, e) == -1)
		return -1;
	if (q->of.n < (size_t)n)
		return err_set(e, E_CONF, "expected at least %lld names, found "
		    "%zu", (long long)n, q->of.n);
	q->need = n;
	return 0;
}

static int
set_dn(void *field, const char *value, struct err *e)
{
	struct buf b;
	int rc;

	buf_init(&b, 1 << 16);
	rc = *value == '\0' ? 0 : name_parse(value, &b, e);
	buf_release(&b);
	return rc == -1 ? expected(e, "a name as O=Example,OU=Plant 7") :
	    set_string(field, value, e);
}

static int
check_san(const char *s, struct err *e)
{
	struct buf b;
	int rc;

	buf_init(&b, 1 << 16);
	rc = san_parse(s, &b, e);
	buf_release(&b);
	return rc == -1 ? expected(e, "names as dns:pump17.example") : 0;
}

static int
set_sans(void *field, const char *value, struct err *e)
{
	return set_list(field, value, check_san, e);
}

static int
check_key(const char *s, struct err *e)
{
	struct conf_keyspec k;

	if (conf_keyspec(s, &k) == -1)
		return expected(e, "words as rsa:2048-8192, rsa-pss:3072, "
		    "ec:P-256, ec:P-384, ec:P-521, ed25519, ed448");
	return 0;
}

static int
set_keys(void *field, const char *value, struct err *e)
{
	if (*value == '\0')
		return expected(e, "at least one kind of key");
	return set_list(field, value, check_key, e);
}

static int
check_key_usage(const char *s, struct err *e)
{
	uint32_t bit = conf_ku(s);

	if (bit == 0)
		return expected(e, "words of digitalSignature nonRepudiation "
		    "keyEncipherment dataEncipherment keyAgreement "
		    "encipherOnly decipherOnly");
	if (bit & CONF_KU_CA)
		return expected(e, "usages of end entities: no profile gives "
		    "keyCertSign or cRLSign");
	return 0;
}

static int
set_key_usages(void *field, const char *value, struct err *e)
{
	return set_list(field, value, check_key_usage, e);
}

static int
check_eku(const char *s, struct err *e)
{
	if (conf_eku(s) == OID_UNKNOWN)
		return expected(e, "words of serverAuth clientAuth codeSigning "
		    "emailProtection timeStamping");
	return 0;
}

static int
set_ekus(void *field, const char *value, struct err *e)
{
	return set_list(field, value, check_eku, e);
}

static int
check_san_type(const char *s, struct err *e)
{
	if (conf_san_type(s) == -1)
		return expected(e, "words of dns ip email uri dn");
	return 0;
}

static int
set_san_types(void *field, const char *value, struct err *e)
{
	return set_list(field, value, check_san_type, e);
}

static const struct conf_type
    type_ROLE = { "ee | ra | ca", HOLD_STRING, set_role },
    type_NAME = { "name", HOLD_STRING, set_name },
    type_NAMES = { "names", HOLD_LIST, set_names },
    type_PATH = { "file", HOLD_STRING, set_path },
    type_PATHS = { "files", HOLD_LIST, set_paths },
    type_PATTERN = { "pattern", HOLD_STRING, set_pattern },
    type_PATTERNS = { "patterns", HOLD_LIST, set_patterns },
    type_DURATION = { "duration", HOLD_INT64, set_duration },
    type_PERIOD = { "duration", HOLD_INT64, set_period },
    type_SIZE = { "size", HOLD_INT64, set_size },
    type_COUNT = { "number", HOLD_INT64, set_count },
    type_SAN_COUNT = { "number", HOLD_INT64, set_san_count },
    type_BOOL = { "yes | no", HOLD_INT, set_bool },
    type_CONFIRM = { "implicit | explicit", HOLD_INT, set_confirm },
    type_URIS = { "URIs", HOLD_LIST, set_uris },
    type_BODIES = { "words", HOLD_LIST, set_bodies },
    type_STARTS = { "words", HOLD_LIST, set_starts },
    type_MODE = { "word", HOLD_INT, set_mode },
    type_DOWN = { "keep | replace", HOLD_INT, set_down },
    type_APPROVALS = { "N of names", HOLD_LIST, set_approvals },
    type_DN = { "name", HOLD_STRING, set_dn },
    type_SANS = { "names", HOLD_LIST, set_sans },
    type_KEYS = { "keys", HOLD_LIST, set_keys },
    type_KEY_USAGES = { "words", HOLD_LIST, set_key_usages },
    type_EKUS = { "words or OIDs", HOLD_LIST, set_ekus },
    type_SAN_TYPES = { "words", HOLD_LIST, set_san_types };

#define IN_global	struct conf_home
#define IN_ca		struct conf_home
#define IN_relay	struct conf_home
#define IN_spool	struct conf_home
#define IN_channel	struct conf_channel
#define IN_profile	struct conf_profile
#define IN_enrol	struct conf_rule
#define IN_ra	struct conf_rule
#define IN_forward	struct conf_rule
#define EE	(1u << ROLE_EE)
#define CA	(1u << ROLE_CA)
#define RA	(1u << ROLE_RA)
#define ALL	(1u << ROLE_EE | 1u << ROLE_RA | 1u << ROLE_CA)
#define CONF(section, key, type, field, dflt, example, roles, doc) \
	{ CONF_##section, key, &type_##type, offsetof(IN_##section, field), \
	    dflt, example, roles, doc },
const struct conf_key conf_keys[] = {
#include "schemas/conf.def"
};
#undef CONF

const size_t conf_n_keys = sizeof(conf_keys) / sizeof(conf_keys[0]);
_Static_assert(sizeof(conf_keys) / sizeof(conf_keys[0]) <= CONF_KEYS_MAX,
    "struct parse has a slot for each key");
