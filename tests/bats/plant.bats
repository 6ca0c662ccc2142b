#!/usr/bin/env bats
# A plant: twenty devices, registration authorities, a CA; only files move.
load lib

setup_file() {
	mkdir "$BATS_FILE_TMPDIR/base"
	cd "$BATS_FILE_TMPDIR/base" || return 1
	{
		root idevid-root CN=Maker-Root,O=Maker
		cmp-ca -C ca init --name "CN=Plant CA,O=Example" \
		    --newkey ec:P-256
		registration lra
		registration ra
		cmp-ca -C lra trust add --forward idevid-root.pem \
		    --name maker --batch --subject 'CN=pump*,O=Example'
	} 2>/dev/null
}

# registration NAME: its home, with a certificate of the CA.
registration() {
	key ec:P-256 "$1.key"
	openssl req -new -config /dev/null -key "$1.key" -out "$1.csr" \
	    -subj "/O=Example/CN=$1"
	cmp-ca -C ca ra-cert --csr "$1.csr" -o "$1.pem"
	cmp-ca -C "$1" init --role ra --key "$1.key" --cert "$1.pem"
	cmp-ca -C "$1" trust add --upstream ca/certs/ca.pem
}

setup() {
	fresh
	numbers=$(seq -w 1 20)
	n=20
	day=0
}

# later DAYS: the programs that follow run so much later.
later() {
	PATH=$BUILD_DIR/fixed:$PATH
	day=$((day + $1))
	FIXED_CLOCK=$(($(date +%s) + day * 86400))
	export FIXED_CLOCK
}

# What the fixed programs take for random differs from run to run.
reseed() {
	FIXED_SEED=$(od -An -N6 -tu8 /dev/urandom | tr -d ' ')
	export FIXED_SEED
}

cmp-process() {
	reseed
	command cmp-process "$@"
}

cmp-mkreq() {
	reseed
	command cmp-mkreq "$@"
}

# asks NUMBER...: requests of these devices, in desk/NUMBER/.
asks() {
	mkdir -p dev desk
	for i; do
		device "id-$i" "serialNumber=$i,CN=pump,O=Maker" idevid-root
		cmp-mkreq -C "dev/$i" ir --subject "CN=pump$i,O=Example" \
		    --newkey ec:P-256 --cert "id-$i.pem" --key "id-$i.key" \
		    --trust ca/certs/ca.pem -o "desk/$i/"
	done 2>/dev/null
}

# takes HOME NUMBER: that device takes what HOME's out/ has for it and it did
# not see; what it writes goes to desk/NUMBER/.
takes() {
	local id answer status=1

	id=$(cd "desk/$2" && echo *-1-ir.pki)
	for answer in "$1/spool/out/${id%%-*}"-*.pki; do
		[ ! -e "desk/$2/seen-${answer##*/}" ] || continue
		status=0
		cmp-process -C "dev/$2" -o "desk/$2/" "$answer" || status=$?
		: >"desk/$2/seen-${answer##*/}"
	done 2>>"desk/$2.log"
	return "$status"
}

# killed HOME N ARGUMENT...: cmp-process dies before its Nth file operation.
killed() {
	local home=$1 at=$2
	shift 2

	reseed
	run -137 env LD_PRELOAD="$PRELOAD" FAULT_ROOT="$PWD/$home" \
	    ASAN_OPTIONS=verify_asan_link_order=0 FAULT="kill-before:$at" \
	    cmp-process -C "$home" "$@"
}

# carry FROM TO [OPTION...]: a stick, with what waits for TO.
carry() {
	mkdir stick
	cmp-spool -C "$1" export stick --label stick-1 "${@:3}"
	cmp-spool -C "$2" import stick
	rm -r stick
}

# The rest of the test is about two of them.
few() {
	numbers="01 02"
	n=2
}

