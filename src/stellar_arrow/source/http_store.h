// A lake behind any web server: its objects are got by name.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "stellar_arrow/source/store.h"

namespace stellar_arrow::source {

// The folder `url`, of scheme http or https, which may hold userinfo and ends in no slash; `query`,
// empty or with its '?', is sent with every request. Names are told where the server makes pages of
// links to a folder's files. Objects may have `most_bytes`.
std::shared_ptr<Store> OpenHttpStore(std::string url, std::string query, int64_t most_bytes);

}  // namespace stellar_arrow::source
