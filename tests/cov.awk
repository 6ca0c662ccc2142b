# From `gcov -n`: lines that were run, per directory and in all.  Headers and
# generated files do not count.
/^File '/ {
	file = $2
	gsub(/'/, "", file)
	ours = file ~ /^(lib\/[a-z]+|spool|tools)\/[^\/]*\.c$/
}
/^Lines executed:/ && ours {
	split($0, part, /[:% ]+/)
	lines = part[length(part)]
	dir = file
	sub(/\/[^\/]*$/, "", dir)
	# A file is compiled once, so it is named once.
	all[dir] += lines
	run[dir] += part[3] * lines / 100
	ours = 0
}
END {
	for (dir in all) {
		printf "%-12s %6.1f %% of %5d lines\n", dir,
		    100 * run[dir] / all[dir], all[dir] | "sort"
		total += all[dir]
		got += run[dir]
	}
	close("sort")
	if (total > 0)
		printf "%-12s %6.1f %% of %5d lines\n", "all",
		    100 * got / total, total
}
