/* Hardware as keyed hashes, and when it counts as the same (spec/hardware.md). */
#include "machine.h"

#include <string.h>

static const char *const NOTHING[] = {
    "none", "unknown", "notspecified", "notapplicable", "notavailable", "na", "null", "default", "defaultstring",
    "tobefilledbyoem", "systemserialnumber", "systemproductname", "systemmanufacturer", "oem", "invalid", "empty",
    "0123456789", "123456789", "1234567890", "03000200040005000006000700080009",
};

static bool says_nothing(const char *text) {
    if (text[strspn(text, (char[]){text[0], '\0'})] == '\0') /* nothing, or one character repeated */
        return true;
    for (size_t i = 0; i < sizeof NOTHING / sizeof *NOTHING; i++)
        if (strcmp(text, NOTHING[i]) == 0)
            return true;
    return false;
}

void mu_normalise(mu_span raw, char text[MU_SOURCE_MOST + 1]) {
    size_t size = 0, characters = 0;
    for (size_t i = 0; i < raw.size; i++) {
        uint8_t c = raw.at[i];
        if (c >> 6 != 2 && ++characters > MU_SOURCE_MOST)
            break;
        /* Outside ASCII two letters have small letters of ASCII: the Kelvin sign, and I with a dot. */
        if (raw.size - i >= 3 && c == 0xe2 && raw.at[i + 1] == 0x84 && raw.at[i + 2] == 0xaa)
            c = 'k';
        else if (raw.size - i >= 2 && c == 0xc4 && raw.at[i + 1] == 0xb0)
            c = 'i';
        else if (c >= 'A' && c <= 'Z')
            c = (uint8_t)(c - 'A' + 'a');
        if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z'))
            text[size++] = (char)c;
    }
    text[size] = '\0';
    if (says_nothing(text))
        text[0] = '\0';
}

static size_t readable(const mu_sources *sources) {
    size_t count = 0;
    for (size_t i = 0; i < MU_PARTS; i++)
        count += sources->text[i][0] != '\0';
    return count;
}

bool mu_is_bound_weakly(const mu_sources *sources) {
    return readable(sources) < 2;
}

static void part(mu_span key, uint8_t number, const char *text, size_t width, uint8_t *to) {
    uint8_t hash[MU_HASH_SIZE], any = 0;
    mu_span pieces[] = {mu_span_of_text("muster-part-v1"), mu_span_of(&number, 1), mu_span_of_text(text)};
    mu_hmac(hash, key, pieces, 3);
    memcpy(to, hash, width);
    for (size_t i = 0; i < width; i++)
        any |= to[i];
    if (any == 0)
        to[width - 1] = 1;
}

void mu_parts(const mu_sources *sources, mu_span key, size_t width, uint8_t *parts) {
    memset(parts, 0, MU_PARTS * width);
    const char *machine = sources->text[MU_MACHINE_ID];
    if (mu_is_bound_weakly(sources)) {
        for (uint8_t i = 0; i < 2 && machine[0] != '\0'; i++)
            part(key, (uint8_t)(MU_PARTS + i), machine, width, parts + i * width);
        return;
    }
    for (uint8_t i = 0; i < MU_PARTS; i++)
        if (sources->text[i][0] != '\0')
            part(key, i, sources->text[i], width, parts + i * width);
}

static bool is_zero(const uint8_t *part_) {
    static const uint8_t zero[MU_LEASE_WIDTH];
    return memcmp(part_, zero, sizeof zero) == 0;
}

bool mu_is_same_hardware(const uint8_t *one, const uint8_t *other) {
    size_t both = 0, different = 0;
    for (size_t i = 0; i < MU_PARTS * MU_LEASE_WIDTH; i += MU_LEASE_WIDTH) {
        if (is_zero(one + i) || is_zero(other + i))
            continue;
        both++;
        different += memcmp(one + i, other + i, MU_LEASE_WIDTH) != 0;
    }
    return both >= 2 && different <= 1;
}

bool mu_does_hardware_hold(const uint8_t *one, const uint8_t *other) {
    static const uint8_t nothing[MU_PARTS * MU_LEASE_WIDTH];
    bool is_unreadable = memcmp(one, nothing, sizeof nothing) == 0 && memcmp(other, nothing, sizeof nothing) == 0;
    return is_unreadable || mu_is_same_hardware(one, other);
}
