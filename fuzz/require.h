// What fuzz targets claim of what they ran: a claim that does not hold ends the program.
#pragma once

#include <algorithm>
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

// What an error tells people.
inline void RequireReadable(std::string_view message) {
  Require(std::ranges::all_of(message, [](char c) { return c >= ' ' && c <= '~'; }),
          "a message is printable", message);
  Require(message.size() < 10'000, "a message is short", message);
}

}  // namespace stellar_arrow::fuzz
