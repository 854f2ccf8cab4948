// How long whoever refused a request wants not to be asked again, as its error carries it.
#pragma once

#include <arrow/status.h>

#include <chrono>
#include <string>

namespace stellar_arrow::source {

// UNAVAILABLE for what may pass. `pause` is 0 where none was asked for.
arrow::Status MayPass(std::chrono::seconds pause, const std::string& message);

// 0 where none was asked for.
std::chrono::seconds PauseOf(const arrow::Status& status);

}  // namespace stellar_arrow::source
