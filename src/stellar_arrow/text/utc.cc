#include "stellar_arrow/text/utc.h"

#include <array>
#include <cinttypes>
#include <cstdio>

namespace stellar_arrow::text {
namespace {

constexpr int64_t kDay = 86400;              // seconds
constexpr int64_t kDaysOf400Years = 146097;  // after which the calendar repeats
constexpr int64_t kEpoch = 719468;           // days from March 1 of the year 0 to the epoch

// Rounds down, whatever the sign.
constexpr int64_t FloorDivide(int64_t a, int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

}  // namespace

// std::chrono's years end at 32767, but the protocol's times do not.
void AppendUtc(int64_t seconds, char between, std::string* out) {
  const int64_t day = FloorDivide(seconds, kDay) + kEpoch;
  const int64_t time = (seconds % kDay + kDay) % kDay;  // no product: it may not fit
  // Years that begin in March, so that the day that comes every fourth year is the last of one.
  const int64_t cycle = FloorDivide(day, kDaysOf400Years);
  const int64_t of_cycle = day - cycle * kDaysOf400Years;
  const int64_t year_of_cycle =
      (of_cycle - of_cycle / 1460 + of_cycle / 36524 - of_cycle / 146096) / 365;
  const int64_t of_year =
      of_cycle - (365 * year_of_cycle + year_of_cycle / 4 - year_of_cycle / 100);
  const int64_t month_from_march = (5 * of_year + 2) / 153;
  const int64_t day_of_month = of_year - (153 * month_from_march + 2) / 5 + 1;
  const int64_t month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
  const int64_t year = cycle * 400 + year_of_cycle + (month <= 2 ? 1 : 0);
  std::array<char, 64> text;
  const int length = std::snprintf(
      text.data(), text.size(), "%s%04" PRId64 "-%02d-%02d%c%02d:%02d:%02d", year < 0 ? "-" : "",
      year < 0 ? -year : year, static_cast<int>(month), static_cast<int>(day_of_month), between,
      static_cast<int>(time / 3600), static_cast<int>(time / 60 % 60), static_cast<int>(time % 60));
  out->append(text.data(), static_cast<size_t>(length));
}

}  // namespace stellar_arrow::text
