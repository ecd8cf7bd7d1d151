# Libraries of others, each under one short name: ext_<name>. A folder links only those it uses.

find_package(PkgConfig REQUIRED)

function(kol_external name)
    pkg_check_modules(${name} REQUIRED IMPORTED_TARGET ${ARGN})
    add_library(ext_${name} INTERFACE)
    target_link_libraries(ext_${name} INTERFACE PkgConfig::${name})
endfunction()

kol_external(microhttpd libmicrohttpd>=0.9.75)
kol_external(curl libcurl>=7.88)
kol_external(sqlite3 sqlite3>=3.40)
kol_external(jansson jansson>=2.13)
kol_external(crypto libcrypto>=3.0)
kol_external(seccomp libseccomp>=2.5)
kol_external(ffmpeg libavformat libavcodec libavutil libswresample)

# Debian's libunistring brings no pkg-config file.
find_library(KOL_UNISTRING unistring REQUIRED)
add_library(ext_unistring INTERFACE)
target_link_libraries(ext_unistring INTERFACE ${KOL_UNISTRING})

# Only the tests need cmocka; without it they are left out (./dev demo).
pkg_check_modules(cmocka QUIET IMPORTED_TARGET cmocka>=1.1)
if(NOT cmocka_FOUND)
    message(STATUS "cmocka not found: unit tests are left out")
endif()

# libwhisper is always optimised and never instrumented: the sanitizer builds link the same archive.
add_library(ext_whisper INTERFACE)
add_library(ext_ggml INTERFACE)
if(KOL_SYSTEM_WHISPER)
    pkg_check_modules(whisper REQUIRED IMPORTED_TARGET whisper)
    target_link_libraries(ext_whisper INTERFACE PkgConfig::whisper ggml ggml-base)
    target_link_libraries(ext_ggml INTERFACE ggml ggml-base)
else()
    set(whisper_lib ${KOL_WHISPER_PREFIX}/lib)
    if(NOT EXISTS ${whisper_lib}/libwhisper.a)
        message(WARNING "no libwhisper in ${KOL_WHISPER_PREFIX}: run './dev setup' before building")
    endif()
    foreach(target ext_whisper ext_ggml)
        target_include_directories(${target} SYSTEM INTERFACE ${KOL_WHISPER_PREFIX}/include)
    endforeach()
    target_link_libraries(ext_ggml INTERFACE
        ${whisper_lib}/libggml.a ${whisper_lib}/libggml-cpu.a ${whisper_lib}/libggml-base.a
        stdc++ m Threads::Threads ${CMAKE_DL_LIBS})
    target_link_libraries(ext_whisper INTERFACE ${whisper_lib}/libwhisper.a ext_ggml)
endif()

# oneDNN of 2.x computes for the native engine; 3.0 changed its interface. It brings libgomp, which must be told not to start
# threads of its own. Debian's config file would ask for OpenCL's headers, so it is not used.
find_path(KOL_DNNL_INCLUDE oneapi/dnnl/dnnl.h)
find_library(KOL_DNNL dnnl)
set(dnnl_found OFF)
if(KOL_DNNL AND KOL_DNNL_INCLUDE)
    file(STRINGS ${KOL_DNNL_INCLUDE}/oneapi/dnnl/dnnl_version.h dnnl_major REGEX "define DNNL_VERSION_MAJOR +2$")
    if(dnnl_major)
        set(dnnl_found ON)
    endif()
endif()
option(KOL_WITH_NATIVE "Build the native engine, which needs oneDNN 2.x" ${dnnl_found})
if(KOL_WITH_NATIVE)
    if(NOT dnnl_found)
        message(FATAL_ERROR "KOL_WITH_NATIVE needs oneDNN 2.x (Debian: libdnnl-dev)")
    endif()
    add_library(ext_dnnl INTERFACE)
    target_include_directories(ext_dnnl SYSTEM INTERFACE ${KOL_DNNL_INCLUDE})
    target_link_libraries(ext_dnnl INTERFACE ${KOL_DNNL} gomp)
else()
    message(STATUS "oneDNN 2.x not found: the native engine is left out")
endif()
