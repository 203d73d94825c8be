#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# What was tried before collector/compare/ was written: which test over runs, and how to cut a recording.
# Needs python3-scipy. Prints what is in results.txt.
import itertools

import numpy as np
from scipy.stats import t as student

LEVEL, BUCKET, EFFECT = 0.05, 0.0055, np.log(1.02)
RUNS, TIMERS, PERCENTILES, ROUNDS = 5, 8, 4, 1000
rng = np.random.default_rng(1)

ways = list(itertools.combinations(range(2 * RUNS), RUNS))
choice = np.zeros((len(ways), 2 * RUNS))
for i, c in enumerate(ways):
    choice[i, list(c)] = 1


def holm(p):
    order = np.argsort(p)
    adjusted = np.empty(len(p))
    adjusted[order] = np.maximum.accumulate(np.minimum(1, (len(p) - np.arange(len(p))) * p[order]))
    return adjusted


def welch_holm(x, bucket):
    a, b = x[:RUNS], x[RUNS:]
    va, vb = (np.maximum(s.var(0, ddof=1), BUCKET**2 / 12) / RUNS for s in (a, b))
    shift = b.mean(0) - a.mean(0)
    t = np.maximum(abs(shift) - bucket, 0) / np.sqrt(va + vb)
    df = (va + vb) ** 2 / (va**2 / (RUNS - 1) + vb**2 / (RUNS - 1))
    return (holm(2 * student.sf(t, df)) <= LEVEL) & (abs(shift) >= EFFECT)


def permutation(x, bucket):
    s, q = choice @ x, choice @ (x * x)
    ma, mb = s / RUNS, (x.sum(0) - s) / RUNS
    va = np.maximum((q - RUNS * ma**2) / (RUNS - 1), BUCKET**2 / 12) / RUNS
    vb = np.maximum(((x * x).sum(0) - q - RUNS * mb**2) / (RUNS - 1), BUCKET**2 / 12) / RUNS
    t = np.maximum(abs(mb - ma) - bucket, 0) / np.sqrt(va + vb)
    order = np.argsort(-t[0])
    largest = np.maximum.accumulate(t[:, order][:, ::-1], axis=1)[:, ::-1]
    p = np.empty(x.shape[1])
    p[order] = np.maximum.accumulate((largest >= t[0][order] - 1e-12).mean(0))
    return (p <= LEVEL) & (abs(mb - ma)[0] >= EFFECT)


def effects(kind, sd, shape):
    normal = rng.normal(size=shape)
    return {
        "normal": lambda: normal * sd,
        "t, 3 df": lambda: rng.standard_t(3, size=shape) * sd / np.sqrt(3),
        "lognormal": lambda: (np.exp(normal) - 1.6) * sd,
        "one in ten is off": lambda: normal * sd / 2 + 6 * sd * (rng.random(shape) < 0.1),
        "two kinds": lambda: normal * sd / 20 + 6 * sd * (rng.random(shape) < 0.5),
    }[kind]()


def runs(kind, sd, common):
    if common:
        e = np.repeat(effects(kind, sd, (2 * RUNS, 1)), TIMERS, axis=1)
        e = e + rng.normal(size=(2 * RUNS, TIMERS)) * sd / 5
    else:
        e = effects(kind, sd, (2 * RUNS, TIMERS))
    noise = rng.normal(size=(2 * RUNS, TIMERS * PERCENTILES)) * sd * 0.3
    x = np.repeat(e, PERCENTILES, axis=1) * np.tile([1, 1, 1.5, 3], TIMERS)
    return np.round((x + noise * np.tile([1, 1, 2, 4], TIMERS)) / BUCKET) * BUCKET


def over_runs():
    print("any false verdict, and a planted 3 % found: 8 timers x 4 percentiles, 5 + 5 runs")
    print("sd     effect of a run     timers    Welch, Holm   permutation   found: Welch, Holm   permutation")
    for sd in (0.005, 0.02):
        for kind in ("normal", "t, 3 df", "lognormal", "one in ten is off", "two kinds"):
            for common in (True, False):
                count = np.zeros(4)
                for _ in range(ROUNDS):
                    x = runs(kind, sd, common)
                    y = x.copy()
                    y[RUNS:, 0] += np.log(1.03)
                    count += [welch_holm(x, BUCKET).any(), permutation(x, BUCKET).any(),
                              welch_holm(y, BUCKET)[0], permutation(y, BUCKET)[0]]
                rate = 100 * count / ROUNDS
                print(f"{100 * sd:3.1f} %  {kind:18s}  {'together' if common else 'apart':8s}"
                      f"  {rate[0]:9.1f} %  {rate[1]:10.1f} %  {rate[2]:18.1f} %  {rate[3]:10.1f} %")


def series(phi, n, rounds):
    x = np.empty((rounds, n))
    x[:, 0] = rng.normal(size=rounds)
    for i in range(1, n):
        x[:, i] = phi * x[:, i - 1] + np.sqrt(1 - phi**2) * rng.normal(size=rounds)
    return x


def spread(x):
    n = x.shape[1]
    d = x - x.mean(1, keepdims=True)
    squares = (d * d).sum(1)
    r = ((d[:, 1:] * d[:, :-1]).sum(1) / squares * n + 1) / (n - 3)
    r = np.clip(r, 0, 0.99)
    worth = n * (1 - r) / (1 + r)
    with np.errstate(all="ignore"):
        return x.mean(1), squares / (n - n / worth) / worth, worth - 1


def over_parts():
    rounds = 20000
    print("\none row, one recording a side without an effect of runs: how often p <= 5 %")
    print("intervals   phi   as if independent   30 parts, AR(1)   too little to say")
    for n in (20, 30, 60, 120, 300):
        for phi in (0, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95):
            a, b = series(phi, n, rounds), series(phi, n, rounds)
            error = (a.var(1, ddof=1) + b.var(1, ddof=1)) / n
            naive = 2 * student.sf(abs(a.mean(1) - b.mean(1)) / np.sqrt(error), 2 * n - 2)
            parts = min(30, n)
            length = n // parts
            (m1, e1, d1), (m2, e2, d2) = (
                spread(s[:, : parts * length].reshape(rounds, parts, length).mean(2)) for s in (a, b))
            enough = (d1 >= 7) & (d2 >= 7)
            with np.errstate(all="ignore"):
                df = (e1 + e2) ** 2 / (e1**2 / d1 + e2**2 / d2)
                p = 2 * student.sf(abs(m1 - m2) / np.sqrt(e1 + e2), df)
            print(f"{n:9d}  {phi:4.2f}  {100 * (naive < LEVEL).mean():16.1f} %"
                  f"  {100 * ((p < LEVEL) & enough).mean():14.1f} %  {100 * (~enough).mean():16.1f} %")


over_runs()
over_parts()
