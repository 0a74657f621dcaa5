/* What a handle says. */
#include "handle.h"

#include <string.h>

enum muster_state muster_state(const muster *handle) {
    return (enum muster_state)handle->standing.state;
}

const char *muster_state_name(const muster *handle) {
    static const char *const names[] = {"UNLICENSED", "INITIAL_GRACE", "LICENSED", "RENEWAL_GRACE", "NOTIFICATION"};
    return names[handle->standing.state];
}

enum muster_method muster_method(const muster *handle) {
    return (enum muster_method)handle->standing.method;
}

int muster_is_permanent(const muster *handle) {
    return handle->standing.is_permanent;
}

int64_t muster_expires_at(const muster *handle) {
    return handle->standing.expires_at;
}

int64_t muster_grace_ends_at(const muster *handle) {
    return handle->standing.grace_ends_at;
}

int64_t muster_days_left(const muster *handle) {
    const mu_standing *standing = &handle->standing;
    int64_t end = standing->state == MU_LICENSED ? standing->expires_at : standing->grace_ends_at;
    if (standing->is_permanent && standing->state == MU_LICENSED)
        return -1;
    return end <= handle->clocks.now ? 0 : (end - handle->clocks.now) / MU_DAY;
}

int muster_reason(const muster *handle) {
    return handle->standing.reason;
}

int muster_count(const muster *handle) {
    const mu_edition_record *mine = mu_record_edition(&handle->record, handle->edition->id);
    return mine == NULL ? 0 : (int)mine->attempts.count;
}

int muster_threshold(const muster *handle) {
    return (int)handle->edition->threshold;
}

int64_t muster_organisation(const muster *handle) {
    return handle->standing.organisation;
}

const char *muster_product(const muster *handle) {
    return handle->product_name;
}

const char *muster_vendor(const muster *handle) {
    return handle->vendor;
}

size_t muster_feature_count(const muster *handle) {
    return handle->feature_count;
}

const char *muster_feature(const muster *handle, size_t index) {
    return index < handle->feature_count ? handle->features[index] : NULL;
}

int muster_has_feature(const muster *handle, const char *name) {
    for (size_t i = 0; i < handle->feature_count; i++)
        if (strcmp(handle->features[i], name) == 0)
            return 1;
    return 0;
}

const char *muster_error_code(int error) {
    return mu_error_code(error);
}

const char *muster_error_cause(int error) {
    return mu_error_cause(error);
}

const char *muster_error_hint(int error) {
    return mu_error_hint(error);
}
