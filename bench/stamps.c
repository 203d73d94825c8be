/* SPDX-License-Identifier: MIT */
/*
 * bench/stamps - what a pair of stamps is worth, after G. Paoloni, "How to Benchmark Code Execution
 * Times on Intel IA-32 and IA-64 Instruction Set Architectures", Intel, September 2010.
 *
 * Each pair is taken around nothing, 1,000 times in each of 1,000 ensembles, pairs interleaved
 * ensemble by ensemble. Paoloni asks whether the least value of an ensemble is always the same
 * (variance of the minima) and how far single values stray. Each pair is also taken
 * around a chain of loads that miss the caches nearest to the core, whose true time is known from
 * thousands in a row: a pair that does not wait for the work reports less. `cost` is what taking
 * both stamps costs the program, which is more than the ticks between them.
 *
 *	build/bench/stamps		4 seconds; papers/paoloni.md reads its output
 */
#include <cpuid.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/measure.h"
#include "tsc/read.h"

#define ENSEMBLES 1000u
#define SAMPLES   1000u
#define NODES     (1u << 17) /* 8 MiB of lines */
#define CHAIN     4u

struct node {
	struct node *next;
} __attribute__((aligned(64)));

static struct node nodes[NODES];
static struct node *at = nodes;

static void serialize(void)
{
	uint32_t a, b, c, d;

	__cpuid(0, a, b, c, d);
}

static uint64_t ordered(void)
{
	uint32_t cpu;

	return tk_tsc_ordered(&cpu);
}

static uint64_t fenced_stop(void)
{
	uint32_t cpu;

	return tk_tsc_fenced_cpu(&cpu);
}

static uint64_t cpuid_start(void)
{
	serialize();
	return tk_tsc_fast();
}

static uint64_t cpuid_stop(void)
{
	uint64_t tsc = ordered();

	serialize();
	return tsc;
}

static inline __attribute__((always_inline)) void nothing(void)
{
	__asm__ volatile("" : : : "memory");
}

/* The next chain begins where this one ended, but no stamp waits for its end. */
static inline __attribute__((always_inline)) void chain(void)
{
	struct node *p = at;

	for (unsigned i = 0; i < CHAIN; i++)
		p = p->next;
	at = p;
	__asm__ volatile("" : : "r"(p) : "memory");
}

#define PAIR(name, start, stop, work)                        \
	static void name(double *ticks)                      \
	{                                                    \
		for (unsigned i = 0; i < SAMPLES; i++) {     \
			uint64_t began = start();            \
                                                             \
			work();                              \
			ticks[i] = (double)(stop() - began); \
		}                                            \
	}

PAIR(fast_nothing, tk_tsc_fast, tk_tsc_fast, nothing)
PAIR(fast_chain, tk_tsc_fast, tk_tsc_fast, chain)
PAIR(ordered_nothing, tk_tsc_fast, ordered, nothing)
PAIR(ordered_chain, tk_tsc_fast, ordered, chain)
PAIR(fenced_nothing, tk_tsc_fenced, fenced_stop, nothing)
PAIR(fenced_chain, tk_tsc_fenced, fenced_stop, chain)
PAIR(cpuid_nothing, cpuid_start, cpuid_stop, nothing)
PAIR(cpuid_chain, cpuid_start, cpuid_stop, chain)

static const struct pair {
	const char *name;
	void (*nothing)(double *ticks), (*chain)(double *ticks);
	unsigned ensembles;
} pairs[] = {
	{ "rdtsc ... rdtsc", fast_nothing, fast_chain, ENSEMBLES },
	{ "rdtsc ... rdtscp", ordered_nothing, ordered_chain, ENSEMBLES },
	{ "lfence rdtsc lfence ... rdtscp lfence", fenced_nothing, fenced_chain, ENSEMBLES },
	/* In a guest each cpuid exits to the hypervisor, which takes microseconds. */
	{ "cpuid rdtsc ... rdtscp cpuid (Paoloni)", cpuid_nothing, cpuid_chain, ENSEMBLES / 20 },
};
#define PAIRS (sizeof(pairs) / sizeof(*pairs))

