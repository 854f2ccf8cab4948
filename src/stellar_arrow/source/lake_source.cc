#include "stellar_arrow/source/lake_source.h"

#include <arrow/buffer.h>

#include <algorithm>
#include <chrono>
#include <mutex>
#include <stop_token>
#include <thread>
#include <utility>
#include <vector>

#include "stellar_arrow/base/error.h"
#include "stellar_arrow/source/lake_layout.h"
#include "stellar_arrow/source/recovery.h"
#include "stellar_arrow/source/store.h"
#include "stellar_arrow/source/unzip.h"

namespace stellar_arrow::source {
namespace {

using Clock = std::chrono::steady_clock;

// How often a lake is listed anew where a look at one name serves in between: a partition can hold
// 64,000 objects.
constexpr auto kListInterval = std::chrono::seconds(10);
// How long whoever asks what the lake has waits for a store that fails.
constexpr auto kAnswerBudget = std::chrono::seconds(5);

// An object by its name.
struct NamedObject {
  uint32_t first = 0;
  uint32_t last = 0;
  std::string path;
};

// What objects of zstd end in, after ".xdr.": now, and in lakes that are some years old.
bool IsKnownEnding(std::string_view extension) { return extension == "zst" || extension == "zstd"; }

std::string_view BaseName(std::string_view path) { return path.substr(path.rfind('/') + 1); }

// Reads names and objects off a lake, wherever its objects lie: in partition folders, or flat. What
// its store fails at is tried again. A value: copies differ by their patience alone.
class LakeIndex {
 public:
  LakeIndex(std::shared_ptr<Store> store, std::shared_ptr<Recovery> recovery)
      : store_(std::move(store)), recovery_(std::move(recovery)) {}

  const std::shared_ptr<Recovery>& recovery() const { return recovery_; }

  LakeIndex With(Patience patience) const {
    LakeIndex copy = *this;
    copy.patience_ = std::move(patience);
    return copy;
  }

  struct Names {
    std::vector<NamedObject> objects;     // by first ledger
    std::vector<NamedObject> partitions;  // the same
    std::string unknown_ending;           // of some object of another compression; mostly empty
  };

