#!/usr/bin/env bats
# cmp-spool: media between homes, and what waits.
# shellcheck disable=SC2012,SC2086,SC2154
load lib

setup_file() {
	prepared
	cd "$BATS_FILE_TMPDIR/base" || return 1
	{
		cmp-ca -C ra init --role ra --name "CN=Plant RA,O=Example" \
		    --newkey ec:P-256
		cmp-ca -C ra trust add --upstream ca/certs/ca.pem
		cmp-ca -C ra trust add --forward idevid-root.pem --mode keep \
		    --subject 'CN=*,O=Example'
		for i in 1 2 3; do mkreq dev$i ra/spool/in/ \
		    --subject CN=dev$i,O=Example; done
		cmp-process -C ra
		mkdir stick
	} 2>/dev/null
}

setup() {
	fresh
	up=ra/spool/out/upstream
	agent=
}

teardown() {
	[ -z "$agent" ] || kill -9 "$agent" 2>/dev/null || true
}

files() {
	find "$@" -name '*.pki' -type f | wc -l
}

# status JQ: of the RA
status() {
	cmp-spool -C ra status --json | jq -r "$1"
}

@test "status: what waits upstream, for how long, and where" {
	[ "$(status .waits)" -eq 3 ]
	[ "$(status '.upstream[0].place')" = "in spool/out/upstream" ]
	[ "$(status '.upstream[].device' | sort | head -n1)" = \
	    CN=dev1,O=Example ]
	[ "$(status '.spool["out/upstream"]')" -eq 3 ]
	FIXED_CLOCK=$(($(date +%s) + 3 * 86400 + 60)) \
	    PATH=$BUILD_DIR/fixed:$PATH run cmp-spool -C ra status
	[ "$status" -eq 0 ]
	has "3 wait for upstream, the oldest for 3d 0h"
	[ "$(echo "$output" | grep -c '  ir .* 3d 0h .*-1-ir.pki$')" -eq 3 ]
	for f in "$up"/*.pki; do has "${f##*/}"; done
	# Who takes them without this program is not known.
	rm "$up"/*.pki
	[ "$(status '.upstream[2].place')" = "taken from spool/out/upstream" ]
	# A home without a store, and one without a spool.
	cmp-spool -C ca status --json | jq -e '.waits == 0 and .spool.in == 0'
	run cmp-spool -C dev1 status
	[ "$status" -eq 78 ]
	has "cmp-spool init"
	cmp-spool -C dev1 init
	[ "$(cmp-spool -C dev1 status --json | jq .own)" -eq 1 ]
}

@test "status: while the agent follows the spool, and changes nothing" {
	cmp-process -C ra --watch >/dev/null 2>agent.log 3>&- &
	agent=$!
	for _ in $(seq 100); do
		grep -q following agent.log && break
		sleep 0.05
	done
	before=$(state ra)
	[ "$(status .waits)" -eq 3 ]
	[ "$(state ra)" = "$before" ]
	# Media come and go while it runs.
	cmp-spool -C ra export stick
	cmp-process -C ca -o ans/ stick/*.pki
	cmp-spool -C ra import ans --channel upstream
	for _ in $(seq 100); do
		[ "$(status .waits)" -ne 0 ] || break
		sleep 0.05
	done
	[ "$(status .waits)" -eq 0 ]
	[ "$(files ra/spool/out)" -eq 3 ]
}

@test "import: names with controls are refused, and shown as text" {
	set -- "$up"/*.pki
	cp "$1" stick/$'a\e[31m\n.pki'
	cp "$2" stick/$'b\\.pki'
	run cmp-spool -C ca import stick
	[ "$status" -eq 65 ]
	has E_FILE_TYPE
	has "imported 0 of 2"
	[[ $output != *$'\e'* ]]
	[ "$(files ca/spool/in)" -eq 0 ]
	# Nor do they get onto a medium.
	cp "$1" "$up"/$'a\n.pki'
	run cmp-spool -C ra export stick
	[ "$status" -eq 65 ]
	has '3 files are on'
}

@test "export: every file, read back, with a list that sha256sum understands" {
	cp "$up"/*.pki .
	run cmp-spool -C ra export stick --label usb-7
	[ "$status" -eq 0 ]
	has '3 files are on "usb-7"'
	for f in *.pki; do cmp "$f" "stick/$f"; done
	(cd stick && sha256sum --strict -c MANIFEST-*.sha256)
	[ "$(grep -c . stick/MANIFEST-*.sha256)" -eq 3 ]
	[ "$(files "$up")" -eq 0 ]
	for f in *.pki; do cmp "$f" "ra/spool/sent/upstream/$f"; done
	[ "$(status '.upstream[].place' | sort -u)" = 'left on "usb-7"' ]
	[ -z "$(find . -name '.tmp.*')" ]
}

@test "export: nothing twice unless it is asked for, and nothing is lost" {
	cmp-spool -C ra export stick
	[ "$(status '.upstream[0].medium')" = stick ]
	mkdir stick2
	run cmp-spool -C ra export stick2
	[ "$status" -eq 0 ]
	has "nothing waits"
	[ -z "$(ls stick2)" ]
	# The first one was lost.
	run cmp-spool -C ra export stick2 --again
	[ "$status" -eq 0 ]
	has "3 of them left before"
	diff -r stick stick2
	[ "$(status '.upstream[0].medium')" = stick2 ]
	# What has its answer is not sent again.
	cmp-process -C ca -o ans/ "$(ls stick/*.pki | head -n1)"
	cmp-process -C ra --channel upstream -o x/ ans/*.pki
	mkdir stick3
	cmp-spool -C ra export stick3 --again
	[ "$(files stick3)" -eq 2 ]
}

@test "export: a request that the device repeats leaves again, and that is told" {
	cmp-spool -C ra export stick
	cp ra/spool/done/*.pki ra/spool/in/
	cmp-process -C ra
	[ "$(files "$up")" -eq 3 ]
	mkdir stick2
	run cmp-spool -C ra export stick2
	[ "$status" -eq 0 ]
	has "has left before and is in out/ again"
	diff -r stick stick2
	[ "$(files ra/spool/sent)" -eq 3 ]
	[ "$(files "$up")" -eq 0 ]
}

@test "export: another file of that name on the medium is left alone" {
	f=$(ls "$up" | head -n1)
	echo precious >"stick/$f"
	run cmp-spool -C ra export stick
	[ "$status" -eq 73 ]
	has E_EXISTS
	[ "$(cat "stick/$f")" = precious ]
	# It waits still, the others have left.
	[ "$(ls "$up")" = "$f" ]
	[ "$(grep -c . stick/MANIFEST-*.sha256)" -eq 2 ]
	[ "$(status '[.upstream[].medium] | sort | join(" ")')" = \
	    " stick stick" ]
}

@test "export: no medium, no home, a wrong command: nothing is moved" {
	before=$(find ra/spool -type f | sort | sha256sum)
	run cmp-spool -C ra export nowhere
	[ "$status" -eq 66 ]
	[ ! -e nowhere ]
	for o in "export" "export a b" "export stick --json" "status x" \
	    "status --again" "import stick --label x" "take stick" "" \
	    "init -n"; do
		run cmp-spool -C ra $o
		[ "$status" -eq 64 ] || { echo "$o"; false; }
	done
	run cmp-spool -C ra export stick --label $'a\nb'
	[ "$status" -eq 64 ]
	run cmp-spool -C ra export stick --channel mail
	[ "$status" -eq 78 ]
	run cmp-spool -C none export stick
	[ "$status" -eq 78 ]
	run cmp-spool -C ra export stick -n
	[ "$status" -eq 0 ]
	[ "$(echo "$output" | grep -c 'would export')" -eq 3 ]
	[ "$(find ra/spool -type f | sort | sha256sum)" = "$before" ]
	[ -z "$(ls stick)" ]
}

@test "export: a bundle, and each message in it is known to have left" {
	cmp-ca -C ca trust add --ra ra/certs/cmp.pem
	cmp-ca -C ra trust remove idevid-root
	cmp-ca -C ra trust add --forward idevid-root.pem --mode keep --batch \
	    --subject 'CN=*,O=Example'
	rm "$up"/*.pki
	for i in 4 5; do
		mkreq dev$i ra/spool/in/ --subject CN=dev$i,O=Example
	done
	cmp-process -C ra
	[ "$(status '.upstream[3,4].place' | sort -u)" = \
	    "for the next bundle" ]
	cmp-process -C ra --flush
	[ "$(files "$up")" -eq 1 ]
	[ "$(status '.upstream[3,4].place' | sort -u)" = \
	    "in spool/out/upstream" ]
	[ "$(status '.upstream[3,4].file' | sort -u)" = "$(ls "$up")" ]
	cmp-spool -C ra export stick --label usb-7
	[ "$(status '.upstream[3,4].place' | sort -u)" = 'left on "usb-7"' ]
	mkdir stick2
	cmp-spool -C ra export stick2 --again
	[ "$(files stick2)" -eq 1 ]
	cmp-spool -C ca import stick
	cmp-process -C ca
	mkdir back
	cmp-spool -C ca export back
	cmp-spool -C ra import back --channel upstream
	cmp-process -C ra
	[ "$(status .waits)" -eq 3 ]
}

@test "export: the answers of a CA" {
	cmp-spool -C ra export stick
	cmp-spool -C ca import stick
	cmp-process -C ca
	mkdir back
	cmp-spool -C ca export back
	[ "$(files back)" -eq 3 ]
	[ "$(files ca/spool/out)" -eq 0 ]
	[ "$(files ca/spool/sent)" -eq 3 ]
}

@test "import: the whole way, and each file once however often it comes" {
	cmp-spool -C ra export stick
	chmod 500 stick
	run cmp-spool -C ca import stick
	[ "$status" -eq 0 ]
	has "imported 3 of 3"
	[ "$(files ca/spool/in)" -eq 3 ]
	[ "$(files stick)" -eq 3 ]
	cmp-process -C ca
	for _ in 1 2; do
		run cmp-spool -C ca import stick
		has "imported 0 of 3 files into spool/in, 3 are known already"
	done
	[ "$(files ca/spool/in)" -eq 0 ]
	cmp-spool -C ca import stick --again
	[ "$(files ca/spool/in)" -eq 3 ]
	[ "$(grep -c . ca/state/imported)" -eq 3 ]
	rm ca/spool/in/*
	chmod 700 stick
	# And back on the same stick, with what has come on it.
	cmp-spool -C ca export stick
	run cmp-spool -C ra import stick --channel upstream
	has "imported 3 of 6 files into spool/in/upstream, 3 are known already"
	run cmp-spool -C ca import stick
	has "imported 0 of 6"
	cmp-process -C ra
	[ "$(status .waits)" -eq 0 ]
	[ "$(files ra/spool/out)" -eq 3 ]
}

@test "import: what is cut, foreign or not as listed is refused, the rest is taken" {
	cmp-spool -C ra export stick
	set -- stick/*.pki
	head -c 100 "$1" >part && cat part >"$1"
	cat "$3" >"$2"
	ln -s ../idevid.pem stick/link.pki
	mkfifo stick/fifo.pki
	mkdir stick/dir.pki
	: >stick/empty.pki
	cp idevid.pem stick/text.pki
	cp "$3" stick/.hidden.pki
	cp "$3" stick/other.txt
	run cmp-spool -C ca import stick
	[ "$status" -ne 0 ]
	has "$(basename "$1") has 100 bytes"
	has "$(basename "$2") is not what the list on the medium says"
	has "link.pki"
	has "fifo.pki"
	has "dir.pki"
	has "empty.pki is empty"
	has "text.pki is PEM text"
	has "imported 1 of 8"
	[ "$(ls ca/spool/in)" = "$(basename "$3")" ]
	# Copied again it is taken.
	cp "ra/spool/sent/upstream/$(basename "$2")" stick/
	cmp-spool -C ca import stick || true
	[ "$(files ca/spool/in)" -eq 2 ]
}

@test "import: too large, and a list that misses a file" {
	cmp-spool -C ra export stick
	set_conf ca spool max-bundle 1k
	set_conf ca spool max-size 1k
	run cmp-spool -C ca import stick
	[ "$status" -eq 65 ]
	has E_FILE_SIZE
	[ "$(files ca/spool/in)" -eq 0 ]
	rm "$(ls stick/*.pki | head -n1)"
	cmp-spool -C dev1 init
	run cmp-spool -C dev1 import stick
	[ "$status" -eq 0 ]
	has "imported 2 of 2"
	has "is listed and not there"
}

@test "import: another message of a name that is taken gets a number" {
	cp "$up"/*.pki .
	set -- *.pki
	cp "$1" stick/a.pki
	cp "$2" ca/spool/in/a.pki
	run cmp-spool -C ca import stick
	has "a.pki is a.2.pki in spool/in"
	cmp "$1" ca/spool/in/a.2.pki
	cmp "$2" ca/spool/in/a.pki
	cmp-process -C ca
	[ "$(files ca/spool/out)" -eq 2 ]
}

@test "import: a list of digests that was cut short is mended, a damaged one is told" {
	cp "$up"/*.pki stick/
	cmp-spool -C ca import stick
	head -c 100 ca/state/imported >part && cp part ca/state/imported
	run cmp-spool -C ca import stick
	[ "$status" -eq 0 ]
	has "imported 2 of 3"
	[ "$(grep -cxE '[0-9a-f]{64}' ca/state/imported)" -eq 3 ]
	sed -i '1s/^./xx/' ca/state/imported
	run cmp-spool -C ca import stick
	[ "$status" -eq 75 ]
	has E_STORE
	rm ca/state/imported
	cmp-spool -C ca import stick
}

@test "import, export: one at a time in a home" {
	mkdir -p ra/spool/sent/upstream ca/spool/import
	flock ra/spool/sent/upstream sleep 5 3>&- &
	one=$!
	flock ca/spool/import sleep 5 3>&- &
	two=$!
	sleep 0.3
	run cmp-spool -C ra export stick
	[ "$status" -eq 75 ]
	has E_LOCKED
	run cmp-spool -C ca import stick
	[ "$status" -eq 75 ]
	kill $one $two
}
