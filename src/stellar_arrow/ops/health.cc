#include "stellar_arrow/ops/health.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "stellar_arrow/base/error.h"

namespace stellar_arrow::ops {
namespace {

using std::chrono::milliseconds;

double Seconds(milliseconds duration) { return std::chrono::duration<double>(duration).count(); }

}  // namespace

bool SourceAnswers(const State& state) {
  return state.source_error.empty() && state.source_silent <= kMostSilence;
}

std::vector<Reason> ReasonsNotReady(const State& state) {
  std::vector<Reason> reasons;
  if (state.draining) {
    reasons.push_back({"draining", "the server is shutting down"});
  } else if (!state.listening) {
    reasons.push_back({"starting", "the server is starting"});
  }
  if (!state.source_error.empty()) {
    reasons.push_back({"source_failed", state.source_error});
  } else if (!SourceAnswers(state)) {
    reasons.push_back({"source_silent", Concat(state.source, " has not answered for ",
                                               state.source_silent.count() / 1000, " s")});
  }
  if (state.most_lag.count() > 0 && state.lag && *state.lag > state.most_lag) {
    reasons.push_back(
        {"behind", Concat("ledger ", state.head_ledger.value_or(0), " of ", state.source,
                          " closed ", state.lag->count() / 1000, " s ago; ready-max-lag allows ",
                          Seconds(state.most_lag), " s")});
  }
  if (!state.checkpoint_error.empty()) {
    reasons.push_back({"checkpoints_failed", state.checkpoint_error});
  }
  if (state.memory_is_short) {
    reasons.push_back(
        {"memory_short", "the streams there are need the memory; max-memory limits it"});
  }
  return reasons;
}

std::string ToJson(const State& state) {
  const std::vector<Reason> reasons = ReasonsNotReady(state);
  nlohmann::ordered_json json;
  json["status"] = reasons.empty() ? "healthy" : "unhealthy";
  json["reasons"] = nlohmann::ordered_json::array();
  for (const Reason& reason : reasons) {
    json["reasons"].push_back({{"reason", reason.what}, {"message", reason.message}});
  }
  json["source"] = state.source;
  json["head_ledger"] = nullptr;
  if (state.head_ledger) json["head_ledger"] = *state.head_ledger;
  json["head_lag_seconds"] = nullptr;
  if (state.lag) json["head_lag_seconds"] = Seconds(*state.lag);
  // What a path says need not be UTF-8.
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

Health::Health(milliseconds most_lag) { state_.most_lag = most_lag; }

void Health::SourceIs(std::string name) {
  const std::lock_guard lock(mutex_);
  state_.source = std::move(name);
}

void Health::Listening() {
  const std::lock_guard lock(mutex_);
  state_.listening = true;
}

void Health::Draining() {
  const std::lock_guard lock(mutex_);
  state_.draining = true;
}

void Health::SourceAnswered(std::optional<uint32_t> head, std::optional<SystemTime> closed) {
  const std::lock_guard lock(mutex_);
  heard_ = std::chrono::steady_clock::now();
  state_.source_error.clear();
  state_.head_ledger = head;
  closed_ = closed;
}

void Health::SourceFailed(std::string error) {
  const std::lock_guard lock(mutex_);
  heard_ = std::chrono::steady_clock::now();
  state_.source_error = std::move(error);
}

void Health::Ask(std::function<void(State*)> more) {
  const std::lock_guard lock(mutex_);
  more_ = std::move(more);
}

State Health::Now() const {
  const std::lock_guard lock(mutex_);
  State now = state_;
  if (more_) more_(&now);
  now.source_silent =
      std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - heard_);
  if (closed_) {
    now.lag = std::chrono::duration_cast<milliseconds>(std::chrono::system_clock::now() - *closed_);
  }
  return now;
}

}  // namespace stellar_arrow::ops
