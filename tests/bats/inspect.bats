#!/usr/bin/env bats
# cmp-inspect: shows without keys, believes nothing, names broken rules.
load lib

setup_file() {
	prepared
	cd "$BATS_FILE_TMPDIR/base" || return 1
	{
		mkreq dev ir.pki --san dns:pump17.example --profile default \
		    --confirm
		cmp-process -C ca -o ip.pki ir.pki
		cmp-process -C dev -o certconf.pki ip.pki
		cmp-process -C ca -o pkiconf.pki certconf.pki
		mkreq dev no.pki --subject CN=x,O=Other
		cmp-process -C ca -o rejected.pki no.pki || true
		cmp-mkreq -C dev ir --subject CN=x --newkey ed25519 \
		    -o draft.pki
		cmp-process -C ca -o error.pki draft.pki || true
	} 2>/dev/null
}

setup() {
	fresh
	all=(ir ip certconf pkiconf no rejected draft error)
}

@test "inspect: shows every kind of message without keys or home" {
	mkdir alone
	cp -- *.pki alone/
	cd alone
	for f in "${all[@]}"; do
		run -0 --separate-stderr cmp-inspect "$f.pki"
		has message:
		has transactionID:
		[ -z "$stderr" ]
	done
	[ "$(count ./*)" = 8 ]
}

@test "inspect: text names bodies, names, times, status and failInfo" {
	run -0 cmp-inspect ir.pki
	has "subject: CN=pump17,O=Example"
	has "dns:pump17.example"
	has "publicKey: EC P-256"
	run -0 cmp-inspect rejected.pki
	has rejection
	has notAuthorized
	run -0 cmp-inspect error.pki
	has badMessageCheck
}

@test "inspect: --json is one valid object a line, with the same values" {
	files=("${all[@]/%/.pki}")
	run -0 --separate-stderr cmp-inspect --json "${files[@]}"
	[ "${#lines[@]}" = 8 ]
	for l in "${lines[@]}"; do jq -e .header.transactionID <<<"$l"; done
	[ "$(jq -r .message <<<"$output" | xargs)" = \
	    "ir ip certConf pkiConf ir ip ir error" ]
	[ "$(jq -r .file <<<"$output" | xargs)" = "${files[*]}" ]
	# The same values in the text.
	for f in "${files[@]}"; do
		id=$(cmp-inspect --json "$f" | jq -r .header.transactionID)
		cmp-inspect "$f" | grep -q "transactionID: $id"
	done
}

@test "inspect: --json of what is no message has error and detail" {
	echo garbage >x.pki
	run -66 --separate-stderr cmp-inspect --json ir.pki x.pki ip.pki none.pki
	[ "$(jq -r .error <<<"$output" | xargs)" = \
	    "null E_FILE_FORMAT null E_NOINPUT" ]
	jq -e .detail <<<"${lines[1]}"
}

@test "inspect: --lint says nothing about what we make but of drafts" {
	for f in ip certconf pkiconf no rejected error; do
		run -0 --separate-stderr cmp-inspect --lint $f.pki
		hasnt MUST
	done
	run -1 --separate-stderr cmp-inspect --lint draft.pki
	has "draft.pki: MUST RFC 9483"
	has E_PROT_MISSING
}

@test "inspect: --lint names a broken signature by section and code" {
	cp ir.pki bad.pki
	# A letter of the subject that is asked for.
	at=$(grep -obUa pump17 bad.pki | head -n1 | cut -d: -f1)
	printf X | dd of=bad.pki bs=1 seek="$at" conv=notrunc 2>/dev/null
	run -1 --separate-stderr cmp-inspect --lint bad.pki
	has E_PROT_SIG
	has E_POPO_SIG
	has "RFC 9483"
	# Shown all the same.
	run -0 cmp-inspect bad.pki
	has Xump17
}

@test "inspect: -, standard input and several files" {
	[ "$(cmp-inspect - <ir.pki)" = "$(cmp-inspect ir.pki)" ]
	[ "$(cmp-inspect <ir.pki)" = "$(cmp-inspect ir.pki)" ]
	run -0 cmp-inspect ir.pki ip.pki
	has "==> ir.pki <=="
	has "==> ip.pki <=="
}

@test "inspect: a file that is no message does not hide the others" {
	echo garbage >x.pki
	run -65 cmp-inspect ir.pki x.pki ip.pki
	has "message: ir"
	has "message: ip"
	has E_FILE_FORMAT
}

@test "inspect: --asn1 names the fields as the standard does" {
	for f in "${all[@]}"; do
		run -0 cmp-inspect --asn1 $f.pki
		has transactionID
	done
}

@test "inspect: nothing from a message reaches the terminal raw" {
	cmp-mkreq -C dev ir --subject $'CN=a\e[31mb\xe2\x80\xaec' \
	    --newkey ed25519 -o esc.pki 2>err || {
		grep -q E_NAME_SYNTAX err
		run ! grep -q $'\e' err
		return 0
	}
	for o in "" --json --lint --asn1; do
		run cmp-inspect $o esc.pki
		hasnt $'\e'
		hasnt $'\xe2\x80\xae'
	done
}

@test "inspect: every shortened file is named as incomplete" {
	for n in 1 5 100 700; do
		head -c $n ir.pki >short.pki
		run -65 cmp-inspect short.pki
		has E_FILE_
	done
}
