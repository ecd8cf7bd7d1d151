/*
 * memory.h - how much memory this process may still get.
 *
 * The least of: what the machine has free or can free, what each control group above the process
 * leaves (v1 and v2; a container's limit), and the process's own limit on addresses.
 */
#ifndef KOL_BASE_MEMORY_H
#define KOL_BASE_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

struct kol_memory {
    int64_t available_bytes;
    const char *limited_by; /* for people: "on this machine", "the limit of its control group" */
};

/* False when nothing is known. */
bool kol_memory_read(struct kol_memory *ret);
/* The same below another root than "/": for tests. The process's own limit is left out. */
bool kol_memory_read_at(const char *root, struct kol_memory *ret);

#endif
