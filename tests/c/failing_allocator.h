// An allocator that fails on demand. It replaces that of the C library in the whole program,
// including the library under test.
#ifndef FAILING_ALLOCATOR_H
#define FAILING_ALLOCATOR_H

#include <stdbool.h>
#include <stddef.h>

// Lets the `n`-th allocation of this thread fail, counted from 1. If it `lasts`, all later ones of
// 256 bytes or more fail as well; unwinding itself needs some hundred bytes.
void allocator_fail_at(size_t n, bool lasts);

// Stops failing. Returns whether an allocation has failed.
bool allocator_stop(void);

// The number of blocks in use.
long allocator_blocks(void);

#endif
