# The C++ part of the pyarrow wheel, as the targets that Arrow's own package would define.
set(SAS_PYARROW "" CACHE PATH "The pyarrow package folder (of the wheel) to take Arrow C++ from")
if(NOT EXISTS "${SAS_PYARROW}/include/arrow/api.h")
  message(FATAL_ERROR "No Arrow C++: run `make setup`, which puts the pinned one into build/deps")
endif()
file(GLOB _libs "${SAS_PYARROW}/libarrow.so.*")
string(REGEX REPLACE ".*\\.so\\.([0-9]+)$" "\\1" _abi "${_libs}")
function(_sas_wheel_target target library)
  add_library(${target} SHARED IMPORTED GLOBAL)
  set_target_properties(${target} PROPERTIES
    IMPORTED_LOCATION "${SAS_PYARROW}/${library}.so.${_abi}"
    INTERFACE_INCLUDE_DIRECTORIES "${SAS_PYARROW}/include")
endfunction()
_sas_wheel_target(Arrow::arrow_shared libarrow)
_sas_wheel_target(ArrowFlight::arrow_flight_shared libarrow_flight)
set_property(TARGET ArrowFlight::arrow_flight_shared PROPERTY INTERFACE_LINK_LIBRARIES Arrow::arrow_shared)
