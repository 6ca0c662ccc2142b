# The parts of sweep.sh that are the same for each operation, and those on a
# CA's own affairs.  To be sourced by it.
# shellcheck shell=sh disable=SC2034,SC2154

operations="cr kur p10cr rr cacerts rootupdate reqtemplate crl mac first"

# Does this part start from what prepare_ops makes?
needs_ops() {
	case $1 in
	ca-old | ca-file | dev-confirm) return 1 ;;
	ask-* | ca-* | dev-* | revoke | crl | accept | rollover | activate | \
	    ticket-*) ;;
	*) return 1 ;;
	esac
}

# asks OP HOME OUT [RUN]: the request of an operation
asks() {
	asks_op=$1
	asks_home=$2
	asks_out=$3
	asks_run=${4:-}
	set -- --cert "$dir/own.pem" --key "$dir/own.key"
	case $asks_op in
	cr)	set -- cr --subject CN=dev1,O=Example --newkey ec:P-256 "$@" ;;
	kur)	set -- kur --newkey ec:P-256 "$@" ;;
	p10cr)	set -- p10cr --csr "$dir/csr.pem" "$@" ;;
	rr)	set -- rr "$@" ;;
	crl)	set -- genm crl --issuer "CN=Plant CA,O=Example" "$@" ;;
	rootupdate) set -- genm rootupdate --root "$dir/shop/certs/ca.pem" "$@" ;;
	mac | first) set -- ir --subject CN=slip,O=Example --newkey ec:P-256 \
		    --ref "$(cat "$dir/ref")" --secret-file "$dir/secret" ;;
	*)	set -- genm "$asks_op" "$@" ;;
	esac
	$asks_run cmp-mkreq -C "$asks_home" "$@" -o "$asks_out"
}

# The home of who asks: with first it has nothing, no trust anchor either.
asker() {
	case $1 in first) echo "$dir/nobody" ;; *) echo "$dir/owner" ;; esac
}

# In $dir: shop, a CA with a CRL, a new root and a slip; owner, a device with
# a certificate, own.pem and own.key; and for each OP, OP/asking, the device
# that has written OP/request, and OP/taken, the same with OP/answer/.
prepare_ops() {
	cp -a "$dir/answered" "$dir/shop"
	cmp-ca -C "$dir/shop" crl
	cmp-ca -C "$dir/shop" rollover
	cmp-ca -C "$dir/shop" ticket new --subject 'CN=*,O=Example' --json \
	    >"$dir/slip"
	for i in ref secret; do
		sed 's/.*"'$i'":"\([^"]*\)".*/\1/' "$dir/slip" >"$dir/$i"
	done
	chmod 600 "$dir/secret"
	cp -a "$dir/base/dev1" "$dir/owner"
	cmp-process -C "$dir/owner" \
	    "$dir/answers/$(name_of "$dir/base" dev1)-2-ip.pki"
	cp "$dir"/owner/certs/*.pem "$dir/own.pem"
	cp "$dir"/owner/keys/*.key "$dir/own.key"
	chmod 600 "$dir/own.key"
	openssl req -new -key "$dir/id/dev2.key" -subj /O=Example/CN=dev1 \
	    -out "$dir/csr.pem"
	mkdir -m 700 "$dir/nobody"
	for op in $operations; do
		mkdir "$dir/$op"
		cp -a "$(asker "$op")" "$dir/$op/asking"
		asks "$op" "$dir/$op/asking" "$dir/$op/request"
		cp -a "$dir/shop" "$dir/$op/ca"
		cmp-process -C "$dir/$op/ca" -o "$dir/$op/answer/" \
		    "$dir/$op/request"
		cp -a "$dir/$op/asking" "$dir/$op/taken"
		cmp-process -C "$dir/$op/taken" "$dir/$op"/answer/*.pki
	done
	cp -a "$dir/owner" "$dir/mac/other"
	asks mac "$dir/mac/other" "$dir/mac/other-request"
}

# pair KEY CERTIFICATE
pair() {
	[ "$(openssl x509 -in "$2" -noout -pubkey 2>/dev/null)" = \
	    "$(openssl pkey -in "$1" -pubout 2>/dev/null)" ] ||
	    fail "${1##*/} is not the key of ${2##*/}"
}

# What is true of $w/role, a copy of ${1}, wherever it was stopped: no key and
# no trust anchor is lost, new keys are whole and fit their certificates.
stands() {
	for f in "$1"/keys/*.key "$1"/trust/*.pem; do
		[ ! -e "$f" ] || cmp -s "$f" "$w/role/${f#"$1"/}" ||
		    fail "${f#"$1"/} has gone or changed"
	done
	for f in "$w"/role/keys/*.key; do
		cert=${f##*/}
		cert=$w/role/certs/${cert%.key}.pem
		if [ -e "$f" ] && [ ! -e "$1/${f#"$w/role/"}" ]; then
			openssl pkey -in "$f" -noout 2>/dev/null ||
			    fail "${f##*/} is no key"
		fi
		if [ -e "$cert" ] && [ ! -e "$1/${cert#"$w/role/"}" ]; then
			pair "$f" "$cert"
			# Without an anchor nobody could tell whose it is.
			ls "$w"/role/trust/*.pem >/dev/null 2>&1 ||
			    fail "${cert##*/} came before its root"
		fi
	done
}

