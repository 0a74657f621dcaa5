/* A reader of the JSON that vectors are written in; for tests alone. */
#ifndef JSON_H
#define JSON_H

#include <stdbool.h>
#include <stddef.h>

typedef enum { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_TEXT, JSON_LIST, JSON_OBJECT } json_kind;

typedef struct json {
    json_kind kind;
    double number; /* also 0 or 1 of a boolean */
    char *text;    /* UTF-8 */
    char *name;    /* of a member of an object */
    struct json *first, *next;
} json;

/* Ends the program where the text is no JSON. */
json *json_read_file(const char *path);
void json_free(json *value);
json *json_get(const json *object, const char *name);
json *json_at(const json *list, size_t index);
size_t json_count(const json *list);

#endif
