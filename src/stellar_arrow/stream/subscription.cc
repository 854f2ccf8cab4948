// The thread that asks for batches judges ledgers in their order and settles where batches are cut;
// the workers put these together and encode them.
#include "stellar_arrow/stream/subscription.h"

#include <arrow/ipc/writer.h>
#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <algorithm>
#include <deque>
#include <utility>

#include "stellar_arrow/base/error.h"
#include "stellar_arrow/base/stop_when.h"
#include "stellar_arrow/stream/cutter.h"
#include "stellar_arrow/stream/outgoing_batch.h"
#include "stellar_arrow/stream/table_converter.h"

namespace stellar_arrow::stream {
namespace {

using pipeline::Progress;
using Clock = std::chrono::steady_clock;

// Batches that are finished before they are asked for: the workers prepare one while another is
// sent. A reader that is slow costs these, and what may wait in the pipeline. Where they are
// compressed, which can take longer than all else, there is one for each worker.
constexpr size_t kFinishedAhead = 2;

size_t FinishedAhead(const Subscription::Options& options) {
  const bool compressed = options.ipc && options.ipc->codec != nullptr;
  const auto workers = static_cast<size_t>(std::max(options.pipeline.threads, 1));
  return compressed ? std::max(kFinishedAhead, workers) : kFinishedAhead;
}

class OrderedSubscription final : public Subscription {
 public:
  OrderedSubscription(Options options, std::vector<std::shared_ptr<arrow::Schema>> schemas,
                      bool wait, bool timed)
      : batch_(options.batch),
        range_(options.pipeline.range),
        stopped_(options.pipeline.stopped),
        wait_(wait),
        timed_(timed),
        ahead_(FinishedAhead(options)),
        schemas_(std::move(schemas)) {
    outlet_.pool = options.pool;
    outlet_.ipc = options.ipc;
    if (outlet_.ipc) outlet_.ipc->memory_pool = options.pool;
    for (const tables::Table* table : options.tables) cutters_.emplace_back(batch_, table->name());
    positions_.assign(cutters_.size(), options.after.value_or(Position{range_.first}));
    if (options.after && options.after->last) {
      for (Position& position : positions_) position.first = *position.last + 1;
    }
    ended_ = range_.empty();
  }

  arrow::Status Start(source::LedgerSource& source, pipeline::Options options) {
    return pipeline::Pipeline::Make(source, std::move(options)).Value(&pipeline_);
  }

  const std::shared_ptr<arrow::Schema>& schema(size_t table) const override {
    return schemas_[table];
  }

  arrow::Result<std::optional<Batch>> Next() override {
    if (broken_) return end_;
    if (stopped_ && stopped_())
      return Break(Error(ErrorCode::kCancelled, "the stream was cancelled"));
    // Waited for is only the next batch; others are settled ahead as far as there are ledgers, once
    // the first one is out.
    const size_t wanted = outlet_.batches == 0 ? 1 : 1 + ahead_;
    while (!ended_ && outgoing_.size() < wanted) {
      ARROW_ASSIGN_OR_RAISE(const bool advanced, Advance());
      if (!advanced) break;
    }
    for (; begun_ < std::min(outgoing_.size(), 1 + ahead_); ++begun_) {
      pipeline_->DoNext([batch = outgoing_[begun_]] { batch->Finish(); });
    }
    if (outgoing_.empty()) {
      if (!end_.ok()) return end_;
      return std::nullopt;
    }
    outgoing_.front()->Finish();
    auto batch = outgoing_.front()->Take();
    if (!batch.ok()) return Break(batch.status());  // and stays the first that was not handed out
    outgoing_.pop_front();
    --begun_;
    return *std::move(batch);
  }

  Counters counters() const override {
    return {pipeline_ ? pipeline_->counters() : pipeline::Counters(), outlet_.batches,
            outlet_.bytes_rows, outlet_.bytes_sent,
            std::chrono::nanoseconds(outlet_.encoding_nanoseconds)};
  }

  std::optional<uint32_t> first_ledger() const override { return first_; }

  std::optional<uint32_t> next_ledger() const override {
    std::optional<uint32_t> next;
    const auto note = [&next](uint32_t ledger) { next = std::min(next.value_or(ledger), ledger); };
    if (last_) {
      note(*last_ + 1);
    } else if (range_.first != 0) {
      note(range_.first);
    }
    for (const auto& batch : outgoing_) note(batch->ledger());
    if (const auto begun = FirstBegun()) note(*begun);
    return next;
  }

