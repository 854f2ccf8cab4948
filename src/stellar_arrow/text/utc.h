// Seconds since the epoch as date and time of day in UTC, however far away.
#pragma once

#include <cstdint>
#include <string>

namespace stellar_arrow::text {

// Appends "2026-11-25<between>13:39:35". Years below 1000 are filled up to four digits; those
// before the year 0 have a minus ahead of them.
void AppendUtc(int64_t seconds, char between, std::string* out);

}  // namespace stellar_arrow::text
