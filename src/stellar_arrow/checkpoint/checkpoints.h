// The checkpoints of a server's streams: where they go on, what clients acknowledge, and what is
// kept of those that do not acknowledge. Knows streams by their positions only; knows no transport.
#pragma once

#include <arrow/result.h>
#include <arrow/status.h>

#include <array>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "stellar_arrow/checkpoint/store.h"

namespace stellar_arrow::checkpoint {

struct Options {
  std::string folder = "/tmp/stellar-arrow-checkpoints";
  // Whether somebody chose the folder: then it is taken at the start, and kept for every stream;
  // else with the first checkpoint that a client names, and for those alone.
  bool chosen = false;
  // Of automatic checkpoints; 0: there are none, and nothing is removed for its age.
  std::chrono::milliseconds interval{30'000};
  std::chrono::seconds max_age = std::chrono::hours(720);  // older ones are removed
  // Called with a line for the log. From any thread.
  std::function<void(const std::string&)> on_note;
};

// What an automatic checkpoint stays behind what was handed to the transport: what may be on its
// way when a client dies.
inline constexpr int64_t kBatchesBehind = 4;
inline constexpr int64_t kBytesBehind = int64_t{8} << 20;

// Thread-safe.
class Checkpoints {
 public:
  explicit Checkpoints(Options options);
  ~Checkpoints();  // all streams have ended
  Checkpoints(const Checkpoints&) = delete;
  Checkpoints& operator=(const Checkpoints&) = delete;

  // Says what others are told who want the folder, and takes it if it was chosen. Errors: as
  // Store::Open(). Call it first, and once.
  arrow::Status Start(const std::string& who);

  // A name for a stream whose client has none.
  static std::string MakeId(const std::string& table);

  // While there is one, the checkpoint of that name is not removed for its age. For who finds one
  // and will begin a stream there: before Find(), until after Begin().
  class Use {
   public:
    Use(Checkpoints& all, std::string id);
    ~Use();
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;

   private:
    Checkpoints& all_;
    const std::string id_;
  };

  // The checkpoint of that name, nullopt if there is none. Errors: as Store's.
  arrow::Result<std::optional<Checkpoint>> Find(const std::string& id);

  // A stream while it runs. One of the same name that began later takes its place.
  class Stream {
   public:
    Stream(Checkpoints& all, Checkpoint begun) : all_(all), begun_(std::move(begun)) {}
    ~Stream() { all_.End(*this); }
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;

    // A batch of `bytes` goes to the transport; with it the stream stands at `position`. Writes
    // nothing.
    void Sent(const stream::Position& position, int64_t bytes);

   private:
    friend class Checkpoints;
    struct Batch {
      stream::Position position;
      int64_t batches = 0;  // so far, with this one
      int64_t bytes = 0;
    };

    Checkpoints& all_;
    const Checkpoint begun_;
    // Guarded by all_.mutex_.
    std::deque<Batch> on_their_way_;
    std::optional<Batch> behind_;  // the newest that is far enough behind
    bool saved_ = true;            // behind_, or there is none
    std::chrono::steady_clock::time_point saved_at_ = std::chrono::steady_clock::now();
  };

  // `begun` has all but a position that counts: where the stream begins is in its cursor. `named`
  // says whether its client named it. Null where nothing is kept of it.
  std::unique_ptr<Stream> Begin(Checkpoint begun, bool named);

  // Moves a checkpoint to where its client says that it has all rows, forward or back, and makes it
  // if there is none. When it returns well that is on the disk. A cursor without a complete ledger
  // changes nothing. Returns what stands now. Errors: FAILED_PRECONDITION where the cursor is of
  // another table or network than the checkpoint.
  arrow::Result<std::optional<Checkpoint>> Acknowledge(const std::string& id,
                                                       const stream::Cursor& cursor);

  arrow::Result<std::vector<Store::Entry>> List();
  arrow::Status Remove(const std::string& id);

  // Time since the last checkpoint of the stream that has waited longest for one, of those that run
  // and have one kept. Nullopt: there are none.
  std::optional<std::chrono::milliseconds> oldest_age() const;
  // The last failure to write one, OK once another could be written.
  arrow::Status last_write() const;

 private:
  arrow::Result<Store*> OpenStore();
  void Run();
  void SaveAll();
  void RemoveOld();
  void End(Stream& stream);
  // Saves where `stream` stands, unless that is saved or its checkpoint has been acknowledged. For
  // who holds the lock of its id. Errors: FAILED_PRECONDITION where the checkpoint is of another
  // table or network; as Store's.
  arrow::Status SaveAutomatic(Stream& stream);
  arrow::Status Save(Store& store, Checkpoint checkpoint);
  void Note(const std::string& line) const {
    if (options_.on_note) options_.on_note(line);
  }
  std::mutex& LockOf(const std::string& id) {
    return locks_[std::hash<std::string>()(id) % locks_.size()];
  }

  const Options options_;
  std::string who_ = "a server";
  // By id, while one is read and written, and while its place in running_ changes: who holds it
  // knows that the stream found there stays. Taken before mutex_.
  std::array<std::mutex, 64> locks_;
  mutable std::mutex mutex_;  // guards all that follows
  std::condition_variable changed_;
  std::unique_ptr<Store> store_;  // once there it stays
  std::map<std::string, Stream*> running_;
  std::multiset<std::string> used_;
  // How the streams began that ended last: acknowledgements come behind the end of a short one.
  std::deque<Checkpoint> ended_;
  arrow::Status last_write_;
  bool ending_ = false;
  std::thread thread_;  // once there is a store
};

}  // namespace stellar_arrow::checkpoint
