/* SPDX-License-Identifier: MIT */
/*
 * collector/serve/text.h - metrics as text: Prometheus' format 0.0.4, and OpenMetrics 1.0.0.
 *
 * They differ in how a counter's family is named (OpenMetrics: without _total), in units, in
 * `_created`, in the type of build_info, and in the end.
 */
#ifndef TK_COLLECTOR_SERVE_TEXT_H
#define TK_COLLECTOR_SERVE_TEXT_H

#include <stdbool.h>

#include "collector/serve/buffer.h"
#include "collector/serve/metrics.h"

/** Write all there is; some 10 ms for 1,000 timers with both measures. Looks at /proc, too. */
void tk_metrics_text(const struct tk_metrics *m, bool openmetrics, struct tk_buffer *out);

#endif
