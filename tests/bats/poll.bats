#!/usr/bin/env bats
# Requests that wait for an operator: hold, pending, approve, reject, polling.
load lib

setup_file() {
	prepared
	sed -i '/^\[enrol /a hold = yes' ca/cmp.conf
}

setup() {
	fresh
}

# to_ca, to_dev: what the other side wrote last, and the answer.
to_ca() {
	cmp-process -C ca -o to-dev/ "$1"
}

to_dev() {
	cmp-process -C dev -o to-ca/ "$1"
}

# held: a request that is held, and its pollReq.
held() {
	mkreq dev to-ca/
	to_ca to-ca/*-1-ir.pki
	run -3 to_dev to-dev/*-2-ip.pki
	has "E_ANSWER_WAITING"
	has "3-pollreq.pki"
}

digest() {
	cmp-ca -C ca pending --json | jq -r .digest
}

@test "poll: hold, pending, pollReq, approve, final ip, installed" {
	held
	[ "$(reads to-dev/*-2-ip.pki '.body.response[0].status.status')" = \
	    waiting ]
	[ "$(cmp-ca -C ca list | wc -l)" = 0 ]

	to_ca to-ca/*-3-pollreq.pki
	run -3 to_dev to-dev/*-4-pollrep.pki
	has "waiting for the decision of an operator"
	has "send the pollReq after"

	run -0 cmp-ca -C ca pending
	has "CN=pump17,O=Example"
	has "$(digest)"
	run -0 cmp-ca -C ca approve "$(digest | cut -c1-8)"

	to_ca to-ca/*-5-pollreq.pki
	to_dev to-dev/*-6-ip.pki
	[ "$(count dev/certs/pump17-*.pem)" = 1 ]
	openssl verify -CAfile ca/certs/ca.pem dev/certs/pump17-*.pem
	[ "$(cmp-ca -C ca list | wc -l)" = 1 ]
	# All of it in one directory: the last answer is the last, nothing odd.
	mkdir all
	cp to-ca/* to-dev/* all/
	mv all/*-6-ip.pki all/a.pki
	run -0 cmp-inspect all
	hasnt odd:
	[[ "${lines[-1]}" == *a.pki* ]]
	run -0 cmp-ca -C ca pending
	has "nothing is pending"
	run -0 cmp-ca -C ca check
}

@test "poll: reject tells the device why, and nothing is installed" {
	held
	run -0 cmp-ca -C ca reject "$(digest)" --reason "no such pump"
	run -1 to_ca to-ca/*-3-pollreq.pki
	has E_NOT_APPROVED
	run -1 to_dev to-dev/*-4-ip.pki
	has "no such pump"
	[ "$(count dev/certs/*.pem)" = 0 ]
	[ "$(cmp-ca -C ca list | wc -l)" = 0 ]
}

@test "poll: every message may be lost, repeated and come late" {
	held
	run -3 to_dev to-dev/*-2-ip.pki
	has "repeated"
	to_ca to-ca/*-3-pollreq.pki
	cp -a to-dev before
	to_ca to-ca/*-3-pollreq.pki
	to_ca to-ca/*-1-ir.pki
	diff -r before to-dev
	run -3 to_dev to-dev/*-4-pollrep.pki
	to_ca to-ca/*-5-pollreq.pki
	run -3 to_dev to-dev/*-6-pollrep.pki
	cmp-ca -C ca approve "$(digest)"
	# Late: they have had their answers.
	run -0 to_ca to-ca/*-3-pollreq.pki
	has "an old pollReq"
	run -0 to_ca to-ca/*-5-pollreq.pki
	has "the same answer again"
	[ "$(cmp-ca -C ca list | wc -l)" = 0 ]
	run -0 to_ca to-ca/*-7-pollreq.pki
	run -0 to_ca to-ca/*-7-pollreq.pki
	[ "$(cmp-ca -C ca list | wc -l)" = 1 ]
	to_dev to-dev/*-8-ip.pki
	run -0 to_dev to-dev/*-8-ip.pki
	[ "$(count dev/certs/*.pem)" = 1 ]
}

@test "poll: through spools that follow, with restarts" {
	mkreq dev ca/spool/in/
	for n in 2 4 6; do
		cmp-process -C ca
		run -3 cmp-process -C dev -o ca/spool/in/ \
		    ca/spool/out/*-"$n"-*.pki
	done
	cmp-ca -C ca approve "$(cmp-ca -C ca pending --json |
	    jq -r .transactionID)"
	cmp-process -C ca
	cmp-process -C dev ca/spool/out/*-8-ip.pki
	[ "$(count dev/certs/*.pem)" = 1 ]
}

@test "poll: many polls leave only a few bytes each" {
	held
	for n in 3 5 7 9 11 13; do
		to_ca to-ca/*-"$n"-pollreq.pki
		run -3 to_dev to-dev/*-"$((n + 1))"-pollrep.pki
	done
	[ "$(sqlite3 ca/state/cmp.db "SELECT count(*) FROM outbox
	    WHERE name LIKE '%pollrep%' AND length(answer) > 0")" -le 2 ]
}

@test "poll: an ID that is no, another or a decided request is refused" {
	held
	run -64 cmp-ca -C ca approve 1234567
	run -64 cmp-ca -C ca approve 1234567x
	run -64 cmp-ca -C ca approve
	run -64 cmp-ca -C ca reject "$(digest)"
	run -64 cmp-ca -C ca reject "$(digest)" --reason $'two\nlines'
	run -1 cmp-ca -C ca approve 0000000000000000
	has E_NOT_FOUND
	cmp-ca -C ca approve "$(digest)"
	run -1 cmp-ca -C ca reject "$(digest)" --reason late
	has "decided already"
	run -0 cmp-ca -C ca check
}

@test "poll: -n says it and changes nothing" {
	mkreq dev ir.pki
	before=$(state ca)
	run -0 cmp-process -C ca -n ir.pki
	has "held for an operator"
	[ "$(state ca)" = "$before" ]
}

@test "poll: an update is held by its profile, and its names stay" {
	sed -i '/^hold = yes/d' ca/cmp.conf
	mkreq dev to-ca/
	to_ca to-ca/*-1-ir.pki
	to_dev to-dev/*-2-ip.pki
	set_conf ca 'profile default' hold yes
	rm to-ca/* to-dev/*
	cert=$(echo dev/certs/*.pem)
	key=$(echo dev/keys/*.key)
	cmp-mkreq -C dev kur --cert "$cert" --key "$key" --newkey ec:P-256 \
	    -o to-ca/
	to_ca to-ca/*-1-kur.pki
	[ "$(cmp-ca -C ca pending --json | jq -r .request)" = kur ]
	run -3 to_dev to-dev/*-2-kup.pki
	cmp-ca -C ca approve "$(digest)"
	to_ca to-ca/*-3-pollreq.pki
	to_dev to-dev/*-4-kup.pki
	[ "$(count dev/certs/*.pem)" = 2 ]
	[ "$(cmp-ca -C ca list | wc -l)" = 2 ]
}

@test "poll: the pollReq is given again, the same bytes, when it is due" {
	held
	mkdir lost
	run -0 cmp-mkreq -C dev poll -n
	has "would write"
	run -0 cmp-mkreq -C dev poll -o lost/
	has "cmp-process -C dev"
	cmp to-ca/*-3-pollreq.pki lost/*-3-pollreq.pki
	# Once more to the same place is no harm.
	run -0 cmp-mkreq -C dev poll -o lost/
	to_ca lost/*-3-pollreq.pki
	run -3 to_dev to-dev/*-4-pollrep.pki
	id=$(cmp-mkreq -C dev list --json | jq -r .transactionID)
	before=$(state dev)
	run -3 cmp-mkreq -C dev poll -o lost/
	has E_ANSWER_WAITING
	has "cmp-mkreq -C dev poll ${id:0:16}"
	[ "$(count lost/*)" = 1 ]
	[ "$(state dev)" = "$before" ]
	sqlite3 dev/state/cmp.db "update txn set check_at = check_at - 90000"
	cmp-ca -C ca approve "$(digest)"
	run -0 cmp-mkreq -C dev poll "${id:0:4}" -o lost/
	to_ca lost/*-5-pollreq.pki
	run -0 to_dev to-dev/*-6-ip.pki
	run -1 cmp-mkreq -C dev poll -o lost/
	has E_NOT_FOUND
	run -1 cmp-mkreq -C dev poll "$id" -o lost/
	has "is over"
}

@test "poll: which request: none, an open one, one of several, another" {
	mkreq dev ir.pki
	run -1 cmp-mkreq -C dev poll -o x/
	has "was told to wait"
	id=$(cmp-mkreq -C dev list --json | jq -r .transactionID)
	run -1 cmp-mkreq -C dev poll "$id" -o x/
	has "no answer at all"
	run -1 cmp-mkreq -C dev poll 00 -o x/
	has E_NOT_FOUND
	mkreq dev ir2.pki --subject CN=pump18,O=Example
	for f in ir ir2; do
		cmp-process -C ca -o a.pki "$f.pki"
		run -3 cmp-process -C dev -o to-ca/ a.pki
		rm a.pki
	done
	run -64 cmp-mkreq -C dev poll -o x/
	has "2 requests wait"
	run -0 cmp-mkreq -C dev poll "${id:0:16}" -o x/
	[ "$(count x/*)" = 1 ]
	run -64 cmp-mkreq -C ca poll -o x/
	has "cmp-ca pending"
	run -78 cmp-mkreq -C nowhere poll -o x/
	run -64 cmp-mkreq -C dev poll a b
	run -64 cmp-mkreq -C dev poll --newkey ed25519
	run -64 cmp-mkreq -C dev poll --json
}

@test "list: what is open at a device, and nothing that is over" {
	held
	mkreq dev open.pki --subject CN=pump18,O=Example
	run -0 cmp-mkreq -C dev list
	[ "${#lines[@]}" = 2 ]
	has 'CN=pump17,O=Example'
	has "the pollReq is due"
	has "no answer yet"
	cmp-mkreq -C dev list --json | jq -se '
	    .[0].state == "waiting" and .[1].state == "open" and
	    .[1].about == "CN=pump18,O=Example" and
	    (.[1].key | startswith("keys/pump18-"))'
	to_ca to-ca/*-3-pollreq.pki
	run -3 to_dev to-dev/*-4-pollrep.pki
	run -0 cmp-mkreq -C dev list
	has "told to wait until"
	cmp-ca -C ca reject "$(digest)" --reason no
	to_ca to-ca/*-5-pollreq.pki || true
	to_dev to-dev/*-6-ip.pki || true
	run -0 cmp-mkreq -C dev list
	[ "${#lines[@]}" = 1 ]
	mkreq dev3 x.pki
	cmp-mkreq -C dev3 list --json | jq -e '.request == "ir"'
	run -64 cmp-mkreq -C dev list --newkey ed25519
	run -64 cmp-mkreq -C dev list x
	run -64 cmp-mkreq -C dev list -o x
}
