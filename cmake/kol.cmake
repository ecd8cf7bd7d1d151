# How a folder says what it is made of.
#
#   kol_library(NAME base SOURCES err.c str.c
#       [DEPS conf net]          other folders (kol_conf, kol_net), only ones above this in design order
#       [LIBS curl jansson]      libraries of others, see externals.cmake
#       [TESTS test_err.c ...]   cmocka programs, run by ctest in every build
#       [RELEASE_TESTS ...]      the same, left out of sanitizer builds (seccomp jail, real Whisper)
#       [FUZZ fuzz_str.c ...])   LLVMFuzzerTestOneInput: libFuzzer in the fuzz build; elsewhere ctest
#                                replays tests/corpus/<str>/* through it
#   kol_program(NAME kol SOURCES main.c [DEPS ...] [LIBS ...] [TESTS ...] ...)
#                                build/<preset>/bin/<NAME>
#
# A test file may include private headers of its folder. It finds its data under KOL_TEST_DATA.

add_custom_target(programs) # what a user needs, without any test
set(KOL_TEST_ENV
    "KOL_MODELS=${CMAKE_SOURCE_DIR}/build/models"
    "KOL_BIN=${CMAKE_BINARY_DIR}/bin/kol"
    "KOL_DECODE=${CMAKE_BINARY_DIR}/bin/kol-decode"
    "ASAN_OPTIONS=abort_on_error=1:detect_stack_use_after_return=1"
    "UBSAN_OPTIONS=print_stacktrace=1"
    "TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1")

# The full names of targets: kol_<folder> and ext_<library>.
function(kol_link target)
    cmake_parse_arguments(arg "" "" "DEPS;LIBS" ${ARGN})
    list(TRANSFORM arg_DEPS PREPEND kol_)
    list(TRANSFORM arg_LIBS PREPEND ext_)
    target_link_libraries(${target} PUBLIC kol_flags ${arg_DEPS} ${arg_LIBS} Threads::Threads m)
endfunction()

function(kol_add_test folder source)
    get_filename_component(test ${source} NAME_WE)
    set(target ${folder}_${test})
    add_executable(${target} ${source})
    target_link_libraries(${target} PRIVATE ${ARGN} PkgConfig::cmocka)
    # cmocka's macros convert by design, and a test's helpers need no prototypes.
    target_compile_options(${target} PRIVATE -Wno-conversion -Wno-missing-prototypes)
    target_compile_definitions(${target} PRIVATE KOL_TEST_DATA="${CMAKE_SOURCE_DIR}/tests/data")
    set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
    add_test(NAME ${folder}/${test} COMMAND ${target})
    set_tests_properties(${folder}/${test} PROPERTIES TIMEOUT 300 ENVIRONMENT "${KOL_TEST_ENV}")
endfunction()

function(kol_add_fuzz folder source)
    get_filename_component(fuzz ${source} NAME_WE)
    string(REGEX REPLACE "^fuzz_" "" corpus ${fuzz})
    set(target ${folder}_${fuzz})
    set(corpus_dir ${CMAKE_SOURCE_DIR}/tests/corpus/${corpus})
    if(KOL_FUZZ)
        add_executable(${target} ${source})
        target_link_options(${target} PRIVATE -fsanitize=fuzzer)
        set(command ${target} -runs=0 ${corpus_dir})
    else()
        add_executable(${target} ${source} ${CMAKE_SOURCE_DIR}/cmake/fuzz_replay.c)
        set(command ${target} ${corpus_dir})
    endif()
    target_link_libraries(${target} PRIVATE ${ARGN})
    target_compile_options(${target} PRIVATE -Wno-missing-prototypes)
    set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/fuzz)
    file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/fuzz)
    add_test(NAME ${folder}/${fuzz} COMMAND ${command})
    set_tests_properties(${folder}/${fuzz} PROPERTIES TIMEOUT 120 ENVIRONMENT "${KOL_TEST_ENV}")
endfunction()

# The tests of one folder, each linked with the same things as the folder itself.
function(kol_add_tests folder)
    cmake_parse_arguments(arg "" "" "LINK;TESTS;RELEASE_TESTS;FUZZ" ${ARGN})
    if(cmocka_FOUND)
        foreach(test ${arg_TESTS})
            kol_add_test(${folder} ${test} ${arg_LINK})
        endforeach()
        if(NOT KOL_SANITIZE)
            foreach(test ${arg_RELEASE_TESTS})
                kol_add_test(${folder} ${test} ${arg_LINK})
                get_filename_component(name ${test} NAME_WE)
                set_tests_properties(${folder}/${name} PROPERTIES LABELS release)
            endforeach()
        endif()
    endif()
    foreach(fuzz ${arg_FUZZ})
        kol_add_fuzz(${folder} ${fuzz} ${arg_LINK})
    endforeach()
endfunction()

set(KOL_LISTS SOURCES DEPS LIBS TESTS RELEASE_TESTS FUZZ)

function(kol_library)
    cmake_parse_arguments(arg "" "NAME" "${KOL_LISTS}" ${ARGN})
    add_library(kol_${arg_NAME} STATIC ${arg_SOURCES})
    kol_link(kol_${arg_NAME} DEPS ${arg_DEPS} LIBS ${arg_LIBS})
    kol_add_tests(${arg_NAME} LINK kol_${arg_NAME}
        TESTS ${arg_TESTS} RELEASE_TESTS ${arg_RELEASE_TESTS} FUZZ ${arg_FUZZ})
endfunction()

function(kol_program)
    cmake_parse_arguments(arg "" "NAME" "${KOL_LISTS}" ${ARGN})
    add_executable(${arg_NAME} ${arg_SOURCES})
    kol_link(${arg_NAME} DEPS ${arg_DEPS} LIBS ${arg_LIBS})
    add_dependencies(programs ${arg_NAME})
    list(TRANSFORM arg_DEPS PREPEND kol_)
    list(TRANSFORM arg_LIBS PREPEND ext_)
    kol_add_tests(${arg_NAME} LINK kol_flags ${arg_DEPS} ${arg_LIBS}
        TESTS ${arg_TESTS} RELEASE_TESTS ${arg_RELEASE_TESTS} FUZZ ${arg_FUZZ})
endfunction()

# bench/<folder>/bench_*.c measures src/<folder>: build/<preset>/bench/<folder>, run by ./dev bench <folder>.
function(kol_benches)
    file(GLOB benches CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/bench/*/bench_*.c)
    foreach(source ${benches})
        get_filename_component(folder ${source} DIRECTORY)
        get_filename_component(folder ${folder} NAME)
        if(TARGET kol_${folder})
            file(GLOB parts CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/bench/${folder}/*.c)
            add_executable(bench_${folder} ${parts})
            target_link_libraries(bench_${folder} PRIVATE kol_${folder})
            set_target_properties(bench_${folder} PROPERTIES OUTPUT_NAME ${folder}
                RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bench)
        endif()
    endforeach()
endfunction()
