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
