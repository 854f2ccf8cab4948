// What fuzz targets claim of what they ran: a claim that does not hold ends the program.
#pragma once

#include <cstdlib>
#include <iostream>
#include <string_view>

namespace stellar_arrow::fuzz {

// `detail` tells the value that the claim is not true of.
inline void Require(bool holds, std::string_view claim, std::string_view detail = {}) {
  if (holds) return;
  std::cerr << "not so: " << claim << ' ' << detail << std::endl;
  std::abort();
}

}  // namespace stellar_arrow::fuzz
