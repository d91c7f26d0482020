# The modules, from Maven: cmake -DTARGET=.. -DSOURCES=.. -DJAR=.. -DNATIVES=.. -DJAVA_HOME=.. -P image.cmake
# A user's module is linked by jlink with the library into an image, which trains and serves. The same module without a line that it needs must get a
# sentence that names the line.
cmake_minimum_required(VERSION 3.18)
set(WORK "${TARGET}/image-test")
file(REMOVE_RECURSE "${WORK}")
file(READ "${TARGET}/classpath" libraries)
string(STRIP "${libraries}" libraries)
set(LIBRARY "${JAR}:${NATIVES}:${libraries}")

function(step what said)
    execute_process(COMMAND ${ARGN} RESULT_VARIABLE failed OUTPUT_VARIABLE out ERROR_VARIABLE errors
        OUTPUT_STRIP_TRAILING_WHITESPACE TIMEOUT 120)
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
if(EXISTS "${JAVA_HOME}/jmods")
    step("jlink" said "${JAVA_HOME}/bin/jlink" -p "${WORK}/orchard:${LIBRARY}" --add-modules orchard --output "${WORK}/image")
    step("the image" said "${WORK}/image/bin/java" ${native_access} -m orchard/orchard.Main)
    message(STATUS "jlink image: ${said}")
else() # some distributions ship them apart
    step("the modules" said "${JAVA_HOME}/bin/java" ${native_access} -p "${WORK}/orchard:${LIBRARY}" -m orchard/orchard.Main)
    message(STATUS "no image, as ${JAVA_HOME} has no jmods; on the module path: ${said}")
endif()
expect("served 0110 from module orchard" "${said}")

# the module without the line that matches LINE; what it says must hold TEXT
function(without line text)
    file(READ "${SOURCES}/module-info.java" module)
    string(REGEX REPLACE "${line}" "" module "${module}")
    file(WRITE "${WORK}/without/module-info.java" "${module}")
    step("compiling a module without ${line}" said "${JAVA_HOME}/bin/javac" -d "${WORK}/without/classes" -p "${LIBRARY}"
        "${WORK}/without/module-info.java" "${SOURCES}/orchard/Main.java")
    execute_process(COMMAND "${JAVA_HOME}/bin/java" ${native_access} -p "${WORK}/without/classes:${LIBRARY}" -m orchard/orchard.Main
        OUTPUT_VARIABLE said ERROR_VARIABLE said TIMEOUT 120)
    expect("${text}" "${said}")
    message(STATUS "a module without ${line} is told: ${text}")
endfunction()

without("opens[^;]*;" "add `opens orchard to dev.fathom;` to the module-info of orchard")
without("requires dev.fathom.natives;" "add `requires dev.fathom.natives;` to your module-info")
