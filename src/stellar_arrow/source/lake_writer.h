// Writes a data lake (SEP-54) into a folder: ledgers in, objects and a manifest out. An object is
// there whole or not at all, and once there it never changes; so what was interrupted can be done
// again. Looks at no ledger's bytes.
#pragma once

#include <arrow/result.h>
#include <arrow/status.h>

#include <cstdint>
#include <deque>
#include <future>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "stellar_arrow/source/lake_layout.h"
#include "stellar_arrow/source/source.h"
#include "stellar_arrow/xdr/bytes.h"

namespace stellar_arrow::source {

class LakeWriter {
 public:
  struct Options {
    // Where not given: as the manifest that is there says, else as Galexie does.
    std::optional<uint32_t> ledgers_per_file;
    std::optional<uint32_t> files_per_partition;
    int compression_level = 3;  // of zstd
    int threads = 1;            // that zip and write; so many objects may be in memory
    int64_t max_object_bytes = kMaxObjectBytes;  // unzipped
  };

  struct Counters {
    int64_t ledgers = 0;
    int64_t objects = 0;           // those that were there already included
    int64_t objects_kept = 0;      // there already, with the same ledgers
    int64_t bytes_raw = 0;         // of all objects
    int64_t bytes_compressed = 0;  // as stored, of all objects
  };

  // Makes the folder if there is none. Errors: FAILED_PRECONDITION where the options contradict the
  // manifest or the objects that are there; INVALID_ARGUMENT for a path that is no folder.
  static arrow::Result<std::unique_ptr<LakeWriter>> Open(const std::string& folder,
                                                         const Options& options);

  // What the manifest that was there says.
  const std::optional<std::string>& passphrase() const { return passphrase_; }

  // Writes the manifest. Errors: FAILED_PRECONDITION where it contradicts the one that is there.
  arrow::Status SetNetwork(const std::string& passphrase);

  // The first ledger must begin an object, each other one follow the one before. Errors:
  // OUT_OF_RANGE for one that does not; FAILED_PRECONDITION if its object is there with other
  // content; RESOURCE_EXHAUSTED for an object that readers would refuse; what the file system says.
  // An object's error may come with a later ledger, or with Finish().
  arrow::Status Add(uint32_t sequence, xdr::Bytes ledger);

  // Whether the last object still lacks ledgers.
  bool inside_object() const { return !object_.empty(); }

  // Waits until all is on disk. Errors: as Add(), and OUT_OF_RANGE if the last object lacks
  // ledgers: it is not written, all others are.
  arrow::Status Finish();

  const Counters& counters() const { return counters_; }

 private:
  struct Written {
    bool kept = false;
    int64_t bytes_raw = 0;
    int64_t bytes_compressed = 0;
  };

  LakeWriter(std::string folder, const Options& options);

  static arrow::Result<Written> WriteObject(const std::string& path, const Options& options,
                                            const std::vector<uint8_t>& batch);
  arrow::Status SubmitObject();
  arrow::Status AwaitObject();

  const std::string folder_;
  const Options options_;
  LakeLayout layout_;
  std::optional<std::string> passphrase_;
  std::set<std::string> touched_folders_;

  std::vector<uint8_t> object_;  // the batch so far; empty between two objects
  std::optional<uint32_t> last_added_;
  std::deque<std::future<arrow::Result<Written>>> pending_;  // oldest first
  Counters counters_;
};

}  // namespace stellar_arrow::source
