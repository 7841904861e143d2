# Settings every target shares: the language, the instruction set, warnings, sanitizers, ccache.

option(TROUPE_NATIVE "Compile for this machine's processor (default: x86-64-v3)" OFF)
option(TROUPE_WERROR "Treat warnings as errors" OFF)
option(TROUPE_TESTS "Build the tests" ON)
option(TROUPE_EXAMPLES "Build the examples" ON)
option(TROUPE_BENCH "Build the programs that measure" OFF)
option(TROUPE_INSTALL "Install with this project" ${PROJECT_IS_TOP_LEVEL})
set(TROUPE_SANITIZE "" CACHE STRING "Sanitizers to compile in: address,undefined or thread")

set(CMAKE_CXX_STANDARD 17)  # CAF 0.17 does not compile as C++20
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_CXX_FLAGS_RELEASE "-O3 -DNDEBUG")
set(CMAKE_CXX_FLAGS_DEBUG "-Og -g")
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Build type" FORCE)
endif()
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)

# Eigen's alignment depends on these, so they hold for the whole tree, and travel with troupe::base
# to every program that links it (TROUPE_TRAVELLING_OPTIONS). A machine without AVX2 can only run
# what is compiled for itself.
set(TROUPE_TRAVELLING_OPTIONS "")
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  set(architecture x86-64-v3)
  if(EXISTS /proc/cpuinfo AND NOT CMAKE_CROSSCOMPILING)
    file(STRINGS /proc/cpuinfo avx2_lines REGEX "^flags.* avx2( |$)" LIMIT_COUNT 1)
    if(NOT avx2_lines)
      message(STATUS "This processor has no AVX2: compiling for it alone")
      set(architecture native)
    endif()
  endif()
  if(TROUPE_NATIVE)
    set(architecture native)
  endif()
  add_compile_options(-march=${architecture})
  list(APPEND TROUPE_TRAVELLING_OPTIONS -march=${architecture})
endif()

add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor)
if(TROUPE_WERROR)
  add_compile_options(-Werror)
endif()

# Sanitizers stop at the first finding; in our own code nothing is suppressed. A program that
# shares containers with instrumented libraries has to be instrumented itself.
if(TROUPE_SANITIZE)
  add_compile_options(
    -fsanitize=${TROUPE_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  if(CMAKE_CXX_COMPILER_ID MATCHES Clang)
    add_compile_options(-fsanitize-ignorelist=${CMAKE_CURRENT_LIST_DIR}/caf.ignore)
  endif()
  add_link_options(-fsanitize=${TROUPE_SANITIZE})
  list(APPEND TROUPE_TRAVELLING_OPTIONS -fsanitize=${TROUPE_SANITIZE})
  set(TROUPE_TEST_ENVIRONMENT
    "ASAN_OPTIONS=detect_leaks=1:detect_stack_use_after_return=1:strict_string_checks=1"
    "LSAN_OPTIONS=suppressions=${CMAKE_CURRENT_LIST_DIR}/leaks.ignore:print_suppressions=0"
    "UBSAN_OPTIONS=print_stacktrace=1"
    "TSAN_OPTIONS=halt_on_error=1")
endif()

find_program(TROUPE_CCACHE ccache)
if(TROUPE_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # Hits across clones need paths relative to the source folder; precompiled headers need
  # sloppiness.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
      CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
      ${TROUPE_CCACHE})
endif()
