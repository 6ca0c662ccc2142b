#!/usr/bin/env bats
# Registration authorities between devices and a CA: what goes up, what comes
# down, what does not.
load lib

setup_file() {
	prepared
	{
		cmp-ca -C ra init --role ra --name CN=LRA,O=Plant \
		    --newkey ec:P-256
		cp idevid-root.pem ra/trust/maker.pem
		cp ca/certs/ca.pem ra/trust/up.pem
		cmp-ca -C ca trust add --ra ra/certs/cmp.pem \
		    --subject 'CN=*,O=Example' --san 'dns:*.example'
		cat ca/certs/ca.pem ra/certs/cmp.pem >trust.pem
		root other-root CN=Other-Maker
		device other CN=device,O=Other other-root
	} 2>/dev/null
}

setup() {
	fresh
}

# forward LINE...: the RA's cmp.conf with these in its one [forward]
forward() {
	printf '%s\n' 'role = ra' '[relay]' 'anchor = trust/up.pem' \
	    '[forward dev]' 'anchor = trust/maker.pem trust/up.pem' \
	    'subject = CN=*,O=Example' 'san = dns:*.example' "$@" >ra/cmp.conf
}

# asks HOME OUT [OPTION...]: a request of idevid in OUT/
asks() {
	local home=$1 out=$2
	shift 2

	cmp-mkreq -C "$home" ir --subject "CN=$home,O=Example" \
	    --newkey ed25519 --cert "${ID:-idevid}.pem" \
	    --key "${ID:-idevid}.key" --chain idevid-sub.pem \
	    --trust trust.pem -o "$out/" "$@"
}

