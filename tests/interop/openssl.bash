# Identities and openssl cmp on either side, for tests/bats/interop.bats.
#
# Everything is made at run time below the directory we are in; no message
# takes another way than a file or a named pipe.
# shellcheck shell=bash disable=SC2034,SC2154

export OPENSSL_CONF=/dev/null LC_ALL=C
PATH=$BUILD_DIR:$PATH

DEVICE_EXT='keyUsage=critical,digitalSignature
subjectKeyIdentifier=hash
authorityKeyIdentifier=keyid'
SERVER_EXT="$DEVICE_EXT
extendedKeyUsage=1.3.6.1.5.5.7.3.27"
SUB_EXT='basicConstraints=critical,CA:TRUE
keyUsage=critical,keyCertSign,cRLSign
subjectKeyIdentifier=hash
authorityKeyIdentifier=keyid'

# new_key FILE ec|rsa|SPEC...
new_key() {
	case $2 in
	ec)	openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 ;;
	rsa)	openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 ;;
	esac >"$1" 2>/dev/null
	chmod 600 "$1"
}

# root NAME DN
root() {
	new_key "$1.key" ec
	openssl req -x509 -key "$1.key" -subj "$2" -days 30 -out "$1.pem" \
	    -addext basicConstraints=critical,CA:TRUE \
	    -addext keyUsage=critical,keyCertSign,cRLSign
}

# leaf NAME DN ISSUER EXTENSIONS ec|rsa
leaf() {
	new_key "$1.key" "$5"
	certify "$1.pem" "$2" "$3" "$4" "$1.key"
}

# certify FILE DN ISSUER EXTENSIONS KEY: a certificate for the public key of
# KEY, which need not sign for it.
certify() {
	openssl req -new -key "$5" -subj "$2" -out "$1.csr"
	openssl x509 -req -in "$1.csr" -CA "$3.pem" -CAkey "$3.key" \
	    -set_serial "0x$(openssl rand -hex 15)" -days 30 \
	    -extfile <(printf '%s\n' "$4") -out "$1" 2>/dev/null
	rm -f "$1.csr"
}

# our_ca HOME SPEC: one of our CAs for devices below root.pem.
our_ca() {
	cmp-ca -C "$1" init --name 'CN=Plant CA,O=Example' --newkey "$2"
	cmp-ca -C "$1" trust add --enrol root.pem --subject 'CN=*,O=Example' \
	    --san 'dns:*.example'
}

# --- openssl as the client

# client [OPTION]...: as $ID for a certificate of $CA, with what it gets in
# got.pem and what it says in client.log.
client() {
	rm -f got.pem
	timeout 20 openssl cmp -config '' -cmd ir -cert "$IDS/$ID.pem" \
	    -key "$IDS/$ID.key" -newkey new.key -subject /O=Example/CN=pump17 \
	    -recipient '/O=Example/CN=Plant CA' -trusted "$CA/certs/ca.pem" \
	    -certout got.pem "$@" >client.log 2>&1
}

# ask FILE [OPTION]...: the first request.  The client wants an answer in
# the same run; it has written the request when it finds none.
ask() {
	local file=$1

	shift
	run ! client "$@" -reqout "$file" -rspin absent.pki
	[ -s "$file" ]
}

# got_it: the certificate is for the client's key, and good under our CA.
got_it() {
	openssl verify -CAfile "$CA/certs/ca.pem" got.pem
	diff <(openssl x509 -in got.pem -noout -pubkey) \
	    <(openssl pkey -in new.key -pubout)
}

# --- openssl as the server

# our_request HOME [OPTION]...: an ir of our device in HOME-ir.pki, and in
# HOME.pem the certificate that fits it.
our_request() {
	local home=$1

	shift
	cmp-mkreq -C "$home" ir --subject CN=pump17,O=Example \
	    --san dns:pump17.example --newkey "${NEWKEY:-ec:P-256}" \
	    --cert "$IDS/$ID.pem" --key "$IDS/$ID.key" \
	    -o "$home-ir.pki" "$@" 2>/dev/null
	certify "$home.pem" /O=Example/CN=pump17 "$IDS/mock" \
	    "$DEVICE_EXT
subjectAltName=DNS:pump17.example" "$home"/keys/*.key
}

# mock HOME REQUESTS RESPONSES [OPTION]...: the mock server with the
# credentials of $SRV.  It comes with a client, which here only carries:
# what that makes of the answers is in mock.log and does not count.
mock() {
	local home=$1 in=$2 out=$3

	shift 3
	rm -f "$out"
	timeout 20 openssl cmp -config '' -cmd ir -use_mock_srv \
	    -srv_cert "$IDS/$SRV.pem" -srv_key "$IDS/$SRV.key" \
	    -srv_trusted "$IDS/root.pem" -rsp_cert "$home.pem" \
	    -cert "$IDS/dev.pem" -key "$IDS/dev.key" -subject /CN=none \
	    -recipient /CN=none -newkey "$(echo "$home"/keys/*.key)" \
	    -trusted "$IDS/mock.pem" -unprotected_errors -certout /dev/null \
	    -reqin "$in" -rspout "$out" "$@" >mock.log 2>&1 || :
	[ -s "${out%%,*}" ]
}

# --- what files say

# header FILE FIELD
header() {
	cmp-inspect --json "$1" | jq -r ".header.$2"
}

# answers RESPONSE REQUEST: same transaction, nonce returned.  Of answers
# in files openssl takes both as they come, so it is looked at here.
answers() {
	[ "$(header "$1" recipNonce)" != null ]
	[ "$(header "$1" transactionID)" = "$(header "$2" transactionID)" ]
	[ "$(header "$1" recipNonce)" = "$(header "$2" senderNonce)" ]
}

# status FILE: that of the response or error message.
status() {
	cmp-inspect --json "$1" | jq -r '[.. | objects | select(has("value") and
	    has("status")) | .status][0]'
}

# says TEXT: in what the last run printed.
says() {
	[[ "$output" == *"$1"* ]] || {
		echo "expected \"$1\" in: $output"
		return 1
	}
}
