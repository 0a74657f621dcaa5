/* Groups of seven digits: six of a number and Verhoeff's check (spec/humanid.md). */
#include "ids.h"

#include <string.h>

enum { GROUP = 7, GROUPS_MOST = 34, TYPED_MOST = 2000, NUMBER_MOST = GROUPS_MOST * (GROUP - 1) };

static const uint8_t PRODUCT[10][10] = {
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, {1, 2, 3, 4, 0, 6, 7, 8, 9, 5}, {2, 3, 4, 0, 1, 7, 8, 9, 5, 6}, {3, 4, 0, 1, 2, 8, 9, 5, 6, 7},
    {4, 0, 1, 2, 3, 9, 5, 6, 7, 8}, {5, 9, 8, 7, 6, 0, 4, 3, 2, 1}, {6, 5, 9, 8, 7, 1, 0, 4, 3, 2}, {7, 6, 5, 9, 8, 2, 1, 0, 4, 3},
    {8, 7, 6, 5, 9, 3, 2, 1, 0, 4}, {9, 8, 7, 6, 5, 4, 3, 2, 1, 0},
};

/* What Verhoeff's sum of group n comes to, over n mod 10 and its seven digits, the check digit last. */
static uint8_t sum_of(size_t n, const uint8_t *group) {
    static const uint8_t permutation[10] = {1, 5, 7, 6, 2, 8, 3, 0, 9, 4};
    uint8_t sum = 0;
    for (size_t i = 0; i <= GROUP; i++) {
        uint8_t digit = i < GROUP ? group[GROUP - 1 - i] : (uint8_t)(n % 10);
        for (size_t k = 0; k < i % 8; k++)
            digit = permutation[digit];
        sum = PRODUCT[sum][digit];
    }
    return sum;
}

/* How many bytes at i are no part of the id: blanks, hyphens, dots, commas, semicolons, slashes, typographic dashes. */
static size_t dropped_at(mu_span typed, size_t i) {
    const uint8_t *at = typed.at + i;
    if (*at != '\0' && strchr(" \t\r\n\v\f-.,;/", *at) != NULL)
        return 1;
    if (typed.size - i >= 2 && at[0] == 0xc2 && at[1] == 0xa0)
        return 2;
    bool is_dash = typed.size - i >= 3 && at[0] == 0xe2 &&
                   ((at[1] == 0x80 && ((at[2] >= 0x90 && at[2] <= 0x95) || at[2] == 0xaf)) || (at[1] == 0x88 && at[2] == 0x92));
    return is_dash ? 3 : 0;
}

/* The digits of the groups without their check digits: how many groups, 0 where one is wrong. */
static size_t read_groups(mu_span typed, uint8_t digits[NUMBER_MOST], int *group) {
    uint8_t read[GROUPS_MOST * GROUP];
    size_t count = 0;
    *group = 0;
    if (typed.size > TYPED_MOST)
        return 0;
    for (size_t i = 0, skip; i < typed.size; i += skip) {
        skip = dropped_at(typed, i);
        if (skip > 0)
            continue;
        skip = 1;
        if (count == sizeof read)
            return 0;
        if (typed.at[i] < '0' || typed.at[i] > '9') {
            *group = (int)(count / GROUP) + 1;
            return 0;
        }
        read[count++] = (uint8_t)(typed.at[i] - '0');
    }
    size_t groups = count / GROUP;
    for (size_t n = 0; n < groups; n++) {
        if (sum_of(n + 1, read + n * GROUP) != 0) {
            *group = (int)n + 1;
            return 0;
        }
        memcpy(digits + n * (GROUP - 1), read + n * GROUP, GROUP - 1);
    }
    return count % GROUP == 0 ? groups : 0;
}

/* A decimal number in `size` bytes, most significant first; false where it does not fit. */
static bool to_bytes(const uint8_t *digits, size_t count, uint8_t *bytes, size_t size) {
    memset(bytes, 0, size);
    for (size_t i = 0; i < count; i++) {
        unsigned carry = digits[i];
        for (size_t k = size; k-- > 0;) {
            carry += bytes[k] * 10U;
            bytes[k] = (uint8_t)carry;
            carry >>= 8;
        }
        if (carry != 0)
            return false;
    }
    return true;
}

static void to_digits(mu_span bytes, uint8_t *digits, size_t count) {
    uint8_t number[MU_LARGEST_CONFIRMATION];
    memcpy(number, bytes.at, bytes.size);
    for (size_t i = count; i-- > 0;) {
        unsigned rest = 0;
        for (size_t k = 0; k < bytes.size; k++) {
            rest = rest << 8 | number[k];
            number[k] = (uint8_t)(rest / 10);
            rest %= 10;
        }
        digits[i] = (uint8_t)rest;
    }
}

static void spell(const uint8_t *digits, size_t groups, char *text) {
    for (size_t n = 0; n < groups; n++) {
        uint8_t group[GROUP];
        memcpy(group, digits + n * (GROUP - 1), GROUP - 1);
        for (group[GROUP - 1] = 0; sum_of(n + 1, group) != 0;)
            group[GROUP - 1]++;
        for (size_t i = 0; i < GROUP; i++)
            *text++ = (char)('0' + group[i]);
        *text++ = n + 1 < groups ? '-' : '\0';
    }
}

int mu_installation_digits(mu_span typed, uint8_t packed[MU_INSTALLATION_OTHER], size_t *size, int *group) {
    uint8_t digits[NUMBER_MOST];
    mu_installation found;
    size_t groups = read_groups(typed, digits, group);
    *size = groups == 10 ? MU_INSTALLATION_MACHINE : MU_INSTALLATION_OTHER;
    if ((groups != 10 && groups != 18) || !to_bytes(digits, groups * (GROUP - 1), packed, *size))
        return MU_INSTALLATION_ID_MALFORMED;
    return mu_installation_read(mu_span_of(packed, *size), &found);
}

/* Groups and bytes of a confirmation of a format; 0 groups of none. */
static size_t groups_of(uint8_t format, size_t *size) {
    static const uint8_t groups[] = {0, 26, 27, 34, 34}, sizes[] = {0, 65, 67, 83, 83};
    *size = format > 4 ? 0 : sizes[format];
    return format > 4 ? 0 : groups[format];
}

int mu_confirmation_digits(mu_span typed, uint8_t packed[MU_LARGEST_CONFIRMATION], size_t *size, int *group) {
    uint8_t digits[NUMBER_MOST];
    size_t groups = read_groups(typed, digits, group);
    if (groups == 0 || groups != groups_of(digits[0], size))
        return MU_CONFIRMATION_MALFORMED;
    packed[0] = digits[0];
    bool fits = to_bytes(digits + 1, groups * (GROUP - 1) - 1, packed + 1, *size - 1);
    return fits ? MU_OK : MU_CONFIRMATION_MALFORMED;
}

void mu_installation_spell(mu_span packed, char *text) {
    uint8_t digits[NUMBER_MOST];
    size_t groups = packed.size == MU_INSTALLATION_MACHINE ? 10 : 18;
    to_digits(packed, digits, groups * (GROUP - 1));
    spell(digits, groups, text);
}

void mu_confirmation_spell(mu_span packed, char *text) {
    uint8_t digits[NUMBER_MOST];
    size_t size, groups = groups_of(packed.at[0], &size);
    digits[0] = packed.at[0];
    to_digits(mu_span_of(packed.at + 1, packed.size - 1), digits + 1, groups * (GROUP - 1) - 1);
    spell(digits, groups, text);
}
