/* SPDX-License-Identifier: MIT */
/*
 * hello.c in C++: a span lasts as long as the object does, however its block is left.
 */
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <stdexcept>
#include <thread>

#include <timekeeper.h>

namespace
{
volatile std::sig_atomic_t interrupted;

void interrupt(int)
{
	interrupted = 1;
}

/* One in sixteen fails, and is timed like the others. */
std::uint32_t do_work(std::uint32_t x)
{
	static const tk_timer_t work = tk_timer("work");
	timekeeper::span span(work);
	std::uint32_t steps = (x >> 28) * 1000 + 1000;

	if (x >> 28 == 15)
		throw std::runtime_error("too much work");
	while (steps--)
		x = x * 1664525u + 1013904223u;
	return x;
}
} // namespace

int main()
{
	std::uint32_t x = 1;
	unsigned failures = 0;

	std::signal(SIGINT, interrupt);
	std::signal(SIGTERM, interrupt);
	tk_open("hello-cpp", nullptr);

	while (!interrupted) {
		try {
			x = do_work(x);
		} catch (const std::runtime_error &) {
			failures++;
			x = failures;
		}
		std::this_thread::sleep_for(std::chrono::milliseconds(1));
	}
	std::printf("%u, %u failures\n", x, failures);
	return 0;
}
