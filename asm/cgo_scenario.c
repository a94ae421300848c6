/*
 * The C half of the cgo scenarios: C code that is handed the address of a map's header and reads or writes it.
 * After the C preamble of tests/goldens/src/cgo/main.go.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct hmap_c {
	int64_t count;
	uint8_t flags;
	uint8_t B;
	uint16_t noverflow;
	uint32_t hash0;
	void *buckets;
	void *oldbuckets;
	uintptr_t nevacuate;
};

void gohmap_c_setB(uintptr_t h, int b) { ((struct hmap_c *)h)->B = (uint8_t)b; }
void gohmap_c_setcount(uintptr_t h, long long n) { ((struct hmap_c *)h)->count = n; }
void gohmap_c_setbuckets(uintptr_t h, uintptr_t p) { ((struct hmap_c *)h)->buckets = (void *)p; }
void gohmap_c_setflags(uintptr_t h, int f) { ((struct hmap_c *)h)->flags = (uint8_t)f; }
long long gohmap_c_len(uintptr_t h) { return ((struct hmap_c *)h)->count; }
/* The first tophash byte. */
int gohmap_c_read(uintptr_t h) { return *(volatile unsigned char *)((struct hmap_c *)h)->buckets; }
void gohmap_c_write(uintptr_t h) { *(volatile unsigned char *)((struct hmap_c *)h)->buckets = 7; }
int gohmap_c_div(int a, volatile int b) { return a / b; }
void gohmap_c_abort(void) { abort(); }
void gohmap_c_memset(uintptr_t h, int v, int n) { memset((void *)h, v, n); }
/* Calls back; compiled with -fexceptions, so that a panic may unwind through it. */
void gohmap_c_callback(void (*f)(void)) { f(); }