# Each of them has one certificate of its own, and the CA knows no more.
all_have() {
	local i

	for i in $numbers; do
		openssl verify -CAfile ca/certs/ca.pem \
		    -attime "${FIXED_CLOCK:-$(date +%s)}" dev/"$i"/certs/*.pem
		[ "$(openssl x509 -in dev/"$i"/certs/*.pem -noout -subject \
		    -nameopt RFC2253)" = "subject=CN=pump$i,O=Example" ]
	done
	[ "$(cmp-ca -C ca list | grep -c CN=pump)" = "$n" ]
	cmp-ca -C ca check
	cmp-ca -C lra check
}

waits() {
	cmp-spool -C "$1" status --json | jq -r .waits
}

@test "plant: twenty devices, one stick, and runs that are killed on the way" {
	cmp-ca -C ca trust add --ra lra.pem --subject 'CN=pump*,O=Example'
	# shellcheck disable=SC2086
	asks $numbers
	cp desk/*/*.pki lra/spool/in/
	killed lra 30
	killed lra 90
	run -0 cmp-process -C lra
	for i in $numbers; do run -3 takes lra "$i"; done
	cp desk/*/*-3-pollreq.pki lra/spool/in/
	run -0 cmp-process -C lra
	for i in $numbers; do run -3 takes lra "$i"; done
	[ "$(waits lra)" = 20 ]

	killed lra 4 --flush
	run -0 cmp-process -C lra --flush
	[ "$(count lra/spool/out/upstream/*.pki)" = 1 ]
	run -0 carry lra ca
	run -0 cmp-spool -C lra status
	[ "$(grep -c 'left on "stick-1"' <<<"$output")" = 20 ]
	killed ca 6
	killed ca 12
	run -0 cmp-process -C ca
	run -0 carry ca lra
	killed lra 6
	run -0 cmp-process -C lra

	[ "$(waits lra)" = 0 ]
	for i in $numbers; do takes lra "$i"; done
	all_have
}

@test "plant: a stick that is lost is written again, and both may arrive" {
	cmp-ca -C ca trust add --ra lra.pem --subject 'CN=pump*,O=Example'
	asks 01 02
	few
	cp desk/*/*.pki lra/spool/in/
	cmp-process -C lra --flush
	mkdir lost found
	cmp-spool -C lra export lost
	run -0 cmp-spool -C lra export found
	has "nothing waits"
	run -0 cmp-spool -C lra export --again found
	cmp lost/*-nested.pki found/*-nested.pki
	run -0 cmp-spool -C lra status
	has 'left on "found"'
	run -0 cmp-spool -C ca import found
	cmp-process -C ca
	run -0 cmp-spool -C ca import lost
	has "1 are known already"
	cp lost/*-nested.pki ca/spool/in/
	run -0 cmp-process -C ca
	has "repeated"
	cmp-spool -C ca export found
	run -0 cmp-spool -C lra import found
	has "imported 1 of 2 files"
	has "1 are known already"
	run -0 cmp-process -C lra
	takes lra 01
	takes lra 02
	all_have
	run -0 cmp-spool -C lra export --again found
	has "nothing waits"
}

@test "plant: one is refused here, one by the CA, and one is lost: each is told" {
	cmp-ca -C ca trust add --ra lra.pem --subject 'CN=pump0*,O=Example'
	set_conf lra "forward maker" hold yes
	asks 01 02 03 14
	cp desk/*/*.pki lra/spool/in/
	cmp-process -C lra
	for i in 01 02 03 14; do run -3 takes lra "$i"; done
	run -0 cmp-ca -C lra pending
	has "validity as the CA has it"
	hasnt 1970-01
	[ "$(cmp-ca -C lra pending --json | jq -r '[.notBefore, .profile] |
	    @csv' | sort -u)" = ',""' ]
	for i in $(cmp-ca -C lra pending --json | jq -r '.subject[3:9] + ":" +
	    .transactionID'); do
		case $i in
		pump02:*)	cmp-ca -C lra reject "${i#*:}" \
				    --reason "scrapped" ;;
		*)		run -0 cmp-ca -C lra approve "${i#*:}"
				has "the next cmp-process sends it on" ;;
		esac
	done
	cmp-process -C lra
	# What a disk does to one that waits for the bundle.
	sqlite3 lra/state/cmp.db "UPDATE outbox SET answer = x'3003020100'
	    WHERE id = (SELECT up FROM relay ORDER BY id LIMIT 1)"
	broken=$(cmp-spool -C lra status --json |
	    jq -r '.upstream[0].device[7:9]')
	cmp-process -C lra --flush
	carry lra ca
	run -0 cmp-process -C ca
	has "1 good, 1 refused, 1 without an answer"
	carry ca lra
	run -0 cmp-process -C lra
	[ "$(waits lra)" = 0 ]

	for i in 01 02 03 14; do takes lra "$i" || true; done
	grep -q "scrapped" desk/02.log
	grep -q "systemUnavail" "desk/$broken.log"
	[ "$broken" = 14 ] || grep -q "E_ANSWER_REJECTED.*notAuthorized" desk/14.log
	[ "$(cmp-ca -C ca list | grep -c CN=pump)" = \
	    "$([ "$broken" = 14 ] && echo 2 || echo 1)" ]
}

