# The C tests under address and undefined-behaviour sanitizers, from Maven: cmake -DTARGET=.. -P test.cmake
cmake_minimum_required(VERSION 3.18)
get_filename_component(ROOT "${CMAKE_CURRENT_LIST_DIR}" DIRECTORY)
set(BUILD "${TARGET}/native-test")

if(NOT EXISTS "${BUILD}/build.ninja")
    execute_process(COMMAND "${CMAKE_COMMAND}" -S "${ROOT}/native" -B "${BUILD}" -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo
        -DFATHOM_TESTS=ON -DFATHOM_SANITIZE=address,undefined
        RESULT_VARIABLE failed OUTPUT_VARIABLE said ERROR_VARIABLE said)
    if(failed)
        message("${said}")
        message(FATAL_ERROR "the C tests cannot be configured")
    endif()
endif()
execute_process(COMMAND "${CMAKE_COMMAND}" --build "${BUILD}" RESULT_VARIABLE failed OUTPUT_VARIABLE said ERROR_VARIABLE said)
if(failed)
    message("${said}")
    message(FATAL_ERROR "the C tests do not compile")
endif()
execute_process(COMMAND ctest --output-on-failure --no-tests=error WORKING_DIRECTORY "${BUILD}" RESULT_VARIABLE failed)
if(failed)
    message(FATAL_ERROR "C tests failed")
endif()
