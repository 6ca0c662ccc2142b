# For the examples, to be sourced: commands that are shown before they run,
# and a vendor whose devices have certificates.
# shellcheck shell=sh

# Colours only for a terminal whose user wants them.
bold='' plain=''
if [ -t 1 ] && [ -z "${NO_COLOR-}" ]; then
	bold=$(printf '\033[1m') plain=$(printf '\033[0m')
fi

# Go to the directory $1, which is kept, or to a temporary one.
work_in() {
	if [ $# -gt 0 ]; then
		dir=$1
		mkdir -p "$dir"
	else
		dir=$(mktemp -d)
		trap 'rm -rf "$dir"' EXIT
		trap 'exit 130' INT TERM
	fi
	cd "$dir" || exit
}

say() {
	printf '\n%s# %s%s\n' "$bold" "$*" "$plain"
}

# Print a command as one could type it, then run it.
run() {
	printf '%s$' "$bold"
	for word; do
		case $word in
		*[!A-Za-z0-9_./:,=+@%-]*)	printf " '%s'" "$word" ;;
		*)				printf ' %s' "$word" ;;
		esac
	done
	printf '%s\n' "$plain"
	"$@" 2>&1
}

# A vendor with a root and a sub CA, and a device with its first certificate.
vendor_pki() {
	write_extensions
	issue idevid-root '/O=Vendor/CN=Vendor Root' ca
	issue idevid-sub '/O=Vendor/CN=Vendor Sub CA' ca idevid-root
	issue idevid '/O=Vendor/CN=pump/serialNumber=0017' device idevid-sub
}

write_extensions() {
cat > openssl.cnf <<'CNF'
[ca]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[device]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
CNF
}

new_key() {
	openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 \
	    -out "$1" 2>/dev/null
}
# $1 name, $2 subject, $3 section, $4 issuer or nothing
issue() {
	new_key "$1.key"
	openssl req -new -config /dev/null -key "$1.key" -subj "$2" \
	    -out "$1.csr" 2>/dev/null
	if [ $# -gt 3 ]; then
		set -- "$@" -CA "$4.pem" -CAkey "$4.key"
	else
		set -- "$@" - -signkey "$1.key"
	fi
	name=$1 section=$3
	shift 4
	openssl x509 -req -in "$name.csr" -days 365 -extfile openssl.cnf \
	    -extensions "$section" -set_serial "0x$(openssl rand -hex 8)" \
	    "$@" -out "$name.pem" 2>/dev/null
	rm "$name.csr"
}

# The same for a line with patterns, which are shown as they stand.
run_line() {
	printf '%s$ %s%s\n' "$bold" "$1" "$plain"
	sh -c "$1" 2>&1
}

# Run a command of many lines: of those that are alike only the first two, and
# each that says no.  Its status is in $status.
# shellcheck disable=SC2034
brief() {
	status=0
	run "$@" > log || status=$?
	awk 'NR <= 3 || /refused|rejected|not taken/ { print; next }
	    { n++ } END { if (n) printf "... and %d lines more\n", n }' log
	rm log
}

# The same command for many, $i being the number: shown for the first.
# shellcheck disable=SC2154
for_each() {
	if [ "$i" = 01 ]; then
		run "$@"
	else
		"$@" >/dev/null 2>&1
	fi
}
