// Whether the server lives, and whether it should be sent clients. Told by those who know; decides
// by one table of states. Thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace stellar_arrow::ops {

// What is known of the server at one moment.
struct State {
  bool listening = false;  // the Flight service can be called
  bool draining = false;
  std::string source;                            // its name
  std::string source_error;                      // what it said last; empty: all is well
  std::chrono::milliseconds source_silent{};     // since it said anything
  std::optional<uint32_t> head_ledger;           // newest that the source has
  std::optional<std::chrono::milliseconds> lag;  // since it closed, where that means something
  std::chrono::milliseconds most_lag{};          // that is healthy; 0: any
  std::string checkpoint_error;                  // of the last one written; empty: all is well
  bool memory_is_short = false;                  // no new stream is let in for want of it
};

// A source that says nothing for so long hangs.
inline constexpr std::chrono::milliseconds kMostSilence{15'000};

// Whether the source answers what it is asked, and in time.
bool SourceAnswers(const State& state);

struct Reason {
  std::string_view what;  // starting, draining, source_failed, source_silent, behind,
                          // checkpoints_failed or memory_short
  std::string message;
};

// Why the server should not be sent clients; empty: it should.
std::vector<Reason> ReasonsNotReady(const State& state);

// `state` as a JSON object, with its reasons.
std::string ToJson(const State& state);

class Health {
 public:
  using SystemTime = std::chrono::system_clock::time_point;

  // 0 for any lag.
  explicit Health(std::chrono::milliseconds most_lag);

  void SourceIs(std::string name);
  void Listening();
  void Draining();
  void SourceAnswered(std::optional<uint32_t> head, std::optional<SystemTime> closed);
  void SourceFailed(std::string error);

  // How to find out what else there is to know; asked by each Now(), under a lock.
  void Ask(std::function<void(State*)> more);

  State Now() const;

 private:
  mutable std::mutex mutex_;
  // Guarded by mutex_. The durations of state_ are those of Now().
  State state_;
  std::optional<SystemTime> closed_;
  std::function<void(State*)> more_;
  std::chrono::steady_clock::time_point heard_ = std::chrono::steady_clock::now();
};

}  // namespace stellar_arrow::ops
