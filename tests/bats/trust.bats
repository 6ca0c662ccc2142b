#!/usr/bin/env bats
# Whose devices may ask for which names: cmp-ca trust.
load lib

setup_file() {
	mkdir "$BATS_FILE_TMPDIR/base"
	cd "$BATS_FILE_TMPDIR/base" || return 1
	{
		maker
		cmp-ca -C ca init --name "CN=Plant CA,O=Example" \
		    --newkey ec:P-256
		root other-root CN=Other-Root,O=Other
		device other CN=other,O=Other other-root
		device idevid2 serialNumber=4712,CN=device,O=Maker idevid-sub
		crl root.crl idevid-root 30
		crl sub.crl idevid-sub 30
		crl sub-revoked.crl idevid-sub 30 idevid2.pem
	} 2>/dev/null
}

setup() {
	fresh
}

trust() {
	cmp-ca -C ca trust "$@"
}

# ask STATUS [OPTION...]: a request's way through the CA.
ask() {
	local expected=$1
	shift

	n=$((${n:-0} + 1))
	mkreq "dev$n" "ir$n.pki" "$@"
	run "-$expected" cmp-process -C ca -o "ip$n.pki" "ir$n.pki"
}

@test "trust: without a rule nobody may ask (E_PATH_NONE)" {
	ask 1
	has E_PATH_NONE
}

@test "trust: list shows what add was given, remove takes it away" {
	run -0 --separate-stderr trust list
	[ -z "$output" ]
	trust add --enrol idevid-root.pem --subject 'CN=*,O=Example' \
	    --san 'dns:*.example' --san 'ip:10.*' --profile default \
	    --crl root.crl
	run -0 --separate-stderr trust list
	has idevid-root
	has 'CN=*,O=Example'
	has 'dns:*.example'
	has 'ip:10.*'
	has default
	has .crl
	grep -q '^\[enrol idevid-root\]' ca/cmp.conf

	trust remove idevid-root
	run -0 --separate-stderr trust list
	[ -z "$output" ]
	[ "$(count ca/trust/*)" = 0 ]
	ask 1
	has E_PATH_NONE
}

@test "trust: add and remove leave the rest of cmp.conf as it was" {
	printf '\n# my remark\n[enrol mine]\nanchor = certs/ca.pem\n' \
	    >>ca/cmp.conf
	cp ca/cmp.conf before
	trust add --enrol idevid-root.pem --name a
	trust add --enrol other-root.pem --name b
	trust remove a
	trust remove b
	diff <(grep . before) <(grep . ca/cmp.conf)
	[ -f ca/certs/ca.pem ]
}

@test "trust: a name that is taken is refused, the file is not touched" {
	trust add --enrol idevid-root.pem --name a
	before=$(state ca)
	run -73 trust add --enrol other-root.pem --name a
	has E_EXISTS
	[ "$(state ca)" = "$before" ]
	trust add --enrol other-root.pem
	trust add --enrol other-root.pem
	run -0 --separate-stderr trust list
	has other-root-2
	run -1 trust remove nosuch
	has E_NOT_FOUND
}

@test "trust: a pattern or profile that cannot be is refused unwritten" {
	before=$(state ca)
	for p in 'CN=' 'x' 'CN={nosuch},O=E' 'CN={serialNumber,O=E'; do
		run ! trust add --enrol idevid-root.pem --subject "$p"
		has E_
	done
	for p in '*' 'dns' 'nosuch:*' 'dns:a b'; do
		run ! trust add --enrol idevid-root.pem --san "$p"
		has E_
	done
	run ! trust add --enrol idevid-root.pem --profile nosuch
	has nosuch
	run ! trust add --enrol idevid-root.pem --name '../x'
	[ "$(state ca)" = "$before" ]
}

@test "trust: without --subject a device may only ask for its own name" {
	trust add --enrol idevid-root.pem
	ask 1
	has E_NOT_SUBJECT
	ask 0 --subject serialNumber=4711,CN=device,O=Maker
}

