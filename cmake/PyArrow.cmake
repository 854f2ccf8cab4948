# The C++ part of the pyarrow wheel, as the targets that Arrow's own package would define.
set(SAS_PYARROW "" CACHE PATH
  "The pyarrow package folder to take Arrow C++ from (empty: that of build/deps/venv)")
set(_pyarrow "${SAS_PYARROW}")
if(NOT _pyarrow)
  file(GLOB _pyarrow "${CMAKE_SOURCE_DIR}/build/deps/venv/lib/python3*/site-packages/pyarrow")
endif()
if(NOT EXISTS "${_pyarrow}/include/arrow/api.h")
  message(FATAL_ERROR "No Arrow C++: run `make setup`, which puts the pinned one into build/deps")
endif()
# The wheel has libarrow.so.2600, and no libarrow.so beside it.
file(GLOB _libs "${_pyarrow}/libarrow.so.*")
string(REGEX REPLACE ".*\\.so\\.([0-9]+)$" "\\1" _abi "${_libs}")
function(_sas_wheel_target target library)
  add_library(${target} SHARED IMPORTED GLOBAL)
  set_target_properties(${target} PROPERTIES
    IMPORTED_LOCATION "${_pyarrow}/${library}.so.${_abi}"
    INTERFACE_INCLUDE_DIRECTORIES "${_pyarrow}/include")
endfunction()
_sas_wheel_target(Arrow::arrow_shared libarrow)
_sas_wheel_target(ArrowFlight::arrow_flight_shared libarrow_flight)
_sas_wheel_target(ArrowS3::arrow_s3_shared libarrow_s3)
set_property(TARGET ArrowS3::arrow_s3_shared PROPERTY INTERFACE_LINK_LIBRARIES Arrow::arrow_shared)
set_property(TARGET ArrowFlight::arrow_flight_shared PROPERTY INTERFACE_LINK_LIBRARIES Arrow::arrow_shared)
message(STATUS "Arrow: the pyarrow wheel's, ${_pyarrow}")
