// Where ledgers come from. A source names objects (bytes that hold one or more LedgerCloseMetas) in
// ascending ledger order; it neither unzips nor decodes what it hands on for its own sake, so that
// workers can do that in parallel. Knows no table and no transport.
#pragma once

#include <arrow/result.h>
#include <arrow/type_fwd.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "stellar_arrow/base/range.h"
#include "stellar_arrow/source/recovery.h"

namespace stellar_arrow::source {

// What one object may unzip to, unless options say otherwise: far above any real one, and little
// enough for a handful of them to fit into memory.
inline constexpr int64_t kMaxObjectBytes = int64_t{512} << 20;

// What an object's bytes are, once unzipped.
enum class Form {
  kLedger,  // one bare LedgerCloseMeta
  kBatch,   // one LedgerCloseMetaBatch
};

// A fetched object. A value: it owns its bytes (or shares them with its siblings of one file).
struct Object {
  std::string name;  // for messages: "ledgers/FE29...zst", or "core.xdr frame at byte 4096"
  Form form = Form::kLedger;
  bool zstd = false;  // `bytes` is one zstd frame
  std::shared_ptr<arrow::Buffer> bytes;
  uint32_t first = 0;  // ledgers that the object must hold, both included; 0 = its name tells
  uint32_t last = 0;   // nothing. What lies outside the range asked for is the reader's to drop.
  // Where another source stands in: the ledger that the pass goes on with. It must link to the one
  // before at every level of verification; what the object holds before it has been delivered.
  uint32_t joint = 0;
};

// What a source has now.
struct Extent {
  // Absent: nothing there yet, or (a pipe) not known before it is read.
  std::optional<uint32_t> first;
  std::optional<uint32_t> newest;
  // Whether ledgers after `newest` can still come. A range that ends after it is then waited for.
  // A source that cannot grow can still be slow (a pipe): its kNotYet is followed by more, or the
  // end.
  bool grows = false;
  // Of several sources one does not answer now, which may have ledgers before and behind these.
  bool partial = false;
};

// What a stream does at a ledger that is missing while later ones are there.
enum class GapPolicy {
  kFail,  // an error of code DATA_LOSS that names the first missing ledger
  kSkip,  // goes on with the next ledger there is; the reader sees the hole in the sequences
};

struct Fetched {
  enum class State {
    kObject,  // `object` is the next one
    kEnd,     // the range is complete, or the source is at its end and cannot grow
    kNotYet,  // at the tip of a source that can grow: call again later
  };
  State state = State::kEnd;
  Object object;
  std::string reason;  // for kNotYet: what is waited for, for the message of who does not wait
};

// One pass over a range. Used by one thread at a time; several passes may run side by side.
class ObjectStream {
 public:
  virtual ~ObjectStream() = default;

  // The next object that holds a ledger of the range, in ascending order. Never blocks for a ledger
  // that is yet to come (kNotYet instead), though a fetch itself may take its time.
  virtual arrow::Result<Fetched> Next() = 0;

  // Blocks until Next() may have something new, for at most `milliseconds`.
  virtual void Wait(int64_t milliseconds) = 0;

  // Makes a Next() that is under way, or begins later, return soon, whatever it returns. From any
  // thread. For streams whose Next() can take long.
  virtual void Cancel() {}

  // Nothing is read ahead of Next() while `may()` is false, which is called from any thread. For
  // streams that read ahead.
  virtual void LimitReadAhead(std::function<bool()> may) { static_cast<void>(may); }
};

// Thread-safe, except where an implementation says that it allows one stream at a time.
class LedgerSource {
 public:
  virtual ~LedgerSource() = default;

  // The source as the user gave it, without secrets.
  virtual std::string_view name() const = 0;

  // Asks for it, where it is not known, until it is answered, given up, or `stop` comes. Errors:
  // CANCELLED, for whoever was stopped.
  virtual arrow::Result<Extent> GetExtent(const std::stop_token& stop) = 0;
  arrow::Result<Extent> GetExtent() { return GetExtent(std::stop_token()); }

  // A pass over `range`, whose objects' bytes are taken from `pool`. Errors: OUT_OF_RANGE, saying
  // what the source has, when the range begins before its first ledger, or ends after its newest
  // and it cannot grow; CANCELLED once `stop` comes, which is for this call alone.
  virtual arrow::Result<std::unique_ptr<ObjectStream>> OpenStream(LedgerRange range, GapPolicy gaps,
                                                                  arrow::MemoryPool* pool,
                                                                  const std::stop_token& stop) = 0;
  // The same that cannot be stopped, and with Arrow's default pool.
  arrow::Result<std::unique_ptr<ObjectStream>> OpenStream(
      LedgerRange range, GapPolicy gaps, arrow::MemoryPool* pool = arrow::default_memory_pool()) {
    return OpenStream(range, gaps, pool, std::stop_token());
  }

  // The network passphrase that the source states about itself (a lake's manifest), if any.
  virtual std::optional<std::string> passphrase() const { return std::nullopt; }

  // What is tried again when the source does not answer; null where nothing is.
  virtual const Recovery* recovery() const { return nullptr; }

  // The sources that it is made of, each with a recovery of its own; none: it is one.
  virtual std::vector<const LedgerSource*> parts() const { return {}; }

  // The one of those that has the newest ledger, as far as is known; else itself.
  virtual LedgerSource& newest_part() { return *this; }

  // Whether the ledgers are nobody's, but made up.
  virtual bool made_up() const { return false; }
};

// What `lake list` prints. Only a source that is a lake can tell.
struct LakeListing {
  std::optional<uint32_t> first, last;
  int64_t objects = 0;
  uint32_t ledgers_per_file = 1;
  std::vector<LedgerGap> gaps;
};

struct SourceOptions {
  // A cap on what one object may unzip to; see Unzipper.
  int64_t max_object_bytes = kMaxObjectBytes;
  // Layout of a lake without a manifest, where the names do not tell; 0 = unknown.
  uint32_t ledgers_per_file = 0;
  uint32_t files_per_partition = 0;
  // That a lake begins with which tells no names; 0 = 2, as all whole ones do.
  uint32_t first_ledger = 0;
  // Objects of a lake elsewhere that a stream reads at a time, at most.
  int fetchers = 16;
  // Where such objects are kept; empty: nowhere. See ObjectCache.
  std::string cache_folder;
  int64_t cache_bytes = int64_t{10} << 30;
  RecoveryOptions recovery;
  // Called with what a program says that a source runs. From any thread.
  std::function<void(const std::string&)> on_detail = [](const std::string&) {};
};

// Opens the source that `url` names: a plain path, `file:PATH`, `framed:PATH[?follow=true]`
// (`framed:-` is standard input), `grpc://HOST:PORT`, `rpc+https://...`, `core:CONFIG`, or
// `synthetic:?SETTINGS` (synthetic/options.h). Several, each on a line of its own, stand in for
// each other. Errors: INVALID_ARGUMENT for an unknown scheme or query (listing those there are),
// NOT_FOUND, DATA_LOSS for files that are no ledgers.
arrow::Result<std::unique_ptr<LedgerSource>> OpenSource(std::string_view url,
                                                        const SourceOptions& options = {});

// `url` as messages may show it: what can be secret in it is left out.
std::string ShownUrl(std::string_view url);

// Lists the lake at `url`. Errors: as OpenSource, and INVALID_ARGUMENT where there is no lake.
arrow::Result<LakeListing> ListLake(std::string_view url, const SourceOptions& options = {});

}  // namespace stellar_arrow::source
