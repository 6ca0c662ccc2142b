#!/usr/bin/env bats
# A registration authority below another: what it may ask and stand for, and
# that everything of a device finds its way up and down again.
# shellcheck disable=SC2154
load lib

setup_file() {
	mkdir "$BATS_FILE_TMPDIR/base"
	cd "$BATS_FILE_TMPDIR/base" || return 1
	{
		root maker CN=Maker-Root,O=Maker
		for i in 1 2; do
			device "id$i" "serialNumber=$i,CN=pump,O=Maker" maker
		done
		cmp-ca -C ca init --name "CN=Plant CA,O=Example" \
		    --newkey ec:P-256
		for i in lra ra; do
			cmp-ca -C "$i" init --role ra \
			    --name "CN=$i,O=Example" --newkey ec:P-256
			cp "$i/certs/cmp.pem" "$i.pem"
		done
		# The CA knows no maker: all it has is the RA's word.
		cmp-ca -C ca trust add --ra ra.pem --subject 'CN=*,O=Example'
		cat ca/certs/ca.pem ra.pem lra.pem >trust.pem
		cp trust.pem lra/trust/up.pem
		cp ca/certs/ca.pem ra/trust/up.pem
		cp lra.pem ra/trust/
		cp maker.pem lra/trust/
		cp maker.pem ra/trust/
	} 2>/dev/null
}

setup() {
	fresh
}

# forwards HOME RULE LINE...: its cmp.conf, with these in [forward RULE]
forwards() {
	printf '%s\n' 'role = ra' '[relay]' 'anchor = trust/up.pem' \
	    "[forward $2]" 'subject = CN=*,O=Example' "${@:3}" >"$1/cmp.conf"
}

# below LINE...: what the RA lets the LRA do, besides what it forwards.
below() {
	printf '%s\n' '[ra below]' 'cert = trust/lra.pem' "$@" >>ra/cmp.conf
}

# asks DEVICE [OPTION...]: its request, in DEVICE.desk/
asks() {
	cmp-mkreq -C "$1" ir --subject "CN=$1,O=Example" --newkey ed25519 \
	    --cert id1.pem --key id1.key --trust trust.pem -o "$1.desk/" \
	    "${@:2}"
}

# copies FILE OUT [NONCE]: the request of another device of the maker, with
# the transactionID of FILE, and with its senderNonce or that of its own
copies() {
	local from was

	rm -rf evil draft.pki
	cmp-mkreq -C evil ir --subject CN=evil,O=Example --newkey ed25519 \
	    --trust trust.pem -o draft.pki
	for field in transactionID ${3:+senderNonce}; do
		from=$(reads "$1" ".header.$field")
		was=$(reads draft.pki ".header.$field")
		FROM=$from WAS=$was perl -0777 -pi -e 'BEGIN { binmode STDIN;
		    $w = pack "H*", $ENV{WAS}; $f = pack "H*", $ENV{FROM} }
		    s/\Q$w\E/$f/ or die "no $ENV{WAS}"' draft.pki
	done
	cmp-sign --cert id2.pem --key id2.key -o "$2" draft.pki
}

# sends FROM TO [upstream]: what is in its out/
sends() {
	local f

	for f in "$1/spool/out/${3:+$3/}"*.pki; do
		[ ! -e "$f" ] || mv "$f" "$2/spool/in/"
	done
}

