#!/usr/bin/env bats
# cmp-nest: approve, bundle, unbundle; and what it refuses.

load lib

setup_file() {
	prepared
	device ra CN=RA,O=Maker idevid-sub
	device officer CN=Officer,O=Maker idevid-sub ed25519
	mkreq d1 a.pki
	mkreq d2 b.pki --subject CN=pump18,O=Example
	mkreq d3 c.pki --subject CN=pump19,O=Example
	cmp-process -C ca -o ip.pki a.pki
	NONE=1 cmp-mkreq -C d4 ir --newkey ec:P-256 \
	    --subject CN=draft,O=Example --trust ca/certs/ca.pem -o draft.pki
}

setup() {
	fresh
}

by_ra="--cert ra.pem --key ra.key --chain idevid-sub.pem"

nest() {
	local command=$1
	shift
	# shellcheck disable=SC2086
	cmp-nest "$command" $by_ra "$@"
}

# leaves DIR FILES: nothing else is in it, no temporary file either.
leaves() {
	local dir=$1
	shift
	[ "$(cd "$dir" && find . -mindepth 1 -printf '%P\n' | sort | tr '\n' ' ')" \
	    = "${*:+$* }" ]
}

@test "wrap keeps the request bit for bit and repeats its ids" {
	nest wrap -o w.pki a.pki
	for field in transactionID senderNonce; do
		[ "$(reads w.pki ".header.$field")" = \
		    "$(reads a.pki ".header.$field")" ]
	done
	cmp-nest split --trust idevid-root.pem -o out w.pki
	cmp a.pki out/*.pki
	run -0 cmp-inspect --lint w.pki
}

@test "wrap adds a layer for each officer, and show says so" {
	nest wrap a.pki | cmp-nest wrap --cert officer.pem --key officer.key \
	    -o w.pki
	run -0 cmp-nest show w.pki
	has 'kind: approval'
	has 'protectedBy: CN=Officer,O=Maker, NOT verified'
	has 'member: 1 nested'
	run -0 cmp-nest show --trust idevid-sub.pem w.pki
	has 'CN=Officer,O=Maker, verified'
}

@test "cmp-inspect shows and judges what is in an approval in a bundle" {
	nest wrap -o w.pki a.pki
	nest batch w.pki b.pki -o one.pki
	[ "$(reads one.pki '.body.PKIMessage[0].body.PKIMessage[0].body.certReqMsg[0].certTemplate.subject')" = \
	    CN=pump17,O=Example ]
	run -0 cmp-inspect --lint one.pki
	# The innermost request gets another pvno, which its header may not have.
	perl -e 'undef $/; open(F, "a.pki"); my $a = <F>; open(F, "one.pki");
	    my $n = <F>; my $at = index($n, "\2\1\2", index($n, $a));
	    substr($n, $at + 2, 1) = "\7"; print $n' >odd.pki
	run -1 cmp-inspect --lint odd.pki
	has 'odd.pki message 1 message 1: MUST RFC 9483 3.1 E_PVNO'
}

@test "wrap approves requests only" {
	run -1 nest wrap ip.pki
	has E_NESTED
	run -77 nest wrap draft.pki
	has E_PROT_MISSING
	nest batch a.pki b.pki -o bundle.pki
	run -1 nest wrap bundle.pki
	has E_NEST_DEPTH
	run -65 nest wrap ra.pem
	has E_FILE_FORMAT
}

@test "batch has fresh ids, and split gives the same files back" {
	nest batch a.pki b.pki c.pki -o stick/
	set -- stick/*-1-nested.pki
	[ $# = 1 ]
	for field in transactionID senderNonce; do
		for f in a b c; do
			[ "$(reads "$1" ".header.$field")" != \
			    "$(reads $f.pki ".header.$field")" ]
		done
	done
	run -0 cmp-inspect --lint "$1"
	run -0 cmp-nest split --trust idevid-root.pem -o out/ "$1"
	hasnt 'NOT verified'
	[ "$(count out/*)" = 3 ]
	for f in a b c; do
		cmp "out/$(reads $f.pki '.header.transactionID[:16]')"-*-ir.pki \
		    $f.pki
	done
	# Again is no harm.
	run -0 cmp-nest split -o out/ "$1"
	has 'NOT verified'
	[ "$(count out/*)" = 3 ]
	leaves out "$(cd out && echo *)"
}

@test "a bundle of P-256, RSA, PSS, EdDSA keys is verified in pieces" {
	for spec in rsa:2048 rsa-pss:2048 ec:P-384 ec:P-521 ed25519 ed448; do
		device signer CN=Signer,O=Maker idevid-sub "$spec"
		cmp-nest batch --cert signer.pem --key signer.key a.pki b.pki \
		    -o "b-$spec.pki"
		cmp-nest split --trust idevid-sub.pem -o "out-$spec/" \
		    "b-$spec.pki"
		cmp-nest show --json --trust idevid-sub.pem "b-$spec.pki" |
		    jq -e '.members == 2 and .member[1].body == "ir"'
	done
}

@test "batch takes files from a directory, a list and standard input" {
	mkdir in
	cp a.pki b.pki in/
	cp c.pki in/c.part
	cp c.pki in/.hidden.pki
	nest batch in -o 1.pki
	printf '%s\n' a.pki b.pki '' >list
	nest batch @list -o 2.pki
	printf '%s\n' a.pki b.pki | nest batch - >3.pki
	for f in 1 2 3; do
		[ "$(cmp-nest show --json $f.pki | jq .members)" = 2 ]
	done
	mkdir empty
	run -66 nest batch empty -o 4.pki
	has E_NOINPUT
	run -66 nest batch @absent -o 4.pki
	has E_NOINPUT
	run -66 nest batch @/dev/null -o 4.pki
	has E_NOINPUT
}

@test "batch takes a message once that is named twice, and says so" {
	cp a.pki again.pki
	run -0 nest batch a.pki b.pki again.pki a.pki -o one.pki
	has 'again.pki: is a message that is in the bundle already'
	[ "$(cmp-nest show --json one.pki | jq .members)" = 2 ]
}

@test "batch refuses what does not belong together, and writes nothing" {
	run -1 nest batch a.pki ip.pki -o one.pki
	has E_NESTED
	run -1 nest batch ip.pki b.pki -o one.pki
	has E_NESTED
	nest batch a.pki b.pki -o bundle.pki
	run -1 nest batch c.pki bundle.pki -o one.pki
	has E_NEST_DEPTH
	run -77 nest batch a.pki draft.pki -o one.pki
	has E_PROT_MISSING
	run -65 nest batch a.pki ra.pem -o one.pki
	has E_FILE_FORMAT
	head -c 500 b.pki >cut.pki
	run -65 nest batch a.pki cut.pki -o one.pki
	has E_FILE_PARTIAL
	run -66 nest batch a.pki absent.pki -o one.pki
	has E_NOINPUT
	mkfifo pipe.pki
	run -65 nest batch a.pki pipe.pki -o one.pki
	has E_FILE_TYPE
	[ ! -e one.pki ]
	nest wrap -o w.pki a.pki
	nest batch w.pki b.pki -o one.pki
	[ "$(cmp-nest show --json one.pki | jq -r .member[0].body)" = nested ]
}

@test "limits: the error names the option that raises it" {
	run -65 nest batch a.pki b.pki --max-members 1 -o one.pki
	has E_NEST_COUNT
	has --max-members
	run -65 nest batch a.pki b.pki --max-size 2k -o one.pki
	has E_FILE_SIZE
	has --max-size
	run -65 nest batch a.pki --max-size 2000 -o one.pki
	has E_FILE_SIZE
	[ ! -e one.pki ]
	nest batch a.pki b.pki c.pki --max-members 3 --max-size 1m -o one.pki
	run -65 cmp-nest split --max-members 2 -o out one.pki
	has E_NEST_COUNT
	has --max-members
	run -65 cmp-nest split --max-size 1k -o out one.pki
	has E_FILE_SIZE
	has --max-size
	[ ! -e out ]
	run -65 cmp-nest show --max-size 1k one.pki
	has --max-size
}

@test "split writes nothing of what is not whole or does not verify" {
	nest batch a.pki b.pki -o one.pki
	size=$(stat -c %s one.pki)
	for n in 0 1 100 1000 $((size - 1)); do
		head -c "$n" one.pki >cut.pki
		run cmp-nest split -o out cut.pki
		[ "$status" = 65 ]
	done
	{ cat one.pki; echo; } >more.pki
	run -65 cmp-nest split -o out more.pki
	has E_DER_TRAILING
	run -1 cmp-nest split --trust ca/certs/ca.pem -o out one.pki
	has E_PATH
	# Within the first member.
	perl -0777 -pi -e 'substr($_, 1500, 1) ^= "\1"' one.pki
	run -1 cmp-nest split --trust idevid-root.pem -o out one.pki
	has E_PROT_SIG
	run -1 cmp-nest split -o out a.pki
	has E_BODY_TYPE
	run -66 cmp-nest split -o out absent
	[ ! -e out ]
}

@test "a member that cannot be read is told, and the others come out" {
	nest batch a.pki b.pki -o one.pki
	perl -e 'undef $/; open(F, "b.pki"); my $b = <F>; open(F, "one.pki");
	    my $n = <F>; my $at = index($n, "\2\1\2", index($n, $b));
	    substr($n, $at, 1) = "\3"; print $n' >odd.pki
	run -65 cmp-nest split -o out odd.pki
	has 'message 2 within cannot be read'
	[ "$(count out/*-2-unreadable.pki)" = 1 ]
	cmp a.pki out/*-1-ir.pki
	run -0 cmp-nest show odd.pki
	has 'member: 2 unreadable: E_DER_BITS'
	cmp-nest show --json odd.pki | jq -e '.member[1].unreadable'
	run -1 cmp-nest split --trust idevid-root.pem -o out2 odd.pki
	has E_PROT_SIG
	[ ! -e out2 ]
}

@test "a file that is not what it was a moment ago is not used" {
	# Longer than the system says: as one that grows while it is read.
	run -75 cmp-nest split -o out /proc/version
	has E_NEST_CHANGED
	run -75 nest batch a.pki /proc/version -o one.pki
	has E_NEST_CHANGED
	mkdir in
	cp a.pki in/
	ln -s ../b.pki in/b.pki
	run -65 nest batch in -o one.pki
	has E_FILE_TYPE
	[ ! -e out ]
	[ ! -e one.pki ]
}

@test "split overwrites nothing, and then writes none" {
	nest batch a.pki b.pki c.pki -o one.pki
	mkdir out
	name=$(reads b.pki '.header.transactionID[:16]')-2-ir.pki
	echo mine >"out/$name"
	run -73 cmp-nest split -o out one.pki
	has E_EXISTS
	leaves out "$name"
	[ "$(cat "out/$name")" = mine ]
	rm "out/$name"
	ln -s /nonexistent "out/$name"
	run -73 cmp-nest split -o out one.pki
	leaves out "$name"
}

@test "batch and wrap overwrite nothing" {
	echo mine >one.pki
	run -73 nest batch a.pki b.pki -o one.pki
	has E_EXISTS
	run -73 nest wrap a.pki -o one.pki
	has E_EXISTS
	[ "$(cat one.pki)" = mine ]
}

@test "a failing disk leaves no part of a bundle and no part of its members" {
	nest batch a.pki b.pki -o one.pki
	mkdir out work
	for n in $(seq 1 40); do
		FAULT=fail:$n:ENOSPC FAULT_ROOT=$PWD/work LD_PRELOAD=$PRELOAD \
		    run nest batch a.pki b.pki -o work/two.pki
		[ "$status" = 0 ] && break
		leaves work
	done
	[ "$n" -gt 3 ]
	cmp-nest split --trust idevid-root.pem -o whole work/two.pki
	failed=0
	for n in $(seq 1 30); do
		rm -rf out && mkdir out
		FAULT=fail:$n:EIO FAULT_ROOT=$PWD/out LD_PRELOAD=$PRELOAD \
		    run cmp-nest split -o out one.pki
		[ "$status" = 0 ] || failed=$((failed + 1))
		[ "$(find out -name '.*' -type f | wc -l)" = 0 ]
		for f in out/*.pki; do
			[ ! -e "$f" ] || cmp "$f" a.pki || cmp "$f" b.pki
		done
	done
	[ "$failed" -gt 5 ]
	[ "$(count out/*)" = 2 ]
}

@test "killed at any point, the next split ends with the same files" {
	nest batch a.pki b.pki -o one.pki
	for n in $(seq 1 60); do
		rm -rf out && mkdir out
		FAULT=kill-before:$n FAULT_ROOT=$PWD/out LD_PRELOAD=$PRELOAD \
		    run cmp-nest split -o out one.pki
		last=$status
		for f in out/*.pki; do
			[ ! -e "$f" ] || cmp "$f" a.pki || cmp "$f" b.pki
		done
		cmp-nest split -o out one.pki
		[ "$(find out -type f | wc -l)" = 2 ]
		[ "$last" = 0 ] && break
	done
	[ "$n" -gt 3 ]
}

# copies N DIR: as many requests, each with a transactionID of its own.
copies() {
	mkdir "$2"
	perl -e 'my ($n, $dir, $id) = @ARGV; undef $/; my $m = <STDIN>;
	    my $at = index($m, pack("H*", $id)); die if $at < 0;
	    for my $i (1 .. $n) { substr($m, $at, 4) = pack("N", $i);
	    open(my $f, ">", sprintf("%s/%05d.pki", $dir, $i)) or die;
	    print $f $m; close($f) or die; }' \
	    "$1" "$2" "$(reads a.pki .header.transactionID)" <a.pki
}

@test "a bundle that is larger than a message passes, cmp-inspect says where" {
	copies 1200 in
	nest batch in -o one.pki
	[ "$(stat -c %s one.pki)" -gt 1048576 ]
	cmp-nest split --trust idevid-root.pem -o out one.pki
	cmp <(sha256sum in/* | cut -c-64 | sort) \
	    <(sha256sum out/* | cut -c-64 | sort)
	[ "$(cmp-nest show one.pki | grep -c '^member: ')" = 1200 ]
	run -65 cmp-inspect one.pki
	has E_FILE_SIZE
	has 'cmp-nest show'
	run -65 cmp-inspect --lint one.pki
	has 'cmp-nest show'
}

@test "what is written is durable before it has its name" {
	mkdir out
	FAULT_LOG=$PWD/log FAULT_ROOT=$PWD/out LD_PRELOAD=$PRELOAD \
	    nest batch a.pki b.pki -o out/one.pki
	run -0 sed -n 's/^[0-9]* \(fsync\|renameat2\) /\1 /p' log
	[ "$output" = 'fsync .tmp.one.pki
renameat2 .tmp.one.pki -> one.pki
fsync .' ]
	FAULT_LOG=$PWD/log2 FAULT_ROOT=$PWD/out LD_PRELOAD=$PRELOAD \
	    cmp-nest split -o out out/one.pki
	run -0 awk '$2 ~ /sync|rename/ { print $2 } $2 == "write" {
	    written = NR } $2 == "syncfs" && NR < written { print "early" }' log2
	[ "$output" = 'syncfs
renameat2
renameat2
fsync' ]
}

@test "hostile text stays in its line" {
	# In the sender, where no certificate comes before it.
	perl -0777 -pe 's/device/\e[1m\n\r/' a.pki >evil.pki
	nest batch evil.pki a.pki -o one.pki
	run -0 cmp-nest show one.pki
	[ "$(printf %s "$output" | grep -c '^member: ')" = 2 ]
	[[ $output != *$'\e'* ]]
	cmp-nest show --json one.pki | jq -e '.member | length == 2'
}

@test "usage: what does not go together is 64" {
	run -64 cmp-nest
	run -64 cmp-nest unwrap a.pki
	run -64 cmp-nest wrap a.pki
	run -64 cmp-nest batch --cert ra.pem --key ra.key
	run -64 cmp-nest split one.pki
	run -64 cmp-nest split -o - one.pki
	run -64 nest show a.pki
	run -64 cmp-nest show --max-members 0 a.pki
	run -64 cmp-nest show --max-size 1x a.pki
	run -64 cmp-nest show --max-size 99999999999999999999 a.pki
	run -64 nest batch --json a.pki
	run -64 nest wrap a.pki b.pki
	run -65 cmp-nest wrap --cert idevid-root.pem --key ra.key a.pki
	has E_KEY_CERT
}
