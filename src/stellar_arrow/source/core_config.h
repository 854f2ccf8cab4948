// What a captive stellar-core is told in its configuration file. Knows no process.
#pragma once

#include <arrow/result.h>

#include <string>

namespace stellar_arrow::source {

struct CoreConfig {
  std::string text;        // of the whole file
  std::string passphrase;  // of the network
};

// `path` is a configuration of the user's: which network, whom to trust, which archives. What makes
// core captive is put ahead of it, where the user has not said otherwise. Errors: NOT_FOUND,
// INVALID_ARGUMENT for what is no such configuration or would write metadata elsewhere.
arrow::Result<CoreConfig> MakeCoreConfig(const std::string& path);

}  // namespace stellar_arrow::source
