#include "stellar_arrow/stream/subscription.h"

#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/util/byte_size.h>

#include <algorithm>
#include <deque>
#include <utility>

#include "stellar_arrow/base/error.h"
#include "stellar_arrow/ledger/ledger.h"

namespace stellar_arrow::stream {
namespace {

using pipeline::Progress;

class OrderedSubscription final : public Subscription {
 public:
  OrderedSubscription(Options options, std::unique_ptr<pipeline::Pipeline> pipeline,
                      std::vector<std::unique_ptr<tables::TableAppender>> appenders, bool wait)
      : batch_(options.batch),
        range_(options.pipeline.range),
        wait_(wait),
        pipeline_(std::move(pipeline)),
        appenders_(std::move(appenders)) {}

  const std::shared_ptr<arrow::Schema>& schema(size_t table) const override {
    return appenders_[table]->schema();
  }

  // Appends ledgers until a table has a batch to hand out, the source has nothing more for now, or
  // it ends, well or not; the rows there are go first in each case.
  arrow::Result<std::optional<Batch>> Next() override {
    while (ready_.empty()) {
      if (!end_.ok()) return end_;
      if (ended_) return std::nullopt;
      // Nothing may be held back while waiting at the tip.
      auto progress = pipeline_->Next(/*wait=*/wait_ && !HasRows());
      if (!progress.ok()) {
        end_ = progress.status();
      } else if (*progress == Progress::kLedger) {
        ARROW_RETURN_NOT_OK(EndUnlessOk(Append(pipeline_->ledger())));
        continue;
      } else if (*progress == Progress::kEnd) {
        ended_ = true;
      } else if (!wait_) {
        ended_ = true;
        if (range_.last) {
          end_ = Error(ErrorCode::kOutOfRange, "the range goes on to ledger ", *range_.last,
                       ", but ", pipeline_->waiting_for());
        }
      }
      ARROW_RETURN_NOT_OK(EndUnlessOk(FinishAll()));
    }
    Batch batch = std::move(ready_.front());
    ready_.pop_front();
    return batch;
  }

  const pipeline::Counters& counters() const override { return pipeline_->counters(); }

  std::optional<uint32_t> first_ledger() const override { return first_appended_; }

  std::optional<uint32_t> next_ledger() const override {
    if (lost_from_) return lost_from_;
    if (last_appended_) return *last_appended_ + 1;
    return range_.first != 0 ? std::optional(range_.first) : std::nullopt;
  }

 private:
  // Ends the stream where rows could not be built: those since the last batch are lost with it, so
  // the first of them is what has not been handed out.
  arrow::Status EndUnlessOk(arrow::Status built) {
    if (!built.ok()) {
      end_ = built;
      lost_from_ = pending_from_;
      ready_.clear();
    }
    return built;
  }

  bool HasRows() const {
    return std::ranges::any_of(appenders_,
                               [](const auto& appender) { return appender->rows() != 0; });
  }

  arrow::Status Append(const ledger::Ledger& ledger) {
    if (!HasRows()) pending_from_ = ledger.sequence();
    if (!first_appended_) first_appended_ = ledger.sequence();
    last_appended_ = ledger.sequence();
    for (size_t table = 0; table < appenders_.size(); ++table) {
      tables::TableAppender& appender = *appenders_[table];
      const int64_t rows_before = appender.rows();
      const int64_t bytes_before = appender.bytes();
      ARROW_RETURN_NOT_OK(appender.Append(ledger));
      // A ledger that takes the batch over its limits begins the next one. It is sent at once with
      // the rows before it, as slices of one set of buffers, so that nothing is copied or built
      // twice: batches depend on the ledgers alone, never on time.
      const int64_t bytes = appender.bytes();
      if (bytes > batch_.bytes || appender.rows() > batch_.rows) {
        ARROW_RETURN_NOT_OK(Finish(table, rows_before, bytes - bytes_before <= batch_.bytes));
      } else if (appender.rows() == batch_.rows) {
        ARROW_RETURN_NOT_OK(Finish(table, 0, /*fits=*/true));
      }
    }
    return arrow::Status::OK();
  }

  arrow::Status FinishAll() {
    for (size_t table = 0; table < appenders_.size(); ++table) {
      if (appenders_[table]->rows() != 0) {
        ARROW_RETURN_NOT_OK(Finish(table, 0, /*fits=*/true));
      }
    }
    return arrow::Status::OK();
  }

