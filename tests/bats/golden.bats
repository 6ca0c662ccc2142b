#!/usr/bin/env bats
# Messages and how they are shown, byte for byte.
bats_require_minimum_version 1.5.0

setup_file() {
	export GOLDEN=${SRC_DIR:-.}/tests/golden
	sh "$GOLDEN/make.sh" "$BATS_FILE_TMPDIR/made"
}

same() {
	local f name

	diff <(cd "$GOLDEN/$1" && ls) <(cd "$BATS_FILE_TMPDIR/made/$1" && ls)
	for f in "$GOLDEN/$1"/*.txt "$GOLDEN/$1"/*.json; do
		[ -e "$f" ] || continue
		name=${f##*/}
		diff -u "$f" "$BATS_FILE_TMPDIR/made/$1/$name"
	done
	for f in "$GOLDEN/$1"/*.pki; do
		name=${f##*/}
		cmp "$f" "$BATS_FILE_TMPDIR/made/$1/$name"
	done
}

@test "golden: implicit confirmation takes two messages, always the same" {
	same enrol-implicit
}

@test "golden: explicit confirmation takes four messages, always the same" {
	same enrol-explicit
}

@test "golden: a subject that is not allowed is rejected in an ip" {
	same rejection
}

@test "golden: a stranger gets an error (signerNotTrusted)" {
	same error
}

@test "golden: what the CA changed is told (grantedWithMods)" {
	same granted-with-mods
}

@test "golden: cr, kur and p10cr, always the same" {
	same cr
	same kur
	same p10cr
}

@test "golden: revocation, always the same" {
	same rr
}

@test "golden: general messages, always the same" {
	same genm-cacerts
	same genm-crl
	same genm-reqtemplate
	same genm-rootupdate
}

@test "golden: the template of RFC 9483 Appendix A is shown and taken" {
	same appendix-a
}

@test "golden: polling for what an operator decides, always the same" {
	same polling
}

@test "golden: an error that says waiting is polled for as a whole message" {
	same error-waiting
}

@test "golden: PBMAC1 and PasswordBasedMac with a shared secret" {
	same mac-pbmac1
	same mac-pbm
}

@test "golden: no message of the set breaks a rule of the profile" {
	local f

	for f in "$GOLDEN"/*/*.pki; do
		"$BUILD_DIR/cmp-inspect" --lint "$f"
	done
}

@test "golden: approvals in two layers, and a bundle of three" {
	same nested
}

@test "golden: a bundle of two and the answer to it, always the same" {
	same bundle
}

@test "golden: an RA keeps, approves, replaces (with origPKIMessage), or vouches" {
	for mode in keep add replace raverified; do
		same "relay-$mode"
	done
}

@test "golden: at an RA a shared secret ends, and comes back with the answer" {
	same relay-mac
}

@test "golden: two go upstream in a bundle, and two answers come of the one" {
	same relay-batch
}
