// Our errors as Arrow's Flight server can send them. Nothing else builds an error for the wire.
#pragma once

#include <arrow/status.h>

#include <cstdint>
#include <optional>

namespace stellar_arrow::flight {

// Arrow's Flight cannot send every gRPC code, so some share one: RESOURCE_EXHAUSTED goes as
// UNAVAILABLE, FAILED_PRECONDITION and OUT_OF_RANGE as INVALID_ARGUMENT, DATA_LOSS as INTERNAL. The
// message begins with the true code. Where Flight lets details travel they are a JSON object:
// {"code":"DATA_LOSS","ledger":30822018,"next":30822018}, `next` being the first ledger that was
// not delivered.
arrow::Status ToWire(const arrow::Status& status, std::optional<uint32_t> next = {});

}  // namespace stellar_arrow::flight
