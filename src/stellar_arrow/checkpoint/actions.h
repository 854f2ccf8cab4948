// What clients can have done to checkpoints by name, in JSON. Knows no transport.
#pragma once

#include <arrow/result.h>

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "stellar_arrow/checkpoint/checkpoints.h"

namespace stellar_arrow::checkpoint {

struct Action {
  std::string_view type;
  std::string_view doc;  // body and reply
};
std::span<const Action> Actions();

// What `checkpoint.list` says of one.
std::string ReplyOf(const Store::Entry& entry);

// Does an action and returns its replies, one JSON object each. `check` says whether a cursor can
// be of this server. Errors: INVALID_ARGUMENT naming what there is instead; as Checkpoints'.
arrow::Result<std::vector<std::string>> Act(
    std::string_view type, std::string_view body, Checkpoints& checkpoints,
    const std::function<arrow::Status(const stream::Cursor&)>& check);

}  // namespace stellar_arrow::checkpoint
