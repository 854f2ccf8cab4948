// Lakes in object stores: S3 and what speaks its protocol, Google Cloud Storage, Azure. Their keys
// come from where their own tools take them from, never from a URL.
#pragma once

#include <arrow/result.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "stellar_arrow/source/store.h"

namespace stellar_arrow::source {

// Whether `scheme` is that of an object store: s3, gs, abfs or abfss.
bool IsObjectStore(std::string_view scheme);

// Whether what the setting `name` says is known to be no secret.
bool IsOpenSetting(std::string_view name);

// The folder that the URL SCHEME://`place`?`settings` names; asks nothing yet. Settings are region
// (s3), endpoint_override and scheme (s3, gs), anonymous; those of Azure are Arrow's. Objects may
// have `most_bytes`. Errors: INVALID_ARGUMENT, which names no value of a setting.
arrow::Result<std::shared_ptr<Store>> OpenObjectStore(
    std::string_view scheme, const std::string& place,
    const std::map<std::string, std::string>& settings, int64_t most_bytes);

// To be called once at the program's end, when no source is left. False: a request that cannot be
// ended is under way still, and nothing that it uses may be torn down.
bool EndObjectStores();

}  // namespace stellar_arrow::source
