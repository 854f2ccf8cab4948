// Ledgers from a Stellar RPC node: pages of getLedgers, by JSON-RPC over HTTP.
#pragma once

#include <arrow/result.h>

#include <memory>
#include <string>

#include "stellar_arrow/source/source.h"

namespace stellar_arrow::source {

// `url` is the node's, of scheme http or https; all of it but scheme, host and port may be secret.
// Asks nothing before it has to. Thread-safe.
// `authorization` is what the header of that name says; empty: there is none.
std::unique_ptr<LedgerSource> OpenRpc(std::string url, const std::string& authorization,
                                      const SourceOptions& options);

// The source's name: scheme, host and port.
std::string RpcName(std::string_view url);

}  // namespace stellar_arrow::source
