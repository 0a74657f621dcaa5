/* The licensing service of this machine, asked by its socket (spec/control.md). Its answer is read for the error in it. */
#include "control.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { LENGTH_SIZE = 4, ANSWER_MOST = 4 << 20, REQUEST_MOST = 1024, DEPTH_MOST = 64, ANSWER_SECONDS = 330, ESCAPE_SIZE = 7 };

/* JSON (RFC 8259) from `at` on. Once `bad`, nothing more is found. */
typedef struct {
    const char *at, *end;
    bool bad;
} json;

static void skip_blanks(json *text) {
    while (text->at < text->end && (*text->at == ' ' || *text->at == '\t' || *text->at == '\r' || *text->at == '\n'))
        text->at++;
}

static bool take(json *text, char wanted) {
    skip_blanks(text);
    if (text->bad || text->at == text->end || *text->at != wanted)
        return false;
    text->at++;
    return true;
}

static bool expect(json *text, char wanted) {
    if (!take(text, wanted))
        text->bad = true;
    return !text->bad;
}

/* A string without its quotes, as it is written: names and codes have no escapes. */
static mu_span quoted(json *text) {
    expect(text, '"');
    const char *from = text->at;
    while (!text->bad && text->at < text->end && *text->at != '"') {
        ptrdiff_t step = *text->at == '\\' ? 2 : 1;
        text->bad = (unsigned char)*text->at < ' ' || text->end - text->at < step;
        text->at += text->bad ? 0 : step;
    }
    mu_span found = mu_span_of(from, text->bad ? 0 : (size_t)(text->at - from));
    expect(text, '"');
    return found;
}

/* A number, or true, false, null. */
static void word(json *text) {
    const char *from = text->at;
    while (text->at < text->end && *text->at != '\0' && strchr("+-.0123456789abcdefghijklmnopqrstuvwxyzE", *text->at) != NULL)
        text->at++;
    text->bad = text->bad || text->at == from;
}

/* Goes over a value. Of an object, `found` becomes the value of the member `name`; whether there is one. */
static bool value(json *text, const char *name, json *found, int depth) {
    bool is_there = false;
    if (depth > DEPTH_MOST) {
        text->bad = true;
    } else if (take(text, '{')) {
        for (bool more = !take(text, '}'); more && !text->bad; more = !text->bad && !take(text, '}') && expect(text, ',')) {
            mu_span key = quoted(text);
            expect(text, ':');
            skip_blanks(text);
            if (name != NULL && !is_there && mu_equal(key, mu_span_of_text(name))) {
                is_there = true;
                *found = *text;
            }
            value(text, NULL, NULL, depth + 1);
        }
    } else if (take(text, '[')) {
        for (bool more = !take(text, ']'); more && !text->bad; more = !text->bad && !take(text, ']') && expect(text, ','))
            value(text, NULL, NULL, depth + 1);
    } else if (text->at < text->end && *text->at == '"') {
        quoted(text);
    } else {
        word(text);
    }
    return is_there && !text->bad;
}

/* The number of an error object; 0 for null. */
static int number_of(json error) {
    static const char NOTHING[] = {'n', 'u', 'l', 'l'};
    json code;
    if (error.end - error.at >= (ptrdiff_t)sizeof NOTHING && memcmp(error.at, NOTHING, sizeof NOTHING) == 0)
        return MU_OK;
    if (!value(&error, "code", &code, 0))
        return MU_MESSAGE_MALFORMED;
    mu_span named = quoted(&code);
    return code.bad ? MU_MESSAGE_MALFORMED : mu_error_number((const char *)named.at, named.size);
}

