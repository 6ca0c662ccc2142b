#!/bin/sh
# Shell scripts as shellcheck wants them; bats files are bash with @test.
set -eu
{
	find . -path ./build -prune -o -path ./.git -prune -o \
	    -name '*.sh' -print
	echo .ci/run
} | xargs shellcheck -x -e SC2013,SC2016,SC2086
find tests \( -name '*.bats' -o -name '*.bash' \) -exec shellcheck -s bash -x \
    -S warning -e SC1010,SC1090,SC1091,SC2030,SC2031,SC2034,SC2054,SC2154,SC2164,SC2086 {} +
