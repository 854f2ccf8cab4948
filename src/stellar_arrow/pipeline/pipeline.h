// From a source's objects to proven ledgers in order: unzip, check, verify and convert (in
// parallel), then the chain check (in order). Knows no table and no transport.
#pragma once

#include <arrow/result.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "stellar_arrow/base/range.h"
#include "stellar_arrow/ledger/network.h"
#include "stellar_arrow/ledger/verify.h"
#include "stellar_arrow/memory/budget.h"
#include "stellar_arrow/pipeline/conversion.h"
#include "stellar_arrow/source/source.h"

namespace stellar_arrow::pipeline {

// A ledger that was taken in, in order.
struct PassedLedger {
  uint32_t sequence = 0;
  // A worker's time for it. What opening its object took is shared evenly by the object's ledgers.
  std::chrono::nanoseconds processing{};
  std::chrono::nanoseconds conversion{};  // the part of that in the converter
};

struct Options {
  LedgerRange range;
  ledger::VerifyLevel verify = ledger::VerifyLevel::kChain;
  source::GapPolicy gaps = source::GapPolicy::kFail;
  // Whether envelopes are to be paired with results, so that transactions can be read. Needs to
  // know the network, and fails where it cannot.
  bool pair = false;
  // Workers: threads that fetch, unzip, check, verify and convert.
  int threads = 1;
  // Makes a worker's converter, where ledgers are wanted as rows; they are delivered as rows only.
  std::function<arrow::Result<std::unique_ptr<Converter>>()> make_converter;
  // What the user says the network is. It must not contradict what the source says about itself,
  // nor the data. Absent: the source's word counts, else the known networks are tried.
  std::optional<ledger::Network> network;
  // Where the user said so, for messages: "--network", "environment NETWORK_PASSPHRASE".
  std::string network_origin;
  // Whether the source's word counts more than the user's, instead of having to agree with it.
  bool network_yields_to_source = false;
  std::optional<ledger::Anchor> anchor;
  // The ledger that the range is to go on after: its first one must link to it, at any level.
  struct After {
    ledger::Anchor ledger;
    bool proven = false;  // the source has it: what does not link is a fault of the source's
  };
  std::optional<After> after;
  int64_t max_object_bytes = int64_t{512} << 20;
  // What the stream's memory is taken from, and what says whether to read ahead. Must outlive the
  // pipeline. Null: Arrow's default pool, and as far ahead as ever.
  const memory::StreamMemory* memory = nullptr;
  // Called for each fault instead of ending the stream with an error (the `verify` command). An
  // undecodable ledger is a fault of check "structure"; the stream goes on after it.
  std::function<void(const ledger::Fault&)> on_fault;
  // Called for each ledger that is taken in, from the thread that calls Next().
  std::function<void(const PassedLedger&)> on_ledger;
  // Called with what a log should say once, such as which network was found. From any thread.
  std::function<void(const std::string&)> on_note;
  // Whether nobody waits any more, which makes whatever waits fail with CANCELLED. Asked every 50
  // ms and less: from the thread that called Next(), and from another one while the source is asked
  // what it has, or for a stream.
  std::function<bool()> stopped;
};

// Makes `options` name the network of `source` before its ledgers are read: the one that they name
// already or that the source states, else the known one that a transaction among the first 64
// ledgers of the range, or of the source, proves. It stays unnamed where none does, or where they
// cannot be read: the stream says why. Errors: FAILED_PRECONDITION where `options` contradict what
// the source states, UNAVAILABLE where the source does not answer, and what it says of its extent.
arrow::Status FindNetwork(source::LedgerSource& source, Options* options);

// Holds the network that `options` name against the first ledgers of `source`, where this states
// none itself. Errors: FAILED_PRECONDITION where a transaction proves another known one.
arrow::Status CheckNetwork(source::LedgerSource& source, const Options& options);

// Makes `options` go on after `last`, which a stream has ended with, and holds that against the
// source where this has the ledger and can be read twice. Errors: FAILED_PRECONDITION where it is
// another one there.
arrow::Status GoOnAfter(const ledger::Anchor& last, source::LedgerSource& source, Options* options);

// Bytes that went through so far.
struct Counters {
  int64_t ledgers = 0;
  int64_t bytes_raw = 0;         // LedgerCloseMeta XDR
  int64_t bytes_compressed = 0;  // as fetched
};

enum class Progress {
  kLedger,  // the next one is there
  kEnd,     // the range is complete
  kNotYet,  // at the tip of a source that can grow (only when not told to wait)
  kLater,   // the workers have none ready (only when there was a time limit)
};

// Where the rows of a ledger are: in a chunk, at a place among its ledgers.
struct ConvertedLedger {
  uint32_t sequence = 0;
  ledger::Hash256 hash{};  // as it states it
  std::shared_ptr<const Chunk> chunk;
  size_t place = 0;
};

class Pipeline {
 public:
  virtual ~Pipeline() = default;

  // Moves to the next ledger, for which it waits until `until`; with `wait` at the tip, too. Errors
  // end the pipeline: DATA_LOSS and what the source says; all ledgers before the fault have been
  // delivered, unless it is one of memory, or of room in a column: then perhaps not those that
  // would have shared buffers with it.
  virtual arrow::Result<Progress> Next(bool wait,
                                       std::chrono::steady_clock::time_point until =
                                           std::chrono::steady_clock::time_point::max()) = 0;

  // The ledger, where nothing is converted. Valid until the next call of Next().
  virtual const ledger::Ledger& ledger() const = 0;
  // The ledger, where it is.
  virtual ConvertedLedger converted() const = 0;

  // After kNotYet: what is not there yet, in words.
  virtual const std::string& waiting_for() const = 0;

  // Has a worker do `task` before it reads on. Tasks begin in order; those that have not begun when
  // the pipeline ends never do. From any thread.
  virtual void DoNext(std::function<void()> task) = 0;

  virtual const Counters& counters() const = 0;

  // The network, once named by user or source, or proven by a ledger with transactions.
  virtual std::optional<ledger::Network> network() const = 0;

  // `source` must outlive the pipeline. Errors: as LedgerSource::OpenStream; FAILED_PRECONDITION
  // where `options.network` contradicts the source.
  static arrow::Result<std::unique_ptr<Pipeline>> Make(source::LedgerSource& source,
                                                       Options options);
};

}  // namespace stellar_arrow::pipeline
