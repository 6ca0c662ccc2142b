# What may be killed, fail or be pulled out, and what must not come of it.
# The sweeps here are short; "make sweep" takes every point.
bats_require_minimum_version 1.5.0

setup() {
	cd "$BATS_TEST_DIRNAME/../fault"
	# shellcheck source=tests/fault/lib.sh
	. ./lib.sh
	# Processes are killed here, not the machine: memory will do.
	top=$BATS_TEST_TMPDIR
	[ ! -w /dev/shm ] || top=$(mktemp -d /dev/shm/cmp-fault.XXXXXX)
	d=$top/d
}

teardown() {
	rm -rf "$top"
}

# The number of the first operation that awk says of a run of the CA.
point() {
	cp -a ca counted
	inject "$PWD" FAULT_LOG="$d/log" -- cmp-process -C counted
	awk "$1"' { print $1; exit }' "$d/log"
}

@test "agent: killed or failing at any file operation, each request has one answer and one certificate" {
	sh ./sweep.sh "$d" 32 ca ca-file conf
}

@test "agent: the same on a file system without renameat2()" {
	sh ./sweep.sh "$d" 48 ca-old
}

@test "channels: killed or failing at any file operation, each answer is where its request came from" {
	sh ./sweep.sh "$d" 32 channel
}

@test "bundle: killed or failing at any file operation, each of ten has one certificate, in one answer" {
	sh ./sweep.sh "$d" 64 bundle
}

@test "RA: killed or failing at any file operation, what goes up and comes down does so once" {
	sh ./sweep.sh "$d" 64 ra-up ra-down ra-hold ra-queue \
	    ra-batch ra-split
}

@test "device: killed or failing at any file operation, the same answer brings certificate and certConf" {
	sh ./sweep.sh "$d" 32 dev dev-confirm pkiconf
}

@test "polling: killed or failing at any file operation, one pollReq and one certificate" {
	sh ./sweep.sh "$d" 64 hold poll-early poll wait wait-more approve reject
}

@test "operations: killed or failing at any file operation, each is done once at the CA and at the device" {
	sh ./sweep.sh "$d" 97 ask-kur ca-kur dev-kur ca-cr ask-p10cr ca-p10cr \
	    dev-p10cr ask-rr ca-rr dev-rr ca-cacerts ca-reqtemplate \
	    dev-reqtemplate ca-crl dev-crl
}

@test "shared secret: killed or failing at any file operation, a slip brings one certificate" {
	sh ./sweep.sh "$d" 64 ask-mac ca-mac dev-mac dev-first ticket-new \
	    ticket-add ticket-remove
}

@test "media: killed or failing at any file operation, each message leaves and comes once" {
	sh ./sweep.sh "$d" 24 export import behalf
}

@test "rollover: killed or failing at any file operation, no root and no key is lost" {
	sh ./sweep.sh "$d" 32 rollover activate ca-rootupdate dev-rootupdate \
	    accept
}

@test "rollover: an activation that is cut short leaves no key for the next root" {
	mkdir "$d"
	make_ca "$d"
	cd "$d"
	cmp-ca -C ca rollover
	cp -a ca counted
	inject "$PWD" FAULT_LOG="$d/log" -- cmp-ca -C counted rollover \
	    --activate
	n=$(awk '$2 ~ /^unlink/ && $3 ~ /keys\/next\.key/ { print $1 }' "$d/log")
	run -137 inject "$PWD" "FAULT=kill-before:$n" -- cmp-ca -C ca \
	    rollover --activate
	[ -e ca/keys/next.key ]
	cp -a ca again

	run -1 cmp-ca -C again rollover --activate
	[[ $output == *E_NOT_FOUND* ]]
	[ ! -e again/keys/next.key ]
	cmp-ca -C ca rollover
	cp ca/certs/next/new-with-new.pem next.pem
	cmp-ca -C ca rollover --activate

	[ "$(cat ca/keys/ca*.key | grep -v -- ---- | sort -u | wc -l)" -eq \
	    "$(cat ca/keys/ca*.key | grep -vc -- ----)" ]
	run ! diff <(openssl x509 -in next.pem -noout -pubkey) \
	    <(openssl x509 -in again/"$(sed -n 's/^cert = //p' again/cmp.conf)" -noout -pubkey)
}

@test "cmp-mkreq: killed or failing at any file operation, it can be run again and leaves no half key" {
	sh ./sweep.sh "$d" 48 mkreq
}

@test "cmp-ca: killed or failing in revoke or crl, the next run makes up for it" {
	sh ./sweep.sh "$d" 24 revoke crl
}

