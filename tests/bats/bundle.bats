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

	cmp-nest batch --cert "$ra.pem" --key "$ra.key" \
	    --chain idevid-sub.pem "$@" -o "$to"
}

issued() {
	cmp-ca -C ca list | grep -c 'O=Example'
}

# max-size SIZE: what is more than that is large
max_size() {
	set_conf ca spool max-size "$1"
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

@test "bundle: one that is larger than max-size is taken up to max-bundle" {
	max_size 20k
	batch "$in/one.pki" stick/
	[ "$(stat -c %s "$in/one.pki")" -gt 20480 ]
	head -c 30000 /dev/zero | tr '\0' 'x' >"$in/junk.pki"
	run --separate-stderr cmp-process -C ca
	[[ "$stderr" == *"one.pki: answered: bundle of 100"* ]]
	[ "$(issued)" -eq 100 ]
	[ -e ca/spool/done/one.pki ]
	[ -e ca/spool/bad/junk.pki ]
	grep -q 'E_FILE_SIZE' ca/spool/bad/junk.pki.why
	[ "$(find ca/spool/tmp ca/spool/work -type f | wc -l)" -eq 0 ]
}

@test "bundle: one that is larger than max-bundle is bad" {
	max_size 20k
	set_conf ca spool max-bundle 50k
	batch "$in/one.pki" stick/
	run cmp-process -C ca
	has 'max-bundle'
	[ -e ca/spool/bad/one.pki ]
	[ "$(issued)" -eq 0 ]
}

@test "bundle: with more messages than max-members, the RA is told so" {
	set_conf ca spool max-members 99
	batch "$in/one.pki" stick/
	run cmp-process -C ca
	has E_NEST_COUNT
	[ "$(reads $out/*.pki .message)" = error ]
	[ "$(issued)" -eq 0 ]
}

@test "bundle: -n says what would be, and -o puts the answer there, each time the same" {
	batch one.pki stick/
	before=$(state ca)
	run cmp-process -C ca -n one.pki
	has 'would: one.pki: answered: bundle of 100'
	cp one.pki "$in/"
	run cmp-process -C ca -n
	has 'would: one.pki: answered: bundle of 100'
	rm "$in/one.pki"
	[ "$(state ca)" = "$before" ]
	max_size 20k
	cmp-process -C ca -o back.pki one.pki
	cmp-process -C ca one.pki >again.pki
	cmp-process -C ca -o - - <one.pki >third.pki
	cmp back.pki again.pki
	cmp back.pki third.pki
	[ "$(issued)" -eq 100 ]
	cp one.pki "$in/"
	cmp-process -C ca
	cmp back.pki $out/*.pki
	cmp-nest split --trust ca/certs/ca.pem back.pki -o back/
	[ "$(count back/*.pki)" -eq 100 ]
}

@test "bundle: of nobody's whom [ra] names is refused, whoever is in it" {
	RA=other batch "$in/one.pki" stick/
	run cmp-process -C ca
	has E_NOT_AUTHORIZED
	[ "$(reads $out/*.pki .message)" = error ]
	[ "$(issued)" -eq 0 ]
	cp stick/ir1.pki "$in/"
	cmp-process -C ca
	[ "$(issued)" -eq 1 ]
}

@test "bundle: killed at any time, each has one certificate and the answer is one" {
	max_size 20k
	set_conf ca ca group 8
	batch one.pki stick/
	cp one.pki "$in/"
	for i in 1 2 3 4 5 6; do
		cmp-process -C ca 2>/dev/null &
		sleep "0.0$((i * 13 % 10))"
		kill -9 $! 2>/dev/null || true
		wait $! 2>/dev/null || true
	done
	cmp-process -C ca
	[ "$(issued)" -eq 100 ]
	[ "$(count $out/*.pki)" -eq 1 ]
	cmp-nest split --trust ca/certs/ca.pem $out/*.pki -o back/
	[ "$(count back/*.pki)" -eq 100 ]
	cp one.pki "$in/again.pki"
	mv $out/*.pki first.pki
	cmp-process -C ca
	cmp first.pki $out/*.pki
	cmp-ca -C ca check
}

@test "bundle: to a channel, and with --watch" {
	printf '%s\n' '[channel usb]' >>ca/cmp.conf
	cmp-process -C ca --watch 2>log 3>&- &
	agent=$!
	for _ in $(seq 100); do
		! grep -q following log || break
		sleep 0.05
	done
	batch one.pki stick/
	cp one.pki .part; mv .part "$in/usb/one.pki"
	for _ in $(seq 200); do
		[ "$(count $out/usb/*.pki)" -eq 0 ] || break
		sleep 0.05
	done
	kill $agent
	wait $agent || true
	[ "$(count $out/usb/*.pki)" -eq 1 ]
	[ "$(issued)" -eq 100 ]
}
