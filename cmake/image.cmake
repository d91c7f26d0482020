# The modules, from Maven: cmake -DTARGET=.. -DSOURCES=.. -DJAR=.. -DNATIVES=.. -DJAVA_HOME=.. -P image.cmake
# A user's module is linked by jlink with the library into an image, which trains and serves. The same module without its `opens` line must get a
# sentence that names the line.
cmake_minimum_required(VERSION 3.18)
set(WORK "${TARGET}/image-test")
file(REMOVE_RECURSE "${WORK}")
file(READ "${TARGET}/classpath" libraries)
string(STRIP "${libraries}" libraries)
set(LIBRARY "${JAR}:${NATIVES}:${libraries}")

function(step what said)
    execute_process(COMMAND ${ARGN} RESULT_VARIABLE failed OUTPUT_VARIABLE out ERROR_VARIABLE errors)
    if(failed)
        message("${out}${errors}")
        message(FATAL_ERROR "${what} failed")
    endif()
    set(${said} "${out}" PARENT_SCOPE)
endfunction()

function(expect text said)
    string(FIND "${said}" "${text}" at)
    if(at LESS 0)
        message(FATAL_ERROR "expected \"${text}\" but the program said \"${said}\"")
    endif()
endfunction()

set(native_access "")
file(READ "${JAVA_HOME}/release" release)
if(NOT release MATCHES "JAVA_VERSION=\"(17|18|19|20|21)")
    set(native_access --enable-native-access=dev.fathom)
endif()

step("compiling a user's module" said "${JAVA_HOME}/bin/javac" -d "${WORK}/orchard" -p "${LIBRARY}"
    "${SOURCES}/module-info.java" "${SOURCES}/orchard/Main.java")
step("jlink" said "${JAVA_HOME}/bin/jlink" -p "${WORK}/orchard:${LIBRARY}" --add-modules orchard --output "${WORK}/image")
step("the image" said "${WORK}/image/bin/java" ${native_access} -m orchard/orchard.Main)
expect("served 0110 from module orchard" "${said}")
message(STATUS "jlink image: ${said}")

file(READ "${SOURCES}/module-info.java" closed)
string(REGEX REPLACE "opens[^;]*;" "" closed "${closed}")
file(WRITE "${WORK}/closed-source/module-info.java" "${closed}")
step("compiling a closed module" said "${JAVA_HOME}/bin/javac" -d "${WORK}/closed" -p "${LIBRARY}"
    "${WORK}/closed-source/module-info.java" "${SOURCES}/orchard/Main.java")
step("the closed module" said "${JAVA_HOME}/bin/java" ${native_access} -p "${WORK}/closed:${LIBRARY}" -m orchard/orchard.Main)
expect("add `opens orchard to dev.fathom;` to the module-info of orchard" "${said}")
message(STATUS "closed module: ${said}")
