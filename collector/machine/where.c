/* SPDX-License-Identifier: MIT */
#include "collector/machine/where.h"

#include <string.h>

#include "collector/machine/nodes.h"
#include "collector/machine/printable.h"
#include "ring/place.h"
#include "tsc/files.h"

/* The size of a page in a lane with this enum tk_pages. */
static uint32_t page_bytes(uint32_t pages)
{
	return pages == TK_PAGES_SMALL ? 4096 : (uint32_t)TK_HUGEPAGE;
}

/* Insert a node in order, once. */
static void add_node(struct tk_where *w, int node)
{
	unsigned i = w->n_nodes;

	for (unsigned k = 0; k < w->n_nodes; k++)
		if (w->nodes[k] == node)
			return;
	for (; i > 0 && w->nodes[i - 1] > node; i--)
		w->nodes[i] = w->nodes[i - 1];
	w->nodes[i] = node;
	w->n_nodes++;
}

/* The kernel knows of pages that this process has mapped: so read a byte of each first. */
static void ask_kernel(struct tk_where *w, const struct tk_segment *s)
{
	const volatile char *slots = w->lane->slots;
	int nodes[TK_MEMORY_SAMPLES];

	for (size_t i = 0; i < TK_MEMORY_SAMPLES; i++)
		(void)slots[w->lane->slots_size / TK_MEMORY_SAMPLES * i];
	if (s->bad || tk_memory_nodes(w->lane->slots, w->lane->slots_size, nodes))
		return;
	for (size_t i = 0; i < TK_MEMORY_SAMPLES; i++)
		if (nodes[i] >= 0)
			add_node(w, nodes[i]);
}

static void find_memory(struct tk_where *w, const struct tk_segment *s)
{
	ask_kernel(w, s);
	w->node = w->n_nodes ? w->nodes[0] : w->lane->info.node_had;
	if (w->n_nodes > 1 && w->node == w->lane->info.node_asked)
		w->node = w->nodes[1];
}

/* The thread has ended if another may take its lane over; and its process's number may be another
 * process's here. */
static bool may_run(const struct tk_where *w, const struct tk_segment *s, enum tk_owner state)
{
	return (state == TK_OWNER_ALIVE || state == TK_OWNER_UNKNOWN) &&
	       __atomic_load_n(&w->lane->head->state, __ATOMIC_RELAXED) == TK_LANE_OPEN &&
	       s->info.start_time && tk_process_start((pid_t)s->info.pid) == s->info.start_time;
}

static void find_producer(struct tk_where *w, const struct tk_segment *s,
			  const struct tk_lane_owner *owner, enum tk_owner state)
{
	int cpu = may_run(w, s, state) ? tk_watchers_thread_cpu(s->info.pid, owner->tid) : -1;

	w->running = cpu >= 0;
	if (cpu < 0 && owner->tid && owner->cpu < TK_TSC_CPUS)
		cpu = (int)owner->cpu;
	w->producer_cpu = cpu;
	w->producer_node = cpu < 0 ? -1 : tk_node_of_cpu(cpu);
}

static bool lies_beside(const struct tk_where *w, int node)
{
	return node < 0 || w->node < 0 || (node == w->node && w->n_nodes <= 1);
}

static bool is_apart(const struct tk_where *w)
{
	bool beside = !w->running || lies_beside(w, w->producer_node);

	for (size_t i = 0; i < w->watchers->n; i++)
		if (w->watchers->list[i].picked)
			beside = beside && lies_beside(w, w->watchers->list[i].node);
	return !beside;
}

void tk_where(struct tk_where *w, const struct tk_segment *s, uint32_t lane,
	      const struct tk_lane_owner *owner, enum tk_owner state, struct tk_watchers *watchers)
{
	memset(w, 0, sizeof(*w));
	w->lane = &s->lanes[lane];
	w->watchers = watchers;
	find_memory(w, s);
	find_producer(w, s, owner, state);
	tk_watchers_pick(watchers, w->lane->slots_dev, w->lane->slots_ino, w->lane->info.node_had);
	w->apart = is_apart(w);
}

