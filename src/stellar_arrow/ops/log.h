// The program's log: lines on stderr. Messages are made where things happen, with spdlog's own
// functions; here is only how they look, and how many there may be.
#pragma once

#include <cstdint>
#include <string_view>

namespace stellar_arrow::ops {

enum class LogForm {
  kText,  // for people; in color on a terminal
  kJson,  // an object with time, level and message, for programs
};

// Lines of each level in a second. More are left out, and counted in a line of their own: who calls
// the server often cannot fill its disk. Nor does it crowd out what is not of clients' making.
inline constexpr int64_t kMostLinesASecond = 200;

// `level` is debug, info, warn or error. Whatever messages hold, each is one line without control
// characters. Call before the first line.
void StartLog(std::string_view level, LogForm form);

// Writes a line that clients can cause as often as they like, at level info. It counts apart from
// those of spdlog's functions.
void LogOfClients(std::string_view line);

}  // namespace stellar_arrow::ops
