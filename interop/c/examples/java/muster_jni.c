/* What stands between Status.java and libmuster. Addresses of user space are not negative. */
#include <jni.h>
#include <muster.h>

#include <stdint.h>

static const muster *handle_of(jlong number) {
    return (const muster *)(intptr_t)number;
}

JNIEXPORT jlong JNICALL Java_Status_open(JNIEnv *env, jclass of, jstring folder, jstring fingerprint, jstring edition) {
    (void)of;
    const char *text[3] = {(*env)->GetStringUTFChars(env, folder, NULL), (*env)->GetStringUTFChars(env, fingerprint, NULL),
                           (*env)->GetStringUTFChars(env, edition, NULL)};
    muster *handle;
    int error = muster_open(text[0], text[1], text[2], &handle);
    (*env)->ReleaseStringUTFChars(env, folder, text[0]);
    (*env)->ReleaseStringUTFChars(env, fingerprint, text[1]);
    (*env)->ReleaseStringUTFChars(env, edition, text[2]);
    return error != 0 ? -error : (jlong)(intptr_t)handle;
}

JNIEXPORT void JNICALL Java_Status_free(JNIEnv *env, jclass of, jlong handle) {
    (void)env, (void)of;
    muster_free((muster *)(intptr_t)handle);
}

JNIEXPORT jint JNICALL Java_Status_state(JNIEnv *env, jclass of, jlong handle) {
    (void)env, (void)of;
    return (jint)muster_state(handle_of(handle));
}

JNIEXPORT jstring JNICALL Java_Status_stateName(JNIEnv *env, jclass of, jlong handle) {
    (void)of;
    return (*env)->NewStringUTF(env, muster_state_name(handle_of(handle)));
}

JNIEXPORT jlong JNICALL Java_Status_daysLeft(JNIEnv *env, jclass of, jlong handle) {
    (void)env, (void)of;
    return muster_days_left(handle_of(handle));
}

JNIEXPORT jstring JNICALL Java_Status_errorCode(JNIEnv *env, jclass of, jint error) {
    (void)of;
    return (*env)->NewStringUTF(env, muster_error_code(error));
}

JNIEXPORT jstring JNICALL Java_Status_errorHint(JNIEnv *env, jclass of, jint error) {
    (void)of;
    return (*env)->NewStringUTF(env, muster_error_hint(error));
}
