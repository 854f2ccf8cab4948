set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()

set(CMAKE_INSTALL_RPATH_USE_LINK_PATH ON)  # an installed program finds the same Arrow

option(SAS_WERROR "Let warnings be errors" ON)
option(SAS_NATIVE "Compile for this machine's processor only" OFF)
option(SAS_BUILD_TESTS "Build the tests" ON)
option(SAS_BUILD_BENCH "Build the benchmarks" OFF)
option(SAS_BUILD_FUZZ "Build the fuzz targets (needs clang)" OFF)
set(SAS_SANITIZE "" CACHE STRING "Sanitizers, as for -fsanitize=")

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()

add_library(sas_options INTERFACE)
target_compile_options(sas_options INTERFACE -Wall -Wextra -Wswitch -Wnon-virtual-dtor
                                             -Wno-missing-field-initializers)
if(SAS_WERROR)
  target_compile_options(sas_options INTERFACE -Werror)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # GCC 12 warns of std::string's own operator+ (its bug 105651).
  target_compile_options(sas_options INTERFACE -Wno-restrict)
endif()
find_program(MOLD mold)
if(MOLD)
  add_link_options(-fuse-ld=mold)
endif()
if(SAS_NATIVE)
  add_compile_options(-march=native)
endif()
add_compile_options($<$<CONFIG:Release>:-g1>)  # lines in a crash's or a profiler's stack
add_compile_definitions($<$<CONFIG:Debug>:_GLIBCXX_ASSERTIONS>)
if(SAS_SANITIZE)
  add_compile_options(-O1 -fsanitize=${SAS_SANITIZE} -fno-omit-frame-pointer
                      -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${SAS_SANITIZE})
  if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
    # What follows values through the code is not to be judged in instrumented code, where GCC loses
    # track; the other builds do.
    target_compile_options(sas_options INTERFACE -Wno-maybe-uninitialized -Wno-stringop-overflow
                                                 -Wno-array-bounds)
  endif()
endif()
find_package(Threads REQUIRED)
target_link_libraries(sas_options INTERFACE Threads::Threads)
