#include "stellar_arrow/ops/probes.h"

namespace stellar_arrow::ops {
namespace {

constexpr const char* kText = "text/plain; charset=utf-8";
constexpr const char* kJson = "application/json";

}  // namespace

Response AnswerProbe(std::string_view path, const Health& health, Metrics& metrics) {
  if (path == "/metrics") {
    return {200, "text/plain; version=0.0.4; charset=utf-8", metrics.Text(health.Now())};
  }
  // Asked whether to restart the process, which brings no source back.
  if (path == "/livez") return {200, kText, "ok\n"};
  if (path == "/health" || path == "/ready" || path == "/readyz") {
    const State state = health.Now();
    return {ReasonsNotReady(state).empty() ? 200u : 503u, kJson, ToJson(state)};
  }
  return {404, kText, "there are /health, /livez, /ready, /readyz and /metrics\n"};
}

}  // namespace stellar_arrow::ops
