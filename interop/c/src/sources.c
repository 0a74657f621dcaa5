/* Where Linux tells of its hardware (spec/hardware.md §Sources). */
#include "system.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LINE = 4096, DEPTH = 8 };

static void path_of(char *path, const char *root, const char *rest) {
    if ((size_t)snprintf(path, MU_PATH_MOST, "%s/%s", root, rest) >= MU_PATH_MOST)
        path[0] = '\0';
}

/* The first bytes of a file as text, without blanks around them. */
static bool read_text(const char *path, char text[LINE]) {
    FILE *file = fopen(path, "rb");
    size_t size = file == NULL ? 0 : fread(text, 1, LINE - 1, file);
    if (file != NULL)
        fclose(file);
    while (size > 0 && strchr(" \t\r\n", text[size - 1]) != NULL)
        size--;
    text[size] = '\0';
    size_t blanks = strspn(text, " \t\r\n");
    memmove(text, text + blanks, strlen(text + blanks) + 1);
    return text[0] != '\0';
}

static bool read_in(const char *folder, const char *name, char text[LINE]) {
    char path[MU_PATH_MOST];
    path_of(path, folder, name);
    return read_text(path, text);
}

static bool says(const char *raw) {
    char text[MU_SOURCE_MOST + 1];
    mu_normalise(mu_span_of_text(raw), text);
    return text[0] != '\0';
}

static bool exists(const char *folder, const char *name) {
    char path[MU_PATH_MOST];
    path_of(path, folder, name);
    return access(path, F_OK) == 0;
}

/* Joins by blanks; whether it says something is judged of the whole. */
static void join(char to[LINE], const char *text) {
    size_t size = strlen(to);
    if (size < LINE - 1)
        snprintf(to + size, LINE - size, "%s%s", size > 0 ? " " : "", text);
}

static void board(const char *root, char found[LINE]) {
    static const char *const dmi[] = {"sys_vendor", "product_name", "product_version", "board_vendor", "board_name", "board_version"};
    static const char *const tree[] = {"proc/device-tree/model", "proc/device-tree/serial-number"};
    char folder[MU_PATH_MOST], text[LINE];
    found[0] = '\0';
    path_of(folder, root, "sys/class/dmi/id");
    for (size_t i = 0; i < sizeof dmi / sizeof *dmi; i++)
        if (read_in(folder, dmi[i], text))
            join(found, text);
    if (found[0] != '\0')
        return;
    for (size_t i = 0; i < sizeof tree / sizeof *tree; i++)
        if (read_in(root, tree[i], text))
            join(found, text);
}

/* The folder of the block device that is mounted at /. */
static bool root_device(const char *root, char device[MU_PATH_MOST]) {
    char path[MU_PATH_MOST], line[LINE], name[LINE];
    unsigned major, minor;
    bool found = false;
    path_of(path, root, "proc/self/mountinfo");
    FILE *file = fopen(path, "rb");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        char point[LINE], source[LINE], *rest = strstr(line, " - ");
        if (sscanf(line, "%*s %*s %u:%u %*s %4095s", &major, &minor, point) != 3 || strcmp(point, "/") != 0)
            continue;
        snprintf(name, sizeof name, "sys/dev/block/%u:%u", major, minor);
        path_of(path, root, name);
        found = realpath(path, device) != NULL;
        if (!found && rest != NULL && sscanf(rest, " - %*s /dev/%4000s", source) == 1) {
            snprintf(name, sizeof name, "sys/class/block/%s", strrchr(source, '/') ? strrchr(source, '/') + 1 : source);
            path_of(path, root, name);
            found = realpath(path, device) != NULL;
        }
    }
    if (file != NULL)
        fclose(file);
    return found;
}

/* The first entry of a folder by name. */
static bool first_entry(const char *folder, char name[LINE]) {
    DIR *entries = opendir(folder);
    name[0] = '\0';
    for (struct dirent *entry; entries != NULL && (entry = readdir(entries)) != NULL;)
        if (entry->d_name[0] != '.' && (name[0] == '\0' || strcmp(entry->d_name, name) < 0))
            snprintf(name, LINE, "%s", entry->d_name);
    if (entries != NULL)
        closedir(entries);
    return name[0] != '\0';
}

/* Follows mappings, mirrors and partitions down to a disk. */
static void follow_down(char device[MU_PATH_MOST]) {
    char path[MU_PATH_MOST], name[LINE], next[MU_PATH_MOST];
    for (int depth = 0; depth < DEPTH; depth++) {
        path_of(path, device, "slaves");
        if (first_entry(path, name)) {
            path_of(next, path, name);
            if (realpath(next, device) == NULL)
                return;
        } else if (exists(device, "partition")) {
            *strrchr(device, '/') = '\0';
        } else {
            return;
        }
    }
}

/* The first line of the udev database that names the disk. */
static bool from_udev(const char *root, const char *device, char found[LINE]) {
    static const char *const keys[] = {"E:ID_SERIAL_SHORT=", "E:ID_SERIAL=", "E:ID_WWN="};
    char number[LINE], name[LINE + 16], path[MU_PATH_MOST], line[LINE];
    bool is_found = false;
    if (!read_in(device, "dev", number))
        return false;
    snprintf(name, sizeof name, "run/udev/data/b%s", number);
    path_of(path, root, name);
    FILE *file = fopen(path, "rb");
    while (file != NULL && !is_found && fgets(line, sizeof line, file) != NULL)
        for (size_t i = 0; i < sizeof keys / sizeof *keys && !is_found; i++) {
            size_t size = strlen(keys[i]);
            is_found = strncmp(line, keys[i], size) == 0 && says(line + size);
            if (is_found)
                snprintf(found, LINE, "%s", line + size);
        }
    if (file != NULL)
        fclose(file);
    return is_found;
}