void tk_where_json(const struct tk_where *w, json_t *lane)
{
	json_t *nodes = json_array(), *drainers = json_array();

	for (unsigned i = 0; i < w->n_nodes; i++)
		json_array_append_new(nodes, json_integer(w->nodes[i]));
	for (size_t i = 0; i < w->watchers->n; i++) {
		const struct tk_watcher *d = &w->watchers->list[i];

		if (d->picked)
			json_array_append_new(drainers,
					      json_pack("{s:I,s:I,s:i,s:i,s:b}", "pid",
							(json_int_t)d->pid, "tid",
							(json_int_t)d->tid, "cpu", d->cpu, "node",
							d->node, "pinned", d->pinned));
	}
	json_object_set_new(lane, "node", json_integer(w->node));
	json_object_set_new(lane, "nodes_had", nodes);
	json_object_set_new(lane, "page_bytes", json_integer(page_bytes(w->lane->info.pages)));
	json_object_set_new(lane, "producer_running", json_boolean(w->running));
	json_object_set_new(lane, "producer_cpu", json_integer(w->producer_cpu));
	json_object_set_new(lane, "producer_node", json_integer(w->producer_node));
	json_object_set_new(lane, "drainers", drainers);
}

/* "-" for what is unknown, or was not asked for. */
static const char *number(char text[16], int n)
{
	if (n < 0)
		return "-";
	snprintf(text, 16, "%d", n);
	return text;
}

/* All nodes it lies on, like "0+1". */
static void nodes_text(const struct tk_where *w, char *text, size_t size)
{
	char n[16];
	size_t at = 0;

	if (w->n_nodes <= 1)
		snprintf(text, size, "%s", number(n, w->node));
	for (unsigned i = 0; w->n_nodes > 1 && i < w->n_nodes && at < size; i++)
		at += (size_t)snprintf(text + at, size - at, "%s%d", i ? "+" : "", w->nodes[i]);
}

static void place_text(char text[48], const char *before, int cpu, int node)
{
	char c[16], n[16];

	snprintf(text, 48, "%scpu %s, node %s", before, number(c, cpu), number(n, node));
}

static void print_drainers(FILE *out, const struct tk_watchers *w)
{
	const char *before = "";
	char place[48];

	for (size_t i = 0; i < w->n; i++) {
		const struct tk_watcher *d = &w->list[i];

		if (!d->picked)
			continue;
		place_text(place, "", d->cpu, d->node);
		fprintf(out, "%spid %u: %s%s", before, d->pid, place, d->pinned ? ", pinned" : "");
		before = "; ";
	}
	fprintf(out, "%s\n", *before ? "" : w->hidden ? "unknown" : "nobody");
}

void tk_where_heading(FILE *out)
{
	fprintf(out, "  %5s  %-16s %5s  %-5s %6s  %-21s  %s\n", "LANE", "THREAD", "ASKED", "NODE",
		"PAGE", "PRODUCER", "DRAINED BY");
}

void tk_where_print(FILE *out, const struct tk_where *w, const char *thread)
{
	const struct tk_lane_head *h = &w->lane->info;
	char asked[16], nodes[64], producer[48];

	nodes_text(w, nodes, sizeof(nodes));
	place_text(producer, w->running ? "" : "was ", w->producer_cpu, w->producer_node);
	fprintf(out, "%c %5u  %-16s %5s  %-5s %6s  %-21s  ", w->apart ? '!' : ' ', h->index, thread,
		number(asked, h->node_asked), nodes,
		page_bytes(h->pages) > 4096 ? "2 MiB" : "4 KiB", producer);
	print_drainers(out, w->watchers);
}

void tk_where_mark(FILE *out)
{
	fprintf(out,
		"\n! What is recorded there goes from one NUMA node to another: the lane is not on "
		"its producer's node,\nor is drained from another one. Pin threads before they "
		"join, "
		"and let --cpu name cpus of each node.\n");
}
