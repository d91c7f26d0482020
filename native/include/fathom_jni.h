/* What the generated JNI functions need beyond fathom.h: calls that speak JNI, and a start without JavaCPP. C++ only. */
#ifndef FATHOM_JNI_H
#define FATHOM_JNI_H

#include "fathom.h"
#include <jni.h>

static inline jobject fathom_jni_view(JNIEnv *env, jclass, int64_t address, int64_t bytes) {
    return env->NewDirectByteBuffer(reinterpret_cast<void *>(address), bytes);
}

static inline int64_t fathom_jni_address(JNIEnv *env, jclass, jobject buffer) {
    return reinterpret_cast<int64_t>(env->GetDirectBufferAddress(buffer));
}

static inline jstring fathom_jni_table(JNIEnv *env, jclass, int32_t which) {
    return env->NewStringUTF(fathom_table(which));
}

static inline jstring fathom_jni_machine(JNIEnv *env, jclass) { return env->NewStringUTF(fathom_machine()); }

/*
 * The generated JNI_OnLoad fills JavaCPP's reflection tables through its Loader class. Functions of scalars use none of that,
 * so it gets a name the JVM does not look for, and the file it would call into is not compiled.
 */
#define JNI_OnLoad javacpp_unused_load
#define JNI_OnUnload javacpp_unused_unload
extern "C" {
static inline jint JNI_OnLoad_jnijavacpp(JavaVM *, void *) { return JNI_ERR; }
static inline void JNI_OnUnload_jnijavacpp(JavaVM *, void *) {}
}

#endif
