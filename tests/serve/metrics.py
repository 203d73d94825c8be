#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What metrics say, held to what is known. Debian's python3: it has python3-prometheus-client.

	metrics.py same TEXT OPENMETRICS	both parse, and say the same of timers and apps
	metrics.py known FILE UNIT N		N processes `known`: UNIT is ns, or ticks
	metrics.py limits FILE TIMER LE,...	a timer's limits are these and +Inf
	metrics.py grows FILE...		scrapes in order: no counter falls, no series ends
	metrics.py whole FILE APP		its records are the samples of its timers, and those lost
	metrics.py lines FILE			lines of timers are what timekeeper_series says
"""
import math
import sys
from bisect import bisect_right

from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as text

SPANS = 10007
COUNTERS = ('_total', '_bucket', '_count', '_sum')
OF_TIMERS = ('timekeeper_processing_', 'timekeeper_latency_', 'timekeeper_timer_', 'timekeeper_value_')


def read(path):
    """{(name, labels): value}; no series twice, histograms whole."""
    with open(path, encoding='utf-8', newline='') as f:
        lines = f.read()
    parse = openmetrics if lines.endswith('# EOF\n') else text
    samples = {}
    for family in parse(lines):
        for s in family.samples:
            key = (s.name, tuple(sorted(s.labels.items())))
            assert key not in samples, f'twice: {key}'
            samples[key] = s.value
    histograms = buckets(samples)
    for (name, labels), v in samples.items():
        if name.endswith('_count'):
            of = histograms[name[:-len('_count')], labels]
            values = [n for _, n in of]
            assert of[-1] == (math.inf, v), f'{name}{labels}: +Inf {of[-1]}, count {v}'
            assert values == sorted(values), f'{name}{labels}: {values}'
    return samples


def buckets(samples):
    """{(family, labels): [(le, count)]}, ascending."""
    found = {}
    for (name, key), v in samples.items():
        if name.endswith('_bucket'):
            other = tuple(l for l in key if l[0] != 'le')
            found.setdefault((name[:-len('_bucket')], other), []).append((float(dict(key)['le']), v))
    return {k: sorted(of) for k, of in found.items()}


def same(a, b):
    def of_watched(samples):
        return {k: v for k, v in samples.items() if 'app' in dict(k[1]) and
                not k[0].endswith('_created')}

    a, b = of_watched(read(a)), of_watched(read(b))
    assert a, 'nothing of any app'
    assert a == b, f'{set(a.items()) ^ set(b.items())}'


def hold(what, truth, of, n):
    """Each count against the sorted truth, within one tick bucket."""
    for le, count in of:
        least = n * bisect_right(truth, le * (1 - 1e-4))
        most = n * bisect_right(truth, le * (1 + 1 / 128) * (1 + 1e-4) + 1e-9)
        assert least <= count <= most, f'{what} le={le}: {count}, not {least} to {most}'


def known(path, unit, n):
    samples, n = read(path), int(n)
    value = lambda name, **l: samples[name, tuple(sorted({'app': 'known', **l}.items()))]
    one = 1e-9 if unit == 'ns' else 1000 / samples['timekeeper_clock_rate_hertz', ()]
    truth = [i * one for i in range(1, SPANS + 1)]
    of = buckets(samples)
    spans, waits = [(('app', 'known'), ('timer', t)) for t in ('spans', 'waits')]
    hold('spans', truth, of['timekeeper_processing_seconds', spans], n)
    hold('waits', truth, of['timekeeper_processing_seconds', waits], n)
    hold('latency', [SPANS * one] * SPANS, of['timekeeper_latency_seconds', waits], n)
    assert math.isclose(value('timekeeper_processing_seconds_sum', timer='spans'),
                        n * sum(truth), rel_tol=1e-4)
    assert value('timekeeper_processing_seconds_count', timer='spans') == n * SPANS
    assert value('timekeeper_processing_seconds_count', timer='naïve-π') == n
    assert value('timekeeper_processing_set_aside_total', timer='early') == n
    assert value('timekeeper_timer_records_total', timer='early') == n
    sent = of['timekeeper_value_bytes', (('app', 'known'), ('timer', 'sent'))]
    hold('sent', range(1, SPANS + 1), sent, n)
    assert [le for le, _ in sent] == [2 ** i for i in range(33)] + [math.inf]
    assert value('timekeeper_value_bytes_sum', timer='sent') == n * SPANS * (SPANS + 1) / 2
    assert value('timekeeper_value_bytes_set_aside_total', timer='sent') == 2 * n
    assert value('timekeeper_value_number_sum', timer='numbers') == 7 * n
    assert value('timekeeper_value_number_set_aside_total', timer='numbers') == n
    assert value('timekeeper_value_requests_sum', timer='served', code='200') == n
    assert value('timekeeper_value_requests_sum', timer='served', code='500') == 2 * n
    assert value('timekeeper_records_total') == n * (3 * SPANS + 9)
    assert value('timekeeper_records_lost_total', reason='overrun') == 0
    assert value('timekeeper_processes') == n
    timers = {dict(k[1]).get('timer') for k in samples} - {None}
    assert timers == {'spans', 'waits', 'naïve-π', 'early', 'sent', 'numbers', 'served'}, timers
    assert not [k for k in samples if k[0] == 'timekeeper_latency_seconds_count' and
                dict(k[1])['timer'] != 'waits'], 'a histogram without a sample'


def limits(path, timer, wanted):
    samples = read(path)
    with open(path, encoding='utf-8') as f:
        written = [l.split('le="')[1].split('"')[0] for l in f
                   if '_processing_seconds_bucket{' in l and f'timer="{timer}"' in l]
    assert written == wanted.split(',') + ['+Inf'], written
    assert samples


def grows(*paths):
    before = {}
    for path in paths:
        now = {k: v for k, v in read(path).items() if k[0].endswith(COUNTERS)}
        for k, v in before.items():
            assert k in now, f'{path}: {k} is gone'
            assert now[k] >= v, f'{path}: {k} was {v}, is {now[k]}'
        before = now


def whole(path, app):
    samples = read(path)
    of = lambda name: sum(v for k, v in samples.items()
                          if k[0] == 'timekeeper_' + name and dict(k[1])['app'] == app)
    records, lost = of('records_total'), of('records_lost_total')
    counted = of('processing_seconds_count') + of('processing_set_aside_total')
    assert records == counted + lost > 0, f'{records} records, {counted} counted, {lost} lost'


def lines(path):
    samples = read(path)
    n = sum(k[0].startswith(OF_TIMERS) and not k[0].endswith('_created') for k in samples)
    said = samples['timekeeper_series', ()]
    assert n == said <= samples['timekeeper_series_limit', ()], f'{n} lines, {said} said'


if __name__ == '__main__':
    {f.__name__: f for f in (same, known, limits, grows, whole, lines)}[sys.argv[1]](
        *sys.argv[2:])
