/* SPDX-License-Identifier: MIT */
#include "bench/rings/table.h"

#define RING_ENTRY(x) extern const struct ring x##_ring;
#include "bench/rings/entries.h"
#undef RING_ENTRY

const struct ring *const ring_table[] = {
#define RING_ENTRY(x) &x##_ring,
#include "bench/rings/entries.h"
#undef RING_ENTRY
};

const unsigned ring_table_size = sizeof(ring_table) / sizeof(ring_table[0]);

const char *const ring_left_out[] = {
#ifndef RING_WITH_CK
	"ck-spsc, for want of Concurrency Kit (libck-dev)",
#endif
#ifndef RING_WITH_CXX
	"boost-spsc, moodycamel-rwq and moodycamel-cq, for want of a C++ compiler or of their "
	"headers "
	"(g++, libboost-dev, libreaderwriterqueue-dev, libconcurrentqueue-dev)",
#endif
	NULL,
};

const unsigned ring_left_out_size = sizeof(ring_left_out) / sizeof(ring_left_out[0]) - 1;

const struct ring *ring_named(const char *name)
{
	for (unsigned i = 0; i < ring_table_size; i++)
		if (!strcmp(ring_table[i]->name, name))
			return ring_table[i];
	return NULL;
}