  // Makes batches of the table's rows: one of the first `cut` rows, and what the others need.
  // `fits` says that the others have no more bytes than a batch may, so that they need not be
  // measured.
  arrow::Status Finish(size_t table, int64_t cut, bool fits) {
    ARROW_ASSIGN_OR_RAISE(auto rows, appenders_[table]->Finish());
    if (cut != 0) ready_.push_back({table, rows->Slice(0, cut)});
    for (int64_t begin = cut; begin < rows->num_rows(); begin += batch_.rows) {
      auto part = rows->Slice(begin, batch_.rows);
      if (fits) {
        ready_.push_back({table, std::move(part)});
      } else {
        ARROW_RETURN_NOT_OK(HandOut(table, std::move(part)));
      }
    }
    return arrow::Status::OK();
  }

  // A ledger can have more rows than a batch may: it is halved until each part fits, or is one row.
  arrow::Status HandOut(size_t table, std::shared_ptr<arrow::RecordBatch> rows) {
    if (rows->num_rows() > 1) {
      ARROW_ASSIGN_OR_RAISE(const int64_t bytes, arrow::util::ReferencedBufferSize(*rows));
      if (bytes > batch_.bytes) {
        const int64_t half = (rows->num_rows() + 1) / 2;
        ARROW_RETURN_NOT_OK(HandOut(table, rows->Slice(0, half)));
        return HandOut(table, rows->Slice(half));
      }
    }
    ready_.push_back({table, std::move(rows)});
    return arrow::Status::OK();
  }

  const BatchOptions batch_;
  const LedgerRange range_;
  const bool wait_;
  const std::unique_ptr<pipeline::Pipeline> pipeline_;
  const std::vector<std::unique_ptr<tables::TableAppender>> appenders_;
  std::deque<Batch> ready_;
  std::optional<uint32_t> first_appended_;
  std::optional<uint32_t> last_appended_;
  std::optional<uint32_t> pending_from_;  // the first ledger whose rows may be in no batch yet
  std::optional<uint32_t> lost_from_;     // the same, once rows could not be built
  bool ended_ = false;
  arrow::Status end_;  // how the pipeline ended, told once all rows are handed out
};

}  // namespace

arrow::Result<LedgerRange> ResolveRange(const Request& request, source::LedgerSource& source) {
  ARROW_ASSIGN_OR_RAISE(const source::Extent extent, source.GetExtent());
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
  const auto refuse = [&](uint32_t ledger) {
    return LedgerError(
        ErrorCode::kOutOfRange, ledger, source.name(), " does not have ledger ", ledger,
        extent.first ? Concat(": it has ledgers ", *extent.first, " to ", *extent.newest)
                     : std::string(": it has none"),
        extent.grows ? "" : ", and it cannot grow");
  };
  if (extent.first) {
    if (range.first < *extent.first) return refuse(range.first);
    if (range.last && *range.last < *extent.first) return refuse(*range.last);
    if (!extent.grows && range.first > *extent.newest) return refuse(range.first);
    if (!extent.grows && range.last && *range.last > *extent.newest) return refuse(*range.last);
  }
  return range;
}

arrow::Result<std::unique_ptr<Subscription>> Subscription::Make(source::LedgerSource& source,
                                                                Options options) {
  std::vector<std::unique_ptr<tables::TableAppender>> appenders;
  arrow::MemoryPool* const pool =
      options.pool != nullptr ? options.pool : arrow::default_memory_pool();
  for (size_t i = 0; i < options.tables.size(); ++i) {
    tables::Selection selection{options.columns[i]};
    if (options.pipeline.network) selection.network = options.pipeline.network->passphrase;
    ARROW_ASSIGN_OR_RAISE(auto appender, options.tables[i]->MakeAppender(selection, pool));
    appenders.push_back(std::move(appender));
    options.pipeline.pair |= options.tables[i]->needs_transactions();
  }
  ARROW_ASSIGN_OR_RAISE(const source::Extent extent, source.GetExtent());
  ARROW_ASSIGN_OR_RAISE(auto pipeline, pipeline::Pipeline::Make(source, options.pipeline));
  // What cannot grow will come or end, however slow it is.
  const bool wait = options.wait || !extent.grows;
  return std::make_unique<OrderedSubscription>(std::move(options), std::move(pipeline),
                                               std::move(appenders), wait);
}

}  // namespace stellar_arrow::stream