# takes DEVICE HOME: what that has for it; the last it writes is on its desk.
takes() {
	local f

	for f in "$2"/spool/out/*.pki; do
		[ -e "$f" ] || continue
		rm -f "$1.desk"/*.pki
		reads "$f" .message >>"$1.told"
		cmp-process -C "$1" -o "$1.desk/" "$f" || [ $? -eq 3 ]
		rm "$f"
	done
}

# round DEVICE HOME...: what is on its desk goes by these to the CA, and what
# the CA says comes back.
round() {
	local home prev='' dev=$1
	shift

	mv "$dev.desk"/*.pki "$1/spool/in/"
	for home; do
		cmp-process -C "$home" --flush
		if [ -n "$prev" ]; then
			sends "$home" "$prev"
			cmp-process -C "$prev"
		fi
		prev=$home
		next=$(after "$home" "$@")
		sends "$home" "$next" upstream
	done
	cmp-process -C ca
	for home in $(printf '%s\n' "$@" | tac); do
		sends "$(after "$home" "$@")" "$home"
		cmp-process -C "$home"
	done
	takes "$dev" "$1"
}

# after HOME ALL...: the one upstream of it
after() {
	local one=$1
	shift

	while [ "$1" != "$one" ]; do shift; done
	echo "${2:-ca}"
}

has_cert() {
	[ "$(count "$1"/certs/*.pem)" = 1 ]
	openssl verify -CAfile ca/certs/ca.pem "$1"/certs/*.pem
}

approve() {
	cmp-ca -C "$1" approve "$(cmp-ca -C "$1" pending --json |
	    jq -r .transactionID)"
}

on_behalf() {
	key ec:P-256 k.key
	openssl req -new -config /dev/null -key k.key -out k.csr \
	    -subj /O=Example/CN=x1
	cmp-mkreq -C "$1" cr --on-behalf --csr k.csr --cert "$1.pem" \
	    --key "$1/keys/cmp.key" -o "$2"
}

# only_refusal DIR: there is an answer in it, and nothing that goes up.
only_refusal() {
	[ "$(count "$1"/*.pki)" = 1 ]
	reads "$1"/*.pki .message | grep -Eqx "ip|cp|error"
}

@test "chain: an RA below asks for what its [ra] says, and for nothing else" {
	forwards ra below 'ra = below' 'forward = replace'
	on_behalf lra own.pki
	cp -a ra ra0
	n=0
	while read -r code line; do
		rm -rf ra
		cp -a ra0 ra
		below "$line"
		run -1 cmp-process -C ra own.pki -o "no$((n += 1))/"
		has "$code"
		only_refusal "no$n"
	done <<-!
	E_NOT_AUTHORIZED body = rr
	E_NOT_AUTHORIZED profile = other
	E_NOT_SUBJECT subject = CN=only
	!
	rm -rf ra
	mv ra0 ra
	below 'body = cr' 'profile = default' 'subject = CN=x*,O=Example'
	run -0 cmp-process -C ra own.pki -o up/
	run -0 cmp-process -C ca up/*.pki -o down/
	[ "$(reads down/*.pki .message)" = cp ]
}

@test "chain: an RA below stands for what its [ra] says, and for nothing else" {
	forwards lra dev 'anchor = trust/maker.pem' 'forward = add'
	asks pump1
	cmp-process -C lra pump1.desk/*.pki -o up/
	cp -a ra ra0
	n=0
	# Whether we know the device ourselves or only by that approval.
	while read -r code anchor line; do
		rm -rf ra
		cp -a ra0 ra
		forwards ra below 'forward = replace' \
		    "${anchor/=/ = }"
		below "$line"
		run -1 cmp-process -C ra up/*.pki -o "no$((n += 1))/"
		has "$code"
		only_refusal "no$n"
	done <<-!
	E_NOT_AUTHORIZED ra=below body = rr
	E_NOT_AUTHORIZED ra=below profile = other
	E_NOT_SUBJECT ra=below subject = CN=only
	E_APPROVAL anchor=trust/maker.pem body = rr
	E_APPROVAL anchor=trust/maker.pem profile = other
	E_APPROVAL anchor=trust/maker.pem subject = CN=only
	!
	rm -rf ra
	mv ra0 ra
	forwards ra below 'forward = replace' 'ra = below'
	below 'body = ir' 'subject = CN=pump*,O=Example'
	run -0 cmp-process -C ra up/*.pki -o up2/
	run -0 cmp-process -C ca up2/*.pki -o down/
	[ "$(reads down/*.pki .message)" = ip ]
}

@test "chain: whoever copies the ids of a bundle that is upstream is refused" {
	forwards ra dev 'anchor = trust/maker.pem' 'forward = replace' \
	    'batch = yes'
	asks pump1
	cp pump1.desk/*.pki ra/spool/in/
	cmp-process -C ra --flush
	copies ra/spool/out/upstream/*-nested.pki evil.pki nonce
	run -1 cmp-process -C ra evil.pki -o no/
	has E_TXID_IN_USE
	sends ra ca upstream
	run -0 cmp-process -C ca
	sends ca ra
	run -0 cmp-process -C ra
	takes pump1 ra
	has_cert pump1
}

@test "chain: whoever copies the ids of a request of the RA's own is refused" {
	forwards ra dev 'anchor = trust/maker.pem' 'forward = replace'
	on_behalf ra own.pki
	for nonce in nonce ''; do
		copies own.pki "evil$nonce.pki" $nonce
		run -1 cmp-process -C ra "evil$nonce.pki" -o "no$nonce/"
		has E_TXID_IN_USE
	done
	run -0 cmp-process -C ca own.pki -o down/
	cp down/*.pki ra/spool/in/
	run -0 cmp-process -C ra
	[ "$(count ra/certs/k-*.pem)" = 1 ]
}

@test "chain: replace: a transactionID that is upstream for one is not for another" {
	for mode in replace raverified; do
		rm -rf pump1 pump1.desk evil.pki no
		forwards ra dev 'anchor = trust/maker.pem' "forward = $mode"
		asks pump1
		cp pump1.desk/*.pki ra/spool/in/
		cmp-process -C ra
		copies pump1.desk/*.pki evil.pki
		run -1 cmp-process -C ra evil.pki -o no/
		has E_TXID_IN_USE
		sends ra ca upstream
		run -0 cmp-process -C ca
		sends ca ra
		run -0 cmp-process -C ra
		takes pump1 ra
		has_cert pump1
	done
}

# confirms HOME...: with a CA that waits for certConf
confirms() {
	set_conf ca "profile default" confirm explicit
	asks pump1
	round pump1 "$@"
	[ "$(count pump1.desk/*-certconf.pki)" = 1 ]
	round pump1 "$@"
	[ "$(count pump1.desk/*.pki)" = 0 ]
	has_cert pump1
	[ "$(tail -n1 pump1.told)" = pkiConf ]
}

# polls HOME...: with a CA whose operator has to look first
polls() {
	set_conf ca "profile default" hold yes
	asks pump1
	round pump1 "$@"
	[ "$(count pump1.desk/*-pollreq.pki)" = 1 ]
	round pump1 "$@"
	[ "$(count pump1.desk/*-pollreq.pki)" = 1 ]
	approve ca
	round pump1 "$@"
	[ "$(count pump1.desk/*.pki)" = 0 ]
	has_cert pump1
}

@test "chain: a device that the CA knows by the RA's word alone confirms" {
	forwards ra dev 'anchor = trust/maker.pem trust/up.pem' 'forward = add'
	confirms ra
}

@test "chain: a device that the CA knows by the RA's word alone polls" {
	forwards ra dev 'anchor = trust/maker.pem trust/up.pem' 'forward = add'
	polls ra
}

# row BATCH-OF-LRA BATCH-OF-RA
row() {
	forwards lra dev 'anchor = trust/maker.pem' 'forward = add' \
	    "batch = $1"
	forwards ra below 'ra = below' 'forward = add' "batch = $2"
	below
}

@test "chain: LRA, RA and CA in a row: the device confirms" {
	row no no
	confirms lra ra
}

@test "chain: LRA, RA and CA in a row: the device polls" {
	row no no
	polls lra ra
}

@test "chain: a pollReq in the LRA's bundle is not lost at the RA" {
	row yes no
	polls lra ra
}

@test "chain: bundles all the way: the device polls" {
	row yes yes
	polls lra ra
}

@test "chain: bundles all the way: the device confirms" {
	row yes yes
	confirms lra ra
}

@test "chain: a device that the LRA vouches for is held, approved and sent on" {
	row no no
	set_conf ra "forward below" hold yes
	asks pump1
	cp pump1.desk/*.pki lra/spool/in/
	cmp-process -C lra
	sends lra ra upstream
	run -0 cmp-process -C ra
	has "its [forward] says hold"
	[ "$(count ra/spool/out/upstream/*.pki)" = 0 ]
	approve ra
	run -0 cmp-process -C ra
	[ "$(count ra/spool/out/upstream/*.pki)" = 1 ]
	sends ra ca upstream
	run -0 cmp-process -C ca
	sends ca ra
	cmp-process -C ra
	sends ra lra
	cmp-process -C lra
	takes pump1 lra
	has_cert pump1
}

@test "chain: what an [ra] says of an ir goes for its certConf and pollReq" {
	row no no
	sed -i "/^cert = trust.lra.pem/a body = ir" ra/cmp.conf
	set_conf ca "ra ra" body ir
	set_conf ca "profile default" confirm explicit
	set_conf ca "profile default" hold yes
	asks pump1
	round pump1 lra ra
	approve ca
	round pump1 lra ra
	[ "$(count pump1.desk/*-certconf.pki)" = 1 ]
	round pump1 lra ra
	[ "$(tail -n1 pump1.told)" = pkiConf ]
	has_cert pump1
}

@test "chain: LRA, RA and CA each let it wait, and each lets it go" {
	row yes no
	set_conf lra "forward dev" hold yes
	set_conf ra "forward below" hold yes
	set_conf ca "profile default" hold yes
	asks pump1
	for home in lra ra ca; do
		round pump1 lra ra
		[ "$(count pump1.desk/*-pollreq.pki)" = 1 ]
		[ ! -e pump1/certs ] || [ "$(count pump1/certs/*.pem)" = 0 ]
		approve "$home"
	done
	round pump1 lra ra
	has_cert pump1
}

@test "chain: wrong MACs do not stop a request that was held in time" {
	forwards ra secret 'forward = replace' 'hold = yes'
	cmp-ca -C ra ticket new --subject 'CN=*,O=Example' --json >slip
	jq -r .ref slip >ref
	jq -r .secret slip >secret
	echo ABCDEFGHJKLMNPQRSTUVWXYZ23456789 >wrong
	chmod 600 secret wrong
	cmp-mkreq -C pump1 ir --subject CN=pump1,O=Example --newkey ed25519 \
	    --ref "$(cat ref)" --secret-file secret --trust trust.pem -o in.pki
	cp in.pki ra/spool/in/
	run -0 cmp-process -C ra
	has "held for an operator"
	for i in $(seq 20); do
		cmp-mkreq -C pump2 ir --subject CN=pump2,O=Example \
		    --newkey ed25519 --ref "$(cat ref)" --secret-file wrong \
		    --trust trust.pem -o "ra/spool/in/$i.pki"
	done
	run cmp-process -C ra
	run -0 cmp-ca -C ra ticket list
	has locked
	approve ra
	run -0 cmp-process -C ra
	[ "$(count ra/spool/out/upstream/*.pki)" = 1 ]
	sends ra ca upstream
	run -0 cmp-process -C ca
	sends ca ra
	cmp-process -C ra
	for f in ra/spool/out/*-ip.pki; do
		cmp-process -C pump1 "$f" -o poll/ || :
	done
	has_cert pump1
}

@test "chain: an answer among the requests of a bundle is dropped, the rest goes on" {
	forwards ra dev 'anchor = trust/maker.pem' 'forward = replace'
	printf '%s\n' '[forward below]' 'ra = below' 'forward = keep' \
	    'anchor = trust/maker.pem' 'subject = CN=*,O=Example' >>ra/cmp.conf
	below
	# The CA refuses what the RA lets pass: an error of the CA for pump1.
	cmp-ca -C ca trust remove ra
	asks pump1
	cp pump1.desk/*.pki ra/spool/in/
	cmp-process -C ra
	run -1 cmp-process -C ca ra/spool/out/upstream/*.pki -o error/
	rm ra/spool/out/upstream/*.pki
	[ "$(reads error/*.pki .message)" = error ]
	asks pump2
	cmp-nest batch --cert lra.pem --key lra/keys/cmp.key -o both.pki \
	    error/*.pki pump2.desk/*.pki
	cp both.pki ra/spool/in/
	run -0 cmp-process -C ra
	has "1 good, 0 refused, 1 without an answer"
	has "E_BODY_TYPE: message 1 within: body is error in a bundle of requests"
	[ "$(count ra/spool/out/upstream/*.pki)" = 1 ]
	[ "$(reads ra/spool/out/upstream/*.pki .header.transactionID)" = \
	    "$(reads pump2.desk/*.pki .header.transactionID)" ]
	for f in ra/spool/out/*.pki; do
		cmp-nest split -o split/ "$f"
	done
	[ "$(count split/*-error.pki)" = 0 ]
	rm ra/spool/out/*.pki
	# By itself it reaches whom it is for.
	run -0 cmp-process -C ra error/*.pki -o told/
	run -1 cmp-process -C pump1 told/*-error.pki
	has E_ANSWER_ERROR
}

@test "chain: a pollReq that a later answer has overtaken is refused and ends nothing" {
	row yes no
	set_conf ca "profile default" hold yes
	asks pump1
	cp pump1.desk/*.pki lra/spool/in/
	cmp-process -C lra --flush
	sends lra ra upstream
	cmp-process -C ra
	sends ra lra
	cmp-process -C lra
	run -3 cmp-process -C pump1 lra/spool/out/*-3-ip.pki -o old/
	rm lra/spool/out/*.pki
	sends ra ca upstream
	cmp-process -C ca
	sends ca ra
	cmp-process -C ra
	sends ra lra
	cmp-process -C lra
	takes pump1 lra
	approve ca
	run -1 cmp-process -C lra old/*-pollreq.pki -o no/
	has E_RECIP_NONCE
	run -1 cmp-process -C pump1 no/*-error.pki
	has E_RECIP_NONCE
	round pump1 lra ra
	has_cert pump1
}
