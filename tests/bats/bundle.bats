#!/usr/bin/env bats
# Many messages in one file: to the CA as one, back as one, to each its own.
# shellcheck disable=SC2154
load lib

setup_file() {
	prepared
	cd "$BATS_FILE_TMPDIR/base" || return 1
	device lra CN=lra,O=Plant idevid-sub
	device other CN=other,O=Plant idevid-sub
	cmp-ca -C ca trust add --ra lra.pem 2>/dev/null
	mkdir stick
	for i in $(seq 100); do
		mkreq "dev$i" "stick/ir$i.pki" --subject "CN=pump$i,O=Example" \
		    2>/dev/null
	done
}

setup() {
	fresh
	in=ca/spool/in
	out=ca/spool/out
}

# batch OUT FILE...: signed by the RA, or whoever $RA is
batch() {
	local to=$1 ra=${RA:-lra}
	shift

	cmp-nest batch --cert "$ra.pem" --key "$ra.key" "$@" -o "$to"
}

issued() {
	cmp-ca -C ca list | grep -c 'O=Example'
}

# max-size SIZE: what is more than that is large
max_size() {
	set_conf ca spool max-size "$1"
}

# answers FILE: how many are nested in it
answers() {
	reads "$1" '.body.members'
}

@test "bundle: a hundred requests in one file, and to each device its answer" {
	batch "$in/one.pki" stick/
	run --separate-stderr cmp-process -C ca
	[ "$status" -eq 0 ]
	[[ "$stderr" == *"bundle of 100 messages: 100 good"* ]]
	[ "$(issued)" -eq 100 ]
	[ "$(count $out/*.pki)" -eq 1 ]
	[ -e ca/spool/done/one.pki ]
	cmp-nest split --trust ca/certs/ca.pem $out/*-nested.pki -o back/
	[ "$(count back/*.pki)" -eq 100 ]
	for i in $(seq 100); do
		id=$(reads "stick/ir$i.pki" .header.transactionID)
		cmp-process -C "dev$i" back/"${id:0:16}"-*.pki
		openssl x509 -in dev"$i"/certs/*.pem -noout -subject |
		    grep -q "pump$i\$"
	done
}
