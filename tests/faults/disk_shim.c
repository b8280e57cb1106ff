/* Preloaded before libc: records what a process does to the files below a folder, in order, or makes its disk refuse.
 *
 * A record: operation (1 byte), inode (8), offset or size (8), length of the path (4), length of the rest (4), path,
 * rest. Operations: C file made, D folder made, W written, T truncated, S synced, R renamed, U removed, O printed.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
static int record_to = -1;      /* the log; -1: nothing is recorded */
static int refusal;             /* errno that writing gives; 0: none */
static long until_refusal;      /* so many more writing calls succeed */
static char root[PATH_MAX];
static size_t root_length;

#define ACTIVE (root_length != 0)

static void put(const void *bytes, size_t length) {
    while (length) {
        ssize_t done = syscall(SYS_write, record_to, bytes, length);
        if (done <= 0) abort();
        bytes = (const char *)bytes + done;
        length -= done;
    }
}

static void record(char operation, uint64_t inode, int64_t offset, const char *path, const void *rest, size_t length) {
    if (record_to < 0) return;
    uint32_t path_length = strlen(path), rest_length = length;
    char head[25];
    head[0] = operation;
    memcpy(head + 1, &inode, 8);
    memcpy(head + 9, &offset, 8);
    memcpy(head + 17, &path_length, 4);
    memcpy(head + 21, &rest_length, 4);
    put(head, sizeof head);
    put(path, path_length);
    put(rest, length);
}

static int below(const char *path) {
    return strncmp(path, root, root_length) == 0 && (path[root_length] == '/' || path[root_length] == 0);
}

static int path_of(int handle, char *path) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", handle);
    ssize_t length = syscall(SYS_readlink, link, path, PATH_MAX - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return 1;
}

static int full(int folder, const char *name, char *path) {
    char base[PATH_MAX];
    if (name[0] == '/') return snprintf(path, PATH_MAX, "%s", name) < PATH_MAX;
    if (folder == AT_FDCWD ? !getcwd(base, sizeof base) : !path_of(folder, base)) return 0;
    return snprintf(path, PATH_MAX, "%s/%s", base, name) < PATH_MAX;
}

static int ours(int handle, uint64_t *inode) {
    char path[PATH_MAX];
    struct stat found;
    if (handle < 0 || !path_of(handle, path) || !below(path) || fstat(handle, &found)) return 0;
    *inode = found.st_ino;
    return 1;
}

static int refused(void) {
    if (!refusal || until_refusal-- > 0) return 0;
    errno = refusal;
    return 1;
}

/* Called by the test in the child that is to be watched. */
void shim_start(const char *folder, const char *log, const char *error, const char *after) {
    snprintf(root, sizeof root, "%s", folder);
    if (*log) record_to = syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND, 0644);
    refusal = atoi(error);
    until_refusal = atol(after);
    root_length = strlen(root);
}

static int opening(int folder, const char *name, int flags, mode_t mode) {
    char path[PATH_MAX];
    struct stat before, after;
    if (!ACTIVE || !full(folder, name, path) || !below(path))
        return syscall(SYS_openat, folder, name, flags, mode);
    pthread_mutex_lock(&turn);
    int there = lstat(path, &before) == 0, writes = (flags & O_ACCMODE) != O_RDONLY, handle;
    if ((flags & (O_CREAT | O_TRUNC) || (refusal == EROFS && writes)) && refused()) {
        handle = -1;
    } else {
        handle = syscall(SYS_openat, folder, name, flags, mode);
        if (handle >= 0 && !fstat(handle, &after)) {
            if (!there) record('C', after.st_ino, 0, path, "", 0);
            else if (flags & O_TRUNC) record('T', after.st_ino, 0, "", "", 0);
        }
    }
    int error = errno;
    pthread_mutex_unlock(&turn);
    errno = error;
    return handle;
}

#define OPENING(folder) \
    mode_t mode = 0; \
    if (flags & (O_CREAT | __O_TMPFILE)) { va_list rest; va_start(rest, flags); mode = va_arg(rest, mode_t); va_end(rest); } \
    return opening(folder, name, flags, mode);
int open(const char *name, int flags, ...) { OPENING(AT_FDCWD) }
int open64(const char *name, int flags, ...) { OPENING(AT_FDCWD) }
int openat(int folder, const char *name, int flags, ...) { OPENING(folder) }
int openat64(int folder, const char *name, int flags, ...) { OPENING(folder) }

ssize_t write(int handle, const void *bytes, size_t length) {
    uint64_t inode;
    if (!ACTIVE) return syscall(SYS_write, handle, bytes, length);
    if (handle == 1) {
        pthread_mutex_lock(&turn);
        record('O', 0, 0, "", bytes, length);
        pthread_mutex_unlock(&turn);
    }
    if (!ours(handle, &inode)) return syscall(SYS_write, handle, bytes, length);
    pthread_mutex_lock(&turn);
    ssize_t done = refused() ? -1 : syscall(SYS_write, handle, bytes, length);
    if (done > 0) record('W', inode, lseek(handle, 0, SEEK_CUR) - done, "", bytes, done);
    int error = errno;
    pthread_mutex_unlock(&turn);
    errno = error;
    return done;
}