up() {
	echo ra/spool/out/upstream/*.pki
}

certs() {
	count "$1"/certs/*.pem
}

# through FILE...: by way of the RA to the CA; what comes of it is in ra's out.
through() {
	cp "$@" ra/spool/in/
	cmp-process -C ra
	mv ra/spool/out/upstream/*.pki ca/spool/in/
	cmp-process -C ca
	mv ca/spool/out/*.pki ra/spool/in/upstream/
	cmp-process -C ra
}

@test "ra: keep, add, replace and raverified bring a certificate through the spools" {
	for mode in keep add replace raverified; do
		forward "forward = $mode"
		asks "d-$mode" "stick-$mode" --san dns:x.example
		through "stick-$mode"/*.pki
		run -0 cmp-process -C "d-$mode" ra/spool/out/*.pki
		[ "$(certs "d-$mode")" = 1 ]
		mkdir "$mode"; mv ra/spool/out/*.pki "$mode/"
		rm -f ra/spool/done/* ca/spool/done/*
	done
	run -0 cmp-ca -C ra check
	run -0 cmp-ca -C ca check
}

@test "ra: an answer that comes twice goes to the device again, not up" {
	forward 'forward = keep'
	asks d1 stick
	through stick/*.pki
	mkdir got
	mv ra/spool/out/*.pki got/
	cp got/*.pki ra/spool/in/upstream/
	run -0 cmp-process -C ra
	[ "$(count ra/spool/out/upstream/*.pki)" = 0 ]
	cmp got/*.pki ra/spool/out/*.pki
}

@test "ra: certConf and kur go the way that their request went" {
	forward 'forward = replace'
	set_conf ca "profile default" confirm explicit
	asks d1 stick --confirm
	through stick/*.pki
	run -0 cmp-process -C d1 -o conf/ ra/spool/out/*.pki
	rm ra/spool/out/*.pki
	through conf/*.pki
	run -0 cmp-process -C d1 ra/spool/out/*pkiconf.pki
	rm ra/spool/out/*.pki

	cmp-mkreq -C d1 kur --cert d1/certs/*.pem --key d1/keys/*.key \
	    --newkey ed25519 --trust trust.pem --confirm -o kur/
	cp kur/*.pki ra/spool/in/
	run -0 cmp-process -C ra
	run -0 cmp-nest show "$(up)"
	has kur
	mv ra/spool/out/upstream/*.pki ca/spool/in/
	cmp-process -C ca
	mv ca/spool/out/*.pki ra/spool/in/
	cmp-process -C ra
	run -0 cmp-process -C d1 -o conf2/ ra/spool/out/*kup.pki
	rm ra/spool/out/*.pki
	through conf2/*.pki
	run -0 cmp-process -C d1 ra/spool/out/*pkiconf.pki
	[ "$(certs d1)" = 2 ]
}

@test "ra: files in, files out, both ways" {
	forward 'forward = add'
	asks d1 stick
	run -0 cmp-process -C ra stick/*.pki -o to-ca/
	has "passed on: ir by [forward dev]: add"
	[ "$(find to-ca -name '*.pki' | wc -l)" = 1 ]
	run -0 cmp-process -C ra stick/*.pki -o again/
	has "is upstream already"
	run -0 cmp-process -C ca "$(find to-ca -name '*.pki')" -o back/
	run -0 cmp-process -C ra back/*.pki -o to-dev/
	has "ip passed down"
	run -0 cmp-process -C d1 "$(find to-dev -name '*.pki')"
	[ "$(certs d1)" = 1 ]
}

@test "ra: what is refused says why, and nothing of it goes up" {
	forward 'forward = add'
	asks d1 stick --san dns:d1.else
	run -1 cmp-process -C ra stick/*.pki -o no/
	has "E_NOT_SAN"
	has '[forward dev]'
	[ "$(reads no/*.pki '.body.response[0].status.status')" = rejection ]

	rm -r no stick
	ID=other asks d2 stick
	run -1 cmp-process -C ra stick/*.pki -o no/
	has "E_PATH_NONE"

	rm -r no stick
	forward 'forward = refuse'
	asks d3 stick
	run -1 cmp-process -C ra stick/*.pki -o no/
	has "E_NOT_AUTHORIZED: [forward dev] says refuse"

	forward 'forward = add' 'body = cr'
	asks d4 stick4
	run -1 cmp-process -C ra stick4/*.pki -o no4/
	has 'no [forward] rule is for ir of profile ""'
	[ "$(count ra/spool/out/upstream/*.pki)" = 0 ]
	[ ! -e no/upstream ]
}

@test "ra: wrong input ends nothing" {
	forward 'forward = keep'
	asks d1 stick
	run -0 cmp-process -C ra stick/*.pki -o up/
	run -0 cmp-process -C ca stick/*.pki -o back/
	head -c 100 back/*.pki >short.pki
	run -65 cmp-process -C ra short.pki -o x/
	has "E_FILE_PARTIAL"
	# Another CA's answer.
	cmp-ca -C ca2 init --name CN=Other,O=Else --newkey ec:P-256
	cmp-ca -C ca2 trust add --enrol idevid-root.pem --subject 'CN=*,O=Example'
	cmp-process -C ca2 stick/*.pki -o wrong/
	run -1 cmp-process -C ra wrong/*.pki -o x/
	has "E_PATH_NONE"
	run -1 cmp-process -C d1 wrong/*.pki
	# One to a request that never came by here.
	asks d2 stick2
	cmp-process -C ca stick2/*.pki -o back2/
	run -1 cmp-process -C ra back2/*.pki -o x/
	has "E_ANSWER_UNKNOWN"
	[ "$(count x/*.pki)" = 0 ]
	run -0 cmp-process -C ra back/*.pki -o x/
	run -0 cmp-process -C d1 x/*.pki
}

@test "ra: without [relay] anchor, and with a key that is not there, it says so" {
	forward 'forward = keep'
	sed -i '/^anchor = trust.up.pem/d' ra/cmp.conf
	asks d1 stick
	cmp-process -C ca stick/*.pki -o back/
	run -0 cmp-process -C ra stick/*.pki -o up/
	run -1 cmp-process -C ra back/*.pki -o x/
	has "[relay] has no anchor"
	mv ra/keys/cmp.key away
	run ! cmp-process -C ra stick/*.pki -o up/
	has "keys/cmp.key"
}

@test "ra: --dry-run shows what would be done and does nothing" {
	forward 'forward = add'
	asks d1 stick
	cmp-process -C ra
	before=$(state ra)
	run -0 cmp-process -C ra -n stick/*.pki
	has "passed on"
	[ "$(state ra)" = "$before" ]
	forward 'forward = keep' 'batch = yes'
	cp stick/*.pki ra/spool/in/
	cmp-process -C ra
	before=$(state ra)
	run -64 cmp-process -C ra -n --flush
	run -0 cmp-process -C ra -n
	[ "$(state ra)" = "$before" ]
	[ "$(count ra/spool/out/upstream/*.pki)" = 0 ]
}

@test "ra: a batch leaves by --flush, returns as one and is taken apart" {
	forward 'forward = keep' 'batch = yes'
	for i in 1 2 3; do asks "d$i" stick; done
	cp stick/*.pki ra/spool/in/
	run -0 cmp-process -C ra
	[ "$(count ra/spool/out/*-ip.pki)" = 3 ]
	[ "$(count ra/spool/out/upstream/*.pki)" = 0 ]
	for i in 1 2 3; do
		for f in ra/spool/out/*.pki; do
			cmp-process -C "d$i" -o "poll/" "$f" || :
		done
	done
	[ "$(count poll/*-pollreq.pki)" = 3 ]
	rm ra/spool/out/*.pki
	run -0 cmp-process -C ra --flush
	has "bundles that leave: 1"
	[ "$(count ra/spool/out/upstream/*.pki)" = 1 ]
	run -0 cmp-inspect --lint "$(up)"
	mv ra/spool/out/upstream/*.pki ca/spool/in/
	run -0 cmp-process -C ca
	mv ca/spool/out/*.pki ra/spool/in/
	run -0 cmp-process -C ra
	[ "$(count ra/spool/out/*-ip*.pki)" = 3 ]
	rm ra/spool/out/*.pki
	# Those that ask get theirs, too.
	cp poll/*.pki ra/spool/in/
	run -0 cmp-process -C ra
	for i in 1 2 3; do
		for f in ra/spool/out/*.pki; do
			cmp-process -C "d$i" "$f" || :
		done
		[ "$(certs "d$i")" = 1 ]
	done
	run -0 cmp-process -C ra --flush
	[ "$(count ra/spool/out/upstream/*.pki)" = 0 ]
}

@test "ra: an operator looks first: approve, reject" {
	forward 'forward = keep' 'hold = yes'
	asks d1 stick
	asks d2 stick
	cp stick/*.pki ra/spool/in/
	run -0 cmp-process -C ra
	[ "$(count ra/spool/out/*-ip.pki)" = 2 ]
	run -0 cmp-ca -C ra pending
	has "CN=d1"
	has "its [forward] says hold"
	first=$(cmp-ca -C ra pending --json | jq -r 'select(.subject |
	    test("d1")) | .transactionID')
	second=$(cmp-ca -C ra pending --json | jq -r 'select(.subject |
	    test("d2")) | .transactionID')
	rm ra/spool/out/*.pki
	run -0 cmp-ca -C ra approve "$first"
	run -0 cmp-ca -C ra reject "$second" --reason "not this one"
	run -0 cmp-process -C ra
	[ "$(count ra/spool/out/upstream/*.pki)" = 1 ]
	[ "$(count ra/spool/out/*-ip.pki)" = 1 ]
	run -1 cmp-process -C d2 ra/spool/out/*-ip.pki
	has "not this one"
	mv ra/spool/out/upstream/*.pki ca/spool/in/
	cmp-process -C ca
	mv ca/spool/out/*.pki ra/spool/in/
	run -0 cmp-process -C ra
	for f in ra/spool/out/*-ip.pki; do cmp-process -C d1 "$f" || :; done
	[ "$(certs d1)" = 1 ]
	[ "$(certs d2)" = 0 ]
}

@test "ra: a shared secret ends at the RA" {
	forward 'forward = replace'
	printf '[forward slips]\nforward = replace\n' >>ra/cmp.conf
	cmp-ca -C ra ticket new --subject 'CN=*,O=Example' --json >slip
	jq -r .ref slip >ref
	jq -r .secret slip >secret
	chmod 600 secret
	cmp-mkreq -C d1 ir --subject CN=d1,O=Example --newkey ed25519 \
	    --ref "$(cat ref)" --secret-file secret --trust trust.pem -o stick/
	through stick/*.pki
	run -0 cmp-process -C d1 ra/spool/out/*.pki
	[ "$(certs d1)" = 1 ]

	sed -i 's/^forward = replace$/forward = add/' ra/cmp.conf
	cmp-ca -C ra ticket new --subject 'CN=*,O=Example' --json >slip
	jq -r .ref slip >ref
	jq -r .secret slip >secret
	cmp-mkreq -C d2 ir --subject CN=d2,O=Example --newkey ed25519 \
	    --ref "$(cat ref)" --secret-file secret --trust trust.pem -o no/
	run -1 cmp-process -C ra no/*.pki -o refused/
	has "E_FORWARD_MAC"
	has "forward = replace"
}
