/* SPDX-License-Identifier: MIT */
/*
 * replay CORPUS: a fuzz target without a fuzzer, for the test run of every build.
 *
 * Tries each file of a folder (or one file), and then inputs made from them by chance, the same
 * ones in every run: 2,000, or as many as two seconds have room for. A child does it, which shares
 * the input with its parent, so that the one that killed it is kept, whatever killed it.
 */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"
#include "tests/random.h"

#define INPUT_MAX 4096u
#define FILES_MAX 256u
#define MADE      2000u
#define MADE_S    2
#define HANGS_S   20

struct input {
	size_t size;
	uint8_t bytes[INPUT_MAX];
};

static struct input corpus[FILES_MAX];
static size_t n_corpus;
static struct input *trying; /* shared */
static unsigned *tried;

static void load(int dir, const char *name)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	ssize_t n =
		fd < 0 || n_corpus == FILES_MAX ? -1 : read(fd, corpus[n_corpus].bytes, INPUT_MAX);

	if (n >= 0)
		corpus[n_corpus++].size = (size_t)n;
	if (fd >= 0)
		close(fd);
}

static int load_all(const char *path)
{
	struct dirent **names;
	int n = scandir(path, &names, NULL, alphasort);
	int dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (n < 0)
		load(AT_FDCWD, path);
	for (int i = 0; i < n; i++) {
		if (names[i]->d_name[0] != '.')
			load(dir, names[i]->d_name);
		free(names[i]);
	}
	if (n >= 0)
		free(names);
	if (dir >= 0)
		close(dir);
	return n_corpus ? 0 : -1;
}

/* Of its exact size on the heap, so that reading beyond it is seen. */
static void try(const struct input *in)
{
	uint8_t *copy = malloc(in->size ? in->size : 1);

	memcpy(copy, in->bytes, in->size);
	alarm(HANGS_S);
	LLVMFuzzerTestOneInput(copy, in->size);
	free(copy);
	++*tried;
}

/* ---- inputs made by chance ------------------------------------------------------------------- */

static uint8_t odd_byte(uint64_t *chance)
{
	static const uint8_t odd[] = { 0, 1, 0x7f, 0x80, 0xff, '0', '9', '-', '"', '{', ' ', '\n' };

	return random_below(chance, 2) ? odd[random_below(chance, sizeof(odd))]
				       : (uint8_t)random64(chance);
}

/* Put what another has in the place of what follows `at`. */
static void graft(struct input *in, size_t at, const struct input *other, size_t from)
{
	size_t n = other->size - from < INPUT_MAX - at ? other->size - from : INPUT_MAX - at;

	memmove(in->bytes + at, other->bytes + from, n);
	in->size = at + n;
}

static void change(struct input *in, uint64_t *chance)
{
	size_t at = random_below(chance, in->size + 1);
	const struct input *other = &corpus[random_below(chance, n_corpus)];

	switch (random_below(chance, 6)) {
	case 0:
		graft(in, at, other, random_below(chance, other->size + 1));
		break;
	case 1: /* cut out a piece */
		graft(in, at, in, at + random_below(chance, in->size - at + 1));
		break;
	case 2:
		if (in->size < INPUT_MAX) {
			memmove(in->bytes + at + 1, in->bytes + at, in->size++ - at);
			in->bytes[at] = odd_byte(chance);
		}
		break;
	default:
		if (at < in->size)
			in->bytes[at] = odd_byte(chance);
	}
}

static void try_made(void)
{
	uint64_t chance = 0x74696d65;
	time_t until = time(NULL) + MADE_S;

	for (unsigned i = 0; i < MADE && time(NULL) <= until; i++) {
		*trying = corpus[random_below(&chance, n_corpus)];
		for (uint64_t n = random_below(&chance, 8) + 1; n; n--)
			change(trying, &chance);
		try(trying);
	}
}

/* ---- the parent ------------------------------------------------------------------------------ */

static _Noreturn void child(void)
{
	for (size_t i = 0; i < n_corpus; i++) {
		*trying = corpus[i];
		try(trying);
	}
	try_made();
	exit(0);
}

static void keep_finding(const char *program, int status)
{
	char name[256];
	int fd;

	snprintf(name, sizeof(name), "%s.finding", program);
	fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0 || write(fd, trying->bytes, trying->size) != (ssize_t)trying->size)
		perror(name);
	if (fd >= 0)
		close(fd);
	fprintf(stderr, "input %u %s; again: %s %s\n", *tried + 1,
		WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM ? "took longer than it may"
								   : "broke a property or crashed",
		program, name);
}

int main(int argc, char **argv)
{
	int status = 0;
	pid_t pid;

	if (argc != 2 || load_all(argv[1]) < 0) {
		fprintf(stderr, "usage: %s CORPUS: a folder of inputs, or one input\n", argv[0]);
		return 2;
	}
	trying = mmap(NULL, 2 * sizeof(*trying), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		      -1, 0);
	if (trying == MAP_FAILED)
		return 1;
	tried = (unsigned *)(trying + 1);
	pid = fork();
	if (pid == 0)
		child();
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return 1;
	if (status) {
		keep_finding(argv[0], status);
		return 1;
	}
	printf("%u inputs, %zu of them from %s\n", *tried, n_corpus, argv[1]);
	return 0;
}