  // The names in the folder `folder` of the lake ("" = its own), those of no lake left out.
  arrow::Result<Names> List(const std::string& folder) const {
    ARROW_ASSIGN_OR_RAISE(const auto entries,
                          recovery_->Run(patience_, [&] { return store_->List(folder); }));
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

  arrow::Result<bool> Exists(const std::string& object) const {
    return recovery_->Run(patience_, [&] { return store_->Exists(object); });
  }

  // Null if it is not there. One request of the store, where Exists() first makes two.
  arrow::Result<std::shared_ptr<arrow::Buffer>> ReadIfThere(const std::string& object,
                                                            arrow::MemoryPool* pool) const {
    return recovery_->Run(patience_, [&] { return store_->Read(object, pool); });
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

// Where an object lies by its number.
struct Naming {
  LakeLayout layout;
  bool flat = false;  // objects lie beside the manifest, whatever it says of partitions

  std::string ObjectPath(uint32_t sequence) const {
    return flat ? layout.FileName(sequence) : layout.Key(sequence);
  }

  // Follows an object whose path shows another ending, or that it lies flat or does not.
  void Follow(const std::string& path) {
    flat = path.find('/') == std::string::npos;
    layout.extension = ParseLakeName(BaseName(path))->extension;
  }
};

// What is settled when a lake is opened, and never changes after.
struct Lake {
  LakeIndex index;
  std::string name;
  Naming naming;  // of its newest objects
  std::optional<std::string> passphrase;
};

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
        gaps_(gaps) {}

  arrow::Result<Fetched> Next() override {
    if (done_) return Fetched{};
    if (next_ == 0) {  // the range begins where the lake will
      ARROW_ASSIGN_OR_RAISE(const auto first, index_.FirstFrom(0));
      if (!first) return NotYet(Concat(lake_->name, " is empty"));
      next_ = std::max(first->first, kFirstLakeLedger);
    }
    if (last_ && next_ > *last_) return Fetched{};
    const LedgerRange in_file = naming_.layout.FileRange(next_);
    NamedObject object{in_file.first, *in_file.last, naming_.ObjectPath(next_)};
    ARROW_ASSIGN_OR_RAISE(auto bytes, index_.ReadIfThere(object.path, pool_));
    if (bytes == nullptr) {
      ARROW_ASSIGN_OR_RAISE(const bool found, FindBehindGap(&object));
      if (!found) {
        if (next_ <= newest_.value_or(0)) {
          return LedgerError(ErrorCode::kUnavailable, next_, "ledger ", next_, ": ", lake_->name,
                             " had ledgers up to ", *newest_,
                             ", but has none from this one on now");
        }
        return NotYet(Concat(lake_->name, "/", object.path, " does not exist yet"));
      }
      if (last_ && object.first > *last_) return Fetched{};
      ARROW_ASSIGN_OR_RAISE(bytes, index_.Read(object.path, pool_));
    }
    const xdr::Bytes stored(bytes->data(), static_cast<size_t>(bytes->size()));
    // Lakes on plain file systems are written in place, so the newest object may be half there.
    if (IsCutShort(stored)) {
      ARROW_ASSIGN_OR_RAISE(const auto newest, index_.Newest());
      if (newest && newest->path == object.path) {
        return NotYet(Concat(lake_->name, "/", object.path, " is not whole yet"));
      }
    }
    Fetched fetched{Fetched::State::kObject,
                    {Concat(lake_->name, "/", object.path), Form::kBatch, /*zstd=*/true,
                     std::move(bytes), std::max(object.first, kFirstLakeLedger), object.last},
                    {}};
    done_ = object.last == UINT32_MAX;
    next_ = object.last + 1;
    return fetched;
  }

  void Cancel() override { stop_.request_stop(); }

  void Wait(int64_t milliseconds) override {
    std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
  }

 private:
  static Fetched NotYet(std::string reason) {
    return {Fetched::State::kNotYet, {}, std::move(reason)};
  }

  // The object is not where it should be. If it lies elsewhere (lakes change their ending in the
  // course of years), or came to be meanwhile, it is that. If the lake goes on behind it that is a
  // gap: an error, or the next object there is. False: the lake ends here for now.
  arrow::Result<bool> FindBehindGap(NamedObject* object) {
    const auto now = Clock::now();
    if (now < list_again_) {
      if (object->last == UINT32_MAX) return false;
      const std::string following = naming_.ObjectPath(object->last + 1);
      ARROW_ASSIGN_OR_RAISE(const bool goes_on, index_.Exists(following));
      if (!goes_on) return false;
    }
    list_again_ = now + kListInterval;
    ARROW_ASSIGN_OR_RAISE(const auto after, index_.FirstFrom(next_));
    if (!after) return false;
    if (after->first > next_ && gaps_ == GapPolicy::kFail) {
      // Names may come while a folder is listed, and one of them be seen without the one before.
      ARROW_ASSIGN_OR_RAISE(const bool came, index_.Exists(object->path));
      if (came) return true;
      ARROW_ASSIGN_OR_RAISE(const auto newest, index_.Newest());
      return GapError(next_, "ledger ", next_, " is missing: ", lake_->name, "/", object->path,
                      " does not exist, although ", lake_->name, " goes on with ", after->path,
                      " up to ledger ", newest ? newest->last : after->last);
    }
    *object = *after;
    naming_.Follow(after->path);
    list_again_ = {};
    return true;
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
};

class LakeSource final : public LedgerSource {
 public:
  explicit LakeSource(std::shared_ptr<const Lake> lake) : lake_(std::move(lake)) {}

  std::string_view name() const override { return lake_->name; }

  arrow::Result<Extent> GetExtent() override {
    const auto asked = Clock::now();
    const std::lock_guard lock(mutex_);
    // Who has waited for another one's answer that did not come does not wait for its own.
    if (!failure_.ok() && failed_ >= asked) return failure_;
    auto extent = FindExtent();
    failure_ = extent.status();
    failed_ = Clock::now();
    return extent;
  }

  arrow::Result<std::unique_ptr<ObjectStream>> OpenStream(LedgerRange range, GapPolicy gaps,
                                                          arrow::MemoryPool* pool) override {
    ARROW_ASSIGN_OR_RAISE(const Extent extent, GetExtent());
    if (range.first != 0 && extent.first && range.first < *extent.first) {
      return LedgerError(ErrorCode::kOutOfRange, range.first, lake_->name, " does not have ledger ",
                         range.first, ": it has ledgers ", *extent.first, " to ", *extent.newest);
    }
    return std::make_unique<LakeStream>(lake_, range, extent.newest, gaps, pool);
  }

  std::optional<std::string> passphrase() const override { return lake_->passphrase; }
  const Recovery* recovery() const override { return lake_->index.recovery().get(); }

 private:
  arrow::Result<Extent> FindExtent() {
    const auto now = Clock::now();
    const LakeIndex index = lake_->index.With({.until = now + kAnswerBudget});
    if (!extent_.newest || now >= list_again_) {
      extent_ = {{}, {}, /*grows=*/true};
      ARROW_ASSIGN_OR_RAISE(const auto oldest, index.FirstFrom(0));
      if (!oldest) return extent_;
      ARROW_ASSIGN_OR_RAISE(const auto newest, index.Newest());
      extent_.first = std::max(oldest->first, kFirstLakeLedger);
      extent_.newest = newest ? newest->last : oldest->last;
      list_again_ = now + kListInterval;
    }
    // Since the last listing a lake has grown at its end, if at all.
    while (*extent_.newest != UINT32_MAX) {
      const uint32_t next = *extent_.newest + 1;
      ARROW_ASSIGN_OR_RAISE(const bool exists, index.Exists(lake_->naming.ObjectPath(next)));
      if (!exists) break;
      extent_.newest = lake_->naming.layout.FileRange(next).last;
    }
    return extent_;
  }

  const std::shared_ptr<const Lake> lake_;
  std::mutex mutex_;
  Extent extent_;
  Clock::time_point list_again_{};
  arrow::Status failure_;  // of the last look
  Clock::time_point failed_;
};

// Settles the layout: the manifest's word, held against the names that are there; without one the
// options' word, else the names'.
arrow::Result<std::shared_ptr<const Lake>> SettleLake(std::shared_ptr<Store> store,
                                                      std::string name,
                                                      const SourceOptions& options) {
  auto recovery = std::make_shared<Recovery>(name, options.recovery);
  auto lake = std::make_shared<Lake>(
      Lake{LakeIndex(std::move(store), std::move(recovery)), std::move(name), {}, {}});
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
  }
  ARROW_ASSIGN_OR_RAISE(const auto oldest, lake->index.FirstFrom(0));
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
    ARROW_ASSIGN_OR_RAISE(const auto newest, lake->index.Newest());
    if (newest) lake->naming.Follow(newest->path);
    return lake;
  }
  if (!has_manifest) {
    if (options.ledgers_per_file != 0) layout.ledgers_per_file = options.ledgers_per_file;
    if (options.files_per_partition != 0) layout.files_per_partition = options.files_per_partition;
  }
  ARROW_ASSIGN_OR_RAISE(const std::string unknown, lake->index.UnknownEnding());
  if (!unknown.empty()) {
    return Error(ErrorCode::kInvalidArgument, lake->name, ": objects end in .xdr.", unknown,
                 "; only zstd (.xdr.zst, .xdr.zstd) is read");
  }
  return lake;
}

}  // namespace

arrow::Result<bool> LooksLikeLake(Store& store) {
  ARROW_ASSIGN_OR_RAISE(const bool has_manifest, store.Exists(std::string(kManifestName)));
  if (has_manifest) return true;
  ARROW_ASSIGN_OR_RAISE(const auto entries, store.List(""));
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
