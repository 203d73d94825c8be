#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Compare the runs of aa.sh with each other: aa.py BUILD. Prints what is in aa.txt.
import json
import random
import subprocess
import sys

runs = [f"r{i}.hlog" for i in range(1, 31)]


def diff(base, new):
    program = sys.argv[1] + "/collector/timekeeper"
    files = ["--base", ",".join(base), "--new", ",".join(new)]
    return json.loads(subprocess.check_output([program, "diff", *files, "--format", "json"]))


def verdicts(d):
    return sum(d["verdicts"][v] for v in ("worse", "better", "differs"))


for k in range(3):
    ten = runs[10 * k : 10 * k + 10]
    for how, base, new in (("by turns", ten[0::2], ten[1::2]), ("one after the other", ten[:5], ten[5:])):
        d = diff(base, new)
        finds = sorted(r["finds"] for r in d["rows"] if r["finds"] is not None)
        print(f"runs {10 * k + 1} to {10 * k + 10}, 5 + 5 {how}: {verdicts(d)} verdicts in {len(d['rows'])}"
              f" rows, {d['verdicts']['too little data']} with too little data;"
              f" finds {100 * finds[0]:.0f} % to {100 * finds[-1]:.0f} %,"
              f" in half of the rows {100 * finds[len(finds) // 2]:.0f} %")

random.seed(1)
any_of = sum(verdicts(diff(s[:5], s[5:])) > 0 for s in (random.sample(runs, 10) for _ in range(100)))
print(f"5 + 5 of 30 at random, 100 times: {any_of} with any verdict")

pairs = [diff([a], [b]) for a, b in zip(runs, runs[1:])]
shifts = [abs(r["shift"]) for d in pairs for r in d["rows"] if r["stat"] == "p50" and r["kind"] == "processing"]
print(f"one recording a side, {len(pairs)} pairs of neighbours: {sum(verdicts(d) > 0 for d in pairs)} with any"
      f" verdict, in {sum(map(verdicts, pairs))} of {sum(len(d['rows']) for d in pairs)} rows")
print(f"p50 of processing in these pairs: {sum(s > 0.03 for s in shifts)} of {len(shifts)} differ by over 3 %")
