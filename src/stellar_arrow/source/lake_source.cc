#include "stellar_arrow/source/lake_source.h"

#include <arrow/buffer.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <functional>
#include <stop_token>
#include <thread>
#include <utility>
#include <vector>

#include "stellar_arrow/base/error.h"
#include "stellar_arrow/source/answer_cache.h"
#include "stellar_arrow/source/fetch_ahead.h"
#include "stellar_arrow/source/lake_layout.h"
#include "stellar_arrow/source/recovery.h"
#include "stellar_arrow/source/store.h"
#include "stellar_arrow/source/unzip.h"

namespace stellar_arrow::source {
namespace {

using Clock = std::chrono::steady_clock;

// How long a lake that a network lies before is not asked again for what was not there yet.
constexpr auto kTipInterval = std::chrono::milliseconds(500);
// The same, twice as long each time, for what is read whole each time to see whether it is whole.
constexpr auto kLongestInterval = std::chrono::milliseconds(16'000);
// How long what it has is not asked again.
constexpr auto kExtentInterval = std::chrono::milliseconds(500);
// Objects behind a missing one among which is looked for one that is there.
constexpr uint32_t kMostMissing = 1 << 20;
// How often a lake is listed anew where a look at one name serves in between: a partition can hold
// 64,000 objects.
constexpr auto kListInterval = std::chrono::seconds(10);
// The same for one that a network lies before, whose end is found by single names in between.
constexpr auto kRemoteListInterval = std::chrono::seconds(60);
// How long whoever asks what the lake has waits for a store that fails; and, within that, for its
// list of names, which the search for the newest object can do without.
constexpr auto kAnswerBudget = std::chrono::seconds(5);
constexpr auto kHintBudget = std::chrono::seconds(2);

// An object by its name.
struct NamedObject {
  uint32_t first = 0;
  uint32_t last = 0;
  std::string path;
};

// What objects of zstd end in, after ".xdr.": now, and in lakes that are some years old.
constexpr std::array<std::string_view, 2> kEndings = {"zst", "zstd"};

bool IsKnownEnding(std::string_view extension) {
  return std::ranges::find(kEndings, extension) != kEndings.end();
}

std::string_view BaseName(std::string_view path) { return path.substr(path.rfind('/') + 1); }

// Where an object lies by its number.
struct Naming {
  LakeLayout layout;
  bool flat = false;  // objects lie beside the manifest, whatever it says of partitions

  std::string ObjectPath(uint32_t sequence) const {
    return flat ? layout.FileName(sequence) : layout.Key(sequence);
  }

  NamedObject ObjectWith(uint32_t sequence) const {
    const LedgerRange range = layout.FileRange(sequence);
    return {range.first, *range.last, ObjectPath(sequence)};
  }

  // Whether all objects lie in one folder, of which a list can be too long.
  bool is_flat() const { return flat || layout.files_per_partition == 1; }

  // Follows an object whose path shows another ending, or that it lies flat or does not.
  void Follow(const std::string& path) {
    flat = path.find('/') == std::string::npos;
    layout.extension = ParseLakeName(BaseName(path))->extension;
  }
};

// Reads names and objects off a lake, wherever its objects lie: in partition folders, or flat. What
// its store fails at is tried again. A value: copies differ by their patience alone.
class LakeIndex {
 public:
  LakeIndex(std::shared_ptr<Store> store, std::shared_ptr<Recovery> recovery)
      : store_(std::move(store)), recovery_(std::move(recovery)) {}

  const std::shared_ptr<Recovery>& recovery() const { return recovery_; }
  bool is_remote() const { return store_->is_remote(); }

  LakeIndex With(Patience patience) const {
    LakeIndex copy = *this;
    copy.patience_ = std::move(patience);
    return copy;
  }
  // For what can be done without: one attempt.
  LakeIndex OnceWithin(std::chrono::milliseconds time) const {
    return With({.budget = std::chrono::milliseconds(0),
                 .until = std::min(patience_.until, Clock::now() + time),
                 .stop = patience_.stop});
  }

  struct Names {
    std::vector<NamedObject> objects;     // by first ledger
    std::vector<NamedObject> partitions;  // the same
    std::string unknown_ending;           // of some object of another compression; mostly empty
  };

  // The names in the folder `folder` of the lake ("" = its own), those of no lake left out.
  arrow::Result<Names> List(const std::string& folder) const {
    ARROW_ASSIGN_OR_RAISE(const auto entries, recovery_->Run(patience_, [&] {
      return store_->List(folder, patience_);
    }));
    Names names;
    for (const Store::Entry& entry : entries) {
      const auto name = ParseLakeName(entry.name);
      if (!name || name->extension.empty() != entry.is_folder) continue;
      if (entry.is_folder) {
        names.partitions.push_back({name->first, name->last, entry.name});
      } else if (IsKnownEnding(name->extension)) {
        const std::string prefix = folder.empty() ? "" : folder + "/";
        names.objects.push_back({name->first, name->last, prefix + entry.name});
      } else if (name->extension.find('.') == std::string::npos) {  // else a copy in the making
        names.unknown_ending = name->extension;
      }
    }
    std::ranges::sort(names.objects, {}, &NamedObject::first);
    std::ranges::sort(names.partitions, {}, &NamedObject::first);
    return names;
  }

  // The object that holds `from`, or the first one after it; absent if there is none.
  arrow::Result<std::optional<NamedObject>> FirstFrom(uint32_t from) const {
    ARROW_ASSIGN_OR_RAISE(Names top, List(""));
    std::optional<NamedObject> best = FirstIn(top, from);
    for (const NamedObject& partition : top.partitions) {
      if (partition.last < from || (best && best->first < partition.first)) continue;
      ARROW_ASSIGN_OR_RAISE(const Names names, List(partition.path));
      const std::optional<NamedObject> found = FirstIn(names, from);
      if (found && (!best || found->first < best->first)) best = found;
      if (found) break;  // partitions are in order
    }
    return best;
  }

  // The newest object; absent if there is none.
  arrow::Result<std::optional<NamedObject>> Newest() const {
    ARROW_ASSIGN_OR_RAISE(Names top, List(""));
    std::optional<NamedObject> best;
    if (!top.objects.empty()) best = top.objects.back();
    for (auto partition = top.partitions.rbegin(); partition != top.partitions.rend();
         ++partition) {
      ARROW_ASSIGN_OR_RAISE(const Names names, List(partition->path));
      if (names.objects.empty()) continue;
      if (!best || names.objects.back().last > best->last) best = names.objects.back();
      break;
    }
    return best;
  }

  // All objects, oldest first.
  arrow::Result<std::vector<NamedObject>> All() const {
    ARROW_ASSIGN_OR_RAISE(Names top, List(""));
    std::vector<NamedObject> all = std::move(top.objects);
    for (const NamedObject& partition : top.partitions) {
      ARROW_ASSIGN_OR_RAISE(Names names, List(partition.path));
      std::ranges::move(names.objects, std::back_inserter(all));
    }
    std::ranges::sort(all, {}, &NamedObject::first);
    return all;
  }

  // Some unknown ending; empty if there is none.
  arrow::Result<std::string> UnknownEnding() const {
    ARROW_ASSIGN_OR_RAISE(Names names, List(""));
    for (size_t i = 0; i < names.partitions.size() && names.unknown_ending.empty(); ++i) {
      ARROW_ASSIGN_OR_RAISE(Names inside, List(names.partitions[i].path));
      names.unknown_ending = std::move(inside.unknown_ending);
    }
    return names.unknown_ending;
  }

  // The object with `sequence`, of whichever ending; absent if it is not there.
  arrow::Result<std::optional<NamedObject>> Find(Naming naming, uint32_t sequence) const {
    for (size_t endings = 0; endings < kEndings.size(); ++endings) {
      NamedObject object = naming.ObjectWith(sequence);
      ARROW_ASSIGN_OR_RAISE(const bool exists, Exists(object.path));
      if (exists) return object;
      auto& ending = naming.layout.extension;
      ending = ending == kEndings.front() ? kEndings.back() : kEndings.front();
    }
    return std::nullopt;
  }

  // Moves `last`, which is there, on to the last one of the objects that follow each other from it.
  // That is found in steps that double as long as something is there, and halve then; so a gap may
  // be passed over as well as taken for the end. Where it fails `last` has moved as far as it came.
  arrow::Status GoToLast(const Naming& naming, NamedObject* last) const {
    const uint64_t size = naming.layout.ledgers_per_file;
    uint64_t step = size;
    const auto go = [&]() -> arrow::Result<bool> {
      if (last->first + step > UINT32_MAX) return false;
      ARROW_ASSIGN_OR_RAISE(auto found, Find(naming, static_cast<uint32_t>(last->first + step)));
      if (found) *last = *std::move(found);
      return found.has_value();
    };
    for (bool there = true; there; step *= there ? 2 : 1) {
      ARROW_ASSIGN_OR_RAISE(there, go());
    }
    while ((step /= 2) >= size) ARROW_RETURN_NOT_OK(go());
    return arrow::Status::OK();
  }

  // The first object there is from `sequence` on, which itself may be missing: looked for behind it
  // in steps that double, and then between the last two of these in steps that halve. Absent if
  // none of kMostMissing objects was met. That is some forty requests where nothing is there.
  arrow::Result<std::optional<NamedObject>> SearchFrom(const Naming& naming,
                                                       uint32_t sequence) const {
    const uint64_t size = naming.layout.ledgers_per_file;
    ARROW_ASSIGN_OR_RAISE(auto found, Find(naming, sequence));
    uint64_t missing = naming.layout.FileRange(sequence).first;  // the last one known to be
    for (uint64_t step = size; !found; step *= 2) {
      const uint64_t next = missing + step;
      if (step / size > kMostMissing || next > UINT32_MAX) return std::nullopt;
      ARROW_ASSIGN_OR_RAISE(found, Find(naming, static_cast<uint32_t>(next)));
      if (!found) missing = next;
    }
    while (found->first > missing + size) {
      const uint64_t middle = missing + (found->first - missing) / size / 2 * size;
      ARROW_ASSIGN_OR_RAISE(auto nearer, Find(naming, static_cast<uint32_t>(middle)));
      if (nearer) {
        found = std::move(nearer);
      } else {
        missing = middle;
      }
    }
    return found;
  }

  arrow::Result<bool> Exists(const std::string& object) const {
    return recovery_->Run(patience_, [&] { return store_->Exists(object, patience_); });
  }

  // Null if it is not there. One request of the store, where Exists() first makes two.
  arrow::Result<std::shared_ptr<arrow::Buffer>> ReadIfThere(const std::string& object,
                                                            arrow::MemoryPool* pool) const {
    return recovery_->Run(patience_, [&] { return store_->Read(object, pool, patience_); });
  }

  // The same where it was there a moment ago.
  arrow::Result<std::shared_ptr<arrow::Buffer>> Read(const std::string& object,
                                                     arrow::MemoryPool* pool) const {
    ARROW_ASSIGN_OR_RAISE(auto bytes, ReadIfThere(object, pool));
    if (bytes == nullptr) {
      return Error(ErrorCode::kUnavailable, object, " was there, and is gone");
    }
    return bytes;
  }

  arrow::Result<std::string> ReadText(const std::string& object) const {
    ARROW_ASSIGN_OR_RAISE(auto buffer, Read(object, arrow::default_memory_pool()));
    return buffer->ToString();
  }

 private:
  static std::optional<NamedObject> FirstIn(const Names& names, uint32_t from) {
    const auto found = std::ranges::find_if(
        names.objects, [&](const NamedObject& object) { return object.last >= from; });
    return found == names.objects.end() ? std::nullopt : std::optional(*found);
  }

  std::shared_ptr<Store> store_;
  std::shared_ptr<Recovery> recovery_;
  Patience patience_;
};

// What is settled when a lake is opened, and never changes after.
struct Lake {
  LakeIndex index;
  std::string name;
  Naming naming;  // of its newest objects
  std::optional<std::string> passphrase;
  uint32_t first_ledger;  // where its first object is looked for, before names are listed
  bool first_is_said;     // and nowhere else: it is there, or the lake is empty yet
  int fetchers;
  std::optional<NamedObject> oldest, newest;  // when it was opened
};

// The oldest object; absent if there is none. Errors: UNIMPLEMENTED where it is not the one that is
// looked for, and the lake tells no names.
arrow::Result<std::optional<NamedObject>> FindOldest(const Lake& lake, const LakeIndex& index) {
  if (!index.is_remote()) return index.FirstFrom(0);
  ARROW_ASSIGN_OR_RAISE(auto found, index.Find(lake.naming, lake.first_ledger));
  if (!found && !lake.naming.is_flat()) {
    Naming flat = lake.naming;
    flat.flat = true;
    ARROW_ASSIGN_OR_RAISE(found, index.Find(flat, lake.first_ledger));
  }
  if (found || lake.first_is_said) return found;
  auto listed = index.FirstFrom(0);
  if (listed.ok()) return listed;
  return WithContext(
      listed.status(),
      Concat(lake.name, "/", lake.naming.ObjectPath(lake.first_ledger),
             " does not exist, and its files cannot be listed; if the lake begins with a later "
             "ledger, put #first=LEDGER behind its URL"));
}

// Moves `newest`, some object that is there, on to the newest one.
arrow::Status GoToNewest(const LakeIndex& index, const Naming& naming, NamedObject* newest) {
  if (!index.is_remote()) {
    ARROW_ASSIGN_OR_RAISE(auto found, index.Newest());
    if (found) *newest = *std::move(found);
    return arrow::Status::OK();
  }
  // Of the names only those of partitions are few. With the last of these the search begins, if it
  // can be had at once.
  if (!naming.is_flat()) {
    const auto top = index.OnceWithin(kHintBudget).List("");
    if (top.ok() && !top->partitions.empty()) {
      ARROW_ASSIGN_OR_RAISE(auto first, index.Find(naming, top->partitions.back().first));
      if (first && first->first > newest->first) *newest = *std::move(first);
    }
  }
  return index.GoToLast(naming, newest);
}

class LakeStream final : public ObjectStream {
 public:
  // `newest` is the lake's newest ledger when the stream begins.
  LakeStream(std::shared_ptr<const Lake> lake, LedgerRange range, std::optional<uint32_t> newest,
             GapPolicy gaps, arrow::MemoryPool* pool)
      : lake_(std::move(lake)),
        index_(lake_->index.With({.stop = stop_.get_token()})),
        pool_(pool),
        naming_(lake_->naming),
        next_(range.first),
        last_(range.last),
        newest_(newest),
        gaps_(gaps) {
    if (!index_.is_remote()) return;
    ahead_ = std::make_unique<FetchAhead>(
        [index = index_, pool](const std::string& path) { return index.ReadIfThere(path, pool); },
        lake_->fetchers);
  }
  ~LakeStream() override { Cancel(); }

  arrow::Result<Fetched> Next() override {
    if (done_) return Fetched{};
    if (Clock::now() < ask_again_) return Fetched{Fetched::State::kNotYet, {}, reason_};
    if (next_ == 0) {  // the range begins where the lake will
      ARROW_ASSIGN_OR_RAISE(const auto first, FindOldest(*lake_, index_));
      if (!first) return NotYet(kTipInterval, lake_->name, " is empty");
      naming_.Follow(first->path);
      next_ = std::max(first->first, kFirstLakeLedger);
    }
    if (last_ && next_ > *last_) return Fetched{};
    NamedObject object = naming_.ObjectWith(next_);
    ARROW_ASSIGN_OR_RAISE(auto bytes, ReadNext(object));
    if (bytes == nullptr) {
      objects_in_a_row_ = 0;
      ARROW_ASSIGN_OR_RAISE(const bool found, FindBehindGap(&object));
      if (!found) {
        if (next_ <= newest_.value_or(0)) {
          return LedgerError(ErrorCode::kUnavailable, next_, "ledger ", next_, ": ", lake_->name,
                             " had ledgers up to ", *newest_,
                             ", but has none from this one on now");
        }
        return NotYet(kTipInterval, lake_->name, "/", object.path, " does not exist yet");
      }
      if (last_ && object.first > *last_) return Fetched{};
      ARROW_ASSIGN_OR_RAISE(bytes, index_.Read(object.path, pool_));
    }
    const xdr::Bytes stored(bytes->data(), static_cast<size_t>(bytes->size()));
    // Lakes on plain file systems are written in place, so the newest object may be half there.
    if (IsCutShort(stored)) {
      ARROW_ASSIGN_OR_RAISE(const bool newest, IsNewest(object));
      if (newest) {
        const auto interval =
            std::exchange(cut_short_interval_, std::min(cut_short_interval_ * 2, kLongestInterval));
        return NotYet(interval, lake_->name, "/", object.path, " is not whole yet");
      }
    }
    cut_short_interval_ = kTipInterval;
    Fetched fetched{Fetched::State::kObject,
                    {Concat(lake_->name, "/", object.path), Form::kBatch, /*zstd=*/true,
                     std::move(bytes), std::max(object.first, kFirstLakeLedger), object.last},
                    {}};
    done_ = object.last == UINT32_MAX;
    next_ = object.last + 1;
    ++objects_in_a_row_;
    return fetched;
  }

  void Cancel() override {
    stop_.request_stop();
    if (ahead_ != nullptr) ahead_->Cancel();
  }

  void LimitReadAhead(std::function<bool()> may) override {
    if (ahead_ != nullptr) ahead_->LimitTo(std::move(may));
  }

  void Wait(int64_t milliseconds) override {
    std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
  }

 private:
  // A lake elsewhere is asked again after `interval`.
  template <typename... Reason>
  Fetched NotYet(std::chrono::milliseconds interval, const Reason&... reason) {
    reason_ = Concat(reason...);
    if (index_.is_remote()) ask_again_ = Clock::now() + interval;
    return {Fetched::State::kNotYet, {}, reason_};
  }

  // Null if it is not there.
  arrow::Result<std::shared_ptr<arrow::Buffer>> ReadNext(const NamedObject& object) {
    if (ahead_ == nullptr) return index_.ReadIfThere(object.path, pool_);
    const uint64_t size = naming_.layout.ledgers_per_file;
    // Beyond what the lake had to begin with it is taken to go on as it has done of late.
    const uint64_t there =
        std::max<uint64_t>(newest_.value_or(0), object.last + objects_in_a_row_ * size);
    const uint64_t end = std::min<uint64_t>(there, last_.value_or(UINT32_MAX));
    return ahead_->Take(object.path, [&](size_t n) {
      const uint64_t next = object.last + 1 + n * size;
      return next > end ? std::string() : naming_.ObjectPath(static_cast<uint32_t>(next));
    });
  }

  arrow::Result<bool> IsNewest(const NamedObject& object) const {
    if (index_.is_remote()) {
      if (object.last == UINT32_MAX) return true;
      ARROW_ASSIGN_OR_RAISE(const auto following, index_.Find(naming_, object.last + 1));
      return !following;
    }
    ARROW_ASSIGN_OR_RAISE(const auto newest, index_.Newest());
    return newest && newest->path == object.path;
  }

  // The object is not where it should be. If it lies elsewhere (lakes change their ending in the
  // course of years), or came to be meanwhile, it is that. If the lake goes on behind it that is a
  // gap: an error, or the next object there is. False: the lake ends here for now.
  arrow::Result<bool> FindBehindGap(NamedObject* object) {
    ARROW_ASSIGN_OR_RAISE(const bool may_go_on,
                          index_.is_remote() ? GoesOnFar(*object) : GoesOnNear(*object));
    if (!may_go_on) return false;
    ARROW_ASSIGN_OR_RAISE(const auto after, index_.is_remote() ? index_.SearchFrom(naming_, next_)
                                                               : index_.FirstFrom(next_));
    if (!after) return false;
    if (after->first > next_ && gaps_ == GapPolicy::kFail) {
      // Names may come while others are looked at, and one of them be seen without the one before.
      ARROW_ASSIGN_OR_RAISE(const bool came, index_.Exists(object->path));
      if (came) return true;
      NamedObject newest = *after;
      ARROW_RETURN_NOT_OK(GoToNewest(index_, naming_, &newest));
      return GapError(next_, "ledger ", next_, " is missing: ", lake_->name, "/", object->path,
                      " does not exist, although ", lake_->name, " goes on with ", after->path,
                      " up to ledger ", newest.last);
    }
    *object = *after;
    naming_.Follow(after->path);
    list_again_ = {};
    look_ahead_ = 0;
    return true;
  }

  // Whether to look for what is behind the missing object: where the next but one is there, and now
  // and then.
  arrow::Result<bool> GoesOnNear(const NamedObject& object) {
    const auto now = Clock::now();
    if (now < list_again_) {
      if (object.last == UINT32_MAX) return false;
      return index_.Exists(naming_.ObjectPath(object.last + 1));
    }
    list_again_ = now + kListInterval;
    return true;
  }

  // The same by few names: when the stream comes to the tip, in steps that grow eightfold; from
  // then on one a call, which is the object's own with whichever ending, then one that lies 1, 2,
  // 4, ... objects behind it, and so on anew. So who waits for long looks everywhere.
  arrow::Result<bool> GoesOnFar(const NamedObject& object) {
    if (next_ <= newest_.value_or(0)) return true;  // it did when the stream began
    const auto exists = [&](uint64_t ahead) -> arrow::Result<bool> {
      const uint64_t sequence = object.first + ahead * naming_.layout.ledgers_per_file;
      if (sequence > UINT32_MAX) return false;
      return index_.Exists(naming_.ObjectPath(static_cast<uint32_t>(sequence)));
    };
    if (!std::exchange(came_to_tip_, true)) {
      for (uint64_t ahead = 1; ahead <= kMostMissing; ahead *= 8) {
        ARROW_ASSIGN_OR_RAISE(const bool found, exists(ahead));
        if (found) return true;
      }
    }
    const uint64_t ahead = std::exchange(look_ahead_, look_ahead_ == 0 ? 1 : look_ahead_ * 2);
    if (look_ahead_ > kMostMissing) look_ahead_ = 0;
    if (ahead != 0) return exists(ahead);
    ARROW_ASSIGN_OR_RAISE(const auto found, index_.Find(naming_, next_));
    return found.has_value();
  }

  const std::shared_ptr<const Lake> lake_;
  std::stop_source stop_;
  const LakeIndex index_;
  arrow::MemoryPool* const pool_;
  Naming naming_;
  uint32_t next_;  // 0: not known before the lake has an object
  const std::optional<uint32_t> last_;
  const std::optional<uint32_t> newest_;
  const GapPolicy gaps_;
  bool done_ = false;
  Clock::time_point list_again_{};
  bool came_to_tip_ = false;       // of a lake elsewhere
  uint64_t look_ahead_ = 0;        // objects, from the missing one to where is looked next
  Clock::time_point ask_again_{};  // for the next object, which was not there
  std::string reason_;             // why it is asked for again
  std::chrono::milliseconds cut_short_interval_ = kTipInterval;
  uint64_t objects_in_a_row_ = 0;      // since one was not there
  std::unique_ptr<FetchAhead> ahead_;  // last, as it uses the above; null for what is near
};

class LakeSource final : public LedgerSource {
 public:
  explicit LakeSource(std::shared_ptr<const Lake> lake)
      : lake_(std::move(lake)),
        extent_(lake_->index.is_remote() ? kExtentInterval : std::chrono::milliseconds(0),
                /*failed=*/std::chrono::milliseconds(0)),
        naming_(lake_->naming) {
    if (!lake_->index.is_remote()) return;
    oldest_ = lake_->oldest;
    newest_ = lake_->newest;
    list_again_ = Clock::now() + kRemoteListInterval;
  }

  std::string_view name() const override { return lake_->name; }

  arrow::Result<Extent> GetExtent(const std::stop_token& stop) override {
    return extent_.Get(stop, [&] { return FindExtent(stop); });
  }

  arrow::Result<std::unique_ptr<ObjectStream>> OpenStream(LedgerRange range, GapPolicy gaps,
                                                          arrow::MemoryPool* pool,
                                                          const std::stop_token& stop) override {
    ARROW_ASSIGN_OR_RAISE(const Extent extent, GetExtent(stop));
    if (range.first != 0 && extent.first && range.first < *extent.first) {
      return LedgerError(ErrorCode::kOutOfRange, range.first, lake_->name, " does not have ledger ",
                         range.first, ": it has ledgers ", *extent.first, " to ", *extent.newest);
    }
    return std::make_unique<LakeStream>(lake_, range, extent.newest, gaps, pool);
  }

  std::optional<std::string> passphrase() const override { return lake_->passphrase; }
  const Recovery* recovery() const override { return lake_->index.recovery().get(); }

 private:
  // Of a remote lake what is known already stays known, also where the time runs out: who asks next
  // goes on from there.
  arrow::Result<Extent> FindExtent(const std::stop_token& stop) {
    const auto now = Clock::now();
    const LakeIndex index = lake_->index.With({.until = now + kAnswerBudget, .stop = stop});
    if (now >= list_again_ && !index.is_remote()) oldest_.reset();
    if (!oldest_) {
      ARROW_ASSIGN_OR_RAISE(oldest_, FindOldest(*lake_, index));
      if (!oldest_) return Extent{{}, {}, /*grows=*/true};
      naming_.Follow(oldest_->path);
      newest_ = oldest_;
      list_again_ = {};
    }
    if (now >= list_again_) {
      ARROW_RETURN_NOT_OK(GoToNewest(index, naming_, &*newest_));
      list_again_ = now + (index.is_remote() ? kRemoteListInterval : kListInterval);
    }
    // Since then a lake has grown at its end, if at all.
    naming_.Follow(newest_->path);
    ARROW_RETURN_NOT_OK(index.GoToLast(naming_, &*newest_));
    return Extent{std::max(oldest_->first, kFirstLakeLedger), newest_->last, /*grows=*/true};
  }

  const std::shared_ptr<const Lake> lake_;
  AnswerCache<Extent> extent_;
  // Of who asks, one at a time.
  Naming naming_;
  std::optional<NamedObject> oldest_, newest_;
  Clock::time_point list_again_{};
};

// Settles the layout: the manifest's word, held against the names that are there; without one the
// options' word, else the names'.
arrow::Result<std::shared_ptr<const Lake>> SettleLake(std::shared_ptr<Store> store,
                                                      std::string name,
                                                      const SourceOptions& options) {
  auto recovery = std::make_shared<Recovery>(name, options.recovery);
  auto lake = std::make_shared<Lake>(
      Lake{LakeIndex(std::move(store), std::move(recovery)),
           std::move(name),
           {},
           {},
           options.first_ledger == 0 ? kFirstLakeLedger : options.first_ledger,
           options.first_ledger != 0,
           options.fetchers,
           {},
           {}});
  ARROW_ASSIGN_OR_RAISE(const bool has_manifest, lake->index.Exists(std::string(kManifestName)));
  LakeLayout& layout = lake->naming.layout;
  if (has_manifest) {
    ARROW_ASSIGN_OR_RAISE(const std::string text, lake->index.ReadText(std::string(kManifestName)));
    auto manifest = ParseManifest(text);
    if (!manifest.ok()) {
      return WithContext(manifest.status(), Concat(lake->name, "/", kManifestName));
    }
    layout.ledgers_per_file = manifest->ledgers_per_file;
    layout.files_per_partition = manifest->files_per_partition;
    lake->passphrase = manifest->network_passphrase;
  } else {
    if (options.ledgers_per_file != 0) layout.ledgers_per_file = options.ledgers_per_file;
    if (options.files_per_partition != 0) layout.files_per_partition = options.files_per_partition;
  }
  const bool knows_layout = has_manifest || options.ledgers_per_file != 0;
  if (!knows_layout) lake->first_is_said = false;  // the names there are tell it
  auto found = FindOldest(*lake, lake->index);
  if (CodeOf(found.status()) == ErrorCode::kUnimplemented) {
    if (knows_layout) return Error(ErrorCode::kInvalidArgument, found.status().message());
    return Error(ErrorCode::kInvalidArgument, lake->name,
                 " has no .config.json and no list of its files: name its layout with "
                 "--ledgers-per-file and --files-per-partition");
  }
  ARROW_RETURN_NOT_OK(found);
  const std::optional<NamedObject> oldest = *std::move(found);
  if (oldest) {
    const uint32_t per_file = oldest->last - oldest->first + 1;
    const uint32_t said = has_manifest ? layout.ledgers_per_file : options.ledgers_per_file;
    if (said != 0 && said != per_file) {
      return Error(ErrorCode::kDataLoss, lake->name, ": ",
                   has_manifest ? "the manifest" : "the option", " says ", said,
                   " ledgers a file, but ", oldest->path, " is named for ", per_file);
    }
    layout.ledgers_per_file = per_file;
    lake->naming.Follow(oldest->path);
    if (!lake->naming.flat) {
      const auto partition = ParseLakeName(oldest->path.substr(0, oldest->path.find('/')));
      const uint32_t files =
          static_cast<uint32_t>((uint64_t{partition->last} - partition->first + 1) / per_file);
      const uint32_t said_files =
          has_manifest ? layout.files_per_partition : options.files_per_partition;
      // The last partition of all numbers is cut off by the greatest uint32.
      if (said_files != 0 && said_files != files && partition->last != UINT32_MAX) {
        return Error(ErrorCode::kDataLoss, lake->name, ": ",
                     has_manifest ? "the manifest" : "the option", " says ", said_files,
                     " files a partition, but the folder ",
                     oldest->path.substr(0, oldest->path.find('/')), " is named for ", files);
      }
      if (partition->last != UINT32_MAX) layout.files_per_partition = files;
    }
    if (const std::string path = lake->naming.ObjectPath(oldest->first); path != oldest->path) {
      return Error(ErrorCode::kDataLoss, lake->name, ": the lake's first object is ", oldest->path,
                   ", but by SEP-54 an object of ", per_file, " ledgers that holds ledger ",
                   oldest->first, " is ", path);
    }
    lake->oldest = lake->newest = oldest;
    ARROW_RETURN_NOT_OK(GoToNewest(lake->index, lake->naming, &*lake->newest));
    lake->naming.Follow(lake->newest->path);
    return lake;
  }
  if (lake->first_is_said) return lake;  // is yet to come, and nothing is listed
  ARROW_ASSIGN_OR_RAISE(const std::string unknown, lake->index.UnknownEnding());
  if (!unknown.empty()) {
    return Error(ErrorCode::kInvalidArgument, lake->name, ": objects end in .xdr.", unknown,
                 "; only zstd (.xdr.zst, .xdr.zstd) is read");
  }
  return lake;
}

}  // namespace

arrow::Result<bool> LooksLikeLake(Store& store) {
  ARROW_ASSIGN_OR_RAISE(const bool has_manifest, store.Exists(std::string(kManifestName), {}));
  if (has_manifest) return true;
  ARROW_ASSIGN_OR_RAISE(const auto entries, store.List("", {}));
  return std::ranges::any_of(entries, [](const Store::Entry& entry) {
    const auto name = ParseLakeName(entry.name);
    return name && name->extension.empty() == entry.is_folder;
  });
}

arrow::Result<std::unique_ptr<LedgerSource>> OpenLake(std::shared_ptr<Store> store,
                                                      std::string name,
                                                      const SourceOptions& options) {
  ARROW_ASSIGN_OR_RAISE(auto lake, SettleLake(std::move(store), std::move(name), options));
  return std::make_unique<LakeSource>(std::move(lake));
}

arrow::Result<LakeListing> ListLakeAt(std::shared_ptr<Store> store, std::string name,
                                      const SourceOptions& options) {
  ARROW_ASSIGN_OR_RAISE(const auto lake, SettleLake(std::move(store), std::move(name), options));
  ARROW_ASSIGN_OR_RAISE(const auto objects, lake->index.All());
  LakeListing listing;
  listing.objects = static_cast<int64_t>(objects.size());
  listing.ledgers_per_file = lake->naming.layout.ledgers_per_file;
  for (const NamedObject& object : objects) {
    const uint32_t first = std::max(object.first, kFirstLakeLedger);
    if (!listing.first) listing.first = first;
    if (listing.last && first > *listing.last + 1) {
      listing.gaps.push_back({*listing.last + 1, first - 1});
    }
    listing.last = std::max(listing.last.value_or(0), object.last);
  }
  return listing;
}

}  // namespace stellar_arrow::source
