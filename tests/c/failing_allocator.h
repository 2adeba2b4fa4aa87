// An allocator that fails when it is told to. It takes the place of the C library's in the whole program,
// the library under test included.
#ifndef FAILING_ALLOCATOR_H
#define FAILING_ALLOCATOR_H

#include <stdbool.h>
#include <stddef.h>

// From now on the allocation number `n` of this thread fails, counted from 1, and `more` after it.
void allocator_fail_at(size_t n, size_t more);

// Fails no more. Returns whether any allocation has failed.
bool allocator_stop(void);

// How many blocks are in use.
long allocator_blocks(void);

#endif
