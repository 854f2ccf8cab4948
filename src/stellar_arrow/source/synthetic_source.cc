#include "stellar_arrow/source/synthetic_source.h"

#include <arrow/buffer.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "stellar_arrow/base/error.h"
#include "stellar_arrow/source/object_bytes.h"
#include "stellar_arrow/synthetic/generator.h"
#include "stellar_arrow/synthetic/options.h"

namespace stellar_arrow::source {
namespace {

using synthetic::Generator;
using synthetic::Options;
using Clock = std::chrono::steady_clock;

// A ledger's bytes depend on all before it. Copies of the generator are kept on the way, so that a
// stream begins near its first ledger, not at the first of all.
class Chain {
 public:
  explicit Chain(const Options& options) : start_(options.start) {
    kept_.emplace(start_, Generator(options));
  }

  // A generator whose next ledger is `sequence`, or one before where it was `cancelled` meanwhile.
  Generator At(uint32_t sequence, const std::atomic<bool>& cancelled) {
    Generator generator = [&] {
      const std::lock_guard lock(mutex_);
      return std::prev(kept_.upper_bound(sequence))->second;
    }();
    while (generator.next_sequence() < sequence && !cancelled) {
      generator.Next();
      Pass(generator);
    }
    return generator;
  }

  // Tells of a generator that made one more ledger.
  void Pass(const Generator& generator) {
    const uint32_t next = generator.next_sequence();
    const std::lock_guard lock(mutex_);
    highest_ = std::max(highest_, next - 1);
    if ((next - start_) % apart_ != 0 || kept_.contains(next)) return;
    kept_.emplace(next, generator);
    if (kept_.size() <= kMostKept) return;
    apart_ *= 2;
    std::erase_if(kept_, [&](const auto& kept) { return (kept.first - start_) % apart_ != 0; });
  }

  // The highest ledger that was made, or the first.
  uint32_t highest() const {
    const std::lock_guard lock(mutex_);
    return std::max(highest_, start_);
  }

 private:
  static constexpr size_t kMostKept = 16;  // of a few MB each

  const uint32_t start_;
  mutable std::mutex mutex_;
  std::map<uint32_t, Generator> kept_;
  uint32_t apart_ = 128;  // ledgers between those that are kept
  uint32_t highest_ = 0;
};

// How far beyond the newest ledger a stream may begin where there is no end: all between have to be
// made first, and nothing can be told of them until then.
constexpr uint32_t kMostAhead = 10'000;

// Which ledgers there are by now.
class Pace {
 public:
  explicit Pace(const Options& options)
      : start_(options.start),
        last_(options.count == 0 ? UINT32_MAX : options.start + options.count - 1),
        every_(options.pace_milliseconds) {}

  uint32_t last() const { return last_; }  // that there will ever be
  bool at_once() const { return every_.count() == 0; }

  uint32_t newest() const {
    if (at_once()) return last_;
    const auto passed = static_cast<uint64_t>((Clock::now() - opened_) / every_);
    return static_cast<uint32_t>(std::min<uint64_t>(start_ + passed, last_));
  }
  // Until that ledger is due. In milliseconds the greatest pace and number do not overflow.
  std::chrono::milliseconds Left(uint32_t sequence) const {
    const auto passed = std::chrono::floor<std::chrono::milliseconds>(Clock::now() - opened_);
    return every_ * int64_t{sequence - start_} - passed;
  }

 private:
  const uint32_t start_;
  const uint32_t last_;
  const std::chrono::milliseconds every_;
  const Clock::time_point opened_ = Clock::now();
};

class SyntheticStream final : public ObjectStream {
 public:
  SyntheticStream(std::shared_ptr<Chain> chain, const Pace& pace, uint32_t first, uint32_t last,
                  arrow::MemoryPool* pool)
      : chain_(std::move(chain)), pace_(pace), next_(first), last_(last), pool_(pool) {}

  arrow::Result<Fetched> Next() override {
    if (next_ > last_ || next_ == 0) return Fetched{};
    if (next_ > pace_.newest()) {
      return Fetched{Fetched::State::kNotYet, {}, Concat("ledger ", next_, " is not due yet")};
    }
    if (!generator_) generator_ = chain_->At(next_, cancelled_);
    if (cancelled_) return Fetched{};
    const std::vector<uint8_t> wire = generator_->Next();
    chain_->Pass(*generator_);
    Object object;
    object.name = Concat("synthetic ledger ", next_);
    ARROW_ASSIGN_OR_RAISE(object.bytes, CopyOf(wire, pool_));
    object.first = object.last = next_++;  // past the greatest number there is 0, the end
    return Fetched{Fetched::State::kObject, std::move(object), {}};
  }

  void Wait(int64_t milliseconds) override {
    std::this_thread::sleep_for(
        std::min(std::chrono::milliseconds(milliseconds), pace_.Left(next_)));
  }

  void Cancel() override { cancelled_ = true; }

 private:
  const std::shared_ptr<Chain> chain_;
  const Pace pace_;
  uint32_t next_;
  const uint32_t last_;
  arrow::MemoryPool* const pool_;
  std::optional<Generator> generator_;
  std::atomic<bool> cancelled_ = false;
};

class SyntheticSource final : public LedgerSource {
 public:
  SyntheticSource(const Options& options, std::string name)
      : options_(options),
        name_(std::move(name)),
        pace_(options),
        chain_(std::make_shared<Chain>(options)) {}

  std::string_view name() const override { return name_; }

  arrow::Result<Extent> GetExtent(const std::stop_token&) override {
    const uint32_t newest = AsAsked() ? chain_->highest() : pace_.newest();
    return Extent{options_.start, newest, AsAsked() || newest < pace_.last()};
  }

  arrow::Result<std::unique_ptr<ObjectStream>> OpenStream(LedgerRange range, GapPolicy,
                                                          arrow::MemoryPool* pool,
                                                          const std::stop_token&) override {
    const uint32_t first = range.first == 0 ? options_.start : range.first;
    const uint32_t last = range.last.value_or(pace_.last());
    if (first < options_.start || last > pace_.last()) {
      const uint32_t wanted = first < options_.start ? first : last;
      return LedgerError(ErrorCode::kOutOfRange, wanted, name_, " does not have ledger ", wanted,
                         ": it has ledgers ", options_.start, " to ", pace_.last());
    }
    if (const uint32_t newest = chain_->highest();
        AsAsked() && first > newest && first - newest > kMostAhead) {
      return LedgerError(ErrorCode::kOutOfRange, first, name_, " does not begin with ledger ",
                         first, ": it has come to ", newest, ", and begins at most ", kMostAhead,
                         " further on; start= names another first ledger");
    }
    return std::make_unique<SyntheticStream>(chain_, pace_, first, last, pool);
  }

  std::optional<std::string> passphrase() const override {
    return std::string(synthetic::kPassphrase);
  }
  bool made_up() const override { return true; }

 private:
  // Without an end and a pace there are as many ledgers as were asked for.
  bool AsAsked() const { return options_.count == 0 && pace_.at_once(); }

  const Options options_;
  const std::string name_;
  const Pace pace_;
  const std::shared_ptr<Chain> chain_;
};

}  // namespace

arrow::Result<std::unique_ptr<LedgerSource>> OpenSynthetic(
    const std::map<std::string, std::string>& query, std::string name) {
  ARROW_ASSIGN_OR_RAISE(const Options options, synthetic::ParseOptions(query));
  return std::make_unique<SyntheticSource>(options, std::move(name));
}

}  // namespace stellar_arrow::source