@test "trust: without --san a device may ask for none (E_NOT_SAN)" {
	trust add --enrol idevid-root.pem --subject 'CN=*,O=Example'
	ask 0
	ask 1 --san dns:a.example
	has E_NOT_SAN
}

@test "trust: a star stands for text within one value" {
	trust add --enrol idevid-root.pem --subject 'CN=pump-*,O=Example'
	ask 0 --subject CN=pump-1,O=Example
	ask 0 --subject CN=PUMP-1,O=example
	ask 1 --subject CN=valve-1,O=Example
	has E_NOT_SUBJECT
	ask 1 --subject CN=pump-1
	ask 1 --subject CN=pump-1,O=Other
	ask 1 --subject CN=pump-1,OU=More,O=Example
	ask 1 --subject 'CN=pump-1,CN=boss,O=Example'
}

@test "trust: {attribute} is that of the sender's certificate" {
	trust add --enrol idevid-root.pem \
	    --subject 'CN=pump-{serialNumber},O=Example'
	ask 0 --subject CN=pump-4711,O=Example
	ask 1 --subject CN=pump-4712,O=Example
	has E_NOT_SUBJECT
	ID=idevid2
	ask 0 --subject CN=pump-4712,O=Example
}

@test "trust: an attribute that the sender lacks matches nothing" {
	trust add --enrol other-root.pem \
	    --subject 'CN=pump-{serialNumber},O=Example'
	ID=other
	ask 1 --subject CN=pump-,O=Example
	has E_NOT_SUBJECT
}

@test "trust: a star in a sender's name is no pattern" {
	device star 'CN=*,O=Maker' idevid-sub
	trust add --enrol idevid-root.pem --subject 'CN=pump-{CN},O=Example'
	ID=star
	ask 1 --subject CN=pump-4711,O=Example
	has E_NOT_SUBJECT
	ask 0 --subject 'CN=pump-*,O=Example'
}

@test "trust: --san patterns bind kind and text" {
	trust add --enrol idevid-root.pem --subject 'CN=*,O=Example' \
	    --san 'dns:*.example' --san 'email:*@example.org'
	ask 0 --san dns:a.example --san email:me@example.org
	ask 0 --san dns:A.EXAMPLE
	ask 1 --san dns:a.example.com
	has E_NOT_SAN
	ask 1 --san uri:https://a.example
	ask 1 --san dns:a.example --san ip:10.0.0.1
	has E_NOT_SAN
}

@test "trust: each maker's devices have their own rule" {
	trust add --enrol idevid-root.pem --subject 'CN=a-*,O=Example'
	trust add --enrol other-root.pem --subject 'CN=b-*,O=Example'
	ask 0 --subject CN=a-1,O=Example
	ask 1 --subject CN=b-1,O=Example
	ID=other
	ask 0 --subject CN=b-1,O=Example
	ask 1 --subject CN=a-1,O=Example
}

@test "trust: an issuing CA as anchor needs no root" {
	trust add --enrol idevid-sub.pem --subject 'CN=*,O=Example'
	ask 0
}

@test "trust: a single device's certificate as anchor lets in only it" {
	trust add --enrol idevid.pem --subject 'CN=*,O=Example'
	ask 0
	ID=idevid2
	ask 1
}

@test "trust: a revoked device is refused, its sister is not" {
	trust add --enrol idevid-root.pem --subject 'CN=*,O=Example' \
	    --crl root.crl --crl sub-revoked.crl
	ask 0
	ID=idevid2
	ask 1
	has E_PATH_REVOKED
}

@test "trust: with CRLs, one that is missing refuses (E_PATH_STATUS)" {
	trust add --enrol idevid-root.pem --subject 'CN=*,O=Example' \
	    --crl root.crl
	ask 1
	has E_PATH_STATUS
	trust crl sub.crl
	ask 0
}

