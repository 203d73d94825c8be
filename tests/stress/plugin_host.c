/* SPDX-License-Identifier: MIT */
/*
 * A thread records through plug-ins, the plug-ins are closed, the thread ends: what its end calls
 * must still be there. The program itself does not link the library.
 *
 *	plugin_host object...
 */
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>

#include "tests/place.h"

static int failed;

static void *use(void *path)
{
	void *object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	int (*record)(unsigned) = NULL;
	int ret;

	if (object)
		*(void **)&record = dlsym(object, "plugin_record");
	if (!record) {
		printf("not ok: %s\n", dlerror());
		failed = 1;
		return NULL;
	}
	ret = record(5000);
	if (dlclose(object) || ret) {
		printf("not ok: %s recorded nothing: %d\n", (const char *)path, ret);
		failed = 1;
	}
	return NULL; /* the thread's lane is given back after this */
}

int main(int argc, char **argv)
{
	if (!place_make())
		return 1;
	for (int i = 1; i < argc; i++) {
		for (unsigned times = 0; times < 1000; times++) {
			pthread_t thread;

			pthread_create(&thread, NULL, use, argv[i]);
			pthread_join(thread, NULL);
		}
		printf("%s: %s\n", failed ? "not ok" : "ok", argv[i]);
	}
	return !place_remove() || failed;
}