int mu_control_judge(mu_span answer) {
    json whole = {(const char *)answer.at, (const char *)answer.at + answer.size, false}, again = whole, inner, error;
    bool is_refused = value(&whole, "error", &error, 0);
    skip_blanks(&whole);
    if (whole.bad || whole.at != whole.end)
        return MU_MESSAGE_MALFORMED;
    if (is_refused) {
        int number = number_of(error);
        return number != MU_OK ? number : MU_MESSAGE_MALFORMED;
    }
    if (!value(&again, "answer", &inner, 0) || !value(&inner, "error", &error, 0))
        return MU_MESSAGE_MALFORMED;
    return number_of(error);
}

size_t mu_control_request(const char *operation, const char *edition, char *to, size_t room) {
    int size = snprintf(to, room, "{\"version\": 1, \"operation\": \"%s\", \"parameters\": {\"edition\": \"", operation);
    for (const char *c = edition; *c != '\0' && (size_t)size + ESCAPE_SIZE < room; c++) {
        if (*c == '"' || *c == '\\' || (unsigned char)*c < ' ')
            size += snprintf(to + size, room - (size_t)size, "\\u%04x", (unsigned)(unsigned char)*c);
        else
            to[size++] = *c;
    }
    size += snprintf(to + size, room - (size_t)size, "\"}}");
    return (size_t)size < room ? (size_t)size : 0;
}

/* A connection to who listens; -1: nobody does, -2: it cannot be reached. */
static int reach(const char *folder) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int place = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    int connection = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (place < 0 || connection < 0) {
        if (place >= 0)
            close(place);
        if (connection >= 0)
            close(connection);
        return -1;
    }
    /* The path of a folder may be longer than an address has room for. */
    snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/control", place);
    int result = connect(connection, (const struct sockaddr *)&address, sizeof address), why = errno;
    close(place);
    if (result == 0)
        return connection;
    close(connection);
    return why == ENOENT || why == ECONNREFUSED || why == ENOTDIR || why == EACCES ? -1 : -2;
}

static bool receive(int connection, void *to, size_t size, int64_t deadline) {
    for (size_t got = 0; got < size;) {
        ssize_t more = mu_wait_for(connection, MU_READABLE, deadline) ? recv(connection, (char *)to + got, size - got, MSG_DONTWAIT) : 0;
        if (more < 0 && (errno == EAGAIN || errno == EINTR))
            continue;
        if (more <= 0)
            return false;
        got += (size_t)more;
    }
    return true;
}

static int exchange(int connection, const char *request, size_t size) {
    int64_t deadline = mu_milliseconds() + ANSWER_SECONDS * 1000;
    uint8_t length[LENGTH_SIZE] = {0, 0, (uint8_t)(size >> 8), (uint8_t)size};
    /* A service that refuses says why before it hangs up: what cannot be sent may have an answer all the same. */
    if (send(connection, length, sizeof length, MSG_NOSIGNAL) == (ssize_t)sizeof length)
        (void)!send(connection, request, size, MSG_NOSIGNAL);
    if (!receive(connection, length, sizeof length, deadline))
        return MU_SERVICE_NOT_RUNNING;
    size_t announced = (size_t)length[0] << 24 | (size_t)length[1] << 16 | (size_t)length[2] << 8 | length[3];
    if (announced == 0 || announced > ANSWER_MOST)
        return MU_MESSAGE_MALFORMED;
    char *answer = malloc(announced);
    int error = answer == NULL                                         ? MU_INTERNAL
                : !receive(connection, answer, announced, deadline) ? MU_SERVICE_NOT_RUNNING
                                                                       : mu_control_judge(mu_span_of(answer, announced));
    free(answer);
    return error;
}

bool mu_control_ask(const char *folder, const char *operation, const char *edition, int *error) {
    char request[REQUEST_MOST];
    size_t size = mu_control_request(operation, edition, request, sizeof request);
    int connection = size == 0 ? -1 : reach(folder);
    if (connection == -1)
        return false;
    *error = connection < 0 ? MU_SERVICE_NOT_RUNNING : exchange(connection, request, size);
    if (connection >= 0)
        close(connection);
    return true;
}
