/* cmp-nest wrap: one request, approved with a further signature. */
#include "base/clock.h"
#include "base/file.h"
#include "pki/name.h"
#include "tools/nest.h"

#define LAYERS	15

/* Only requests are approved, by whoever has seen whom they come from. */
static int
check(const struct msg *m, int *layers, struct err *e)
{
	struct slice inner;
	struct msg last = *m;

	*layers = nest_layers(m->der, LAYERS, &inner, e);
	if (*layers == -1 || (*layers > 0 && msg_decode(inner, &last, e) ==
	    -1))
		return -1;
	if (!m->has_protection)
		return err_set(e, E_PROT_MISSING, "the %s is a draft without "
		    "protection: there is nothing to add to; protect it "
		    "first: cmp-sign", msg_body_name(m->body));
	if (nest_direction(last.body) != 1)
		return err_set(e, E_NESTED, "the message is %s, expected a "
		    "request: only these are approved",
		    msg_body_name(last.body));
	return 0;
}

static int
wrap(const struct nest_job *j, const char *file, struct buf *in,
    struct buf *out, struct err *e)
{
	char shown[TOOL_PATH], name[NEST_NAME], who[NAME_TEXT];
	struct msg m, again;
	int layers;

	if (tool_can_put(j->out, 0, e) == -1 ||
	    file_read(file, der_limits_message.size, in, e) == -1)
		return -1;
	if (tool_shape(file, buf_slice(in), e) == -1 ||
	    msg_decode(buf_slice(in), &m, e) == -1 ||
	    check(&m, &layers, e) == -1 ||
	    protect_wrap(&m, &j->signer, clock_now(), out, e) == -1 ||
	    msg_decode(buf_slice(out), &again, e) == -1)
		return err_wrap(e, "%s", file);
	nest_name(name, m.hdr.transaction_id, (size_t)layers + 1,
	    msg_body_word(BODY_NESTED));
	if (tool_put(j->out, name, buf_slice(out), shown, e) == -1)
		return -1;
	if (shown[0] != '\0')
		tool_say("wrote %s: approved by %s; next: bring it to the CA",
		    shown, name_short(who, j->signer.cert->subject));
	return 0;
}

int
nest_wrap(const struct nest_job *j)
{
	const char *file = j->n_files > 0 ? j->files[0] : "-";
	struct err e = { 0 };
	struct buf in, out;
	int rc;

	buf_init(&in, der_limits_message.size + 1);
	buf_init(&out, 2 * der_limits_message.size);
	rc = wrap(j, file, &in, &out, &e);
	buf_release(&in);
	buf_release(&out);
	return rc == -1 ? tool_fail(NULL, &e) : 0;
}
