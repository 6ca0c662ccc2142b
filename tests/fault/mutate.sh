#!/bin/sh
# mutate.sh DIR: every sync is taken out once, and order.sh has to notice.
# DIR must not exist; it is used and removed.  Run from the top of the tree.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
top=${SRC_DIR:-$PWD}
dir=$1
mkdir "$dir"
dir=$(cd "$dir" && pwd -P)
trap 'rm -rf "$dir"' EXIT
bad=0
count=0

# Sources, and objects that are up to date with them.
mkdir -p "$dir/tree/build/release"
(cd "$top" && cp -a Makefile lib spool tools schemas "$dir/tree/")
mkdir "$dir/tree/tests"
cp -a "$top/tests/fault" "$top/tests/fixed" "$dir/tree/tests/"
for o in lib spool tools gen libcmp.a libspool.a libtools.a; do
	cp -a "$top/build/release/$o" "$dir/tree/build/release/"
done
cd "$dir/tree"
programs=
for t in ca process mkreq inspect; do
	programs="$programs build/release/cmp-$t"
done
build() {
	# shellcheck disable=SC2086 # a list
	make -s BUILD=release $programs >"$dir/make" 2>&1 || {
		cat "$dir/make"
		exit 1
	}
}
order() {
	BUILD_DIR=$dir/tree/build/release sh "$here/order.sh" "$dir/order" \
	    >"$dir/found" 2>&1
}

build
order || { echo "as it is, order.sh says:"; cat "$dir/found"; exit 1; }

# mutant FILE LINE EDIT
mutant() {
	cp -p "$1" "$dir/kept"
	sed "$2$3" "$dir/kept" >"$1"
	count=$((count + 1))
	if cmp -s "$1" "$dir/kept"; then
		echo "$1:$2: nothing was taken out"
		bad=1
	else
		build
		if order; then
			echo "$1:$2: nobody misses$(sed -n "$2p" "$dir/kept")"
			bad=1
		else
			echo "# $1:$2: $(head -n 1 "$dir/found")"
		fi
	fi
	cp "$dir/kept" "$1"
}

for f in lib/*/*.c spool/*.c tools/*.c; do
	grep -n '[^a-z_]\(fsync\|fdatasync\|file_sync_dir\|sync_parent\)(' \
	    "$f" | cut -d: -f1 >"$dir/lines" || continue
	while read -r line; do
		mutant "$f" "$line" \
		    's/[a-z_]*sync[a-z_]*([^()]*)/0/'
	done <"$dir/lines"
done
line=$(grep -n '"synchronous"' lib/store/store.c | cut -d: -f1)
mutant lib/store/store.c "$line" 's/"2"/"1"/'
[ $count -gt 10 ] || { echo "only $count places were found"; bad=1; }
echo "# $count mutants"
exit $bad
