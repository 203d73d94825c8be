/* SPDX-License-Identifier: MIT */
/* bench/rings/entries.h - every ring there is: a line each, and a file each in meson.build. */
RING_ENTRY(nothing)
RING_ENTRY(lane)
RING_ENTRY(lane_naive)
RING_ENTRY(lane_min)
RING_ENTRY(bop_spmc)
RING_ENTRY(bop_mpmc)
RING_ENTRY(three_step)
RING_ENTRY(broadcast_buffer)
RING_ENTRY(lamport)
RING_ENTRY(lamport_cached)
RING_ENTRY(mcringbuffer)
RING_ENTRY(disruptor)
RING_ENTRY(fastforward)
RING_ENTRY(bqueue)
RING_ENTRY(rte_sp)
RING_ENTRY(rte_zc)
RING_ENTRY(rte_mp)
RING_ENTRY(rte_rts)
RING_ENTRY(rte_hts)
#ifdef RING_WITH_CK
RING_ENTRY(ck_spsc)
#endif
#ifdef RING_WITH_CXX
RING_ENTRY(boost_spsc)
RING_ENTRY(moodycamel_rwq)
RING_ENTRY(moodycamel_cq)
#endif
