// What this program is, for whoever gets something from it.
#pragma once

#include <string_view>

namespace stellar_arrow {

// The program's name and version, such as "stellar-arrow-source 0.1.0".
std::string_view Producer();

}  // namespace stellar_arrow
