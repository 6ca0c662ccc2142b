#!/usr/bin/env bats
# The walk that README.md promises, literally, and the same as a pipeline.
load lib

setup_file() {
	mkdir "$BATS_FILE_TMPDIR/base"
	cd "$BATS_FILE_TMPDIR/base" || return 1
	maker
}

setup() {
	fresh
}

init() {
	cmp-ca -C ca init --name "CN=Plant CA,O=Example" --newkey ec:P-384
	cmp-ca -C ca trust add --enrol idevid-root.pem --subject 'CN=*,O=Example' --san 'dns:*.example'
}

request() {
	cmp-mkreq -C dev1 ir --subject "CN=pump17,O=Example" --san dns:pump17.example --newkey ec:P-256 \
	    --cert idevid.pem --key idevid.key --chain idevid-sub.pem --trust ca/certs/ca.pem -o stick/ "$@"
}

carry() {
	cp stick/*.pki ca/spool/in/
	cmp-process -C ca
	mkdir -p back
	cp ca/spool/out/*.pki back/
	cmp-process -C dev1 -o stick/ back/*.pki
}

@test "walk: a device enrols through files from empty directories" {
	init
	request
	[ "$(count stick/*-1-ir.pki)" = 1 ]
	carry
	run -0 cmp-inspect stick/*.pki back/*.pki
	has "message: ir"
	has "message: ip"
	run -0 --separate-stderr cmp-inspect --lint stick/*.pki back/*.pki
	[ -z "$output" ]

	[ "$(count dev1/certs/pump17-*.pem)" = 1 ]
	openssl verify -CAfile ca/certs/ca.pem dev1/certs/pump17-*.pem
	[ "$(openssl x509 -in dev1/certs/*.pem -noout -pubkey)" = \
	    "$(openssl pkey -in dev1/keys/*.key -pubout)" ]
	openssl x509 -in dev1/certs/*.pem -noout -checkhost pump17.example |
	    grep -q 'does match'
	[ "$(count ca/spool/in/*)" = 0 ]
	[ "$(count ca/spool/done/*)" = 1 ]
}

@test "walk: implicit confirmation is granted and leaves nothing to send" {
	init
	request
	carry

	[ "$(count stick/*)" = 1 ]
	reads stick/*-1-ir.pki '.header.generalInfo' | grep -q implicitConfirm
	reads back/*-2-ip.pki '.header.generalInfo' | grep -q implicitConfirm
}

@test "walk: --confirm ends with certConf and pkiConf" {
	init
	request --confirm
	carry
	[ "$(count stick/*-3-certconf.pki)" = 1 ]
	rm -r back
	run -0 carry
	has "confirmed"
	[ "$(count stick/*)" = 2 ]
	[ "$(reads back/*-4-pkiconf.pki .message)" = pkiConf ]
	run -0 cmp-inspect --lint stick/* back/*
	hasnt MUST
}

@test "walk: every step may be repeated and changes nothing" {
	init
	request --confirm
	carry
	carry
	sum=$(cat stick/*.pki back/*.pki | sha256sum)
	certs=$(cmp-ca -C ca list)

	carry
	carry

	[ "$(cat stick/*.pki back/*.pki | sha256sum)" = "$sum" ]
	[ "$(cmp-ca -C ca list)" = "$certs" ]
	[ "$(wc -l <<<"$certs")" = 1 ]
}

@test "walk: init makes keys, certificates, cmp.conf, spool and store" {
	init

	[ "$(stat -c %a ca/keys ca/keys/ca.key ca/keys/cmp.key | xargs)" = \
	    "700 600 600" ]
	for d in in out done bad work tmp hold; do [ -d "ca/spool/$d" ]; done
	[ -f ca/state/cmp.db ]
	openssl x509 -in ca/certs/cmp.pem -noout -ext \
	    keyUsage,extendedKeyUsage,subjectKeyIdentifier >ext
	grep -q 'Digital Signature' ext
	grep -q -e cmcCA -e 'CMC Certificate Authority' ext
	grep -q 'Subject Key Identifier' ext
	# Every key of cmp.conf(5) stands there with a comment.
	for k in role time-past key chain validity keys eku san anchor; do
		grep -q -B1 "^#*$k =" ca/cmp.conf
	done
	run ! cmp ca/keys/ca.key ca/keys/cmp.key
}

@test "walk: a second init of the same home is refused and changes nothing" {
	init
	before=$(state ca)

	run -73 cmp-ca -C ca init --name "CN=Other" --newkey ec:P-384
	has E_EXISTS
	[ "$(state ca)" = "$before" ]
}

@test "walk: as a pipeline of four programs, again and again" {
	init
	for i in 1 2 3 4 5 6; do
		cmp-mkreq -C dev2 ir --subject CN=x,O=Example --newkey ed25519 --trust ca/certs/ca.pem |
		    cmp-sign --cert idevid.pem --key idevid.key --chain idevid-sub.pem |
		    cmp-process -C ca - | cmp-process -C dev2 -
		[ "${PIPESTATUS[*]}" = "0 0 0 0" ]
		[ "$(count dev2/certs/x-*.pem)" = "$i" ]
		[ "$(cmp-ca -C ca list | wc -l)" = "$i" ]
	done
	[ "$(count ca/spool/in/* ca/spool/out/* ca/spool/done/*)" = 0 ]
}

@test "walk: the pipeline with a fresh home each time and a slow first program" {
	init
	for i in 1 2 3; do
		{ sleep 0.2; cmp-mkreq -C "new$i" ir --subject CN=x,O=Example --newkey ec:P-256 --trust ca/certs/ca.pem; } |
		    cmp-sign --cert idevid.pem --key idevid.key --chain idevid-sub.pem |
		    cmp-process -C ca - | cmp-process -C "new$i" -
		[ "${PIPESTATUS[*]}" = "0 0 0 0" ]
		[ "$(count "new$i"/certs/x-*.pem)" = 1 ]
	done
}

@test "walk: in a pipeline whose signer fails, all the others say no input" {
	init
	cmp-mkreq -C dev2 ir --subject CN=x,O=Example --newkey ed25519 --trust ca/certs/ca.pem >draft.pki
	cmp-sign --cert none.pem --key idevid.key draft.pki |
	    cmp-process -C ca - | cmp-process -C dev2 - ||
	    status="${PIPESTATUS[*]}"
	[ "$status" = "66 66 66" ]
	cmp-sign --cert idevid.pem --key idevid.key --chain idevid-sub.pem draft.pki |
	    cmp-process -C ca - | cmp-process -C dev2 -
}

@test "walk: a refusal goes through the pipeline to the device" {
	init
	cmp-mkreq -C dev2 ir --subject CN=x,O=Other --newkey ed25519 --trust ca/certs/ca.pem |
	    cmp-sign --cert idevid.pem --key idevid.key --chain idevid-sub.pem |
	    cmp-process -C ca - | cmp-process -C dev2 - ||
	    status="${PIPESTATUS[*]}"
	[ "$status" = "0 0 1 1" ]
	[ "$(count dev2/certs/*)" = 0 ]
}

@test "walk: a request in the spool beside a pipeline gets its own answer" {
	init
	request
	cp stick/*.pki ca/spool/in/

	cmp-mkreq -C dev2 ir --subject CN=x,O=Example --newkey ed25519 --trust ca/certs/ca.pem |
	    cmp-sign --cert idevid.pem --key idevid.key --chain idevid-sub.pem |
	    cmp-process -C ca - >ip.pki
	[ "$(count ca/spool/in/*)" = 1 ]
	[ "$(count ca/spool/out/*)" = 0 ]
	cmp-process -C ca

	[ "$(count ca/spool/out/*)" = 1 ]
	cmp-process -C dev2 ip.pki
	cmp-process -C dev1 ca/spool/out/*.pki
}

@test "walk: a draft is refused by the CA, and signed it is granted (E_PROT_MISSING)" {
	init
	cmp-mkreq -C dev ir --subject CN=x,O=Example --newkey ec:P-256 \
	    --trust ca/certs/ca.pem -o draft.pki

	run -77 cmp-process -C ca -o out.pki draft.pki
	has E_PROT_MISSING
	cmp-sign --cert idevid.pem --key idevid.key --chain idevid-sub.pem \
	    -o ir.pki draft.pki
	cmp-process -C ca -o ip.pki ir.pki
	cmp-process -C dev ip.pki
	[ "$(count dev/certs/*.pem)" = 1 ]
}

@test "walk: a draft's --confirm ends in a draft of certConf to be signed" {
	init
	sign=(cmp-sign --cert idevid.pem --key idevid.key
	    --chain idevid-sub.pem)
	cmp-mkreq -C dev ir --confirm --subject CN=x,O=Example \
	    --newkey ec:P-256 --trust ca/certs/ca.pem | "${sign[@]}" |
	    cmp-process -C ca - >ip.pki
	cmp-process -C dev -o cc.draft ip.pki
	"${sign[@]}" -o cc.pki cc.draft
	cmp-process -C ca -o conf.pki cc.pki
	run -0 cmp-process -C dev conf.pki
	[ "$(reads conf.pki .message)" = pkiConf ]
}

@test "walk: -n says what would happen and changes nothing" {
	init
	request
	cp stick/*.pki ca/spool/in/
	before=$(state ca)

	run -0 cmp-process -C ca -n
	has "would: "
	[ "$(state ca)" = "$before" ]
	run -0 cmp-process -C ca -n -o out/ stick/*.pki
	[ "$(state ca)" = "$before" ]
	[ ! -e out ]
	run -0 cmp-mkreq -C dev3 ir --subject CN=x --newkey ec:P-256 -n
	[ ! -e dev3 ]
}

@test "walk: answers with -o FILE, -o DIR, standard output and without -o" {
	init
	request
	r=$(echo stick/*.pki)
	cmp-process -C ca -o a.pki "$r"
	cmp-process -C ca -o b/ "$r"
	cmp-process -C ca "$r" >c.pki
	cmp-process -C ca - <"$r" >d.pki
	mkdir e
	(cd e && cmp-process -C ../ca "../$r" "../$r")

	for f in b/*.pki c.pki d.pki e/*.pki; do cmp a.pki "$f"; done
	[ "$(count e/*)" = 1 ]
}
