/*
 * File locks for SQLite that no other code in the process can drop.
 *
 * The problem. SQLite on Unix takes POSIX locks, which belong to the process: when any code in the
 * process closes any descriptor of the file, all of them are gone (fcntl(2)). A second SQLite in
 * the process, or a plain copy of the file, is enough. Another process then takes the write-ahead
 * log for abandoned and deletes it, and acknowledged commits are lost.
 *
 * The remedy. Open file description locks (F_OFD_SETLK; Linux 3.15, macOS) belong to one open
 * description and last as long as it. They conflict with POSIX locks, also with those of the same
 * process, so all other users of the file see them. This file replaces five system calls of
 * SQLite's VFS "unix" (xSetSystemCall): open, close, fcntl, stat and fstat. For the files of a
 * registered store, and no others, every lock request goes to one *lock descriptor* per file and
 * process. Which bytes are locked, when and in which order is still decided by SQLite.
 *
 * Why one lock descriptor per file? SQLite shares its locks between the connections of a process
 * and passes any of its descriptors. Why not one of SQLite's own? The memory mapping of the index
 * keeps its open description alive in a forked child, and so would keep the locks.
 *
 * Why also close, stat and fstat? A close would drop POSIX locks of others: see park_or_close.
 * After a fork, SQLite in the child must not recognize the files of its parent: see salted.
 */

#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif
#define _FILE_OFFSET_BITS 64

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

/* The prefix is not provkey_, which is that of the C ABI. */

#if defined(__APPLE__) && !defined(F_OFD_SETLK)
#define F_OFD_SETLK 90
#define F_OFD_SETLKW 91
#define F_OFD_GETLK 92
#endif

#define HIDDEN __attribute__((visibility("hidden")))

/* The byte of the database that a connection in WAL mode keeps locked: SQLite's SHARED_FIRST. */
#define SHARED_BYTE 0x40000002
/* The byte of the index that a process keeps locked while it uses it: SQLite's UNIX_SHM_DMS. */
#define IN_USE_BYTE 128
/* Smaller numbers are standard input, output and error, even if these are closed. */
#define DESCRIPTOR_MIN 3

/* A descriptor that SQLite opened. */
struct descriptor {
    int fd;
    int access;
    bool parked; /* SQLite has closed it; see park_or_close. */
    struct descriptor *next;
};

/* A file of a store: its database, the log ("-wal") or the index of the log ("-shm"). */
struct pvk_locks_file {
    dev_t device;
    ino_t inode;
    char *path;
    int lock; /* The lock descriptor, or -1. */
    bool guarded; /* SHARED_BYTE or IN_USE_BYTE is locked here. */
    unsigned stores; /* The number of stores with this database. */
    unsigned forks; /* The number of forks with open descriptors; see after_fork_in_child. */
    struct descriptor *descriptors;
    struct pvk_locks_file *next;
};
typedef struct pvk_locks_file file;

static pthread_mutex_t table = PTHREAD_MUTEX_INITIALIZER;
static file *files;
static int dev_null = -1;

static void enter(void) { pthread_mutex_lock(&table); }

static void leave(void) { pthread_mutex_unlock(&table); }

/* ---- The table of files. These functions are called between enter and leave. ---- */

static file *find(const struct stat *status) {
    for (file *it = files; it; it = it->next)
        if (it->device == status->st_dev && it->inode == status->st_ino) return it;
    return NULL;
}

static file *add(const char *path, const struct stat *status) {
    file *added = calloc(1, sizeof *added);
    char *copy = strdup(path);
    if (!added || !copy) {
        free(added), free(copy);
        errno = ENOMEM;
        return NULL;
    }
    added->device = status->st_dev, added->inode = status->st_ino;
    added->path = copy, added->lock = -1;
    added->next = files, files = added;
    return added;
}