@test "cmp-ca: init and trust add can be run again wherever they were killed" {
	sh ./sweep.sh "$d" 48 init
	rm -rf "$d"
	sh ./sweep.sh "$d" 12 trust
}

@test "sync: nothing is visible before what it rests on is on disk" {
	sh ./order.sh "$d"
}

@test "agent: an answer whose name is taken does not hold up the others (E_EXISTS)" {
	mkdir "$d"
	prepare "$d"
	cd "$d/base"
	taken=ca/spool/out/$(name_of . dev1)-2-ip.pki
	echo other >"$taken"

	run -73 cmp-process -C ca

	[[ $output == *E_EXISTS* ]]
	[ "$(cat "$taken")" = other ]
	[ -e "ca/spool/out/$(name_of . dev2)-2-ip.pki" ]
	rm "$taken"
	cmp-process -C ca
	cmp-process -C dev1 "$taken"
	[ "$(cmp-ca -C ca list --json | wc -l)" -eq 2 ]
}

@test "agent: a full disk at one answer leaves the others delivered, exit 74" {
	mkdir "$d"
	prepare "$d"
	cd "$d/base"
	n=$(point '$2 ~ /^open/ && $3 ~ /spool\/out\/.tmp/')

	run -74 inject "$PWD" "FAULT=fail:$n:ENOSPC" -- cmp-process -C ca

	[ "$(find ca/spool/out -name '*-ip.pki' | wc -l)" -eq 1 ]
	cmp-process -C ca
	[ "$(find ca/spool/out -name '*-ip.pki' | wc -l)" -eq 2 ]
	[ "$(cmp-ca -C ca list --json | wc -l)" -eq 2 ]
}

@test "agent: a commit that fails claims nothing, exit 75" {
	mkdir "$d"
	prepare "$d"
	cd "$d/base"
	n=$(point '$2 ~ /^pwrite/ && /cmp\.db-wal/')

	run -75 inject "$PWD" "FAULT=fail:$n:ENOSPC" -- cmp-process -C ca

	[ "$(find ca/spool/in -name '*.pki' | wc -l)" -eq 2 ]
	[ "$(find ca/spool/work ca/spool/out -name '*.pki' | wc -l)" -eq 0 ]
	[ "$(cmp-ca -C ca list --json | wc -l)" -eq 0 ]
}

@test "device: a refusal stays one when the same answer is taken again" {
	mkdir "$d"
	prepare "$d"
	cd "$d/base"
	cmp-ca -C ca trust remove root
	cmp-process -C ca || true
	answer=$(echo ca/spool/out/"$(name_of . dev1)"-*.pki)
	run -1 cmp-process -C dev1 -o back/ "$answer"

	run -1 cmp-process -C dev1 -o back/ "$answer"
}

@test "cmp-ca init: a CA certificate that stands in the new home is not removed" {
	mkdir "$d"
	make_ca "$d"
	mkdir -p "$d/new/keys" "$d/new/certs"
	cp "$d/ca/keys/ca.key" "$d/new/keys/"
	cp "$d/ca/certs/ca.pem" "$d/new/certs/"

	cmp-ca -C "$d/new" init --key "$d/new/keys/ca.key" \
	    --cert "$d/new/certs/ca.pem"

	cmp "$d/ca/certs/ca.pem" "$d/new/certs/ca.pem"
}

@test "cmp-ca init: a key of another kind that was left is not taken for the one asked for (E_EXISTS)" {
	mkdir "$d"
	make_ca "$d"
	rm "$d/ca/cmp.conf"

	run -73 cmp-ca -C "$d/ca" init --name CN=CA --newkey ed25519

	[[ $output == *keys/ca.key* ]]
}

@test "spool: a move by link and unlink that fails in the middle leaves one name" {
	mkdir "$d"
	prepare "$d"
	cd "$d/base"
	cp -a ca counted
	inject "$PWD" FAULT_WITHOUT=renameat2 FAULT_LOG="$d/log" -- \
	    cmp-process -C counted
	n=$(awk '$2 ~ /^unlink/ && $3 ~ /spool\/in\// { print $1; exit }' \
	    "$d/log")

	run -74 inject "$PWD" FAULT_WITHOUT=renameat2 "FAULT=fail:$n:EIO" -- \
	    cmp-process -C ca

	[ "$(find ca/spool -name '*-ir.pki' -links 2 | wc -l)" -eq 0 ]
	cmp-process -C ca
	[ "$(find ca/spool/out -name '*-ip.pki' | wc -l)" -eq 2 ]
}
