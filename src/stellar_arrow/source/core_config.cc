#include "stellar_arrow/source/core_config.h"

// toml++ 3.3 asserts what it has not read yet, and refuses it with an error right after.
#define TOML_ASSERT(expr) static_assert(true)
#include <toml++/toml.h>

#include <algorithm>
#include <fstream>
#include <functional>
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

// Keys whose texts are for all to see.
constexpr std::string_view kPublic[] = {
    "NETWORK_PASSPHRASE", "VALIDATORS", "NAME",    "HOME_DOMAIN",
    "PUBLIC_KEY",         "ADDRESS",    "QUALITY", "KNOWN_PEERS",
    "PREFERRED_PEERS"};

// What is shorter is no secret, and may be part of any word.
constexpr size_t kLeastSecretBytes = 5;

// Appends the parts of a text that core may say again as they are: words, and of commands with
// "https://USER:PASSWORD@HOST/{0}?KEY" those around what is filled in, or left out of messages.
void AppendSecrets(std::string_view text, std::vector<std::string>* secrets) {
  while (!text.empty()) {
    const size_t end = std::min(text.find_first_of(" \t\r\n\"'`@?&{}"), text.size());
    std::string_view part = text.substr(0, end);
    while (part.ends_with('/')) part.remove_suffix(1);
    if (part.size() >= kLeastSecretBytes) secrets->emplace_back(part);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

// Those of all texts in `node`, which is the value of `key`.
void AppendSecrets(std::string_view key, const toml::node& node,
                   std::vector<std::string>* secrets) {
  if (const toml::table* const table = node.as_table()) {
    for (const auto& [name, value] : *table) AppendSecrets(std::string_view(name), value, secrets);
  } else if (const toml::array* const array = node.as_array()) {
    for (const toml::node& value : *array) AppendSecrets(key, value, secrets);
  } else if (const auto text = node.value<std::string>();
             text && node.is_string() && std::ranges::find(kPublic, key) == std::end(kPublic)) {
    AppendSecrets(*text, secrets);
  }
}

}  // namespace

std::string CoreConfig::WithoutSecrets(std::string text) const {
  constexpr std::string_view kHidden = "***";
  for (const std::string& secret : secrets) {
    for (size_t at = 0; (at = text.find(secret, at)) != std::string::npos; at += kHidden.size()) {
      text.replace(at, secret.size(), kHidden);
    }
  }
  return text;
}

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
  CoreConfig config{
      "# Made by stellar-arrow-source for a captive core, of " + path + "\n", *passphrase, {}};
  AppendSecrets("", table, &config.secrets);
  std::ranges::sort(config.secrets, std::ranges::greater(), &std::string::size);
  for (const auto& [key, value] : kCaptive) {
    if (!table.contains(key)) config.text.append(key).append(" = ").append(value).append("\n");
  }
  config.text += "\n" + own;
  return config;
}

}  // namespace stellar_arrow::source
