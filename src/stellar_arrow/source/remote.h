// Lakes that a network lies before, by their URLs.
#pragma once

#include <arrow/result.h>

#include <memory>
#include <string>
#include <string_view>

#include "stellar_arrow/source/source.h"
#include "stellar_arrow/source/store.h"

namespace stellar_arrow::source {

// Whether sources of `scheme` are such lakes: "https" and so on.
bool IsRemote(std::string_view scheme);

// What messages and metrics call the lake at `url`: that, without secrets, settings and a slash at
// its end.
std::string RemoteName(std::string_view url);

// `url` without secrets: of the settings those are left that are known to be none.
std::string ShownRemote(std::string_view url);

// Where a URL leads.
struct RemoteLake {
  std::shared_ptr<Store> store;
  std::string name;       // RemoteName()
  SourceOptions options;  // with what the URL says of the lake
};

// Takes the URL of such a lake apart; asks nothing yet. Errors: INVALID_ARGUMENT, which names the
// URL without its secrets.
arrow::Result<RemoteLake> FindRemoteLake(std::string_view url, const SourceOptions& options);

}  // namespace stellar_arrow::source
