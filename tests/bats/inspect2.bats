#!/usr/bin/env bats
# cmp-inspect: all bodies, and a directory as transactions in order.
load lib

setup_file() {
	prepared
	cd "$BATS_FILE_TMPDIR/base" || return 1
	{
		mkdir stick
		mkreq dev stick/z.pki --confirm
		cmp-process -C ca -o stick/y.pki stick/z.pki
		cmp-process -C dev -o stick/x.pki stick/y.pki
		cmp-process -C ca -o stick/w.pki stick/x.pki
	} 2>/dev/null
}

setup() {
	fresh
	bodies=$SRC_DIR/tests/fuzz/fuzz_msg.in
}

# The files of the only transaction, in their order.
files() {
	jq -r '.messages[].file' <<<"$output" | xargs
}

odd() {
	jq -r '.odd[] | .file + ": " + .text' <<<"$output"
}

@test "inspect: bodies of RFC 9483 4.2 to 4.4 have their fields by name" {
	run -0 cmp-inspect "$bodies/body-rr"
	has "reasonCode: keyCompromise"
	run -0 cmp-inspect "$bodies/body-genp-template"
	has "type: rsaKeyLen"
	run -0 cmp-inspect "$bodies/body-p10cr"
	has "certificationRequest:"
	run -0 cmp-inspect "$bodies/body-pollrep"
	has "checkAfter: 60"
	run -0 cmp-inspect --json "$bodies/body-nested"
	[ "$(jq -r '.body.PKIMessage[].message' <<<"$output" | xargs)" = \
	    "pollReq pollReq" ]
}

@test "inspect: --json of every body is valid" {
	for f in "$bodies"/body-*; do
		cmp-inspect --json "$f" 2>/dev/null | jq -e .message >/dev/null
	done
}

@test "inspect: --lint judges an rr by 4.2" {
	run -0 cmp-inspect --lint "$bodies/body-rr"
	run -1 cmp-inspect --lint "$bodies/body-rr-no-reason"
	has "MUST RFC 9483 4.2 E_REV_REASON"
}

@test "inspect: --asn1 knows the bodies" {
	for f in rr rp genm-root genp-template pollreq pollrep p10cr ckuann; do
		run -0 cmp-inspect --asn1 "$bodies/body-$f"
	done
}

@test "inspect: --asn1 takes infoValues of known kinds apart" {
	run -0 cmp-inspect --asn1 "$bodies/body-genp-template"
	has "infoValue of certReqTemplate in genp (CertReqTemplateContent):"
	has "name:certTemplate"
	has "name:keySpec"
	run -0 cmp-inspect --asn1 "$bodies/body-genm-root"
	has "infoValue of rootCaCert in genm (Certificate):"
	has "name:tbsCertificate"
	run -0 cmp-inspect --asn1 stick/z.pki
	hasnt "not of that type"
}

@test "inspect: a directory is shown as transactions in order" {
	run -0 --separate-stderr cmp-inspect stick
	has "transaction "
	hasnt odd:
	run -0 --separate-stderr cmp-inspect --json stick/
	[ "${#lines[@]}" = 1 ]
	[ "$(files)" = "z.pki y.pki x.pki w.pki" ]
	[ -z "$(odd)" ]
	[ "$(jq -r '.messages[1].status' <<<"$output")" = accepted ]
}

@test "inspect: what is missing in a directory is named" {
	rm stick/w.pki stick/y.pki
	run -1 cmp-inspect --json stick
	[[ "$(odd)" == *"z.pki: no answer"* ]]
	[[ "$(odd)" == *"x.pki: the message that it answers is not here"* ]]
	[[ "$(odd)" == *"x.pki: no answer"* ]]
	rm stick/x.pki
	run -1 cmp-inspect stick
	has "odd: z.pki: no answer"
}

@test "inspect: a certificate that nobody confirmed is named" {
	rm stick/x.pki stick/w.pki
	run -1 cmp-inspect stick
	has "odd: y.pki: no certConf confirms the certificate"
}

@test "inspect: a copy is a duplicate, another answer is not" {
	cp stick/z.pki stick/copy.pki
	run -1 cmp-inspect stick
	has "odd: z.pki: duplicate of copy.pki"
	rm stick/copy.pki
	# The same answer with another status: no longer what was signed.
	at=$(grep -obUaP '\x30\x03\x02\x01\x00' stick/y.pki | head -n1 |
	    cut -d: -f1)
	cp stick/y.pki stick/y2.pki
	printf '\1' | dd of=stick/y2.pki bs=1 seek=$((at + 4)) conv=notrunc \
	    2>/dev/null
	run -1 cmp-inspect stick
	has "odd: y2.pki: a different answer than y.pki to the same message"
}

@test "inspect: links, special files and other names are passed over" {
	ln -s z.pki stick/link.pki
	mkfifo stick/fifo.pki
	mkdir stick/dir.pki
	cp stick/z.pki stick/.hidden.pki
	cp stick/z.pki stick/z.txt
	run -0 --separate-stderr cmp-inspect --json stick
	[ "$(files)" = "z.pki y.pki x.pki w.pki" ]
}

@test "inspect: what is no message does not hide the others" {
	echo garbage >stick/bad.pki
	run -65 --separate-stderr cmp-inspect stick
	has z.pki
	[[ "$stderr" == *"stick/bad.pki: E_FILE_FORMAT"* ]]
}

@test "inspect: names of files reach the terminal escaped" {
	mv stick/z.pki $'stick/a\e[31m.pki'
	for o in "" --json; do
		run -0 cmp-inspect $o stick
		hasnt $'\e'
	done
}

@test "inspect: --lint and --asn1 do not take a directory" {
	for o in --lint --asn1; do
		run -64 cmp-inspect $o stick
		has "stick/*.pki"
	done
	mkdir empty
	run -0 cmp-inspect empty
	[ -z "$output" ]
}
