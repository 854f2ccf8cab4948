// What one worker does with the objects it fetched: opens them, proves and pairs their ledgers, and
// turns these into rows where rows are wanted. Knows neither threads nor the ledgers before.
#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "stellar_arrow/ledger/sha256.h"
#include "stellar_arrow/pipeline/network_knowledge.h"
#include "stellar_arrow/pipeline/pipeline.h"
#include "stellar_arrow/pipeline/segment.h"

namespace stellar_arrow::pipeline {

// Objects that follow each other in the source.
struct Run {
  std::vector<source::Object> objects;
  // Bytes that reading them makes, unzipped or of rows, by a guess that knows no ledger.
  double guess = 0;
  // What came behind them, or, where that is not OK, went wrong.
  source::Fetched::State then = source::Fetched::State::kObject;
  std::string reason;
  arrow::Status status;
};

// Used by one thread at a time.
class RunReader {
 public:
  // Takes a segment; false: no more are wanted.
  using Put = std::function<bool(std::unique_ptr<Segment>)>;

  // Without a converter the opened ledgers themselves are handed on.
  RunReader(const Options& options, NetworkKnowledge& network, std::unique_ptr<Converter> converter)
      : options_(options), network_(network), converter_(std::move(converter)) {}

  bool converts() const { return converter_ != nullptr; }

  // Hands the ledgers of `run` on, with all that is to be said of them. `opened` is what objects
  // are opened with; null afterwards if it was handed on. Ends early, at a ledger's border, where
  // it is told to stop, and with RESOURCE_EXHAUSTED where there is no memory.
  void Read(Run run, std::unique_ptr<OpenedObject>& opened, const std::stop_token& stop,
            const Put& put);

 private:
  void ReadAll(Run run, std::unique_ptr<OpenedObject>& opened, const std::stop_token& stop,
               const Put& put);
  bool ReadObject(source::Object object, std::unique_ptr<OpenedObject>& opened,
                  const std::stop_token& stop, const Put& put);
  arrow::Status Verify(ledger::Ledger& ledger);
  bool HandOn(const Put& put);

  const Options& options_;
  NetworkKnowledge& network_;
  const std::unique_ptr<Converter> converter_;
  ledger::Sha256 sha_;
  std::unique_ptr<Segment> segment_ = std::make_unique<Segment>();
  // Something went wrong where ledgers are converted: what the converter has begun may point to
  // ledgers that are gone, so it is never used again. The stream ends there in any case.
  bool ended_ = false;
};

}  // namespace stellar_arrow::pipeline