static ssize_t writing_at(int handle, const void *bytes, size_t length, off_t offset) {
    uint64_t inode;
    if (!ACTIVE || !ours(handle, &inode)) return syscall(SYS_pwrite64, handle, bytes, length, offset);
    pthread_mutex_lock(&turn);
    ssize_t done = refused() ? -1 : syscall(SYS_pwrite64, handle, bytes, length, offset);
    if (done > 0) record('W', inode, offset, "", bytes, done);
    int error = errno;
    pthread_mutex_unlock(&turn);
    errno = error;
    return done;
}
ssize_t pwrite(int handle, const void *bytes, size_t length, off_t offset) {
    return writing_at(handle, bytes, length, offset);
}
ssize_t pwrite64(int handle, const void *bytes, size_t length, off64_t offset) {
    return writing_at(handle, bytes, length, offset);
}

static int cutting(int handle, off_t size) {
    uint64_t inode;
    if (!ACTIVE || !ours(handle, &inode)) return syscall(SYS_ftruncate, handle, size);
    pthread_mutex_lock(&turn);
    int done = refused() ? -1 : syscall(SYS_ftruncate, handle, size);
    if (done == 0) record('T', inode, size, "", "", 0);
    int error = errno;
    pthread_mutex_unlock(&turn);
    errno = error;
    return done;
}
int ftruncate(int handle, off_t size) { return cutting(handle, size); }
int ftruncate64(int handle, off64_t size) { return cutting(handle, size); }

static int syncing(int handle, long call) {
    uint64_t inode;
    if (!ACTIVE || !ours(handle, &inode)) return syscall(call, handle);
    pthread_mutex_lock(&turn);
    record('S', inode, 0, "", "", 0); /* the disk of the machine need not wait: the test decides what is on it */
    pthread_mutex_unlock(&turn);
    return 0;
}
int fsync(int handle) { return syncing(handle, SYS_fsync); }
int fdatasync(int handle) { return syncing(handle, SYS_fdatasync); }

static int renaming(int from, const char *old, int to, const char *new, unsigned flags) {
    char old_path[PATH_MAX], new_path[PATH_MAX];
    struct stat found;
    if (!ACTIVE || !full(from, old, old_path) || !full(to, new, new_path) || !below(new_path))
        return syscall(SYS_renameat2, from, old, to, new, flags);
    pthread_mutex_lock(&turn);
    int done = refused() ? -1 : syscall(SYS_renameat2, from, old, to, new, flags);
    if (done == 0 && !lstat(new_path, &found)) record('R', found.st_ino, 0, old_path, new_path, strlen(new_path));
    int error = errno;
    pthread_mutex_unlock(&turn);
    errno = error;
    return done;
}
int rename(const char *old, const char *new) { return renaming(AT_FDCWD, old, AT_FDCWD, new, 0); }
int renameat(int from, const char *old, int to, const char *new) { return renaming(from, old, to, new, 0); }

static int removing(int folder, const char *name, int flags) {
    char path[PATH_MAX];
    if (!ACTIVE || !full(folder, name, path) || !below(path)) return syscall(SYS_unlinkat, folder, name, flags);
    pthread_mutex_lock(&turn);
    int done = refusal == EROFS && refused() ? -1 : syscall(SYS_unlinkat, folder, name, flags);
    if (done == 0) record('U', 0, 0, path, "", 0);
    int error = errno;
    pthread_mutex_unlock(&turn);
    errno = error;
    return done;
}
int unlink(const char *name) { return removing(AT_FDCWD, name, 0); }
int unlinkat(int folder, const char *name, int flags) { return removing(folder, name, flags); }
int rmdir(const char *name) { return removing(AT_FDCWD, name, AT_REMOVEDIR); }

static int making(int folder, const char *name, mode_t mode) {
    char path[PATH_MAX];
    struct stat found;
    if (!ACTIVE || !full(folder, name, path) || !below(path)) return syscall(SYS_mkdirat, folder, name, mode);
    pthread_mutex_lock(&turn);
    int done = refused() ? -1 : syscall(SYS_mkdirat, folder, name, mode);
    if (done == 0 && !lstat(path, &found)) record('D', found.st_ino, 0, path, "", 0);
    int error = errno;
    pthread_mutex_unlock(&turn);
    errno = error;
    return done;
}
int mkdir(const char *name, mode_t mode) { return making(AT_FDCWD, name, mode); }
int mkdirat(int folder, const char *name, mode_t mode) { return making(folder, name, mode); }
