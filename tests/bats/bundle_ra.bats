#!/usr/bin/env bats
# An RA that puts what waits into one message, and takes the answer apart.
# shellcheck disable=SC2086,SC2154
load lib

setup_file() {
	prepared
	cd "$BATS_FILE_TMPDIR/base" || return 1
	{
		cmp-ca -C ra init --role ra --name "CN=Plant RA,O=Example" \
		    --newkey ec:P-256
		cmp-ca -C ra trust add --upstream ca/certs/ca.pem
		cmp-ca -C ra trust add --forward idevid-root.pem --mode keep \
		    --batch --subject 'CN=*,O=Example' --san 'dns:*.example'
		cmp-ca -C ca trust add --ra ra/certs/cmp.pem
		mkdir stick
		for i in 1 2 3; do
			mkreq "dev$i" "stick/ir$i.pki" \
			    --subject "CN=pump$i,O=Example" \
			    --trust ra/certs/cmp.pem
		done
	} 2>/dev/null
}

setup() {
	fresh
}

# The devices' requests at the RA, its bundle at the CA.
go_up() {
	cp stick/*.pki ra/spool/in/
	cmp-process -C ra --flush
	set -- ra/spool/out/upstream/*.pki
	[ $# -eq 1 ]
	mv "$1" ca/spool/in/
	mkdir told
	mv ra/spool/out/*.pki told/
}

# What the CA has made of it, at the RA.
come_back() {
	cmp-process -C ca || [ $? -eq 65 ]
	[ "$(count ca/spool/out/*.pki)" -eq 1 ]
	mv ca/spool/out/*.pki ra/spool/in/
	run cmp-process -C ra
}

bodies() {
	for f in "$@"; do reads "$f" .message; done | sort | uniq -c |
	    tr -s ' \n' ' '
}

@test "bundle: what waits at the RA leaves as one, and each device has its own answer" {
	go_up
	[ "$(bodies told/*.pki)" = " 3 ip " ]
	come_back
	[ "$status" -eq 0 ]
	has 'bundle of 3 messages: 3 good'
	[ "$(bodies ra/spool/out/*.pki)" = " 3 ip " ]
	cp ra/spool/done/*nested* again.pki
	mkdir first
	mv ra/spool/out/*.pki first/
	cp again.pki ra/spool/in/
	run cmp-process -C ra
	has repeated
	[ "$(count ra/spool/out/*.pki)" -eq 0 ]
	for i in 1 2 3; do
		id=$(reads "stick/ir$i.pki" .header.transactionID)
		[ "$(count first/"${id:0:16}"-*-ip.pki)" -eq 1 ]
	done
}

@test "bundle: what upstream has not answered is told systemUnavail" {
	mkreq dev4 stick/ir4.pki --trust ra/certs/cmp.pem --san \
	    "dns:$(printf 'a%.0s' $(seq 60)).$(printf 'b%.0s' $(seq 60)).example" \
	    2>/dev/null
	go_up
	set_conf ca spool max-size $(($(stat -c %s stick/ir4.pki) - 1))
	come_back
	[ "$(bodies ra/spool/out/*.pki)" = " 1 error 3 ip " ]
	reads ra/spool/out/*-error.pki . | grep -q systemUnavail
	sqlite3 ra/state/cmp.db 'SELECT code FROM audit' | grep -q E_BATCH_LOST
}

@test "bundle: an error to the bundle is one to each" {
	set_conf ca spool max-members 2
	go_up
	come_back
	[ "$(bodies ra/spool/out/*.pki)" = " 3 error " ]
	[ "$(cmp-ca -C ca list | grep -c O=Example)" -eq 0 ]
	sqlite3 ra/state/cmp.db 'SELECT code FROM audit' | grep -q E_BATCH_ERROR
}

@test "bundle: an answer to what was not in it is dropped, what has none is told so" {
	go_up
	sqlite3 ra/state/cmp.db 'PRAGMA foreign_keys = 0;
	    UPDATE relay SET bundle = bundle + 100 WHERE id = 2'
	come_back
	has E_BATCH_EXTRA
	[ "$(bodies ra/spool/out/*.pki)" = " 2 ip " ]
}

@test "bundle: killed at any time, the RA hands each answer on once" {
	set_conf ra relay group 1
	go_up
	cmp-process -C ca
	mv ca/spool/out/*.pki ra/spool/in/
	for i in 1 2 3 4 5 6; do
		cmp-process -C ra 2>/dev/null &
		sleep "0.0$((i * 7 % 10))"
		kill -9 $! 2>/dev/null || true
		wait $! 2>/dev/null || true
	done
	cmp-process -C ra
	[ "$(bodies ra/spool/out/*.pki)" = " 3 ip " ]
	cmp-ca -C ra check
}