/* Updates the path: an inode number is used again for another file. False without memory. */
static bool set_path(file *of, const char *path) {
    if (of->descriptors || strcmp(of->path, path) == 0) return true;
    char *copy = strdup(path);
    if (!copy) return false;
    free(of->path);
    of->path = copy;
    return true;
}

/* Removes a file that is not in use. After a fork it stays; see salted. */
static void forget_if_unused(file *unused) {
    if (unused->descriptors || unused->stores || unused->forks) return;
    for (file **it = &files; *it; it = &(*it)->next) {
        if (*it != unused) continue;
        *it = unused->next;
        free(unused->path), free(unused);
        return;
    }
}

/* The file of a store that this descriptor of SQLite belongs to, or NULL. */
static file *file_of(int fd, struct descriptor **found) {
    for (file *it = files; it; it = it->next)
        for (struct descriptor *descriptor = it->descriptors; descriptor;
             descriptor = descriptor->next)
            if (descriptor->fd == fd) {
                if (found) *found = descriptor;
                return it;
            }
    return NULL;
}

/* Whether the path is that of the log or the index of a database in the table. */
static bool is_beside_database(const char *path) {
    static const size_t suffix = sizeof "-wal" - 1;
    size_t length = strlen(path);
    if (length <= suffix) return false;
    const char *end = path + length - suffix;
    if (strcmp(end, "-wal") != 0 && strcmp(end, "-shm") != 0) return false;
    char *database = strndup(path, length - suffix);
    struct stat status;
    bool known = database && stat(database, &status) == 0 && find(&status);
    free(database);
    return known;
}

static struct descriptor *parked(file *of, int access) {
    for (struct descriptor *it = of->descriptors; it; it = it->next)
        if (it->parked && it->access == access && it->fd >= DESCRIPTOR_MIN) return it;
    return NULL;
}

static bool in_use(const file *of) {
    for (const struct descriptor *it = of->descriptors; it; it = it->next)
        if (!it->parked) return true;
    return false;
}

static int above_standard_streams(int fd) {
    if (fd < 0 || fd >= DESCRIPTOR_MIN) return fd;
    int moved = fcntl(fd, F_DUPFD_CLOEXEC, DESCRIPTOR_MIN);
    int error = errno;
    close(fd);
    errno = error;
    return moved;
}

/*
 * If the database is read-only, so is the mode of its index. SQLite, which created the index, can
 * write to it, but nobody can open it for writing again. So SQLite's own open description is used,
 * and a forked child keeps the locks until it ends.
 */
static int share_description(const file *of) {
    for (const struct descriptor *it = of->descriptors; it; it = it->next)
        if (it->access == O_RDWR) return fcntl(it->fd, F_DUPFD_CLOEXEC, DESCRIPTOR_MIN);
    return -1;
}

