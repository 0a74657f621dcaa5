/* What a program asks, as a command: status FOLDER FINGERPRINT EDITION [install FILE | activate [HOSTS] | find ZONE SERVER]
 * Ends with 0 when the edition is licensed, 1 when it is not, 2 with an error. */
#include <muster.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int fail(int error) {
    fprintf(stderr, "error: %s: %s\nhint: %s\n", muster_error_code(error), muster_error_cause(error), muster_error_hint(error));
    return 2;
}

static char *read_file(const char *path) {
    FILE *file = fopen(path, "rb");
    char *text = calloc(1, 2 << 20);
    if (file != NULL && text != NULL)
        text[fread(text, 1, (2 << 20) - 1, file)] = '\0';
    if (file != NULL)
        fclose(file);
    return text;
}

static void tell(const muster *handle) {
    printf("%s of %s: %s\n", muster_product(handle), muster_vendor(handle), muster_state_name(handle));
    printf("method %d\npermanent %d\n", (int)muster_method(handle), muster_is_permanent(handle));
    printf("expires_at %lld\ngrace_ends_at %lld\n", (long long)muster_expires_at(handle), (long long)muster_grace_ends_at(handle));
    printf("days_left %lld\n", (long long)muster_days_left(handle));
    printf("count %d\nthreshold %d\n", muster_count(handle), muster_threshold(handle));
    printf("organisation %lld\n", (long long)muster_organisation(handle));
    printf("reason %s\n", muster_error_code(muster_reason(handle)));
    for (size_t i = 0; i < muster_feature_count(handle); i++)
        printf("feature %s\n", muster_feature(handle, i));
}

int main(int arguments, char **argument) {
    muster *handle;
    if (arguments < 4) {
        fprintf(stderr, "usage: status FOLDER FINGERPRINT EDITION [install FILE | activate [HOSTS] | find ZONE SERVER]\n");
        return 2;
    }
    const char *folder = argument[1], *fingerprint = argument[2], *edition = argument[3];
    if (arguments == 6 && strcmp(argument[4], "install") == 0) {
        char *product = read_file(argument[5]);
        int error = muster_install(folder, fingerprint, edition, product);
        free(product);
        if (error != 0)
            return fail(error);
    }
    int error = muster_open(folder, fingerprint, edition, &handle);
    if (error != 0)
        return fail(error);
    if ((arguments == 5 || arguments == 6) && strcmp(argument[4], "activate") == 0) {
        error = muster_activate(handle, argument[5]);
    } else if (arguments == 7 && strcmp(argument[4], "find") == 0) {
        muster_set_zone(handle, argument[5]);
        muster_set_dns(handle, argument[6]);
        error = muster_activate(handle, NULL);
    }
    tell(handle);
    int is_licensed = muster_state(handle) == MUSTER_LICENSED;
    muster_free(handle);
    if (error != 0)
        return fail(error);
    return is_licensed ? 0 : 1;
}
