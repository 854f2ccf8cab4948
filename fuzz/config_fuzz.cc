// A configuration file, through the same door as --config.
#include <sys/mman.h>
#include <unistd.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "fuzz/require.h"
#include "stellar_arrow/base/error.h"
#include "stellar_arrow/cli/options.h"

extern char** environ;  // NOLINT: POSIX

namespace stellar_arrow::fuzz {
namespace {

// A file in memory that begins anew with each input.
std::string FileOf(const uint8_t* data, size_t size) {
  static const int file = memfd_create("config", 0);
  Require(ftruncate(file, 0) == 0 && pwrite(file, data, size, 0) == static_cast<ssize_t>(size),
          "memory is a file");
  return "/proc/self/fd/" + std::to_string(file);
}

void Run(const uint8_t* data, size_t size) {
  static char* none[] = {nullptr};
  environ = none;  // the file alone decides
  cli::Settings settings;
  CLI::App app;
  settings.AddAllFlags(app);
  std::vector<std::string> arguments = {FileOf(data, size), "--config"};  // in reverse
  app.parse(arguments);
  std::vector<std::string> warnings;
  const arrow::Status status = settings.Resolve(&warnings);
  if (!status.ok()) {
    Require(CodeOf(status) == ErrorCode::kInvalidArgument, "a bad file is refused as such",
            status.ToString());
    return;
  }
  for (const cli::Option& option : cli::AllOptions()) {
    const cli::Value& value = settings.Get(option.name);
    Require(value.given == (value.origin != "default"), "a value has its origin", value.origin);
    switch (option.kind) {
      case cli::OptionKind::kText:
        Require(!value.given || !value.text.empty(), "a text is not empty", option.name);
        break;
      case cli::OptionKind::kCount:
      case cli::OptionKind::kBytes:
      case cli::OptionKind::kDuration: {
        if (value.text.empty()) {  // a number that may be left out, such as that of a port
          Require(!value.given && option.default_value.empty(), "a given number is one",
                  option.name);
          break;
        }
        const uint64_t number = settings.Number(option.name);
        Require(number >= option.min && number <= option.max, "a number keeps its limits",
                option.name);
        break;
      }
      case cli::OptionKind::kChoice: {
        bool known = false;
        for (const std::string_view choice : option.choices) known |= choice == value.text;
        Require(known, "a choice is one of those there are", value.text);
        break;
      }
    }
  }
}

}  // namespace
}  // namespace stellar_arrow::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  stellar_arrow::fuzz::Run(data, size);
  return 0;
}
