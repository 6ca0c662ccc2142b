# Shared by all bats files: identities made at run time, homes, programs.
bats_require_minimum_version 1.5.0

PATH=${BUILD_DIR:-build/release}:$PATH
umask 077
unset NO_COLOR

# --- identities, with openssl

# key SPEC FILE: a private key; SPEC as --newkey takes it.
key() {
	case $1 in
	rsa:*)		set -- "$2" RSA "rsa_keygen_bits:${1#*:}" ;;
	rsa-pss:*)	set -- "$2" RSA-PSS "rsa_keygen_bits:${1#*:}" ;;
	ec:*)		set -- "$2" EC "ec_paramgen_curve:${1#*:}" ;;
	ed25519)	set -- "$2" ED25519 ;;
	ed448)		set -- "$2" ED448 ;;
	esac
	openssl genpkey -quiet -algorithm "$2" ${3:+-pkeyopt "$3"} -out "$1"
	chmod 600 "$1"
}

# digest OPTIONS for a key: EdDSA has its own.
hash_for() {
	case $(openssl pkey -in "$1" -noout -text 2>/dev/null | head -n1) in
	ED*) ;;
	*) echo -sha256 ;;
	esac
}

# A name as openssl wants it: "CN=a,O=b" (RFC 4514) is /O=b/CN=a.
slashed() {
	local part out=
	local -a parts

	IFS=, read -ra parts <<<"$1"
	for part in "${parts[@]}"; do out="/$part$out"; done
	echo "$out"
}

# issue FILE SUBJECT KEY CA EXTENSION...: FILE.pem for KEY; CA is a stem
# ("self" for itself).
issue() {
	local file=$1 subject=$2 key=$3 ca=$4 days=${DAYS:-365}
	local -a args=(-new -x509 -days "$days" -subj "$(slashed "$subject")"
		-key "$key" -out "$file.pem" -config "$BATS_FILE_TMPDIR/x.cnf")
	shift 4

	printf '%s\n' '[req]' 'distinguished_name=dn' '[dn]' \
	    >"$BATS_FILE_TMPDIR/x.cnf"
	[ "$ca" = self ] || args+=(-CA "$ca.pem" -CAkey "$ca.key")
	for ext in "$@"; do args+=(-addext "$ext"); done
	# shellcheck disable=SC2046
	openssl req "${args[@]}" $(hash_for "$([ "$ca" = self ] &&
	    echo "$key" || echo "$ca.key")") 2>/dev/null
}

# root STEM SUBJECT [SPEC]
root() {
	key "${3:-ec:P-256}" "$1.key"
	issue "$1" "$2" "$1.key" self basicConstraints=critical,CA:TRUE \
	    keyUsage=critical,keyCertSign,cRLSign subjectKeyIdentifier=hash
}

# sub STEM SUBJECT CA [SPEC]
sub() {
	key "${4:-ec:P-256}" "$1.key"
	issue "$1" "$2" "$1.key" "$3" basicConstraints=critical,CA:TRUE \
	    keyUsage=critical,keyCertSign,cRLSign subjectKeyIdentifier=hash \
	    authorityKeyIdentifier=keyid
}

# device STEM SUBJECT CA [SPEC]: a certificate as a maker gives to devices.
device() {
	key "${4:-ec:P-256}" "$1.key"
	issue "$1" "$2" "$1.key" "$3" keyUsage=critical,digitalSignature \
	    subjectKeyIdentifier=hash authorityKeyIdentifier=keyid
}

# maker: idevid-root.pem, idevid-sub.pem, idevid.pem and idevid.key here.
maker() {
	root idevid-root CN=Maker-Root,O=Maker
	sub idevid-sub CN=Maker-Sub,O=Maker idevid-root
	device idevid serialNumber=4711,CN=device,O=Maker idevid-sub
}

