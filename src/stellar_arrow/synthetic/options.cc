#include "stellar_arrow/synthetic/options.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "stellar_arrow/base/error.h"
#include "stellar_arrow/synthetic/cases.h"

namespace stellar_arrow::synthetic {

using stellar_arrow::Error;  // not the protocol's type of that name

namespace {

constexpr Setting kSettings[] = {
    {"seed", "a whole number", "the same seed gives the same ledgers [1]"},
    {"start", "2 to 4294967294", "number of the first ledger [2]"},
    {"count", "a whole number", "how many ledgers; 0 = no end [0]"},
    {"transactions", "0 to 1000",
     "transactions in a ledger, or more where its cases have more [100]"},
    {"operations", "1 to 90", "operations in a classic transaction of the mix, at least [1]"},
    {"soroban", "0 to 1, in hundredths",
     "the part of them that is Soroban's, from protocol 20 on [0.4]"},
    {"pace", "milliseconds as 500ms, or seconds as 5s",
     "one ledger per that time; 0s = at once [0s]"},
    {"protocol", "13 to 28", "protocol that the first ledger upgrades to [28]"},
    {"meta", "0 to 4",
     "version of the transaction metas: 0 to 2 up to protocol 19, 3 from 20 to 22, "
     "4 for any [what the protocol emits]"},
    {"events", "on or off", "unified events, which only meta 4 has [on]"},
    {"diagnostics", "on or off", "diagnostic events of Soroban transactions [off]"},
    {"extensions", "on or off", "fees in Soroban metas, and the ledgers' extension [on]"},
    {"case", "a case's name", "a case that every ledger shows, instead of one after the other"},
};

template <typename... Why>
arrow::Status Refuse(std::string_view name, std::string_view value, const Why&... why) {
  return Error(ErrorCode::kInvalidArgument, "synthetic: ", name, "=", value, ": ", why...);
}

template <typename Number>
arrow::Result<Number> ParseNumber(std::string_view name, std::string_view text, Number low,
                                  Number high) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !(value >= low) ||
      !(value <= high)) {
    return Refuse(name, text, "it must be a number from ", low, " to ", high);
  }
  return value;
}

arrow::Result<int64_t> ParseTime(std::string_view name, std::string_view text) {
  constexpr int64_t kMostSeconds = 86'400;
  const bool milliseconds = text.ends_with("ms");
  if (!milliseconds && !text.ends_with('s')) {
    return Refuse(name, text, "it must be a time as 5s or 500ms");
  }
  ARROW_ASSIGN_OR_RAISE(
      const int64_t value,
      ParseNumber<int64_t>(name, text.substr(0, text.size() - (milliseconds ? 2 : 1)), 0,
                           kMostSeconds * (milliseconds ? 1000 : 1)));
  return milliseconds ? value : value * 1000;
}

arrow::Result<bool> ParseSwitch(std::string_view name, std::string_view text) {
  if (text == "on") return true;
  if (text == "off") return false;
  return Refuse(name, text, "it can be on or off");
}

}  // namespace

std::span<const Setting> AllSettings() { return kSettings; }

arrow::Result<Options> ParseOptions(const std::map<std::string, std::string>& query) {
  Options options;
  for (const auto& [name, value] : query) {
    if (name == "seed") {
      ARROW_ASSIGN_OR_RAISE(options.seed, ParseNumber<uint64_t>(name, value, 0, UINT64_MAX));
    } else if (name == "start") {
      ARROW_ASSIGN_OR_RAISE(options.start, ParseNumber<uint32_t>(name, value, 2, UINT32_MAX - 1));
    } else if (name == "count") {
      ARROW_ASSIGN_OR_RAISE(options.count, ParseNumber<uint32_t>(name, value, 0, UINT32_MAX));
    } else if (name == "transactions") {
      ARROW_ASSIGN_OR_RAISE(options.transactions,
                            ParseNumber<uint32_t>(name, value, 0, kMostTransactions));
    } else if (name == "operations") {
      ARROW_ASSIGN_OR_RAISE(options.operations,
                            ParseNumber<uint32_t>(name, value, 1, kMostOperations));
    } else if (name == "soroban") {
      ARROW_ASSIGN_OR_RAISE(const double part, ParseNumber<double>(name, value, 0, 1));
      options.soroban_percent = static_cast<uint32_t>(std::lround(part * 100));
    } else if (name == "pace") {
      ARROW_ASSIGN_OR_RAISE(options.pace_milliseconds, ParseTime(name, value));
    } else if (name == "protocol") {
      ARROW_ASSIGN_OR_RAISE(options.protocol,
                            ParseNumber<uint32_t>(name, value, kFirstProtocol, kLastProtocol));
    } else if (name == "meta") {
      ARROW_ASSIGN_OR_RAISE(options.meta, ParseNumber<uint32_t>(name, value, 0, 4));
    } else if (name == "events") {
      ARROW_ASSIGN_OR_RAISE(options.events, ParseSwitch(name, value));
    } else if (name == "diagnostics") {
      ARROW_ASSIGN_OR_RAISE(options.diagnostics, ParseSwitch(name, value));
    } else if (name == "extensions") {
      ARROW_ASSIGN_OR_RAISE(options.extensions, ParseSwitch(name, value));
    } else if (name == "case") {
      options.only = value;
    } else {
      std::string known;
      for (const Setting& setting : kSettings) {
        known.append(known.empty() ? "" : ", ").append(setting.name);
      }
      return Error(ErrorCode::kInvalidArgument, "unknown setting '", name,
                   "' of synthetic:; it knows ", known);
    }
  }
  if (options.count > 0 && options.count - 1 > UINT32_MAX - options.start) {
    return Error(ErrorCode::kInvalidArgument, "synthetic: start=", options.start,
                 " and count=", options.count, " go past the greatest ledger number");
  }
  if (options.meta) {
    const uint32_t meta = *options.meta;
    const bool fits = meta == 4 || (meta == 3 && options.protocol >= 20 && options.protocol < 23) ||
                      (meta <= 2 && options.protocol < 20);
    if (!fits) {
      return Error(ErrorCode::kInvalidArgument, "synthetic: protocol ", options.protocol,
                   " has no transaction metas of version ", meta,
                   ": 0 to 2 go up to protocol 19, 3 from 20 to 22, 4 fits all");
    }
  }
  if (!options.only.empty()) {
    const Case* found = FindCase(options.only);
    if (found == nullptr) {
      std::string known;
      for (const Case& one : AllCases()) known.append(known.empty() ? "" : ", ").append(one.name);
      return Error(ErrorCode::kInvalidArgument, "synthetic: unknown case '", options.only,
                   "'; there are ", known);
    }
    if (options.protocol < found->first_protocol) {
      return Error(ErrorCode::kInvalidArgument, "synthetic: case ", found->name,
                   " needs a protocol from ", found->first_protocol, " to ", kLastProtocol,
                   ", not ", options.protocol);
    }
  }
  return options;
}

}  // namespace stellar_arrow::synthetic
