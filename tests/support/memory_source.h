// Ledgers in memory as a source: of any number, from few; and a source that can be slow, broken or
// at its tip as a test wants it.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "stellar_arrow/source/source.h"

namespace stellar_arrow::support {

// Ledgers `first`, `first + 1`, ... in one chain: those of the sources `urls` that have
// transactions, again and again, until there are `count`. Stops the program where a source cannot
// be read.
std::vector<std::vector<uint8_t>> MakeChain(const std::vector<std::string>& urls, uint32_t first,
                                            size_t count);

// LedgerCloseMetaBatches of `per_object` ledgers each, zipped. The ledgers follow each other from
// `first` on.
std::vector<source::Object> MakeObjects(const std::vector<std::vector<uint8_t>>& ledgers,
                                        uint32_t first, size_t per_object);

class MemorySource final : public source::LedgerSource {
 public:
  // Set before streams are opened, but for `there`.
  struct Script {
    std::string passphrase;  // empty: not stated
    bool grows = false;
    // Called for each object before it is handed out, by the thread that fetches; an error is the
    // stream's.
    std::function<arrow::Status(size_t object)> before;
    // Called by ObjectStream::Cancel().
    std::function<void()> cancelled;
    // The objects there are by now; the others are yet to come, if the source grows.
    std::atomic<size_t> there = SIZE_MAX;
    std::atomic<size_t> fetched = 0;  // objects that have been handed out, by all streams
  };

  // Objects in the order of their ledgers.
  explicit MemorySource(std::vector<source::Object> objects) : objects_(std::move(objects)) {}

  Script script;

  std::string_view name() const override { return "memory"; }
  using LedgerSource::GetExtent;
  arrow::Result<source::Extent> GetExtent(const std::stop_token&) override;
  using LedgerSource::OpenStream;
  arrow::Result<std::unique_ptr<source::ObjectStream>> OpenStream(LedgerRange range,
                                                                  source::GapPolicy,
                                                                  arrow::MemoryPool*,
                                                                  const std::stop_token&) override;
  std::optional<std::string> passphrase() const override;

 private:
  class Stream;
  size_t there() const { return std::min(script.there.load(), objects_.size()); }

  const std::vector<source::Object> objects_;
};

}  // namespace stellar_arrow::support