@test "plant: LRA, RA and CA in a row, with days between them" {
	cmp-ca -C ca trust add --ra lra.pem --name lra \
	    --subject 'CN=pump*,O=Example'
	cmp-ca -C ca trust add --ra ra.pem --name ra \
	    --subject 'CN=pump*,O=Example'
	cmp-ca -C ra trust add --ra lra.pem --subject 'CN=pump*,O=Example'
	printf '%s\n' '[forward below]' 'ra = lra' 'forward = keep' \
	    'batch = yes' 'subject = CN=pump*,O=Example' >>ra/cmp.conf
	# shellcheck disable=SC2086
	asks $numbers
	cp desk/*/*.pki lra/spool/in/
	later 0
	cmp-process -C lra
	for i in $numbers; do run -3 takes lra "$i"; done
	run -0 cmp-process -C lra
	[ "$(count lra/spool/out/upstream/*.pki)" = 0 ]
	later 2		# longer than batch-wait
	run -0 cmp-process -C lra
	has "bundles that leave: 1"
	run -0 carry lra ra

	later 3
	run -0 cmp-process -C ra
	has "20 good"
	run -0 carry ra lra --channel ""
	later 3
	run -0 cmp-process -C lra
	for i in $numbers; do run -3 takes lra "$i"; done
	[ "$(waits lra)" = 20 ]
	run -0 cmp-process -C ra --flush
	run -0 carry ra ca
	later 4
	run -0 cmp-process -C ca
	run -0 carry ca ra
	later 5
	run -0 cmp-process -C ra
	[ "$(waits ra)" = 0 ]
	run -0 carry ra lra --channel ""
	later 1
	run -0 cmp-process -C lra
	[ "$(waits lra)" = 0 ]

	for i in $numbers; do takes lra "$i"; done
	all_have
	cmp-ca -C ra check
}

@test "plant: the home of an RA is not one of a CA" {
	for verb in list "show 12" "revoke 12" "ra-cert --csr lra.csr -o x" \
	    crl "rollover --newkey ec:P-256"; do
		# shellcheck disable=SC2086
		run -78 cmp-ca -C lra $verb
		has E_CONF
		has "only a CA"
	done
	run -78 cmp-process -C ca --flush
	has "only an RA makes bundles"
	run -64 cmp-process -C lra --flush lra.csr
	sed -i 's/^\[forward maker\]/[enrol maker]/' lra/cmp.conf
	run -78 cmp-process -C lra
	has "whose rules are [forward NAME]"
	printf '[forward x]\nanchor = trust/lra.pem\n' >>ca/cmp.conf
	run -78 cmp-process -C ca
	has "is for role = ra"
}

@test "plant: a cmp.conf, keys and certificates by hand are the home of an RA" {
	cmp-ca -C ca trust add --ra lra.pem --subject 'CN=pump*,O=Example'
	mkdir -p hand/keys hand/certs hand/trust
	cp lra.key hand/keys/cmp.key
	cp lra.pem hand/certs/cmp.pem
	cp idevid-root.pem ca/certs/ca.pem hand/trust/
	printf '%s\n' 'role = ra' '[relay]' 'anchor = trust/ca.pem' \
	    '[forward maker]' 'anchor = trust/idevid-root.pem' \
	    'subject = CN=*,O=Example' >hand/cmp.conf
	asks 01
	run -0 cmp-process -C hand
	cp desk/01/*.pki hand/spool/in/
	run -0 cmp-process -C hand
	carry hand ca
	cmp-process -C ca
	carry ca hand
	run -0 cmp-process -C hand
	takes hand 01
	openssl verify -CAfile ca/certs/ca.pem dev/01/certs/*.pem
}
