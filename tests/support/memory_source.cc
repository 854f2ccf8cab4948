#include "tests/support/memory_source.h"

#include <arrow/buffer.h>
#include <zstd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <thread>
#include <utility>

#include "stellar_arrow/ledger/ledger.h"
#include "stellar_arrow/ledger/relink.h"
#include "stellar_arrow/pipeline/pipeline.h"

namespace stellar_arrow::support {
namespace {

using Buffer = std::vector<uint8_t>;

void PutWord(uint8_t* p, uint32_t word) {
  for (int i = 0; i < 4; ++i) p[i] = static_cast<uint8_t>(word >> (24 - 8 * i));
}

// Appends the ledgers of a source that have transactions.
void Append(const std::string& url, std::vector<Buffer>* ledgers) {
  const auto source = source::OpenSource(url).ValueOrDie();
  const auto extent = source->GetExtent().ValueOrDie();
  pipeline::Options options;
  options.range = {*extent.first, extent.newest};
  options.gaps = source::GapPolicy::kSkip;
  const auto pipeline = pipeline::Pipeline::Make(*source, options).ValueOrDie();
  while (pipeline->Next(false).ValueOrDie() == pipeline::Progress::kLedger) {
    if (pipeline->ledger().transaction_count() == 0) continue;
    const auto wire = pipeline->ledger().wire();
    ledgers->emplace_back(wire.begin(), wire.end());
  }
}

}  // namespace

std::vector<Buffer> MakeChain(const std::vector<std::string>& urls, uint32_t first, size_t count) {
  std::vector<Buffer> originals;
  for (const std::string& url : urls) Append(url, &originals);
  std::vector<Buffer> chain;
  ledger::Ledger ledger;
  ledger::Relinker relinker(first);
  while (chain.size() < count) {
    if (!ledger.Open(originals[chain.size() % originals.size()]).ok()) std::abort();
    const ledger::Relinked linked = relinker.Next(ledger).ValueOrDie();
    chain.emplace_back(linked.wire.begin(), linked.wire.end());
  }
  return chain;
}

std::vector<source::Object> MakeObjects(const std::vector<Buffer>& ledgers, uint32_t first,
                                        size_t per_object) {
  std::vector<source::Object> objects;
  for (size_t begin = 0; begin < ledgers.size(); begin += per_object) {
    const size_t end = std::min(begin + per_object, ledgers.size());
    source::Object object;
    object.form = source::Form::kBatch;
    object.zstd = true;
    object.first = first + static_cast<uint32_t>(begin);
    object.last = first + static_cast<uint32_t>(end) - 1;
    object.name = "memory/" + std::to_string(object.first);
    Buffer batch(12);
    PutWord(batch.data(), object.first);
    PutWord(batch.data() + 4, object.last);
    PutWord(batch.data() + 8, static_cast<uint32_t>(end - begin));
    for (size_t i = begin; i < end; ++i) {
      batch.insert(batch.end(), ledgers[i].begin(), ledgers[i].end());
    }
    std::string zipped(ZSTD_compressBound(batch.size()), '\0');
    zipped.resize(ZSTD_compress(zipped.data(), zipped.size(), batch.data(), batch.size(), 3));
    object.bytes = arrow::Buffer::FromString(std::move(zipped));
    objects.push_back(std::move(object));
  }
  return objects;
}

class MemorySource::Stream final : public source::ObjectStream {
 public:
  Stream(MemorySource& source, size_t next, std::optional<uint32_t> last)
      : source_(source), next_(next), last_(last) {}

  arrow::Result<source::Fetched> Next() override {
    const auto& objects = source_.objects_;
    if (next_ == objects.size() || (last_ && objects[next_].first > *last_)) {
      return source::Fetched{};
    }
    if (source_.script.before) ARROW_RETURN_NOT_OK(source_.script.before(next_));
    if (next_ >= source_.there()) {
      return source::Fetched{
          source::Fetched::State::kNotYet, {}, objects[next_].name + " does not exist yet"};
    }
    ++source_.script.fetched;
    return source::Fetched{source::Fetched::State::kObject, objects[next_++], {}};
  }
  void Wait(int64_t milliseconds) override {
    std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
  }
  void Cancel() override {
    if (source_.script.cancelled) source_.script.cancelled();
  }

 private:
  MemorySource& source_;
  size_t next_;
  const std::optional<uint32_t> last_;
};

arrow::Result<source::Extent> MemorySource::GetExtent(const std::stop_token&) {
  if (there() == 0) return source::Extent{{}, {}, script.grows};
  return source::Extent{objects_.front().first, objects_[there() - 1].last, script.grows};
}

arrow::Result<std::unique_ptr<source::ObjectStream>> MemorySource::OpenStream(
    LedgerRange range, source::GapPolicy, arrow::MemoryPool*, const std::stop_token&) {
  const auto first = std::ranges::find_if(
      objects_, [&](const source::Object& object) { return object.last >= range.first; });
  return std::make_unique<Stream>(*this, static_cast<size_t>(first - objects_.begin()), range.last);
}

std::optional<std::string> MemorySource::passphrase() const {
  return script.passphrase.empty() ? std::nullopt : std::optional(script.passphrase);
}

}  // namespace stellar_arrow::support