# files HOME: what is there; names and content, or only the names
files() {
	(cd "$1" && find . -type f ! -path './state/*' ! -name '.tmp.*' | sort)
}
same_files() {
	[ "$(files "$1")" = "$(files "$2")" ] ||
	    fail "the device has: $(files "$2")"
}

# What ${1} has issued, with that of the operation ${2}.
one_more() {
	case $2 in
	cr | kur | p10cr) issued "$1" dev1 dev1 dev2 ;;
	mac | first) issued "$1" dev1 dev2 slip ;;
	rr) issued "$1" dev1:revoked dev2 ;;
	*) issued "$1" dev1 dev2 ;;
	esac
}

# The request at the device: whatever is on the stick can be answered.
asking() {
	cp -a "$(asker "$1")" "$w/role"
	asks "$1" "$w/role" "$w/stick/" once
	stands "$(asker "$1")"
	[ "$fault" = none ] || [ "$status" -eq 0 ] ||
	    asks "$1" "$w/role" "$w/stick/" again
	no_temporary "$w/role"
	cp -a "$dir/shop" "$w/ca"
	or=0
	for f in "$w"/stick/*.pki; do
		again cmp-process -C "$w/ca" -o "$w/out/" "$f"
		# There may be two; slip, certificate and key go only once.
		case $1 in rr | mac | first | p10cr) or=1 ;; esac
	done
	for f in "$w"/out/*.pki; do
		again cmp-process -C "$w/role" "$f"
	done
	or=0
	stands "$(asker "$1")"
	[ "$(files "$dir/$1/taken" | wc -l)" -le "$(files "$w/role" | wc -l)" ] ||
	    fail "the device has: $(files "$w/role")"
	case $1 in rr | mac | first | p10cr) one_more "$w/ca" "$1" ;; esac
}

# What the CA makes of it.
answering() {
	number=0
	crl_grows "$dir/shop"
	handles "$dir/shop" "$(ls "$dir/$1/answer")" "$dir/$1/request"
	crl_grows "$w/role"
	one_more "$w/role" "$1"
	takes "$dir/$1/asking" "$w"/out/*.pki
	same_files "$dir/$1/taken" "$w/try"
	case $1 in
	rr)
		mv "$w/role" "$w/ca"
		crl_has 1 ;;
	mac | first)
		# One slip, one certificate.
		or=1 again cmp-process -C "$w/role" -o "$w/no" \
		    "$dir/mac/other-request"
		grep -q E_TICKET_USED "$dir/text" ||
		    fail "the slip is good for more: $(cat "$dir/text")"
		one_more "$w/role" "$1" ;;
	esac
}

# The answer at the device, the same one each time.
taking() {
	handles "$dir/$1/asking" "" "$dir/$1"/answer/*.pki
	diff -r -x state "$dir/$1/taken" "$w/role" >"$dir/text" 2>&1 ||
	    fail "the device has something else: $(cat "$dir/text")"
}

# A new root is trusted when it is accepted, and the old one always.
part_accept() {
	cp -a "$dir/rootupdate/taken" "$w/role"
	once cmp-process -C "$w/role" --accept
	stands "$dir/owner"
	again cmp-process -C "$w/role" --accept
	stands "$dir/owner"
	no_temporary
	has "$w/role/trust/staged"
	for f in "$dir"/rootupdate/taken/trust/staged/*.pem; do
		cmp -s "$f" "$w/role/trust/${f##*/}" ||
		    fail "the new root is not trusted"
	done
	[ "$(find "$w/role/trust" -name '*.pem' | wc -l)" -eq 2 ] ||
	    fail "not two anchors"
}

# --- at the CA, by its operator

# below ROOT CERTIFICATE
below() {
	openssl verify -CAfile "$1" "$2" >"$dir/text" 2>&1 ||
	    fail "${2##*/} is not below ${1##*/}: $(cat "$dir/text")"
}

