// The program's log: lines on stderr. Messages are made where things happen, with spdlog's own
// functions; here is only how they look.
#pragma once

#include <string_view>

namespace stellar_arrow::ops {

// `level` is debug, info, warn or error. Call once, before the first line.
void StartLog(std::string_view level);

}  // namespace stellar_arrow::ops
