// The bytes that XDR is read from.
#pragma once

#include <cstdint>
#include <span>

namespace stellar_arrow::xdr {

// Borrowed: valid as long as the buffer it points into.
using Bytes = std::span<const uint8_t>;

}  // namespace stellar_arrow::xdr