# A new key and its three certificates, or none that is served.
part_rollover() {
	cp -a "$dir/answered" "$w/role"
	once cmp-ca -C "$w/role" rollover
	stands "$dir/answered"
	or=73 again cmp-ca -C "$w/role" rollover
	stands "$dir/answered"
	no_temporary
	cmp -s "$dir/answered/cmp.conf" "$w/role/cmp.conf" ||
	    fail "cmp.conf has changed"
	next=$w/role/certs/next
	pair "$w/role/keys/next.key" "$next/new-with-new.pem"
	below "$w/role/certs/ca.pem" "$next/new-with-old.pem"
	below "$next/new-with-new.pem" "$next/old-with-new.pem"
	again cmp-process -C "$w/role" -o "$w/out/" "$dir/rootupdate/request"
	takes "$dir/rootupdate/asking" "$w"/out/*.pki
	[ -n "$(ls "$w/try/trust/staged")" ] || fail "no new root comes"
}

conf() {
	sed -n "s/^$1 = //p" "$w/role/cmp.conf"
}

part_activate() {
	cp -a "$dir/shop" "$w/role"
	crl_grows "$w/role"
	once cmp-ca -C "$w/role" rollover --activate
	pair "$w/role/$(conf key)" "$w/role/$(conf cert)"
	or=1 again cmp-ca -C "$w/role" rollover --activate
	no_temporary
	cmp -s "$w/role/$(conf cert)" "$dir/shop/certs/next/new-with-new.pem" ||
	    fail "the new root is not in use"
	pair "$w/role/$(conf key)" "$w/role/$(conf cert)"
	[ ! -e "$w/role/keys/next.key" ] || fail "next.key is still there"
	again cmp-ca -C "$w/role" crl
	crl_grows "$w/role"
	# Who knows only the old root goes on.
	again cmp-process -C "$w/role" -o "$w/out/" "$dir/kur/request"
	takes "$dir/kur/asking" "$w"/out/*.pki
	one_more "$w/role" kur
	# The next one has a key of its own.
	again cmp-ca -C "$w/role" rollover
	pair "$w/role/keys/next.key" "$w/role/certs/next/new-with-new.pem"
	! cmp -s "$w/role/keys/next.key" "$w/role/$(conf key)" ||
	    fail "the next root has the same key"
}

# decided STATE VERB [OPTION...]: a decision is there once, and holds.
decided() {
	state=$1
	verb=$2
	shift 2
	set -- cmp-ca -C "$w/role" "$verb" "$(name_of "$dir/base" dev1)" "$@"
	cp -a "$dir/holding" "$w/role"
	once "$@"
	or=1 again "$@"
	cmp-ca -C "$w/role" pending --json >"$dir/list" ||
	    fail "pending: exit status $?"
	[ "$(grep -c "\"state\":\"$state\"" "$dir/list")" = 1 ] ||
	    fail "decided: $(cat "$dir/list")"
	or=1 again cmp-process -C "$w/role" -o "$w/out/" "$dir/pollreq"
	or=1 takes "$dir/waiting" "$w"/out/*-4-ip.pki
	if [ "$state" = approved ]; then
		issued "$w/role" dev1
	else
		issued "$w/role"
	fi
}

# tickets STATE: their references
tickets() {
	cmp-ca -C "$w/role" ticket list >"$dir/list" ||
	    fail "ticket list: exit status $?"
	sed -n "s/ $1 .*//p" "$dir/list"
	cmp-ca -C "$w/role" check >"$dir/text" 2>&1 ||
	    fail "cmp-ca check: $(cat "$dir/text")"
}

# All that were asked for, or none; and no slip that is worth nothing.
part_ticket_new() {
	cp -a "$dir/answered" "$w/role"
	set -- cmp-ca -C "$w/role" ticket new 3 --subject 'CN=*' --json
	once "$@"
	sed -n 's/^{"ref":"\([^"]*\)".*}$/\1/p' "$dir/text" | sort >"$w/refs"
	tickets open | sort >"$w/open"
	case $(wc -l <"$w/refs"):$(wc -l <"$w/open") in
	3:3) cmp -s "$w/refs" "$w/open" || fail "other slips" ;;
	0:0 | 0:3) [ "$status" -ne 0 ] || fail "no slips" ;;
	*) fail "not three: $(cat "$w/open")" ;;
	esac
	again "$@"
}

part_ticket_add() {
	cp -a "$dir/answered" "$w/role"
	set -- cmp-ca -C "$w/role" ticket add --ref "$(cat "$dir/ref")" \
	    --secret-file "$dir/secret" --subject 'CN=*,O=Example'
	once "$@"
	or=73 again "$@"
	[ "$(tickets open)" = "$(cat "$dir/ref")" ] || fail "not one ticket"
	again cmp-process -C "$w/role" -o "$w/out/" "$dir/mac/request"
	takes "$dir/mac/asking" "$w"/out/*.pki
	one_more "$w/role" mac
}

part_ticket_remove() {
	cp -a "$dir/shop" "$w/role"
	set -- cmp-ca -C "$w/role" ticket remove "$(cat "$dir/ref")"
	once "$@"
	or=1 again "$@"
	[ -z "$(tickets '[a-z]*')" ] || fail "it is still there"
	or=1 again cmp-process -C "$w/role" -o "$w/out/" "$dir/mac/request"
	issued "$w/role" dev1 dev2
}