static void disk(const char *root, char found[LINE]) {
    static const char *const names[] = {"serial", "device/serial", "wwid", "device/wwid", "cid", "device/cid"};
    char device[MU_PATH_MOST];
    found[0] = '\0';
    if (!root_device(root, device))
        return;
    follow_down(device);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (read_in(device, names[i], found) && says(found))
            return;
    if (!from_udev(root, device, found))
        found[0] = '\0';
}

/* The permanent address of an interface: a bond's member tells its own; one that was set or drawn says nothing. */
static void address_of(const char *interface, char found[LINE]) {
    char type[LINE];
    if (read_in(interface, "bonding_slave/perm_hwaddr", found))
        return;
    if (!read_in(interface, "addr_assign_type", type) || strcmp(type, "0") != 0 || !read_in(interface, "address", found))
        found[0] = '\0';
}

static void network(const char *root, char found[LINE]) {
    char folder[MU_PATH_MOST], interface[MU_PATH_MOST], path[MU_PATH_MOST], place[MU_PATH_MOST], best[MU_PATH_MOST] = "";
    bool best_is_wireless = true;
    found[0] = '\0';
    path_of(folder, root, "sys/class/net");
    DIR *entries = opendir(folder);
    for (struct dirent *entry; entries != NULL && (entry = readdir(entries)) != NULL;) {
        path_of(interface, folder, entry->d_name);
        path_of(path, interface, "device");
        if (entry->d_name[0] == '.' || realpath(path, place) == NULL || strstr(place + strlen(root), "/usb") != NULL)
            continue;
        bool is_wireless = exists(interface, "wireless") || exists(interface, "phy80211");
        bool is_before = best[0] == '\0' || (is_wireless != best_is_wireless ? best_is_wireless : strcmp(place, best) < 0);
        if (!is_before)
            continue;
        snprintf(best, sizeof best, "%s", place);
        best_is_wireless = is_wireless;
        address_of(interface, found);
    }
    if (entries != NULL)
        closedir(entries);
}

/* What /proc/cpuinfo says of the first processor. */
static void processor(const char *root, char found[LINE]) {
    static const char *const x86[] = {"vendor_id", "cpu family", "model", "model name", "stepping"};
    static const char *const arm[] = {"CPU implementer", "CPU part", "Serial"};
    char path[MU_PATH_MOST], line[LINE], value[8][LINE] = {{0}};
    path_of(path, root, "proc/cpuinfo");
    FILE *file = fopen(path, "rb");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        char *colon = strchr(line, ':');
        if (colon == NULL)
            continue;
        size_t size = (size_t)(colon - line);
        while (size > 0 && (line[size - 1] == ' ' || line[size - 1] == '\t'))
            size--;
        line[size] = '\0';
        colon[strcspn(colon, "\n")] = '\0';
        for (size_t i = 0; i < 8; i++) {
            const char *key = i < 5 ? x86[i] : arm[i - 5];
            if (strcmp(line, key) == 0 && value[i][0] == '\0')
                snprintf(value[i], LINE, "%s", colon + 1 + strspn(colon + 1, " \t"));
        }
    }
    if (file != NULL)
        fclose(file);
    size_t from = value[0][0] != '\0' || value[3][0] != '\0' ? 0 : 5, to = from == 0 ? 5 : 8, size = 0;
    found[0] = '\0';
    for (size_t i = from; i < to; i++)
        if (value[i][0] != '\0' && size < LINE)
            size += (size_t)snprintf(found + size, LINE - size, "%s ", value[i]);
}

static void platform(const char *root, char found[LINE]) {
    if (read_in(root, "sys/hypervisor/uuid", found) && says(found))
        return;
    if (read_in(root, "sys/class/dmi/id/board_asset_tag", found) && strncmp(found, "i-", 2) == 0)
        return;
    if (read_in(root, "run/cloud-init/instance-id", found) || read_in(root, "var/lib/cloud/data/instance-id", found))
        return;
    processor(root, found);
}

void mu_sources_read(const char *root, mu_sources *found) {
    char text[LINE];
    board(root, text);
    mu_normalise(mu_span_of_text(text), found->text[MU_BOARD]);
    disk(root, text);
    mu_normalise(mu_span_of_text(text), found->text[MU_DISK]);
    network(root, text);
    mu_normalise(mu_span_of_text(text), found->text[MU_NETWORK]);
    platform(root, text);
    mu_normalise(mu_span_of_text(text), found->text[MU_PLATFORM]);
    read_in(root, "etc/machine-id", text);
    mu_normalise(mu_span_of_text(text), found->text[MU_MACHINE_ID]);
}

bool mu_is_virtual(const char *root) {
    char path[MU_PATH_MOST], line[LINE];
    bool found = exists(root, "run/.containerenv") || exists(root, ".dockerenv");
    path_of(path, root, "proc/cpuinfo");
    FILE *file = fopen(path, "rb");
    while (file != NULL && !found && fgets(line, sizeof line, file) != NULL)
        found = strncmp(line, "flags", 5) == 0 && strstr(line, " hypervisor") != NULL;
    if (file != NULL)
        fclose(file);
    return found;
}
