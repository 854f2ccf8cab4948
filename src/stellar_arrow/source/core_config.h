// What a captive stellar-core is told in its configuration file. Knows no process.
#pragma once

#include <arrow/result.h>

#include <string>
#include <vector>

namespace stellar_arrow::source {

struct CoreConfig {
  std::string text;        // of the whole file
  std::string passphrase;  // of the network
  // Texts of the user's configuration that others need not see: all but those that say which
  // network, and whom to trust. The longest first.
  std::vector<std::string> secrets;

  // `text` with "***" in place of each of them.
  std::string WithoutSecrets(std::string text) const;
};

// `path` is a configuration of the user's: which network, whom to trust, which archives. What makes
// core captive is put ahead of it, where the user has not said otherwise. Errors: NOT_FOUND,
// INVALID_ARGUMENT for what is no such configuration or would write metadata elsewhere.
arrow::Result<CoreConfig> MakeCoreConfig(const std::string& path);

}  // namespace stellar_arrow::source
