/* Clocks, and files of the state folder: whole, durable, one writer (spec/record.md §Folder). */
#include "system.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { FOR_EVERYBODY = 0644, FOR_ITS_OWNER = 0600, FOLDER = 0755 };

int mu_file_read(const char *path, size_t most, uint8_t **bytes, size_t *size) {
    *bytes = NULL;
    *size = 0;
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return errno == ENOENT || errno == ENOTDIR ? MU_NOT_FOUND : MU_STATE_CORRUPT;
    uint8_t *found = malloc(most + 1);
    size_t got = found == NULL ? most + 1 : fread(found, 1, most + 1, file);
    bool is_whole = got <= most && !ferror(file);
    fclose(file);
    if (!is_whole) {
        free(found);
        return MU_STATE_CORRUPT;
    }
    *bytes = found;
    *size = got;
    return MU_OK;
}

static bool write_durably(const char *path, mu_span bytes) {
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, FOR_EVERYBODY);
    if (file < 0)
        return false;
    bool is_good = fchmod(file, FOR_EVERYBODY) == 0;
    for (size_t done = 0; is_good && done < bytes.size;) {
        ssize_t more = write(file, bytes.at + done, bytes.size - done);
        is_good = more > 0 || (more < 0 && errno == EINTR);
        done += more > 0 ? (size_t)more : 0;
    }
    is_good = is_good && fsync(file) == 0;
    return close(file) == 0 && is_good;
}

static bool make_durable(const char *path) {
    char folder[MU_PATH_MOST];
    snprintf(folder, sizeof folder, "%s", path);
    char *slash = strrchr(folder, '/');
    if (slash == NULL)
        return false;
    *slash = '\0';
    int opened = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool is_good = opened >= 0 && fsync(opened) == 0;
    if (opened >= 0)
        close(opened);
    return is_good;
}

int mu_file_replace(const char *path, const char *previous, mu_span bytes) {
    char fresh[MU_PATH_MOST + 8], kept[MU_PATH_MOST + 8];
    snprintf(fresh, sizeof fresh, "%s.new", path);
    if (!write_durably(fresh, bytes))
        return MU_STORE_FAILED;
    if (previous != NULL) {
        /* The old one keeps its name until the new one takes it: at no instant is there none. */
        snprintf(kept, sizeof kept, "%s.new", previous);
        unlink(kept);
        if (link(path, kept) == 0 && rename(kept, previous) != 0)
            return MU_STORE_FAILED;
    }
    if (rename(fresh, path) != 0 || !make_durable(path))
        return MU_STORE_FAILED;
    return MU_OK;
}

int mu_folder_make(const char *path) {
    char part[MU_PATH_MOST];
    snprintf(part, sizeof part, "%s", path);
    for (char *slash = part; slash != NULL;) {
        slash = strchr(slash + 1, '/');
        if (slash != NULL)
            *slash = '\0';
        if (mkdir(part, FOLDER) != 0 && errno != EEXIST)
            return MU_STORE_FAILED;
        if (slash != NULL)
            *slash = '/';
    }
    return MU_OK;
}

int mu_folder_lock(const char *folder) {
    char path[MU_PATH_MOST + 8];
    snprintf(path, sizeof path, "%s/lock", folder);
    int lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, FOR_ITS_OWNER);
    if (lock < 0)
        return errno == EACCES || errno == EPERM ? -MU_NOT_ADMINISTRATOR : -MU_HOME_NOT_WRITABLE;
    if (flock(lock, LOCK_EX | LOCK_NB) != 0) {
        close(lock);
        return -MU_HOME_IN_USE;
    }
    return lock;
}

void mu_folder_unlock(int lock) {
    close(lock);
}

void mu_clocks_read(mu_clocks *found) {
    struct timespec wall, boot;
    char text[64] = {0};
    uint8_t hash[MU_HASH_SIZE];
    clock_gettime(CLOCK_REALTIME, &wall);
    clock_gettime(CLOCK_BOOTTIME, &boot);
    found->now = wall.tv_sec < 0 ? 0 : wall.tv_sec > (time_t)UINT32_MAX ? (int64_t)UINT32_MAX : wall.tv_sec;
    found->boot_seconds = boot.tv_sec;
    FILE *file = fopen("/proc/sys/kernel/random/boot_id", "rb");
    size_t size = file == NULL ? 0 : fread(text, 1, sizeof text - 1, file);
    if (file != NULL)
        fclose(file);
    while (size > 0 && text[size - 1] == '\n')
        size--;
    mu_span piece = mu_span_of(text, size);
    mu_sha256(hash, &piece, 1);
    memcpy(found->boot_id, hash, sizeof found->boot_id);
}

int64_t mu_used_now(const mu_record *record, const mu_clocks *clocks) {
    bool is_same_boot = memcmp(record->boot_id.at, clocks->boot_id, MU_BOOT_ID_SIZE) == 0;
    int64_t since = clocks->boot_seconds - (is_same_boot ? (int64_t)record->boot_seconds : 0);
    int64_t used = (int64_t)record->used + (since > 0 ? since : 0);
    return used > (int64_t)UINT32_MAX ? (int64_t)UINT32_MAX : used;
}
