/* SPDX-License-Identifier: MIT */
/*
 * Logs by HdrHistogram's Java library: `write FILE` makes one from numbers that are the same each
 * time, `read FILE` reads one. Both print what they know of it, a line a histogram and a line a
 * bucket, as logs.c and interop.js do: interop.sh compares.
 */
import java.util.Random;
import org.HdrHistogram.EncodableHistogram;
import org.HdrHistogram.Histogram;
import org.HdrHistogram.HistogramIterationValue;
import org.HdrHistogram.HistogramLogReader;
import org.HdrHistogram.HistogramLogWriter;

public class Interop {
	static void print(Histogram h) {
		long seconds = Math.floorDiv(h.getStartTimeStamp(), 1000L);
		long length = Math.round((h.getEndTimeStamp() - h.getStartTimeStamp()) / 1000.0);

		System.out.println("histogram " + (h.getTag() == null ? "-" : h.getTag()) + " "
			+ seconds + " " + length + " " + h.getTotalCount() + " "
			+ h.getValueAtPercentile(50) + " " + h.getValueAtPercentile(90) + " "
			+ h.getValueAtPercentile(99) + " " + h.getValueAtPercentile(99.9) + " "
			+ h.getValueAtPercentile(100));
		for (HistogramIterationValue v : h.recordedValues())
			System.out.println(h.highestEquivalentValue(v.getValueIteratedTo()) + " "
				+ v.getCountAddedInThisIterationStep());
	}

	static void read(String file) throws Exception {
		HistogramLogReader reader = new HistogramLogReader(file);

		while (reader.hasNext()) {
			EncodableHistogram h = reader.nextIntervalHistogram();

			if (h != null)
				print((Histogram)h);
		}
	}

	static Histogram random(Random r, int digits) {
		Histogram h = new Histogram(1 + r.nextInt(3) * 1000L, Long.MAX_VALUE / 2, digits);
		int n = 1 + r.nextInt(400);

		for (int i = 0; i < n; i++)
			h.recordValueWithCount(r.nextLong() >>> (2 + r.nextInt(61)),
				1 + (r.nextLong() >>> (20 + r.nextInt(44))));
		return h;
	}

	static void write(String file) throws Exception {
		HistogramLogWriter log = new HistogramLogWriter(file);
		Random r = new Random(20261129);

		log.outputComment("[a log by Java]");
		log.outputLogFormatVersion();
		log.outputStartTime(1764460000000L);
		log.outputLegend();
		for (int i = 0; i < 60; i++) {
			Histogram h = random(r, i % 6);

			h.setStartTimeStamp(1764460000500L + i * 1000L);
			h.setEndTimeStamp(h.getStartTimeStamp() + 1000);
			if (i % 3 != 0)
				h.setTag("T-" + i);
			log.outputIntervalHistogram(h);
			print(h);
		}
		log.close();
	}

	public static void main(String[] args) throws Exception {
		if (args[0].equals("read"))
			read(args[1]);
		else
			write(args[1]);
	}
}
