// What the generated checks share: the one fallible door between bytes and views.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "stellar_arrow/xdr/error.h"
#include "stellar_arrow/xdr/runtime.h"
#include "stellar_arrow/xdr/type_info.h"

namespace stellar_arrow::xdr::detail {

// Whether the padding of a variable opaque of `length` bytes, which ends at `end`, is zero. There
// are at least 4 readable bytes ahead of `end`, its length word if nothing else.
inline bool PaddingIsZero(const uint8_t* end, uint32_t length) {
  const uint32_t padding = (0u - length) & 3;
  return (Load32(end - 4) & ((1u << (8 * padding)) - 1)) == 0;
}

// The fast pass only says yes or no; the tables find the words for a no.
template <typename View>
Checked<View> CheckWhole(Bytes wire) {
  const uint8_t* const end = wire.data() + wire.size();
  const uint8_t* const after = View::CheckAt(wire.data(), end);
  // No bytes at all may have a null end.
  if (after == end && after != nullptr) return Access::Make<View>(wire.data());
  return *Explain(View::Info(), wire);
}

}  // namespace stellar_arrow::xdr::detail
