/* SPDX-License-Identifier: MIT */
/*
 * Logs by npm's hdr-histogram-js, with counts of 64 bits: see Interop.java. What it counts are
 * doubles, so values and counts stay below 2^53.
 */
"use strict";
const fs = require("fs");
const hdr = require("hdr-histogram-js");
const Recorded = require("hdr-histogram-js/dist/RecordedValuesIterator").default;

let state = 20261129n;
function random(bits) {
	state = (state * 6364136223846793005n + 1442695040888963407n) & ((1n << 64n) - 1n);
	return Number(state >> 11n) % 2 ** bits;
}

function print(h) {
	const length = Math.round((h.endTimeStampMsec - h.startTimeStampMsec) / 1000);
	const at = [50, 90, 99, 99.9, 100].map((p) => h.getValueAtPercentile(p));
	const lines = [["histogram", h.tag || "-", Math.floor(h.startTimeStampMsec / 1000), length,
		h.totalCount, ...at].join(" ")];

	for (const i = new Recorded(h); i.hasNext();) {
		const v = i.next();
		lines.push(h.highestEquivalentValue(v.valueIteratedTo) + " " +
			v.countAddedInThisIterationStep);
	}
	console.log(lines.join("\n"));
}

function read(file) {
	const reader = new hdr.HistogramLogReader(fs.readFileSync(file, "utf8"), 64);

	for (let h; (h = reader.nextIntervalHistogram()) !== null;)
		print(h);
}

function write(file) {
	let text = "";
	const log = new hdr.HistogramLogWriter((line) => { text += line; });

	log.outputComment("[a log by JavaScript]");
	log.outputLogFormatVersion();
	log.outputStartTime(1764460000000);
	log.outputLegend();
	for (let i = 0; i < 60; i++) {
		const h = hdr.build({ bitBucketSize: 64, lowestDiscernibleValue: 1,
			highestTrackableValue: 2 ** 50, numberOfSignificantValueDigits: 1 + i % 5 });

		for (let n = 1 + random(9); n; n--)
			h.recordValueWithCount(random(1 + random(5)), 1 + random(random(5)));
		h.startTimeStampMsec = 1764460000500 + i * 1000;
		h.endTimeStampMsec = h.startTimeStampMsec + 1000;
		h.tag = i % 3 ? "T-" + i : undefined;
		log.outputIntervalHistogram(h);
		print(h);
	}
	fs.writeFileSync(file, text);
}

({ read, write })[process.argv[2]](process.argv[3]);
