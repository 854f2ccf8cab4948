# One static library a folder, one test program a folder.

# sas_library(<folder> SOURCES <files> [DEPS <targets>]): the library stellar_arrow_<folder>.
function(sas_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS" ${ARGN})
  add_library(stellar_arrow_${name} STATIC ${ARG_SOURCES})
  target_include_directories(stellar_arrow_${name} PUBLIC ${CMAKE_SOURCE_DIR}/src)
  target_link_libraries(stellar_arrow_${name} PUBLIC sas_options ${ARG_DEPS})
endfunction()

# sas_test(<folder> SOURCES <files> [DEPS <targets>] [SHARDS <n>]): the test program <folder>_test, run
# as one test, or as n that share its cases, so that a long one keeps all cores at work. SAS_TEST_DATA is the path of tests/data at run time.
function(sas_test name)
  if(NOT SAS_BUILD_TESTS)
    return()
  endif()
  cmake_parse_arguments(ARG "" "SHARDS" "SOURCES;DEPS" ${ARGN})
  add_executable(${name}_test ${ARG_SOURCES})
  target_include_directories(${name}_test PRIVATE ${CMAKE_SOURCE_DIR})
  target_link_libraries(${name}_test PRIVATE stellar_arrow_${name} ${ARG_DEPS} GTest::gmock GTest::gtest_main)
  target_compile_definitions(${name}_test PRIVATE SAS_TEST_DATA="${CMAKE_SOURCE_DIR}/tests/data")
  if(NOT ARG_SHARDS)
    add_test(NAME ${name} COMMAND ${name}_test)
    return()
  endif()
  foreach(shard RANGE 1 ${ARG_SHARDS})
    math(EXPR index "${shard} - 1")
    add_test(NAME ${name}_${shard} COMMAND ${name}_test)
    set_tests_properties(${name}_${shard} PROPERTIES ENVIRONMENT
                         "GTEST_TOTAL_SHARDS=${ARG_SHARDS};GTEST_SHARD_INDEX=${index}")
  endforeach()
endfunction()
