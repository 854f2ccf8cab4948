// The one table of options. Each line gives the flag, the environment variables, the key of the
// configuration file, the default and the help; everything else about options derives from it.
#pragma once

#include <arrow/result.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace CLI {
class App;
}

namespace stellar_arrow::cli {

enum class OptionKind {
  kText,
  kCount,     // a whole number from min to max
  kBytes,     // the same, with KiB, MiB or GiB behind it if one likes
  kDuration,  // the same in milliseconds; given in seconds, or with ms, s, m or h behind it
  kChoice,    // one of `choices`
};

// A variable of the environment that stands for a value of an option.
struct Switch {
  std::string_view variable;
  std::string_view text;
  bool yes_or_no = false;  // only where the variable says yes; else with any value, which then
                           // stands behind `text`
};

struct Option {
  std::string_view name;                      // --name, and with '_' for '-' the file's key
  std::vector<std::string_view> environment;  // the first that is set counts
  OptionKind kind = OptionKind::kText;
  std::string_view default_value;  // empty: none
  std::string_view help;
  uint64_t min = 0;
  uint64_t max = UINT64_MAX;
  std::vector<std::string_view> choices = {};
  std::vector<Switch> switches = {};
  bool several = false;  // may be given more than once: each text is a line of the value
};

std::span<const Option> AllOptions();

// Where a value came from.
struct Value {
  std::string text;    // as given
  std::string origin;  // "--port", "environment ARROW_PORT", "server.toml", "default"
  bool given = false;  // not the default
};

// What the user set. Every value is valid: Resolve() has refused the others.
class Settings {
 public:
  // Add flags to a subcommand, and --config with them: those named; one under other spellings; all.
  void AddFlags(CLI::App& command, std::span<const std::string_view> names);
  void AddFlag(CLI::App& command, std::string_view name, const std::string& spellings);
  void AddAllFlags(CLI::App& command);

  // Settles every option: flag, else environment, else configuration file, else default. `warn`
  // gets a line for each setting that is known but has no effect. Errors: INVALID_ARGUMENT naming
  // the option and where its value came from, for bad values and unknown keys.
  arrow::Status Resolve(std::vector<std::string>* warnings);

  const Value& Get(std::string_view name) const;
  const std::string& Text(std::string_view name) const { return Get(name).text; }
  // Of kind kCount or kBytes.
  uint64_t Number(std::string_view name) const;
  // Of kind kDuration.
  std::chrono::milliseconds Duration(std::string_view name) const;

 private:
  arrow::Status ReadFile(std::map<std::string, Value, std::less<>>* values) const;

  std::map<std::string, std::string, std::less<>> flags_;
  std::optional<std::string> config_;
  std::map<std::string, Value, std::less<>> values_;
};

}  // namespace stellar_arrow::cli
