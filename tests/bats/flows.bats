#!/usr/bin/env bats
# Exchanges that are written down in tests/flows/*.flow.
bats_require_minimum_version 1.5.0

flow() {
	sh "${SRC_DIR:-.}/tests/flows/run.sh" \
	    "${SRC_DIR:-.}/tests/flows/$1.flow"
}

@test "flow: implicit confirmation ends with an installed certificate" {
	flow implicit
}

@test "flow: explicit confirmation takes four messages" {
	flow explicit
}

@test "flow: a request that comes three times gets one certificate" {
	flow duplicate
}

@test "flow: a lost answer is made good by the same request" {
	flow lost-answer
}

@test "flow: messages out of order do no harm" {
	flow out-of-order
}

@test "flow: two devices at once do not get in each other's way" {
	flow interleaved
}

@test "flow: an agent that was away goes on where it was" {
	flow restart
}

@test "flow: a file that is still being copied waits" {
	flow partial
}

@test "flow: a refused request stays refused (notAuthorized)" {
	flow refused
}

@test "flow: every flow is run" {
	local f

	for f in "${SRC_DIR:-.}"/tests/flows/*.flow; do
		grep -q "flow $(basename "$f" .flow)\$" "$BATS_TEST_FILENAME"
	done
}
