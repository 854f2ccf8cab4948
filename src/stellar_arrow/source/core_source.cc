#include "stellar_arrow/source/core_source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <optional>
#include <stop_token>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "stellar_arrow/base/error.h"
#include "stellar_arrow/source/child_process.h"
#include "stellar_arrow/source/core_config.h"
#include "stellar_arrow/source/framed_source.h"
#include "stellar_arrow/source/lake_layout.h"
#include "stellar_arrow/source/quick_exit.h"

namespace stellar_arrow::source {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

// A core that has begun and writes nothing for so long is at its tip.
constexpr std::chrono::seconds kTipPause{2};
constexpr int64_t kLookMilliseconds = 50;
constexpr std::chrono::milliseconds kLastWords{500};
// How long whoever asks whether core can be run waits for one that cannot.
constexpr std::chrono::milliseconds kAnswerBudget{5'000};
constexpr std::chrono::seconds kVersionTime{5};

// What core is known to have.
constexpr Extent kUnknown{{}, {}, /*grows=*/true};

// What is settled when the source is opened.
struct Core {
  CoreSettings settings;
  std::string name;
  CoreConfig config;
  std::function<void(const std::string&)> log;
  std::unique_ptr<Recovery> recovery;
  std::atomic<bool> in_use = false;

  // With its last words, as clients may see them.
  arrow::Status HowItEnded(ChildProcess& process) const {
    const std::string words = config.WithoutSecrets(process.LastWords());
    return Error(
        ErrorCode::kUnavailable, name, ": ", process.HowItEnded(),
        words.empty() ? "" : ", having said: ", words.empty() ? "" : Quoted(words, kMostOfOthers));
  }

  // One attempt to learn whether core can be run at all.
  arrow::Result<Extent> AskVersion(const std::stop_token& stop) const {
    ARROW_ASSIGN_OR_RAISE(
        const auto process,
        ChildProcess::Start(
            {{settings.program, "version"}, "/", std::nullopt, log}));  // it needs no folder
    if (process->WaitForEnd(stop, Clock::now() + kVersionTime)) {
      if (process->succeeded()) return kUnknown;
      return HowItEnded(*process);
    }
    if (stop.stop_requested())
      return Error(ErrorCode::kCancelled, "asking ", name, " was cancelled");
    return Error(ErrorCode::kUnavailable, name, ": ", settings.program,
                 " does not tell its version within ", kVersionTime.count(), " s");
  }
};

// A folder that core runs in, which goes with it if it was made for that alone.
class Folder {
 public:
  static arrow::Result<std::unique_ptr<Folder>> Make(const std::string& storage) {
    std::error_code error;
    if (!storage.empty()) {
      fs::create_directories(storage, error);
      const fs::path path = error ? fs::path() : fs::absolute(storage, error);
      if (error) return CannotMake(storage, error.message());
      return std::make_unique<Folder>(path.string(), /*temporary=*/false);
    }
    const fs::path parent = fs::temp_directory_path(error);
    if (error) return CannotMake("in TMPDIR", error.message());
    std::string path = (parent / "stellar-arrow-core-XXXXXX").string();
    if (::mkdtemp(path.data()) == nullptr) return CannotMake(path, std::strerror(errno));
    return std::make_unique<Folder>(path, /*temporary=*/true);
  }

  Folder(std::string path, bool temporary)
      : path_(std::move(path)), temporary_(temporary), at_quick_exit_([this] { Remove(); }) {}
  ~Folder() {
    at_quick_exit_.reset();
    Remove();
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  const std::string& path() const { return path_; }

 private:
  static arrow::Status CannotMake(const std::string& path, const std::string& why) {
    return Error(ErrorCode::kFailedPrecondition, "cannot make the folder ", path,
                 " for core: ", why);
  }

  void Remove() const {
    std::error_code error;
    if (temporary_) fs::remove_all(path_, error);
  }

  const std::string path_;
  const bool temporary_;
  std::optional<AtQuickExit> at_quick_exit_;
};

// Writes a file that its owner alone may read.
arrow::Status WritePrivately(const fs::path& path, std::string_view text) {
  const auto failed = [&] {
    return Error(ErrorCode::kUnavailable, "cannot write ", path.string(), ": ",
                 std::strerror(errno));
  };
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return failed();
  // One that is there already may have been another's to read, and to write.
  arrow::Status written =
      ::fchmod(fd, 0600) == 0 && ::ftruncate(fd, 0) == 0 ? arrow::Status::OK() : failed();
  while (written.ok() && !text.empty()) {
    const ssize_t count = ::write(fd, text.data(), text.size());
    if (count < 0 && errno != EINTR) written = failed();
    if (count > 0) text.remove_prefix(static_cast<size_t>(count));
  }
  if (::close(fd) != 0 && written.ok()) written = failed();
  return written;
}

class CoreStream final : public ObjectStream {
 public:
  // `core` is taken.
  CoreStream(std::shared_ptr<Core> core, LedgerRange range, arrow::MemoryPool* pool)
      : core_(std::move(core)), next_(range.first), last_(range.last), pool_(pool) {}

  ~CoreStream() override {
    pipe_.reset();
    process_.reset();
    folder_.reset();
    core_->in_use = false;
  }

  arrow::Result<Fetched> Next() override {
    if ((last_ && next_ > *last_) || next_ == 0 || stop_.stop_requested()) return Fetched{};
    ARROW_ASSIGN_OR_RAISE(auto fetched, core_->recovery->Run({.stop = stop_.get_token()},
                                                             [this] { return Receive(); }));
    if (fetched.state == Fetched::State::kObject) next_ = fetched.object.first + 1;
    return fetched;
  }

  void Wait(int64_t milliseconds) override { pipe_->Wait(milliseconds); }

  void Cancel() override { stop_.request_stop(); }

 private:
  // The next ledger, or that there is none for now. One attempt: a core that fails is dropped, and
  // the next attempt starts another one at the next ledger.
  arrow::Result<Fetched> Receive() {
    if (pipe_ == nullptr) ARROW_RETURN_NOT_OK(Start());
    while (!stop_.stop_requested()) {
      auto fetched = pipe_->Next();
      if (!fetched.ok()) return Drop(HasFailed() ? HowItEnded() : fetched.status());
      switch (fetched->state) {
        case Fetched::State::kObject:
          heard_ = Clock::now();
          ++of_process_;
          return fetched;
        case Fetched::State::kEnd:
          return Drop(HowItEnded());
        case Fetched::State::kNotYet:
          break;
      }
      // Before the first ledger core makes ready, which can take hours; behind the last of a range
      // it has nothing to wait for.
      const bool begun = of_process_ > 0 && !last_;
      if (begun && (at_tip_ || Clock::now() - heard_ >= kTipPause)) {
        at_tip_ = true;
        return fetched;
      }
      pipe_->Wait(kLookMilliseconds);
    }
    return Cancelled();
  }

  arrow::Status Start() {
    if (folder_ == nullptr) {
      ARROW_ASSIGN_OR_RAISE(folder_, Folder::Make(core_->settings.storage));
    }
    const fs::path config = fs::path(folder_->path()) / "captive-core.cfg";
    ARROW_RETURN_NOT_OK(WritePrivately(config, core_->config.text));
    const auto command = [&](std::vector<std::string> words) {
      words.insert(words.begin(), core_->settings.program);
      words.insert(words.end(), {"--conf", config.string(), "--console"});
      return words;
    };
    ARROW_RETURN_NOT_OK(RunToItsEnd(command({"new-db"})));
    const std::string before = std::to_string(next_ - 1);
    if (!last_ && next_ > kFirstLakeLedger) {
      ARROW_RETURN_NOT_OK(RunToItsEnd(command({"catchup", before + "/0"})));
    }
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
      return Error(ErrorCode::kUnavailable, "cannot make a pipe for core: ", std::strerror(errno));
    }
    std::vector<std::string> words = {"run"};
    if (last_) words = {"catchup", Concat(*last_, "/", *last_ - next_ + 1)};
    words.insert(words.end(), {"--metadata-output-stream", "fd:3"});
    auto process = ChildProcess::Start({command(words), folder_->path(), ends[1], core_->log});
    ::close(ends[1]);
    pipe_ = ReadPipe(ends[0], core_->name, {next_, last_}, pool_);
    if (!process.ok()) return Drop(process.status());
    process_ = *std::move(process);
    of_process_ = 0;
    heard_ = Clock::now();
    return arrow::Status::OK();
  }

  arrow::Status RunToItsEnd(std::vector<std::string> command) {
    ARROW_ASSIGN_OR_RAISE(
        const auto process,
        ChildProcess::Start({std::move(command), folder_->path(), std::nullopt, core_->log}));
    if (!process->WaitForEnd(stop_.get_token())) return Cancelled();
    if (process->succeeded()) return arrow::Status::OK();
    return core_->HowItEnded(*process);
  }

  // Whether core is at fault for what is wrong with its last words, having died over them.
  bool HasFailed() {
    const auto give_up = Clock::now() + kLastWords;
    while (!process_->HasEnded() && Clock::now() < give_up) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return process_->HasEnded() && !process_->succeeded();
  }

  // Of a core that has closed its pipe before the range was complete.
  arrow::Status HowItEnded() {
    if (!process_->WaitForEnd(stop_.get_token())) return Cancelled();
    return WithContext(core_->HowItEnded(*process_), Concat("ledger ", next_, " did not come"));
  }

  arrow::Status Drop(arrow::Status why) {
    pipe_.reset();
    process_.reset();
    return why;
  }

  arrow::Status Cancelled() const {
    return Error(ErrorCode::kCancelled, "reading ", core_->name, " was cancelled");
  }

  const std::shared_ptr<Core> core_;
  uint32_t next_;
  const std::optional<uint32_t> last_;
  arrow::MemoryPool* const pool_;
  std::stop_source stop_;
  std::unique_ptr<Folder> folder_;
  std::unique_ptr<ChildProcess> process_;
  std::unique_ptr<ObjectStream> pipe_;
  int64_t of_process_ = 0;  // ledgers that it wrote
  bool at_tip_ = false;
  Clock::time_point heard_;
};

class CoreSource final : public LedgerSource {
 public:
  explicit CoreSource(std::shared_ptr<Core> core) : core_(std::move(core)) {}

  std::string_view name() const override { return core_->name; }

  // Which ledgers it can make is for the network and its archives to say. Where it failed again and
  // again, and so is spared by all streams, this finds out whether another one may try.
  arrow::Result<Extent> GetExtent(const std::stop_token& stop) override {
    if (core_->recovery->breaker_state() == CircuitBreaker::State::kClosed) return kUnknown;
    return core_->recovery->Run({.budget = kAnswerBudget, .stop = stop},
                                [&] { return core_->AskVersion(stop); });
  }

  arrow::Result<std::unique_ptr<ObjectStream>> OpenStream(LedgerRange range, GapPolicy,
                                                          arrow::MemoryPool* pool,
                                                          const std::stop_token&) override {
    if (range.first < kFirstLakeLedger) {
      return Error(ErrorCode::kInvalidArgument, core_->name,
                   " begins anywhere from ledger 2 on: name the range's first ledger, as in "
                   "stellar_ledger:30822015");
    }
    if (core_->in_use.exchange(true)) {
      return Error(ErrorCode::kUnavailable, core_->name,
                   " runs one stream at a time; end the other one, or write a lake for many");
    }
    return std::make_unique<CoreStream>(core_, range, pool);
  }

  std::optional<std::string> passphrase() const override { return core_->config.passphrase; }
  const Recovery* recovery() const override { return core_->recovery.get(); }

 private:
  const std::shared_ptr<Core> core_;
};

}  // namespace

arrow::Result<std::unique_ptr<LedgerSource>> OpenCore(CoreSettings settings, std::string name,
                                                      const SourceOptions& options) {
  auto core = std::make_shared<Core>();
  ARROW_ASSIGN_OR_RAISE(core->config, MakeCoreConfig(settings.config));
  // One with a slash is meant from here, not from the folder that core runs in.
  if (settings.program.find('/') != std::string::npos) {
    settings.program = fs::absolute(settings.program).string();
  }
  core->settings = std::move(settings);
  core->name = std::move(name);
  core->log = [&config = core->config, log = options.on_detail](const std::string& line) {
    log(config.WithoutSecrets(line));
  };
  core->recovery = std::make_unique<Recovery>(core->name, options.recovery);
  return std::make_unique<CoreSource>(std::move(core));
}

}  // namespace stellar_arrow::source
