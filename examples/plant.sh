#!/bin/sh
# Twenty devices, a registration authority in their plant (LRA) and a CA that
# no network reaches: one stick with one file takes all requests to the CA,
# and each device gets its own answer.  Then approvals by two of three
# officers, and certificates for a list of machines that have no CMP.
#
#	examples/plant.sh [DIRECTORY]
#
# Everything is made in DIRECTORY, which is kept, or in a temporary one.
set -eu
src=$(cd "$(dirname "$0")/.." && pwd)
PATH=${BUILD_DIR:-$src/build}:$PATH
export PATH

. "$src/examples/show.sh"
work_in "$@"

numbers=$(seq -w 1 20)
cmc_ra=1.3.6.1.5.5.7.3.28

# A key and a PKCS#10 request, $1.key and $1.csr, for the subject $2.
csr() {
	new_key "$1.key"
	openssl req -new -config /dev/null -key "$1.key" -subj "$2" \
	    -out "$1.csr"
}

# The answers in directory $2 for device $1, whose files are in desk/$1: they
# begin as its request does.
answers() {
	for request in "desk/$1"/*-1-ir.pki; do
		request=${request##*/}
		ls "$2/${request%%-*}"-*
	done
}

# Each device takes the newest of its answers in the LRA's out/, and writes
# what comes next.
devices_take() {
	for i in $numbers; do
		newest=$(answers "d$i" lra/spool/out | tail -n 1)
		quiet=:
		[ "$i" != 01 ] || quiet=run
		[ $quiet = run ] || set -- "$@"
		step cmp-process -C "devices/d$i" -o "desk/d$i/" "$newest"
	done
}
