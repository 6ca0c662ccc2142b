#!/usr/bin/env bats
# Requests that wait for an operator: hold, pending, approve, reject, polling.
load lib

setup_file() {
	prepared
	set_conf ca "profile default" hold yes 2>/dev/null
	grep -q '^hold = yes' ca/cmp.conf ||
	    printf '[profile default]\nhold = yes\n' >>ca/cmp.conf
	cmp-ca -C ca list
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

# held [OPTION...]: a request that is held, and its pollReq.
held() {
	mkreq dev to-ca/ "$@"
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
