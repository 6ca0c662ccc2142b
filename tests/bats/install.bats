#!/usr/bin/env bats
# Installation into a directory of one's own, and back to nothing.
bats_require_minimum_version 1.5.0

setup() {
	root=${SRC_DIR:-$PWD}
	flavour=$(basename "${BUILD_DIR:-build/release}")
	dest=$BATS_TEST_TMPDIR/dest
}

make_it() {
	# Not of the make that runs the tests.
	env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS make -s -C "$root" \
	    BUILD="$flavour" DESTDIR="$dest" "$@"
}

@test "install: programs and pages are where DESTDIR and PREFIX say" {
	make_it install PREFIX=/opt/x

	for f in "$root"/tools/cmp-*.c; do
		tool=$(basename "$f" .c)
		[ -x "$dest/opt/x/bin/$tool" ]
		[ -f "$dest/opt/x/share/man/man1/$tool.1" ]
	done
	[ -f "$dest/opt/x/share/man/man5/cmp.conf.5" ]
}

@test "install: what is installed runs without the build directory" {
	make_it install

	cd "$BATS_TEST_TMPDIR"
	run "$dest/usr/local/bin/cmp-mkreq" --version

	[ "$status" -eq 0 ]
	[ ! -L "$dest/usr/local/bin/cmp-mkreq" ]
}

@test "install: BINDIR and MANDIR may be elsewhere" {
	make_it install BINDIR=/b MANDIR=/m

	[ -x "$dest/b/cmp-ca" ]
	[ -f "$dest/m/man1/cmp-ca.1" ]
	[ "$(ls "$dest")" = "$(printf 'b\nm')" ]
}

@test "uninstall: leaves nothing" {
	make_it install
	make_it uninstall

	[ ! -e "$dest" ] || [ -z "$(find "$dest" -mindepth 1)" ]
}

@test "uninstall: leaves what others have put there" {
	make_it install
	echo other >"$dest/usr/local/bin/other"
	make_it uninstall

	[ "$(cd "$dest" && find . -type f)" = ./usr/local/bin/other ]
}