@test "trust: an expired CRL refuses until a newer one comes" {
	THIS=200101000000Z crl old.crl idevid-sub -10
	run -0 trust add --enrol idevid-root.pem --subject 'CN=*,O=Example' \
	    --crl root.crl --crl old.crl
	has warning
	ask 1
	has E_PATH_STATUS
	trust crl sub.crl
	ask 0
	[ "$(count ca/trust/*.crl)" = 2 ]
}

@test "trust: a newer CRL replaces the older, never the other way" {
	THIS=$(date -u -d '-2 days' +%y%m%d%H%M%SZ) crl older.crl idevid-sub 30
	trust add --enrol idevid-root.pem --subject 'CN=*,O=Example' \
	    --crl root.crl --crl older.crl
	ID=idevid2
	ask 0
	trust crl sub-revoked.crl
	[ "$(count ca/trust/*.crl)" = 2 ]
	ask 1 --subject CN=pump18,O=Example
	has E_PATH_REVOKED
	run -73 trust crl older.crl
	has E_EXISTS
	ask 1 --subject CN=pump19,O=Example
	has E_PATH_REVOKED
}

@test "trust: a CRL in PEM is as good, a forged one is worth nothing" {
	openssl crl -in sub-revoked.crl -inform DER -out sub.pem.crl
	# The name of the maker's CA, the key of another.
	root fake CN=Maker-Sub,O=Maker
	crl fake.crl fake 60
	trust add --enrol idevid-root.pem --subject 'CN=*,O=Example' \
	    --crl root.crl --crl sub.pem.crl
	ID=idevid2
	ask 1
	has E_PATH_REVOKED
	run trust crl fake.crl
	ask 1
	ID=idevid
	[ "$status" = 1 ]
	run -65 trust crl idevid.pem
	run -66 trust crl none.crl
}

@test "trust: a CRL of a stranger needs --name" {
	trust add --enrol idevid-root.pem
	trust add --enrol other-root.pem
	root third CN=Third
	crl third.crl third 30
	run -1 trust crl third.crl
	has E_NOT_FOUND
	trust crl third.crl --name idevid-root
	run -1 trust crl third.crl --name nosuch
}

@test "trust: an anchor that is no certificate, or is expired, grants nothing" {
	run -65 trust add --enrol idevid.key
	DAYS=-1 root dead CN=Dead 2>/dev/null || skip "openssl will not"
	device late CN=late,O=Maker dead
	trust add --enrol dead.pem --subject 'CN=*,O=Example'
	ID=late
	ask 1
	has E_PATH_
}

@test "trust: a running agent takes a new rule" {
	cmp-process -C ca --watch 2>log 3>&- &
	pid=$!
	mkreq dev ca/spool/in/a.pki
	for _ in $(seq 50); do ls ca/spool/out/*.pki 2>/dev/null && break; sleep 0.1; done
	reads ca/spool/out/*.pki .message | grep -q error
	trust add --enrol idevid-root.pem --subject 'CN=*,O=Example'
	mkreq dev2 ca/spool/in/b.pki
	for _ in $(seq 50); do grep -q 'b.pki: answered' log && break; sleep 0.1; done
	kill "$pid"
	wait "$pid"
	grep -q 'b.pki: answered' log
}

@test "trust: remove deletes only what add made, and nobody else has a use for" {
	trust add --enrol idevid-root.pem --name a --crl root.crl
	trust add --enrol other-root.pem --name b
	cp other-root.pem ca/trust/a-old.pem
	crl=$(cd ca && echo trust/a-*.crl)
	sed -i "s|^anchor = trust/a.pem|& trust/a-old.pem|
	    s|^anchor = trust/b.pem|& ./trust/a.pem|" ca/cmp.conf
	trust remove a
	[ -e ca/trust/a.pem ]
	[ -e ca/trust/a-old.pem ]
	[ ! -e "ca/$crl" ]
	run -0 cmp-process -C ca
	trust remove b
	[ ! -e ca/trust/b.pem ]
}
