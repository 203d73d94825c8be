# SPDX-License-Identifier: MIT
# Plots of what bench/rings --plots DIR wrote; run in DIR: gnuplot .../bench/rings/rings.gp
# The lane is drawn in one colour, its variants in a lighter one, all others in grey.
NARROW = 'set terminal svg size 900,640 font "sans,13" background "white"'
WIDE = 'set terminal svg size 1500,640 font "sans,13" background "white"'
@NARROW
set encoding utf8
set style fill solid 1 noborder
set border 3
set grid xtics lc rgb "#dddddd"
set tics nomirror
unset key

LANE = 0xd95f02; OURS = 0xfdbf8f; OTHER = 0x7f8fa6
colour(name) = name eq "lane" ? LANE : name[1:4] eq "lane" ? OURS : OTHER
there(file) = int(system("[ -s ".file." ] && echo 1 || echo 0"))
readers = "'nobody reads' 'reader polls every 100 µs' 'every 20 µs' 'every 1 µs' 'reader spins'"

# ---- what a push costs ----
if (there("push.dat")) {
	set output "push.svg"
	set title "What a push of 32 bytes costs, nobody reads (bar: one by one; ◇ by 8, ○ by 32)"
	set xlabel "TSC cycles a record (median of batches of 1000)"
	set logscale x 2
	set xrange [1:64]
	set yrange [*:*] reverse
	plot "push.dat" using (sqrt($3)):0:(1):3:($0-0.38):($0+0.38):(colour(strcol(2))):ytic(2) \
		with boxxyerror lc rgb variable, \
		"" using 4:0 with points pt 12 ps 1 lc rgb "black", \
		"" using 5:0 with points pt 6 ps 0.8 lc rgb "black"
}

# ---- percentiles of a fenced push and of bursts: a panel a way of polling ----
do for [section in "fenced burst"] {
	if (there(section."-0.dat")) {
		@WIDE
		set output section.".svg"
		what = section eq "fenced" ? "One push between fences, one each microsecond, 32 bytes: p50 – p99 (bar), p99.9 (|)" \
					   : "Bursts of 64 after 20 µs of nothing, 32 bytes, cycles a record: p50 – p99 (bar), p99.9 (|)"
		panels = section eq "fenced" ? "0 1 2 3 4" : "0 2 4"
		set multiplot layout 1,words(panels) title what
		set logscale x 10
		set xrange [1:2000]
		set yrange [*:*] reverse
		set xlabel "TSC cycles"
		do for [p in panels] {
			if (there(section."-".p.".dat")) {
				set title word(readers, int(p) + 1)
				plot section."-".p.".dat" using \
					(sqrt($3 * ($4 < 1 ? 1 : $4))):0:($4 < 1 ? 1 : $4):3:($0-0.38):($0+0.38):(colour(strcol(2))):ytic(2) \
					with boxxyerror lc rgb variable, \
					"" using 5:0 with points pt "|" lc rgb "black"
			}
		}
		unset multiplot
	}
}
@NARROW

# ---- what it adds to host work ----
if (there("work.dat")) {
	set output "work.svg"
	set title "Added by a push to 100 ns of work, ten million a second (bar: reader spins; ◇ 1 µs, ○ 20 µs, + nobody)"
	set xlabel "ns (median of paired differences)"
	set logscale x 10
	set xrange [0.01:300]
	set yrange [*:*] reverse
	low(v) = v < 0.01 ? 0.01 : v
	plot "work.dat" using (low($3)):0:(0.01):(low($3)):($0-0.38):($0+0.38):(colour(strcol(2))):ytic(2) \
		with boxxyerror lc rgb variable, \
		"" using (low($4)):0 with points pt 12 ps 1 lc rgb "black", \
		"" using (low($5)):0 with points pt 6 ps 0.8 lc rgb "black", \
		"" using (low($7)):0 with points pt 1 ps 0.8 lc rgb "black"
}

# ---- delivered against slots ----
if (there("deliver.dat")) {
	set output "deliver.svg"
	set title "Delivered from core to core without loss, 32 bytes, each ring in its best way"
	set xlabel "slots"
	set ylabel "million records a second"
	unset logscale x
	set logscale x 2
	set xrange [200:1.4e6]
	set yrange [0:*] noreverse
	set format x "2^{%L}"
	set grid ytics lc rgb "#dddddd"
	set key outside right
	shown = "lane rte-sp rte-zc boost-spsc lamport-cached mcringbuffer b-queue disruptor fastforward three-step aeron-broadcast ck-spsc bop-spmc moodycamel-rwq"
	plot for [i=1:words(shown)] "deliver.dat" \
		using 1:(strcol(3) eq word(shown, i) ? $2 : NaN) with linespoints \
		lw (word(shown, i) eq "lane" ? 4 : 1.5) pt i \
		lc rgb (word(shown, i) eq "lane" ? "#d95f02" : word("#999999 #1b9e77 #66c2a5 #377eb8 #7570b3 #e7298a #66a61e #e6ab02 #a6761d #555555 #80b1d3 #b3b3b3 #bc80bd #fb8072", i)) \
		title word(shown, i)
}
