#!/usr/bin/env bats
# A CA's clock: a floor that it may not fall below, and no leap of a year.
load lib.bash

T0=1767323045

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	PATH=$BUILD_DIR/fixed:$PATH
	export FIXED_CLOCK=$T0
	cmp-ca -C ca init --name CN=CA --newkey ed25519
	cmp-ca -C ca clock --accept
}

at() {
	export FIXED_CLOCK=$((T0 + $1))
}

@test "clock: a CA whose clock fell back stops until that is mended (E_CLOCK)" {
	at -3600

	run -75 cmp-process -C ca

	[[ $output == *E_CLOCK* ]]
	at -200
	cmp-process -C ca
	at 60
	cmp-process -C ca
}

@test "clock: a CA whose clock leapt by more than a year stops (E_CLOCK)" {
	at $((400 * 86400))

	run -75 cmp-process -C ca

	[[ $output == *E_CLOCK* ]]
	at $((300 * 86400))
	cmp-process -C ca
}

@test "clock: what an operator accepts is the new floor, and stands in the audit trail" {
	at $((400 * 86400))
	cmp-ca -C ca clock --accept
	cmp-process -C ca
	cmp-ca -C ca check

	at 0
	run -75 cmp-process -C ca
	cmp-ca -C ca clock --accept
	cmp-process -C ca
	[[ $(cmp-ca -C ca check) == 'audit: 3 rows'* ]]
}

# What an operator does with a date, as words after "cmp-ca -C ca".
dated() {
	cat <<-'EOF'
	approve 0123456789abcdef
	reject 0123456789abcdef --reason no
	revoke 01
	crl
	rollover
	rollover --activate
	ticket new --subject CN=*
	ticket add --ref x --secret-file secret --subject CN=*
	ticket remove x
	EOF
}

@test "clock: while it is wrong no operator approves, rejects, revokes, makes CRLs, roots or tickets (E_CLOCK)" {
	printf '0123456789abcdef0123456789abcdef' >secret
	chmod 600 secret
	cp -a ca before
	for t in -3600 $((400 * 86400)); do
		at "$t"
		while read -ra words; do
			run -75 cmp-ca -C ca "${words[@]}"
			[[ $output == *E_CLOCK*'clock --accept'* ]]
		done < <(dated)
	done
	rm -f {ca,before}/state/{lock,cmp.db-*}
	diff -r before ca
}

@test "clock: when an operator has accepted it, the same is done" {
	printf '0123456789abcdef0123456789abcdef' >secret
	chmod 600 secret
	at $((400 * 86400))
	cmp-ca -C ca clock --accept

	while read -ra words; do
		run cmp-ca -C ca "${words[@]}"
		[[ $output != *E_CLOCK* ]]
		[ "$status" -le 1 ]
	done < <(dated)

	[ -s ca/certs/ca.crl ]
	[[ $(cat ca/cmp.conf) == *$'\n'key\ =\ keys/ca-* ]]
}

@test "clock: it cannot creep back, minutes at a time (E_CLOCK)" {
	printf '0123456789abcdef0123456789abcdef' >secret
	chmod 600 secret
	at -250
	cmp-ca -C ca ticket add --ref a --secret-file secret --subject 'CN=*'

	at -500
	run -75 cmp-ca -C ca ticket add --ref b --secret-file secret \
	    --subject 'CN=*'

	[[ $output == *E_CLOCK* ]]
	cmp-ca -C ca clock --accept
	cmp-ca -C ca ticket add --ref b --secret-file secret --subject 'CN=*'
}
