# The native library, from Maven: cmake -DTARGET=.. -DJAVA_HOME=.. -DPLATFORM=.. -P build.cmake
# target/jni/generated/fathom.cpp -> target/native/lib -> target/classes/dev/fathom/kernel/PLATFORM/libfathom.so, and its key.
# Copies only what differs, so that an unchanged tree compiles and links nothing.
cmake_minimum_required(VERSION 3.18)
get_filename_component(ROOT "${CMAKE_CURRENT_LIST_DIR}" DIRECTORY)
set(BUILD "${TARGET}/native")
set(OUT "${TARGET}/classes/dev/fathom/kernel/${PLATFORM}")

if(NOT EXISTS "${JAVA_HOME}/include/jni.h")
    message(FATAL_ERROR "${JAVA_HOME} has no include/jni.h: run Maven on a JDK, not on a JRE")
endif()
file(GLOB machine "${JAVA_HOME}/include/*/jni_md.h")
get_filename_component(machine "${machine}" DIRECTORY)

configure_file("${TARGET}/jni/generated/fathom.cpp" "${TARGET}/jni/fathom.cpp" COPYONLY)

set(settings -G Ninja -DCMAKE_BUILD_TYPE=Release "-DCMAKE_LIBRARY_OUTPUT_DIRECTORY=${BUILD}/lib"
    -DFATHOM_TESTS=ON -DFATHOM_SANITIZE=none # for test.cmake, which builds and runs the tests
    "-DFATHOM_JNI_SOURCES=${TARGET}/jni/fathom.cpp" "-DFATHOM_JNI_INCLUDES=${JAVA_HOME}/include\\;${machine}")
set(before "")
if(EXISTS "${BUILD}/settings")
    file(READ "${BUILD}/settings" before)
endif()
if(NOT before STREQUAL "${settings}")
    execute_process(COMMAND "${CMAKE_COMMAND}" -S "${ROOT}/native" -B "${BUILD}" ${settings}
        RESULT_VARIABLE failed OUTPUT_VARIABLE said ERROR_VARIABLE said)
    if(failed)
        message("${said}")
        message(FATAL_ERROR "the native library cannot be configured")
    endif()
    file(WRITE "${BUILD}/settings" "${settings}")
endif()

execute_process(COMMAND "${CMAKE_COMMAND}" --build "${BUILD}"
    RESULT_VARIABLE failed OUTPUT_VARIABLE said ERROR_VARIABLE said)
if(failed)
    message("${said}")
    message(FATAL_ERROR "the native library does not compile")
endif()

file(GLOB library "${BUILD}/lib/*fathom.*")
get_filename_component(name "${library}" NAME)
file(SHA256 "${library}" hash)
file(SIZE "${library}" size)
string(SUBSTRING "${hash}" 0 16 hash)
set(before "")
if(EXISTS "${OUT}/key" AND EXISTS "${OUT}/${name}")
    file(READ "${OUT}/key" before)
endif()
if(NOT before STREQUAL "${hash}-${size}")
    file(MAKE_DIRECTORY "${OUT}")
    # a new file, never an overwritten one: a running JVM may have the old one mapped
    file(REMOVE "${OUT}/${name}")
    configure_file("${library}" "${OUT}/${name}" COPYONLY)
    file(WRITE "${OUT}/key" "${hash}-${size}")
endif()