static int open_lock_descriptor(const file *of) {
    int fd = open(of->path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) fd = share_description(of);
    if (fd < 0) fd = open(of->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    fd = above_standard_streams(fd);
    if (fd < 0) return -1;
    struct stat status;
    if (fstat(fd, &status) == 0 && status.st_dev == of->device && status.st_ino == of->inode)
        return fd;
    /* The file has just been replaced. */
    close(fd);
    errno = EIO;
    return -1;
}

#ifdef F_OFD_SETLK
/*
 * Whether others hold locks on the file: another SQLite in this process, or another process. The
 * system reports one lock only, so these cannot be distinguished.
 */
static bool others_hold_locks(const file *of) {
    struct flock any = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    return fcntl(of->lock, F_OFD_GETLK, &any) == 0 && any.l_type != F_UNLCK;
}

static void unlock_all(const file *of) {
    struct flock all = {.l_type = F_UNLCK, .l_whence = SEEK_SET};
    fcntl(of->lock, F_OFD_SETLK, &all);
}
#endif

static void close_all(file *of) {
    while (of->descriptors) {
        struct descriptor *closed = of->descriptors;
        of->descriptors = closed->next;
        close(closed->fd);
        free(closed);
    }
    if (of->lock >= 0) close(of->lock);
    of->lock = -1;
    forget_if_unused(of);
}

/* ---- What SQLite calls instead of the system. ---- */

static int reuse_parked(const char *path, int flags) {
    struct stat status;
    if (!files || flags & (O_EXCL | O_TRUNC) || stat(path, &status) != 0) return -1;
    file *of = find(&status);
    struct descriptor *descriptor = of ? parked(of, flags & O_ACCMODE) : NULL;
    if (!descriptor) return -1;
    descriptor->parked = false;
    return descriptor->fd;
}

/* Adds a descriptor to the table if it is of a store's file. False if it must not be used. */
static bool track(int fd, const char *path, int flags) {
    struct stat status;
    if (!files || fstat(fd, &status) != 0) return true;
    file *of = find(&status);
    if (!of && !is_beside_database(path)) return true;
    if (!of) of = add(path, &status);
    struct descriptor *descriptor = of && set_path(of, path) ? calloc(1, sizeof *descriptor) : NULL;
    if (!descriptor) {
        if (of) forget_if_unused(of);
        errno = ENOMEM;
        return false;
    }
    descriptor->fd = fd, descriptor->access = flags & O_ACCMODE;
    descriptor->next = of->descriptors, of->descriptors = descriptor;
    return true;
}

HIDDEN int pvk_locks_open(const char *path, int flags, int mode) {
    enter();
    int fd = reuse_parked(path, flags);
    leave();
    if (fd >= 0) return fd;
    fd = open(path, flags, mode);
    if (fd < 0) return -1;
    enter();
    bool usable = track(fd, path, flags);
    leave();
    if (usable) return fd;
    close(fd);
    errno = ENOMEM;
    return -1;
}

static int close_one(file *of, struct descriptor *closed) {
    for (struct descriptor **it = &of->descriptors; *it; it = &(*it)->next) {
        if (*it != closed) continue;
        *it = closed->next;
        break;
    }
    int answer = close(closed->fd);
    free(closed);
    forget_if_unused(of);
    return answer;
}

/*
 * While a file is in use, its descriptors are parked instead of closed: a close would drop the
 * POSIX locks of another SQLite in this process, and then we could write during its checkpoint.
 * After the last use they stay parked as long as others hold locks. The log is never locked, so its
 * descriptors are closed.
 */
static int park_or_close(file *of, struct descriptor *descriptor) {
    if (of->lock < 0 || descriptor->fd < DESCRIPTOR_MIN) return close_one(of, descriptor);
    descriptor->parked = true;
    if (in_use(of)) return 0;
#ifdef F_OFD_SETLK
    /* SQLite relies on the close to unlock IN_USE_BYTE. */
    unlock_all(of);
    of->guarded = false;
    if (others_hold_locks(of)) return 0;
#endif
    close_all(of);
    return 0;
}

HIDDEN int pvk_locks_close(int fd) {
    struct descriptor *descriptor;
    enter();
    file *of = file_of(fd, &descriptor);
    int answer = of ? park_or_close(of, descriptor) : close(fd);
    leave();
    return answer;
}

#ifdef F_OFD_SETLK
/*
 * The lock descriptor for a descriptor of SQLite; that descriptor itself if its file belongs to no
 * store; -1 with errno on failure.
 */
static int lock_descriptor(int fd, file **found) {
    enter();
    file *of = *found = file_of(fd, NULL);
    if (of && of->lock < 0) of->lock = open_lock_descriptor(of);
    int lock = of ? of->lock : fd;
    leave();
    return lock;
}

static bool covers(const struct flock *range, off_t byte) {
    return range->l_start <= byte && (range->l_len == 0 || byte < range->l_start + range->l_len);
}

static void record_lock(file *of, const struct flock *set) {
    if (!covers(set, SHARED_BYTE) && !covers(set, IN_USE_BYTE)) return;
    enter();
    of->guarded = set->l_type != F_UNLCK;
    leave();
}

static int lock_file(int fd, int command, struct flock *range) {
    file *of;
    int lock = lock_descriptor(fd, &of);
    if (lock < 0) return -1;
    if (!of) return fcntl(fd, command, range);
    range->l_pid = 0;
    if (command == F_GETLK) return fcntl(lock, F_OFD_GETLK, range);
    int answer = fcntl(lock, command == F_SETLKW ? F_OFD_SETLKW : F_OFD_SETLK, range);
    if (answer == 0) record_lock(of, range);
    return answer;
}
#endif

HIDDEN int pvk_locks_fcntl(int fd, int command, ...) {
    va_list arguments;
    va_start(arguments, command);
    int answer;
    if (command == F_SETLK || command == F_SETLKW || command == F_GETLK) {
        struct flock *range = va_arg(arguments, struct flock *);
#ifdef F_OFD_SETLK
        answer = lock_file(fd, command, range);
#else
        answer = fcntl(fd, command, range);
#endif
    } else {
        /* SQLite's other commands (F_GETFD, F_SETFD, F_FULLFSYNC) take a number or nothing. */
        int argument = va_arg(arguments, int);
        answer = fcntl(fd, command, argument);
    }
    va_end(arguments);
    return answer;
}

/*
 * SQLite identifies a file by device and inode, and remembers the locks that its process holds on
 * it. In a forked child this is the memory of the parent, with mutexes that may stay locked
 * forever. So the child reports another device number: SQLite then knows nothing of the file and
 * starts over. It uses the number for nothing else.
 */
static int salted(int answer, struct stat *status) {
    if (answer != 0) return answer;
    enter();
    const file *of = find(status);
    if (of) status->st_dev ^= (dev_t)of->forks << 20;
    leave();
    return 0;
}

HIDDEN int pvk_locks_stat(const char *path, struct stat *status) {
    return salted(stat(path, status), status);
}

HIDDEN int pvk_locks_fstat(int fd, struct stat *status) {
    return salted(fstat(fd, status), status);
}

/* ---- Forks. ---- */

void *sqlite3_mutex_alloc(int id);
void sqlite3_mutex_enter(void *mutex);
void sqlite3_mutex_leave(void *mutex);

/*
 * SQLite's static mutexes, in the order in which it takes them: OPEN, VFS1, PRNG, MAIN, LRU, PMEM,
 * MEM. (It draws random bytes while it holds VFS1, and for that looks up a VFS under MAIN.) All are
 * held during a fork, so that the child inherits no mutex that another thread holds, and nothing
 * half changed.
 */
static const int mutex_ids[] = {4, 11, 5, 2, 6, 7, 3};
#define MUTEXES (sizeof mutex_ids / sizeof *mutex_ids)
static void *mutexes[MUTEXES];

/* Held while SQLite is initialized, which a forked child could not complete. */
static pthread_mutex_t starting = PTHREAD_MUTEX_INITIALIZER;
static bool started;

static void before_fork(void) {
    pthread_mutex_lock(&starting);
    for (size_t i = 0; started && i < MUTEXES; i++) sqlite3_mutex_enter(mutexes[i]);
    enter();
}

static void after_fork(void) {
    leave();
    for (size_t i = MUTEXES; started && i-- > 0;) sqlite3_mutex_leave(mutexes[i]);
    pthread_mutex_unlock(&starting);
}

/*
 * The child closes the lock descriptors, so that the locks end with the parent, and SQLite's
 * descriptors, so that nothing inherited can reach the files. Only functions that are safe between
 * fork and exec are called here, so the list of descriptors is leaked.
 */
static void after_fork_in_child(void) {
    for (file *it = files; it; it = it->next) {
        if (it->lock >= 0) close(it->lock);
        it->lock = -1, it->guarded = false, it->stores = 0;
        if (it->descriptors) it->forks++;
        for (struct descriptor *descriptor = it->descriptors; descriptor;
             descriptor = descriptor->next) {
            if (descriptor->parked)
                close(descriptor->fd);
            else if (dup2(dev_null, descriptor->fd) >= 0)
                fcntl(descriptor->fd, F_SETFD, FD_CLOEXEC);
        }
        it->descriptors = NULL;
    }
    after_fork();
}

static bool forks_are_watched;

/* When the library is loaded, before any thread can be inside of start. */
__attribute__((constructor)) static void watch_forks(void) {
    if (!forks_are_watched)
        forks_are_watched = pthread_atfork(before_fork, after_fork, after_fork_in_child) == 0;
}

/* ---- What locks.rs calls. ---- */

#ifdef F_OFD_SETLK
static int start(int (*install)(void)) {
    /* The linker may have dropped the constructor. */
    watch_forks();
    if (!forks_are_watched) return ENOMEM;
    if (dev_null < 0) dev_null = above_standard_streams(open("/dev/null", O_RDWR | O_CLOEXEC));
    if (dev_null < 0) return errno;
    int error = install();
    if (error) return error;
    for (size_t i = 0; i < MUTEXES; i++) mutexes[i] = sqlite3_mutex_alloc(mutex_ids[i]);
    started = true;
    return 0;
}
#endif

/* Call it before a store is registered. `install` replaces SQLite's system calls. Returns 0 or an
 * errno. */
HIDDEN int pvk_locks_start(int (*install)(void)) {
#ifndef F_OFD_SETLK
    (void)install;
    return ENOSYS;
#else
    pthread_mutex_lock(&starting);
    int error = started ? 0 : start(install);
    pthread_mutex_unlock(&starting);
    return error;
#endif
}

/* Registers the database of a store, before SQLite opens it. NULL with errno on failure. */
HIDDEN file *pvk_locks_register(const char *path) {
    struct stat status;
    if (stat(path, &status) != 0) return NULL;
    enter();
    file *of = find(&status);
    if (!of) of = add(path, &status);
    if (of && !set_path(of, path)) of = NULL;
    if (of) of->stores++;
    leave();
    return of;
}

/* Ends a registration, after SQLite has closed the connections of the store. */
HIDDEN void pvk_locks_unregister(file *of) {
    enter();
    of->stores--;
    forget_if_unused(of);
    leave();
}

static file *index_of(const file *database) {
    size_t length = strlen(database->path);
    for (file *it = files; it; it = it->next)
        if (strncmp(it->path, database->path, length) == 0 && strcmp(it->path + length, "-shm") == 0 &&
            it->lock >= 0 && in_use(it))
            return it;
    return NULL;
}

static bool is_in_place(const file *of) {
    struct stat status;
    return stat(of->path, &status) == 0 && status.st_dev == of->device && status.st_ino == of->inode;
}

/* Whether a store that SQLite has opened can be used. */
enum { READY, NOT_LOCKED, NOT_IN_PLACE };

/*
 * Checks that the bytes that a connection in WAL mode keeps locked were locked here, in the
 * database and in the index; and that both files are in place. SQLite shares the index with older
 * connections of the process, whose files may have been replaced.
 */
HIDDEN int pvk_locks_check(const file *database) {
    enter();
    const file *index = index_of(database);
    int found = READY;
    if (!database->guarded || !index || !index->guarded)
        found = NOT_LOCKED;
    else if (!is_in_place(database) || !is_in_place(index))
        found = NOT_IN_PLACE;
    leave();
    return found;
}

/* Reads the beginning of the index through the lock descriptor. False if the index is shorter. */
HIDDEN bool pvk_locks_read_index(const file *database, void *into, size_t length) {
    enter();
    const file *index = index_of(database);
    bool whole = index && pread(index->lock, into, length, 0) == (ssize_t)length;
    leave();
    return whole;
}
