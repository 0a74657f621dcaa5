/* Objects, lists, text with escapes, numbers. Nothing is checked that our own vectors cannot be. */
#include "json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void fail(const char *why) {
    fprintf(stderr, "vectors: %s\n", why);
    exit(2);
}

static void *allocate(size_t size) {
    void *found = calloc(1, size);
    if (found == NULL)
        fail("out of memory");
    return found;
}

static void blanks(const char **at) {
    *at += strspn(*at, " \t\r\n");
}

static void take(const char **at, char c) {
    blanks(at);
    if (**at != c)
        fail("another character was expected");
    ++*at;
}

static size_t put_utf8(char *to, unsigned long c) {
    if (c < 0x80) {
        to[0] = (char)c;
        return 1;
    }
    size_t more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    static const unsigned char heads[] = {0, 0xc0, 0xe0, 0xf0};
    to[0] = (char)(heads[more] | c >> (6 * more));
    for (size_t i = 1; i <= more; i++)
        to[i] = (char)(0x80 | (c >> (6 * (more - i)) & 0x3f));
    return 1 + more;
}

static unsigned long hex4(const char *at) {
    char digits[5] = {0};
    memcpy(digits, at, 4);
    return strtoul(digits, NULL, 16);
}

static char *text(const char **at) {
    take(at, '"');
    char *found = allocate(strlen(*at) + 1), *to = found;
    while (**at != '"') {
        if (**at == '\0')
            fail("text without end");
        if (**at != '\\') {
            *to++ = *(*at)++;
            continue;
        }
        char c = (*at)[1];
        *at += 2;
        if (c == 'u') {
            unsigned long code = hex4(*at);
            *at += 4;
            if (code >= 0xd800 && code < 0xdc00 && (*at)[0] == '\\' && (*at)[1] == 'u') {
                code = 0x10000 + ((code - 0xd800) << 10) + (hex4(*at + 2) - 0xdc00);
                *at += 6;
            }
            to += put_utf8(to, code);
        } else {
            *to++ = c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : c == 'b' ? '\b' : c == 'f' ? '\f' : c;
        }
    }
    ++*at;
    char *small = realloc(found, (size_t)(to - found) + 1);
    small[to - found] = '\0';
    return small;
}

static json *value(const char **at);

static void members(const char **at, json *into, char end) {
    json **last = &into->first;
    ++*at;
    blanks(at);
    while (**at != end) {
        char *name = NULL;
        if (end == '}') {
            name = text(at);
            take(at, ':');
        }
        *last = value(at);
        (*last)->name = name;
        last = &(*last)->next;
        blanks(at);
        if (**at == ',') {
            ++*at;
            blanks(at);
        }
    }
    ++*at;
}

static json *value(const char **at) {
    json *found = allocate(sizeof *found);
    blanks(at);
    if (**at == '{' || **at == '[') {
        found->kind = **at == '{' ? JSON_OBJECT : JSON_LIST;
        members(at, found, **at == '{' ? '}' : ']');
    } else if (**at == '"') {
        found->kind = JSON_TEXT;
        found->text = text(at);
    } else if (strncmp(*at, "null", 4) == 0) {
        *at += 4;
    } else if (strncmp(*at, "true", 4) == 0 || strncmp(*at, "false", 5) == 0) {
        found->kind = JSON_BOOL;
        found->number = **at == 't';
        *at += **at == 't' ? 4 : 5;
    } else {
        char *end;
        found->kind = JSON_NUMBER;
        found->number = strtod(*at, &end);
        if (end == *at)
            fail("no value");
        *at = end;
    }
    return found;
}

json *json_read_file(const char *path) {
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        fail(path);
    fseek(file, 0, SEEK_END);
    long size = ftell(file);
    rewind(file);
    char *whole = allocate((size_t)size + 1);
    if (fread(whole, 1, (size_t)size, file) != (size_t)size)
        fail(path);
    fclose(file);
    const char *at = whole;
    json *found = value(&at);
    free(whole);
    return found;
}

void json_free(json *of) {
    while (of != NULL) {
        json *next = of->next;
        json_free(of->first);
        free(of->text);
        free(of->name);
        free(of);
        of = next;
    }
}

json *json_get(const json *object, const char *name) {
    for (json *found = object->first; found != NULL; found = found->next)
        if (found->name != NULL && strcmp(found->name, name) == 0)
            return found;
    return NULL;
}

json *json_at(const json *list, size_t index) {
    json *found = list->first;
    while (index-- > 0 && found != NULL)
        found = found->next;
    return found;
}

size_t json_count(const json *list) {
    size_t count = 0;
    for (json *found = list->first; found != NULL; found = found->next)
        count++;
    return count;
}
