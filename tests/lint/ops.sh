#!/bin/sh
# Every operation is in the table and says where it is written.
set -eu
bad=0
for f in lib/op/op_*.c; do
	name=${f##*/}
	name=${name%.c}
	sed -n '/ops\[\] = {/,/};/p' lib/op/op.c | grep -q "&$name\b" || {
		echo "$f: $name is not in the table of lib/op/op.c"
		bad=1
	}
	grep -q '\.section *= *"RFC ' "$f" || {
		echo "$f: has no .section = \"RFC ...\""
		bad=1
	}
done
exit $bad