# crl FILE CA DAYS [REVOKED.pem]...: a CRL in DER, good for DAYS days; its
# thisUpdate is now, or that of $THIS (YYMMDDHHMMSSZ).
crl() {
	local file=$1 ca=$2 days=$3 d
	shift 3

	d=$(mktemp -d "$BATS_FILE_TMPDIR/crl.XXXXXX")
	: >"$d/index"; echo "${NUMBER:-01}" >"$d/number"
	printf '%s\n' '[ca]' 'default_ca=c' '[c]' "database=$d/index" \
	    "crlnumber=$d/number" default_md=sha256 'crl_extensions=e' '[e]' \
	    authorityKeyIdentifier=keyid >"$d/cnf"
	for c in "$@"; do
		openssl ca -config "$d/cnf" -keyfile "$ca.key" -cert "$ca.pem" \
		    -revoke "$c" 2>/dev/null
	done
	if [ -n "${THIS:-}" ]; then
		openssl ca -config "$d/cnf" -keyfile "$ca.key" -cert "$ca.pem" \
		    -gencrl -crl_lastupdate "$THIS" -crl_nextupdate \
		    "$(date -u -d "$days days" +%y%m%d%H%M%SZ)" \
		    -out "$d/pem" 2>/dev/null
	else
		openssl ca -config "$d/cnf" -keyfile "$ca.key" -cert "$ca.pem" \
		    -gencrl -crldays "$days" -out "$d/pem" 2>/dev/null
	fi
	openssl crl -in "$d/pem" -outform DER -out "$file" 2>/dev/null
	rm -r "$d"
}

# --- homes

# ca_home HOME [OPTION...]: a CA that lets the maker's devices ask for
# anything in O=Example and for names in .example.
ca_home() {
	local home=$1
	shift

	cmp-ca -C "$home" init --name "CN=Plant CA,O=Example" \
	    --newkey ec:P-256 "$@"
	cmp-ca -C "$home" trust add --enrol idevid-root.pem \
	    --subject 'CN=*,O=Example' --san 'dns:*.example'
}

# prepared: maker and CA in a directory that tests get a copy of.
prepared() {
	mkdir "$BATS_FILE_TMPDIR/base"
	cd "$BATS_FILE_TMPDIR/base" || return 1
	{ maker; ca_home ca; } 2>/dev/null
}

fresh() {
	cp -a "$BATS_FILE_TMPDIR/base" "$BATS_TEST_TMPDIR/w"
	cd "$BATS_TEST_TMPDIR/w" || return 1
}

# mkreq HOME OUT [OPTION...]: a request of idevid that the CA grants.
mkreq() {
	local home=$1 out=$2
	shift 2

	set -- "$@" --newkey "${NEWKEY:-ec:P-256}" \
	    --cert "${ID:-idevid}.pem" --key "${ID:-idevid}.key" \
	    --chain idevid-sub.pem --trust ca/certs/ca.pem -o "$out"
	case " $* " in *' --subject '*) ;; *) set -- "$@" \
	    --subject "CN=pump17,O=Example" ;; esac
	cmp-mkreq -C "$home" ir "$@"
}

# --- what came of it

# reads FILE JQ: a value of the message in FILE.
reads() {
	cmp-inspect --json "$1" | jq -r "$2"
}

# has CODE: the last run's output names this check.
has() {
	case "$output" in
	*"$1"*) ;;
	*) echo "no $1 in: $output" >&2; return 1 ;;
	esac
}

# hasnt TEXT
hasnt() {
	case "$output" in
	*"$1"*) echo "$1 in: $output" >&2; return 1 ;;
	*) ;;
	esac
}

# count FILE...: how many of them there are (a pattern may match none).
count() {
	[ -e "$1" ] || set --
	echo $#
}

# state HOME: a fingerprint of everything below it but the store's memory.
state() {
	(cd "$1" && find . -type f ! -name 'cmp.db*' ! -name lock \
	    -exec sha256sum {} + | sort -k2; find . ! -name 'cmp.db-*' ! -name lock | sort
	sqlite3 state/cmp.db .dump) | sha256sum
}

# set_conf HOME SECTION KEY VALUE: put a line under [SECTION] of cmp.conf.
set_conf() {
	sed -i "/^\[$2\]/a $3 = $4" "$1/cmp.conf"
}
