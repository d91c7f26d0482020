# The C tests, from Maven: cmake -DTARGET=.. -P test.cmake. They run three times: under the address and undefined-behavior sanitizers, with the
# objects of the library that is shipped, and, for the baseline kernels, under the thread sanitizer where this machine can start it.
cmake_minimum_required(VERSION 3.18)
get_filename_component(ROOT "${CMAKE_CURRENT_LIST_DIR}" DIRECTORY)
cmake_host_system_information(RESULT processors QUERY NUMBER_OF_LOGICAL_CORES)

function(configure build)
    if(NOT EXISTS "${build}/build.ninja")
        execute_process(COMMAND "${CMAKE_COMMAND}" -S "${ROOT}/native" -B "${build}" -G Ninja -DFATHOM_TESTS=ON ${ARGN}
            RESULT_VARIABLE failed OUTPUT_VARIABLE said ERROR_VARIABLE said)
        if(failed)
            message("${said}")
            message(FATAL_ERROR "the C tests cannot be configured")
        endif()
    endif()
endfunction()

function(build build target)
    execute_process(COMMAND "${CMAKE_COMMAND}" --build "${build}" --target ${target} -- --quiet # so that it says what fails
        RESULT_VARIABLE failed OUTPUT_VARIABLE said ERROR_VARIABLE said)
    if(failed)
        message("${said}")
        message(FATAL_ERROR "the C tests do not compile")
    endif()
endfunction()

# ARGN: a launcher
function(run build)
    message(STATUS "C tests of ${build}")
    execute_process(COMMAND ${ARGN} ctest --output-on-failure --no-tests=error -j ${processors} WORKING_DIRECTORY "${build}"
        RESULT_VARIABLE failed)
    if(failed)
        message(FATAL_ERROR "C tests failed")
    endif()
endfunction()

configure("${TARGET}/native-test" -DFATHOM_SANITIZE=address,undefined)
build("${TARGET}/native-test" tests)
run("${TARGET}/native-test")

build("${TARGET}/native" tests) # configured by build.cmake
run("${TARGET}/native")

# GCC's thread sanitizer refuses to start where the kernel places mappings too randomly for it; without that it may start.
configure("${TARGET}/native-races" -DFATHOM_SANITIZE=thread -DFATHOM_BASELINE_ONLY=ON)
execute_process(COMMAND "${CMAKE_COMMAND}" --build "${TARGET}/native-races" --target starts
    RESULT_VARIABLE failed OUTPUT_VARIABLE said ERROR_VARIABLE said)
set(launcher "")
if(NOT failed)
    execute_process(COMMAND "${TARGET}/native-races/starts" RESULT_VARIABLE failed OUTPUT_VARIABLE said ERROR_VARIABLE said)
    if(failed)
        set(launcher setarch -R)
        execute_process(COMMAND ${launcher} "${TARGET}/native-races/starts" RESULT_VARIABLE failed OUTPUT_QUIET ERROR_QUIET)
    endif()
endif()
if(failed)
    message(WARNING "NOT CHECKED FOR RACES: the thread sanitizer does not start on this machine, so that the pool and the kernels "
        "were not run under it. It said:\n${said}")
else()
    build("${TARGET}/native-races" tests)
    run("${TARGET}/native-races" ${launcher})
endif()