/* One random cycle through all nodes (Sattolo), so that no prefetcher knows the way. */
static void link_nodes(void)
{
	static uint32_t order[NODES];
	unsigned seed = 1;

	for (uint32_t i = 0; i < NODES; i++)
		order[i] = i;
	for (uint32_t i = NODES - 1; i > 0; i--) {
		uint32_t j =
			(uint32_t)(((uint64_t)rand_r(&seed) << 16 ^ (uint64_t)rand_r(&seed)) % i);
		uint32_t t = order[i];

		order[i] = order[j];
		order[j] = t;
	}
	for (uint32_t i = 0; i < NODES; i++)
		nodes[order[i]].next = &nodes[order[(i + 1) % NODES]];
}

static double variance(const double *v, unsigned n)
{
	double sum = 0, square = 0;

	for (unsigned i = 0; i < n; i++)
		sum += v[i];
	for (unsigned i = 0; i < n; i++)
		square += (v[i] - sum / n) * (v[i] - sum / n);
	return square / n;
}

static double true_chain(void)
{
	enum { CHAINS = 100000 };
	uint64_t began = tk_tsc_fenced();

	for (unsigned i = 0; i < CHAINS; i++)
		chain();
	return (double)(tk_tsc_fenced() - began) / CHAINS;
}

/* Indexed by pair and ensemble. */
static double least[PAIRS][ENSEMBLES], p50[PAIRS][ENSEMBLES], p99[PAIRS][ENSEMBLES];
static double cost[PAIRS][ENSEMBLES], chains[PAIRS][ENSEMBLES];

static void measure(unsigned p, unsigned ensemble)
{
	static double ticks[SAMPLES];
	uint64_t began = tk_tsc_fenced();

	pairs[p].nothing(ticks);
	cost[p][ensemble] = (double)(tk_tsc_fenced() - began) / SAMPLES;
	p50[p][ensemble] = tk_quantile(ticks, SAMPLES, 0.5);
	p99[p][ensemble] = tk_quantile(ticks, SAMPLES, 0.99);
	least[p][ensemble] = tk_quantile(ticks, SAMPLES, 0);
	pairs[p].chain(ticks);
	chains[p][ensemble] = tk_quantile(ticks, SAMPLES, 0.5);
}

static void print_pair(unsigned p)
{
	unsigned n = pairs[p].ensembles;
	double var = variance(least[p], n);

	printf("%-40s %7.0f %7.0f %7.0f %9.2f %7.0f %7.0f\n", pairs[p].name,
	       tk_quantile(least[p], n, 0.5), tk_quantile(p50[p], n, 0.5),
	       tk_quantile(p99[p], n, 0.5), var, tk_quantile(cost[p], n, 0.5),
	       tk_quantile(chains[p], n, 0.5));
}

int main(void)
{
	static double truth[ENSEMBLES];

	tk_describe_machine(stdout);
	fprintf(stderr, "measuring: %u ensembles of %u spans, 4 s\n", ENSEMBLES, SAMPLES);
	link_nodes();
	tk_pin(0);
	for (unsigned e = 0; e < ENSEMBLES; e++) {
		for (unsigned p = 0; p < PAIRS; p++) {
			if (e < pairs[p].ensembles)
				measure(p, e);
		}
		if (e % 10 == 0)
			truth[e / 10] = true_chain();
	}
	printf("\n%-40s %7s %7s %7s %9s %7s %7s\n", "cycles; medians over ensembles", "min", "p50",
	       "p99", "var(min)", "cost", "chain");
	for (unsigned p = 0; p < PAIRS; p++)
		print_pair(p);
	printf("%-40s %49.0f\n", "the chain itself, by 100,000 in a row",
	       tk_quantile(truth, ENSEMBLES / 10, 0.5));
	return 0;
}
