# Arrow C++ (an installed one, else the pyarrow wheel's in build/deps), and the system's libraries.

# Arrow's package refuses to serve as "this version or newer" across major versions, so the versions
# there are get listed first (no version is 0.0.0), and the newest that serves is asked for. Older ones
# than 23.0.1 have a use after free in the IPC reader (CVE-2026-25087).
find_package(Arrow 0.0.0 EXACT QUIET CONFIG)
set(arrow_versions ${Arrow_CONSIDERED_VERSIONS})
list(FILTER arrow_versions INCLUDE REGEX "^[0-9.]+$")
list(SORT arrow_versions COMPARE NATURAL)
list(POP_BACK arrow_versions arrow_version)
if(arrow_version VERSION_GREATER_EQUAL 23.0.1 AND NOT SAS_PYARROW)
  find_package(Arrow ${arrow_version} EXACT REQUIRED CONFIG)
  find_package(ArrowFlight ${arrow_version} EXACT REQUIRED CONFIG)
  find_package(ArrowS3 ${arrow_version} EXACT QUIET CONFIG)  # older ones have it in Arrow's own library
  message(STATUS "Arrow: the installed ${arrow_version}, ${Arrow_DIR}")
else()
  include(PyArrow)
endif()
find_package(OpenSSL REQUIRED COMPONENTS Crypto)
find_package(PkgConfig REQUIRED)
pkg_check_modules(CURL REQUIRED IMPORTED_TARGET libcurl>=7.87)
pkg_check_modules(ZSTD REQUIRED IMPORTED_TARGET libzstd)
pkg_check_modules(SIMDJSON REQUIRED IMPORTED_TARGET simdjson)
pkg_check_modules(PROMETHEUS REQUIRED IMPORTED_TARGET prometheus-cpp-core)  # not its HTTP server
pkg_check_modules(MICROHTTPD REQUIRED IMPORTED_TARGET libmicrohttpd)
# The system's gRPC, for services that are not Flight. It lives beside the one inside of the wheel's
# libarrow_flight, which shows none of its symbols.
find_package(Protobuf REQUIRED)
find_package(gRPC CONFIG REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(spdlog REQUIRED)
find_package(CLI11 REQUIRED)
set(Python3_FIND_STRATEGY LOCATION)  # the PATH's first; the standard library is all that is needed
find_package(Python3 3.9 REQUIRED COMPONENTS Interpreter)
if(SAS_BUILD_TESTS)
  find_package(GTest REQUIRED)
endif()
if(SAS_BUILD_BENCH)
  find_package(benchmark REQUIRED)
endif()
