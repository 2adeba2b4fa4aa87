#define _GNU_SOURCE
#include "failing_allocator.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

// Those of glibc, below the names that are taken here.
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *block, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);
extern void __libc_free(void *block);

static _Thread_local size_t countdown;
static _Thread_local size_t failures;
static _Thread_local bool failed;
static atomic_long blocks;

void allocator_fail_at(size_t n, size_t more)
{
    countdown = n;
    failures = more + 1;
    failed = false;
}

bool allocator_stop(void)
{
    countdown = 0;
    failures = 0;
    return failed;
}

long allocator_blocks(void)
{
    return blocks;
}

static bool fails(void)
{
    if (countdown > 1) {
        countdown -= 1;
        return false;
    }
    if (countdown == 0 || failures == 0) {
        return false;
    }
    failures -= 1;
    failed = true;
    errno = ENOMEM;
    return true;
}

static void *counted(void *block)
{
    blocks += block != NULL;
    return block;
}

void *malloc(size_t size)
{
    return fails() ? NULL : counted(__libc_malloc(size));
}

void *calloc(size_t count, size_t size)
{
    return fails() ? NULL : counted(__libc_calloc(count, size));
}

void *realloc(void *block, size_t size)
{
    if (fails()) {
        return NULL;
    }
    void *moved = __libc_realloc(block, size);
    blocks += block == NULL && moved != NULL;
    return moved;
}

void *memalign(size_t alignment, size_t size)
{
    return fails() ? NULL : counted(__libc_memalign(alignment, size));
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return memalign(alignment, size);
}

int posix_memalign(void **block, size_t alignment, size_t size)
{
    void *made = memalign(alignment, size);
    if (made == NULL) {
        return ENOMEM;
    }
    *block = made;
    return 0;
}

void free(void *block)
{
    blocks -= block != NULL;
    __libc_free(block);
}
