#define _GNU_SOURCE
#include "failing_allocator.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

// glibc's functions, below the names that are defined here.
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *block, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);
extern void __libc_free(void *block);

enum { SMALL_BYTES_MAX = 255 };

static _Thread_local size_t countdown;
static _Thread_local bool lasting;
static _Thread_local bool failed;
static atomic_long blocks;

void allocator_fail_at(size_t n, bool lasts)
{
    countdown = n;
    lasting = lasts;
    failed = false;
}

bool allocator_stop(void)
{
    countdown = 0;
    lasting = false;
    return failed;
}

long allocator_blocks(void)
{
    return blocks;
}

static bool fails(size_t size)
{
    if (countdown > 0) {
        countdown -= 1;
        failed = failed || countdown == 0;
        if (countdown == 0) {
            errno = ENOMEM;
            return true;
        }
    } else if (failed && lasting && size > SMALL_BYTES_MAX) {
        errno = ENOMEM;
        return true;
    }
    return false;
}

static void *counted(void *block)
{
    blocks += block != NULL;
    return block;
}

void *malloc(size_t size)
{
    return fails(size) ? NULL : counted(__libc_malloc(size));
}

void *calloc(size_t count, size_t size)
{
    return fails(count * size) ? NULL : counted(__libc_calloc(count, size));
}

void *realloc(void *block, size_t size)
{
    if (fails(size)) {
        return NULL;
    }
    void *moved = __libc_realloc(block, size);
    blocks += block == NULL && moved != NULL;
    return moved;
}

void *memalign(size_t alignment, size_t size)
{
    return fails(size) ? NULL : counted(__libc_memalign(alignment, size));
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
