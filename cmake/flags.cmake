# One interface target, kol_flags, carries every compiler and linker flag of our own code.

set(CMAKE_C_STANDARD 17)
set(CMAKE_C_EXTENSIONS ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)

# Asserts stay on in every build: they are cheap, and a server that goes on with broken state is worse.
set(CMAKE_C_FLAGS_RELEASE "-O2 -g")
set(CMAKE_C_FLAGS_DEBUG "-O1 -g -fno-omit-frame-pointer")

find_program(KOL_CCACHE ccache)
if(KOL_CCACHE)
    set(CMAKE_C_COMPILER_LAUNCHER ${KOL_CCACHE})
endif()

add_library(kol_flags INTERFACE)
target_compile_definitions(kol_flags INTERFACE _GNU_SOURCE KOL_VERSION="${PROJECT_VERSION}")
target_include_directories(kol_flags INTERFACE ${CMAKE_SOURCE_DIR}/src)
target_compile_options(kol_flags INTERFACE
    -Wall -Wextra -Wconversion -Wno-sign-conversion -Wshadow -Wformat=2 -Wstrict-prototypes
    -Wmissing-prototypes -Wvla -Wimplicit-fallthrough -Wundef)
if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
    target_compile_options(kol_flags INTERFACE -Wtrampolines)
endif()
if(KOL_WERROR)
    target_compile_options(kol_flags INTERFACE -Werror)
endif()
target_link_options(kol_flags INTERFACE -pie -Wl,-z,relro,-z,now -Wl,-z,noexecstack -Wl,--as-needed)

if(KOL_FUZZ)
    set(KOL_SANITIZE "fuzzer-no-link,address,undefined")
endif()
if(KOL_SANITIZE)
    # A finding ends the program: no test may pass over it.
    target_compile_options(kol_flags INTERFACE
        -fsanitize=${KOL_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    target_link_options(kol_flags INTERFACE -fsanitize=${KOL_SANITIZE})
else()
    # Fortify hides reads from the sanitizers, so it is here only.
    target_compile_options(kol_flags INTERFACE
        -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -fstack-protector-strong -fstack-clash-protection)
    if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
        target_compile_options(kol_flags INTERFACE -fcf-protection=full)
    elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64")
        target_compile_options(kol_flags INTERFACE -mbranch-protection=standard)
    endif()
endif()