 private:
  // Takes the next ledger, or notes that there is none for now, or at all; waits if no batch is on
  // its way. False: there is nothing to go on with but the batches on their way.
  arrow::Result<bool> Advance() {
    const bool may_wait = outgoing_.empty();
    const bool rows = FirstBegun().has_value();
    const auto until = !may_wait        ? Clock::time_point::min()
                       : timed_ && rows ? flush_at_
                                        : Clock::time_point::max();
    // Nothing may be held back while waiting at the tip.
    auto progress = pipeline_->Next(/*wait=*/wait_ && may_wait && !rows, until);
    if (!progress.ok()) {
      if (CodeOf(progress.status()) == ErrorCode::kCancelled) return Break(progress.status());
      End(progress.status());
      return true;
    }
    switch (*progress) {
      case Progress::kLedger:
        if (const arrow::Status added = Add(pipeline_->converted()); !added.ok()) End(added);
        if (may_wait && timed_ && FirstBegun() && Clock::now() >= flush_at_) FlushAll();
        return true;
      case Progress::kEnd:
        End(arrow::Status::OK());
        return true;
      case Progress::kNotYet:
        if (!wait_) {
          End(range_.last ? Error(ErrorCode::kOutOfRange, "the range goes on to ledger ",
                                  *range_.last, ", but ", pipeline_->waiting_for())
                          : arrow::Status::OK());
          return true;
        }
        FlushAll();
        return rows;
      case Progress::kLater:
        if (may_wait) FlushAll();
        return may_wait;
    }
    return false;
  }

  // No more is read: the rows there are go out, then `status` is told.
  void End(arrow::Status status) {
    ended_ = true;
    end_ = std::move(status);
    FlushAll();
  }

  // Nothing goes out any more.
  arrow::Status Break(const arrow::Status& status) {
    ended_ = broken_ = true;
    end_ = status;
    return end_;
  }

  // The ledger of the first row that is in no settled batch.
  std::optional<uint32_t> FirstBegun() const {
    std::optional<uint32_t> first;
    for (const Cutter& cutter : cutters_) {
      if (const auto ledger = cutter.ledger()) first = std::min(first.value_or(*ledger), *ledger);
    }
    return first;
  }

  arrow::Status Add(const pipeline::ConvertedLedger& ledger) {
    const std::optional<uint32_t> begun_before = FirstBegun();
    for (size_t table = 0; table < cutters_.size(); ++table) {
      const auto& [rows, ledgers] = ledger.chunk->tables[table];
      const int64_t begin = ledger.place == 0 ? 0 : ledgers[ledger.place - 1].end;
      const auto& own = ledgers[ledger.place];
      const arrow::Status added =
          cutters_[table].Add(ledger.sequence, {rows, begin, own.end - begin}, own.bytes, &cuts_);
      if (positions_[table].first == 0) positions_[table].first = ledger.sequence;
      const Position before = positions_[table];
      positions_[table].Add(ledger.sequence, ledger.hash, own.end - begin, sha_);
      SendCuts(table, before);
      ARROW_RETURN_NOT_OK(added);
    }
    if (!first_) first_ = ledger.sequence;
    last_ = ledger.sequence;
    if (FirstBegun() != begun_before) flush_at_ = Clock::now() + batch_.flush;
    return arrow::Status::OK();
  }

  void FlushAll() {
    for (size_t table = 0; table < cutters_.size(); ++table) {
      cutters_[table].Flush(&cuts_);
      SendCuts(table, positions_[table]);
    }
  }

  // `before` is where the table stood before the ledger that was added last.
  void SendCuts(size_t table, Position before) {
    Position& now = positions_[table];
    for (Cut& cut : cuts_) {
      const Position& position = cut.through_last ? now : before;
      outgoing_.push_back(
          std::make_shared<OutgoingBatch>(table, std::move(cut), position, outlet_));
      if (position.last) now.first = before.first = *position.last + 1;
    }
    cuts_.clear();
  }

