// The paths that probes and scrapers ask for, and what they are told.
#pragma once

#include <string_view>

#include "stellar_arrow/ops/health.h"
#include "stellar_arrow/ops/http_server.h"
#include "stellar_arrow/ops/metrics.h"

namespace stellar_arrow::ops {

Response AnswerProbe(std::string_view path, const Health& health, Metrics& metrics);

}  // namespace stellar_arrow::ops
