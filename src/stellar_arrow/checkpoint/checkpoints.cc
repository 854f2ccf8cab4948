#include "stellar_arrow/checkpoint/checkpoints.h"

#include <algorithm>
#include <ctime>
#include <random>
#include <utility>

#include "stellar_arrow/base/error.h"
#include "stellar_arrow/text/hex.h"
#include "stellar_arrow/text/utc.h"

namespace stellar_arrow::checkpoint {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kMostEnded = 256;
constexpr int64_t kBytesApart = kBytesBehind / 32;

constexpr auto kBetweenCleanings = std::chrono::hours(1);

std::string Now() {
  std::string text;
  text::AppendUtc(std::time(nullptr), 'T', &text);
  return text + "Z";
}

}  // namespace

Checkpoints::Checkpoints(Options options) : options_(std::move(options)) {}

Checkpoints::~Checkpoints() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

arrow::Status Checkpoints::Start(const std::string& who) {
  who_ = who;
  return options_.chosen ? OpenStore().status() : arrow::Status::OK();
}

std::string Checkpoints::MakeId(const std::string& table) {
  std::random_device random;
  std::array<uint8_t, 8> bytes;
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
  return Concat(table, "-", text::EncodeHex(bytes));
}

arrow::Result<Store*> Checkpoints::OpenStore() {
  const std::lock_guard lock(mutex_);
  if (store_ == nullptr) {
    // Each time anew: who holds it may have gone.
    ARROW_ASSIGN_OR_RAISE(store_, Store::Open(options_.folder, Store::Access::kWrite, who_));
    if (options_.interval.count() > 0) thread_ = std::thread([this] { Run(); });
  }
  return store_.get();
}

void Checkpoints::Run() {
  auto clean_at = Clock::now();
  std::unique_lock lock(mutex_);
  while (!ending_) {
    lock.unlock();
    if (Clock::now() >= clean_at) {
      RemoveOld();
      clean_at = Clock::now() + kBetweenCleanings;
    }
    lock.lock();
    if (changed_.wait_for(lock, options_.interval, [this] { return ending_; })) break;
    lock.unlock();
    SaveAll();
    lock.lock();
  }
}

// What cannot be read is left to people.
void Checkpoints::RemoveOld() {
  const auto entries = store_->List();
  if (!entries.ok()) return Note(entries.status().message());
  for (const Store::Entry& entry : *entries) {
    if (!entry.checkpoint.ok()) {
      Note(entry.checkpoint.status().message());
      continue;
    }
    const std::lock_guard one_at_a_time(LockOf(entry.id));
    {
      const std::lock_guard lock(mutex_);
      if (running_.contains(entry.id) || used_.contains(entry.id)) continue;
    }
    const auto removed = store_->RemoveIfOlder(entry.id, options_.max_age);
    if (!removed.ok()) return Note(removed.status().message());
    if (*removed) {
      Note(Concat("the checkpoint ", Quoted(entry.id), " of ledger ",
                  *entry.checkpoint->cursor.at.last, " was older than ", options_.max_age.count(),
                  " s and is removed"));
    }
  }
}

void Checkpoints::SaveAll() {
  std::vector<std::string> ids;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, stream] : running_) {
      if (!stream->saved_) ids.push_back(id);
    }
  }
  size_t failed = 0;
  arrow::Status first;
  for (const std::string& id : ids) {
    const std::lock_guard one_at_a_time(LockOf(id));
    Stream* stream = nullptr;
    {
      const std::lock_guard lock(mutex_);
      if (const auto running = running_.find(id); running != running_.end()) {
        stream = running->second;
      }
    }
    if (stream == nullptr) continue;  // it has ended, or its checkpoint was removed
    const arrow::Status saved = SaveAutomatic(*stream);
    if (!saved.ok() && failed++ == 0) first = saved;
  }
  if (failed != 0) Note(Concat(failed, " automatic checkpoints failed: ", first.message()));
}

Checkpoints::Use::Use(Checkpoints& all, std::string id) : all_(all), id_(std::move(id)) {
  const std::lock_guard lock(all_.mutex_);
  all_.used_.insert(id_);
}

Checkpoints::Use::~Use() {
  const std::lock_guard lock(all_.mutex_);
  all_.used_.erase(all_.used_.find(id_));
}

arrow::Result<std::optional<Checkpoint>> Checkpoints::Find(const std::string& id) {
  ARROW_ASSIGN_OR_RAISE(Store * store, OpenStore());
  const std::lock_guard lock(LockOf(id));
  return store->Load(id);
}

std::unique_ptr<Checkpoints::Stream> Checkpoints::Begin(Checkpoint begun, bool named) {
  if (!named && !options_.chosen) return nullptr;
  const std::string id = begun.id;
  auto stream = std::make_unique<Stream>(*this, std::move(begun));
  const std::lock_guard one_at_a_time(LockOf(id));
  const std::lock_guard lock(mutex_);
  running_[id] = stream.get();
  return stream;
}