  const BatchOptions batch_;
  const LedgerRange range_;
  const std::function<bool()> stopped_;
  const bool wait_;
  const bool timed_;
  const size_t ahead_;
  const std::vector<std::shared_ptr<arrow::Schema>> schemas_;
  Outlet outlet_;
  std::deque<Cutter> cutters_;       // by table
  std::vector<Position> positions_;  // by table: where it stands with all ledgers that were added
  ledger::Sha256 sha_;
  std::vector<Cut> cuts_;  // by the last addition
  std::deque<std::shared_ptr<OutgoingBatch>> outgoing_;
  size_t begun_ = 0;  // of outgoing_, those that the workers have been told of
  Clock::time_point flush_at_;
  std::optional<uint32_t> first_;
  std::optional<uint32_t> last_;                  // ledger that was added
  bool ended_ = false;                            // no more is read
  bool broken_ = false;                           // nor handed out
  arrow::Status end_;                             // told once all rows are handed out
  std::unique_ptr<pipeline::Pipeline> pipeline_;  // last: its workers use outlet_
};

}  // namespace

namespace {

// Holds a request's cursor against what else it says.
arrow::Status CheckCursor(const Request& request) {
  const Cursor& cursor = *request.cursor;
  const auto refuse = [](const auto&... why) {
    return Error(ErrorCode::kFailedPrecondition, "the cursor ", why...);
  };
  if (cursor.table != request.table) {
    return refuse("is of the table ", Quoted(cursor.table), ", the request of ", request.table);
  }
  ARROW_ASSIGN_OR_RAISE(const tables::Table* table, tables::FindTable(request.table));
  const auto major = [](std::string_view version) { return version.substr(0, version.find('.')); };
  if (major(cursor.schema) != major(table->schema_version())) {
    return refuse("is of version ", Quoted(cursor.schema), " of ", request.table, ", which is now ",
                  table->schema_version(), "; its rows are other ones: begin anew");
  }
  const uint32_t next = cursor.next();
  if (request.start_at == StartAt::kSequence && next < request.start) {
    return refuse("goes on from ledger ", next, ", but the range begins with ", request.start);
  }
  if (request.end && next - 1 > *request.end) {
    return refuse("stands at ledger ", next - 1, ", but the range ends with ", *request.end);
  }
  return arrow::Status::OK();
}

}  // namespace

arrow::Result<LedgerRange> ResolveRange(const Request& request, source::LedgerSource& source,
                                        const std::stop_token& left) {
  ARROW_ASSIGN_OR_RAISE(const source::Extent extent, source.GetExtent(left));
  LedgerRange range{0, request.end};
  switch (request.start_at) {
    case StartAt::kNewest:
      range.first = extent.newest.value_or(0);
      break;
    case StartAt::kFirst:
      range.first = extent.first.value_or(0);
      break;
    case StartAt::kSequence:
      range.first = request.start;
      break;
  }
  if (request.cursor) {
    ARROW_RETURN_NOT_OK(CheckCursor(request));
    range.first = request.cursor->next();
    // What has been delivered to its end need not be there any more.
    const bool all_delivered = !range.last && !extent.grows && !extent.partial && extent.newest &&
                               range.first == *extent.newest + 1;
    if (range.empty() || all_delivered) return LedgerRange{range.first, range.first - 1};
  }
  const auto refuse = [&](uint32_t ledger) {
    return LedgerError(
        ErrorCode::kOutOfRange, ledger, source.name(), " does not have ledger ", ledger,
        extent.first ? Concat(": it has ledgers ", *extent.first, " to ", *extent.newest)
                     : std::string(": it has none"),
        extent.grows ? "" : ", and it cannot grow");
  };
  // Whoever does not answer now may have them: the stream finds out.
  if (extent.first && !extent.partial) {
    if (range.first < *extent.first) return refuse(range.first);
    if (range.last && *range.last < *extent.first) return refuse(*range.last);
    if (!extent.grows && range.first > *extent.newest) return refuse(range.first);
    if (!extent.grows && range.last && *range.last > *extent.newest) return refuse(*range.last);
  }
  return range;
}

arrow::Result<std::unique_ptr<Subscription>> Subscription::Make(source::LedgerSource& source,
                                                                Options options) {
  if (options.pool == nullptr) options.pool = arrow::default_memory_pool();
  std::string network;
  if (options.pipeline.network) network = options.pipeline.network->passphrase;
  std::vector<std::shared_ptr<arrow::Schema>> schemas;
  for (size_t i = 0; i < options.tables.size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(schemas.emplace_back(),
                          options.tables[i]->Schema({options.columns[i], network}));
    options.pipeline.pair |= options.tables[i]->needs_transactions();
  }
  if (options.after && options.after->last) {
    ARROW_RETURN_NOT_OK(pipeline::GoOnAfter({*options.after->last, options.after->last_hash},
                                            source, &options.pipeline));
  }
  pipeline::Options pipeline = options.pipeline;
  pipeline.make_converter =
      [tables = options.tables, columns = options.columns, network,
       pool = options.pool]() -> arrow::Result<std::unique_ptr<pipeline::Converter>> {
    std::vector<std::unique_ptr<tables::TableAppender>> appenders;
    for (size_t i = 0; i < tables.size(); ++i) {
      ARROW_ASSIGN_OR_RAISE(appenders.emplace_back(),
                            tables[i]->MakeAppender({columns[i], network}, pool));
    }
    return std::make_unique<TableConverter>(std::move(appenders));
  };
  ARROW_ASSIGN_OR_RAISE(const source::Extent extent,
                        source.GetExtent(StopWhen(options.pipeline.stopped).token()));
  // Whoever does not answer now may come back as one that grows.
  const bool grows = extent.grows || extent.partial;
  // What cannot grow will come or end, however slow it is.
  const bool wait = options.wait || !grows;
  const LedgerRange range = options.pipeline.range;
  // Who does not wait at the tip wants whole batches however long they take.
  const bool timed =
      options.wait && grows && (!range.last || *range.last > extent.newest.value_or(0));
  auto subscription =
      std::make_unique<OrderedSubscription>(std::move(options), std::move(schemas), wait, timed);
  if (!range.empty()) ARROW_RETURN_NOT_OK(subscription->Start(source, std::move(pipeline)));
  return subscription;
}

}  // namespace stellar_arrow::stream
