// An allocator that fails when it is told to. It takes the place of the C library's in the whole program,
// the library under test included.
#ifndef FAILING_ALLOCATOR_H
#define FAILING_ALLOCATOR_H

#include <stdbool.h>
#include <stddef.h>

// The allocation number `n` of this thread fails, counted from 1, and if it `lasts` all that follow of 256
// bytes or more, as when memory is all but gone: unwinding itself needs some hundred bytes.
void allocator_fail_at(size_t n, bool lasts);

// Fails no more. Returns whether any allocation has failed.
bool allocator_stop(void);

// How many blocks are in use.
long allocator_blocks(void);

#endif