void Checkpoints::Stream::Sent(const stream::Position& position, int64_t bytes) {
  const std::lock_guard lock(all_.mutex_);
  Batch batch{position, 1, bytes};
  const Batch* before =
      on_their_way_.empty() ? (behind_ ? &*behind_ : nullptr) : &on_their_way_.back();
  if (before != nullptr) {
    batch.batches += before->batches;
    batch.bytes += before->bytes;
  }
  // Of tiny batches not every one is a place that is needed.
  const size_t size = on_their_way_.size();
  if (size >= 2 && batch.bytes - on_their_way_[size - 2].bytes < kBytesApart) {
    on_their_way_.pop_back();
  }
  on_their_way_.push_back(batch);
  const auto is_behind = [&](const Batch& one) {
    return batch.batches - one.batches >= kBatchesBehind && batch.bytes - one.bytes >= kBytesBehind;
  };
  while (is_behind(on_their_way_.front())) {
    saved_ &= !on_their_way_.front().position.last.has_value();
    behind_ = on_their_way_.front();
    on_their_way_.pop_front();
  }
}

void Checkpoints::End(Stream& stream) {
  const std::string& id = stream.begun_.id;
  const std::lock_guard one_at_a_time(LockOf(id));
  {
    const std::lock_guard lock(mutex_);
    const auto running = running_.find(id);
    if (running == running_.end() || running->second != &stream) return;
    running_.erase(running);
    ended_.push_front(stream.begun_);
    if (ended_.size() > kMostEnded) ended_.pop_back();
  }
  const arrow::Status saved = SaveAutomatic(stream);
  if (!saved.ok()) Note(Concat("an automatic checkpoint failed: ", saved.message()));
}

arrow::Status Checkpoints::SaveAutomatic(Stream& stream) {
  Checkpoint checkpoint = stream.begun_;
  int64_t batches = 0;
  {
    const std::lock_guard lock(mutex_);
    if (stream.saved_) return arrow::Status::OK();
    checkpoint.cursor.at = stream.behind_->position;
    checkpoint.bytes += stream.behind_->bytes;
    batches = stream.behind_->batches;
  }
  ARROW_ASSIGN_OR_RAISE(Store * store, OpenStore());
  ARROW_ASSIGN_OR_RAISE(const auto there, store->Load(checkpoint.id));
  if (there) ARROW_RETURN_NOT_OK(CheckSame(*there, checkpoint.cursor));
  if (!there || !there->acknowledged) ARROW_RETURN_NOT_OK(Save(*store, std::move(checkpoint)));
  const std::lock_guard lock(mutex_);
  stream.saved_at_ = Clock::now();
  stream.saved_ = stream.behind_->batches == batches;  // none was sent meanwhile
  return arrow::Status::OK();
}

arrow::Status Checkpoints::Save(Store& store, Checkpoint checkpoint) {
  checkpoint.time = Now();
  arrow::Status saved = store.Save(checkpoint);
  const std::lock_guard lock(mutex_);
  last_write_ = saved;
  return saved;
}

arrow::Result<std::optional<Checkpoint>> Checkpoints::Acknowledge(const std::string& id,
                                                                  const stream::Cursor& cursor) {
  ARROW_ASSIGN_OR_RAISE(Store * store, OpenStore());
  const std::lock_guard one_at_a_time(LockOf(id));
  ARROW_ASSIGN_OR_RAISE(std::optional<Checkpoint> checkpoint, store->Load(id));
  int64_t bytes = 0;
  {
    const std::lock_guard lock(mutex_);
    if (const auto running = running_.find(id); running != running_.end()) {
      const Stream& stream = *running->second;
      if (!checkpoint) checkpoint = stream.begun_;
      bytes = stream.begun_.bytes;
      if (stream.behind_) bytes += stream.behind_->bytes;
    } else if (!checkpoint) {
      const auto ended = std::ranges::find(ended_, id, &Checkpoint::id);
      if (ended != ended_.end()) checkpoint = *ended;
    }
  }
  if (checkpoint) ARROW_RETURN_NOT_OK(CheckSame(*checkpoint, cursor));
  if (!cursor.at.last) return checkpoint && checkpoint->cursor.at.last ? checkpoint : std::nullopt;
  if (!checkpoint) checkpoint = Checkpoint{.id = id, .start = cursor.at.first};
  checkpoint->cursor = cursor;
  checkpoint->acknowledged = true;
  checkpoint->bytes = std::max(checkpoint->bytes, bytes);
  ARROW_RETURN_NOT_OK(Save(*store, *checkpoint));
  const std::lock_guard lock(mutex_);
  if (const auto running = running_.find(id); running != running_.end()) {
    running->second->saved_at_ = Clock::now();
  }
  return checkpoint;
}

arrow::Result<std::vector<Store::Entry>> Checkpoints::List() {
  ARROW_ASSIGN_OR_RAISE(Store * store, OpenStore());
  return store->List();
}

arrow::Status Checkpoints::Remove(const std::string& id) {
  ARROW_ASSIGN_OR_RAISE(Store * store, OpenStore());
  const std::lock_guard one_at_a_time(LockOf(id));
  {
    // A stream that runs does not bring it back.
    const std::lock_guard lock(mutex_);
    running_.erase(id);
  }
  return store->Remove(id);
}

std::optional<std::chrono::milliseconds> Checkpoints::oldest_age() const {
  const std::lock_guard lock(mutex_);
  std::optional<Clock::time_point> oldest;
  for (const auto& [id, stream] : running_) {
    oldest = std::min(oldest.value_or(stream->saved_at_), stream->saved_at_);
  }
  if (!oldest) return std::nullopt;
  return std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - *oldest);
}

arrow::Status Checkpoints::last_write() const {
  const std::lock_guard lock(mutex_);
  return last_write_;
}

}  // namespace stellar_arrow::checkpoint
