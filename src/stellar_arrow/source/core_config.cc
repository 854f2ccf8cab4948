#include "stellar_arrow/source/core_config.h"

// toml++ 3.3 asserts what it has not read yet, and refuses it with an error right after.
#define TOML_ASSERT(expr) static_assert(true)
#include <toml++/toml.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string_view>
#include <utility>

#include "stellar_arrow/base/error.h"

namespace stellar_arrow::source {
namespace {

// No ports of its own to ask it by, its state in the folder that it runs in, no log but stdout, and
// no worry about a quorum that is small: it follows, and takes no part.
constexpr std::pair<std::string_view, std::string_view> kCaptive[] = {
    {"HTTP_PORT", "0"},        {"LOG_FILE_PATH", "\"\""}, {"DATABASE", "\"sqlite3://stellar.db\""},
    {"UNSAFE_QUORUM", "true"}, {"FAILURE_SAFETY", "0"},   {"BACKFILL_RESTORE_META", "true"},
};

}  // namespace

arrow::Result<CoreConfig> MakeCoreConfig(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string own{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (!file || own.empty()) {
    return Error(ErrorCode::kNotFound, "cannot read ", path,
                 ", the configuration of core: with its network, validators and archives");
  }
  toml::table table;
  try {
    table = toml::parse(own);
  } catch (const toml::parse_error& error) {
    return Error(ErrorCode::kInvalidArgument, path, ":", error.source().begin.line, ": ",
                 error.description());
  }
  const auto passphrase = table["NETWORK_PASSPHRASE"].value<std::string>();
  if (!passphrase) {
    return Error(ErrorCode::kInvalidArgument, path, " does not say NETWORK_PASSPHRASE");
  }
  for (const char* key : {"METADATA_OUTPUT_STREAM", "NODE_IS_VALIDATOR"}) {
    if (table.contains(key)) {
      return Error(ErrorCode::kInvalidArgument, path, " says ", key,
                   ": metadata goes to us, of a node that is no validator; take it out");
    }
  }
  CoreConfig config{"# Made by stellar-arrow-source for a captive core, of " + path + "\n",
                    *passphrase};
  for (const auto& [key, value] : kCaptive) {
    if (!table.contains(key)) config.text.append(key).append(" = ").append(value).append("\n");
  }
  config.text += "\n" + own;
  return config;
}

}  // namespace stellar_arrow::source
