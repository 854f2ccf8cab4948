// The ledgers of test data, whatever they are kept in: for tests of every ledger there is.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>

namespace stellar_arrow::support {

// Calls `visit` with each ledger-bearing content under `folder`: of files *.xdr, zipped
// (.zst, .zstd) or not, and of the *.xdr in zipped tar archives. A record-marked stream is cut into
// its records; other contents come whole. The name is made of file, archive's member and record.
// Throws std::runtime_error where a file cannot be read.
void ForEachXdr(
    const std::filesystem::path& folder,
    const std::function<void(const std::string& name, std::span<const uint8_t>)>& visit);

}  // namespace stellar_arrow::support
