# What the fault tests share.  To be sourced, with BUILD_DIR and PRELOAD set.
# shellcheck shell=sh

: "${BUILD_DIR:?}" "${PRELOAD:?}"
PATH=$BUILD_DIR:$PATH

# Run "$@" with faults in what it does below $1.
#	inject ROOT VAR=VALUE... -- PROGRAM ARGS
inject() {
	inject_root=$1
	shift
	inject_n=$#
	inject_vars=1
	while [ "$inject_n" -gt 0 ]; do
		inject_n=$((inject_n - 1))
		case $inject_vars:$1 in
		1:--)
			inject_vars=0
			# AddressSanitizer opens its log before we are ready.
			set -- "$@" "LD_PRELOAD=$PRELOAD" \
			    "ASAN_OPTIONS=verify_asan_link_order=0" \
			    "FAULT_ROOT=$inject_root" ;;
		*)
			set -- "$@" "$1" ;;
		esac
		shift
	done
	env "$@"
}

# device DIR NAME: a manufacturer's certificate, as DIR/NAME.{key,pem}.
device() {
	openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 \
	    -out "$1/$2.key"
	chmod 600 "$1/$2.key"
	openssl req -new -key "$1/$2.key" -subj "/O=Maker/CN=$2" \
	    -out "$1/$2.csr"
	openssl x509 -req -in "$1/$2.csr" -CA "$1/root.pem" \
	    -CAkey "$1/root.key" -days 3650 -extfile "$1/ext" \
	    -out "$1/$2.pem" 2>/dev/null
}

# identities DIR: root.pem and two devices below it.
identities() {
	mkdir -p "$1"
	cat >"$1/ext" <<-'EXT'
	keyUsage = critical, digitalSignature
	subjectKeyIdentifier = hash
	authorityKeyIdentifier = keyid
	EXT
	openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 \
	    -out "$1/root.key"
	openssl req -new -x509 -key "$1/root.key" -subj "/O=Maker/CN=Root" \
	    -days 3650 -addext "keyUsage=critical,keyCertSign,cRLSign" \
	    -out "$1/root.pem"
	device "$1" dev1
	device "$1" dev2
}

make_ca() {
	cmp-ca -C "$1/ca" init --name "CN=Plant CA,O=Example" \
	    --newkey ec:P-256
}

# add_trust HOME ID
add_trust() {
	cmp-ca -C "$1" trust add --enrol "$2/root.pem" --subject 'CN=*,O=Example'
}

# ask DIR ID dev1|dev2 [OPTION...]: a request in DIR/stick-DEV, kept in DIR/DEV.
ask() {
	ask_dir=$1
	ask_id=$2
	ask_dev=$3
	shift 3
	cmp-mkreq -C "$ask_dir/$ask_dev" ir --subject "CN=$ask_dev,O=Example" \
	    --newkey ec:P-256 --cert "$ask_id/$ask_dev.pem" \
	    --key "$ask_id/$ask_dev.key" --trust "$ask_dir/ca/certs/ca.pem" \
	    -o "$ask_dir/stick-$ask_dev/" "$@"
}

# prepare DIR: DIR/id, and in DIR/base a CA with two requests waiting:
# dev1 takes the certificate as it comes, dev2 confirms it.
prepare() {
	identities "$1/id"
	mkdir "$1/base"
	make_ca "$1/base"
	add_trust "$1/base/ca" "$1/id"
	ask "$1/base" "$1/id" dev1
	ask "$1/base" "$1/id" dev2 --confirm
	cp "$1"/base/stick-dev?/*.pki "$1/base/ca/spool/in/"
}

# name_of DIR DEV: what the names of all messages of DEV's request begin with
name_of() {
	for name_of_f in "$1/stick-$2"/*-1-ir.pki; do
		basename "$name_of_f" -1-ir.pki
	done
}
