#!/usr/bin/env bats
# What an agent makes of files of its own home that are wrong, or change.
# shellcheck disable=SC2164

load lib.bash

setup_file() {
	prepared
}

setup() {
	fresh
}

@test "agent: what is put back has no answer, and none is named" {
	mkreq dev ir.pki
	cmp-process -C ca -o ip.pki ir.pki
	sqlite3 ca/state/cmp.db 'CREATE UNIQUE INDEX x ON cert (profile)'
	ID=idevid mkreq dev2 ca/spool/in/

	run -75 cmp-process -C ca

	has "put back: E_STORE"
	hasnt "->"
	[ "$(count ca/spool/in/*.pki)" = 1 ]
	sqlite3 ca/state/cmp.db 'DROP INDEX x'
	cmp-process -C ca
	[ "$(count ca/spool/out/*.pki)" = 1 ]
}
