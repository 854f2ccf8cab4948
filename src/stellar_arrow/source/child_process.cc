#include "stellar_arrow/source/child_process.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include "stellar_arrow/base/error.h"

extern char** environ;  // NOLINT: POSIX

namespace stellar_arrow::source {
namespace {

// How long a program has for ending by itself when it is told to.
constexpr std::chrono::milliseconds kGrace{500};
constexpr std::chrono::milliseconds kLook{10};
constexpr size_t kMostLineBytes = 2048;

struct SpawnActions {
  SpawnActions() {
    ::posix_spawn_file_actions_init(&files);
    ::posix_spawnattr_init(&attributes);
  }
  ~SpawnActions() {
    ::posix_spawn_file_actions_destroy(&files);
    ::posix_spawnattr_destroy(&attributes);
  }
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
};

// How the process ended, if it has. It keeps its number: that is given to no other until waitpid().
std::optional<siginfo_t> EndOf(pid_t pid) {
  siginfo_t info{};
  const int error = ::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT);
  return error == 0 && info.si_pid == 0 ? std::nullopt : std::optional(info);
}

}  // namespace

arrow::Result<std::unique_ptr<ChildProcess>> ChildProcess::Start(Options options) {
  std::unique_ptr<ChildProcess> process(new ChildProcess(std::move(options)));
  std::array<int, 2> output{};
  if (::pipe2(output.data(), O_CLOEXEC) != 0) {
    return Error(ErrorCode::kUnavailable, "cannot start ", process->options_.command.front(), ": ",
                 std::strerror(errno));
  }
  // Ahead of the program, which would be nobody's where there can be no thread.
  try {
    process->reader_ = std::thread([&process = *process, fd = output[0]] { process.Read(fd); });
  } catch (const std::system_error& error) {
    ::close(output[0]);
    ::close(output[1]);
    return arrow::Status::OutOfMemory("cannot start a thread: ", error.what());
  }
  const arrow::Status spawned = process->Spawn(output[1]);
  ::close(output[1]);
  ARROW_RETURN_NOT_OK(spawned);
  return process;
}

ChildProcess::ChildProcess(Options options) : options_(std::move(options)) {
  at_quick_exit_.emplace([this] {
    const std::lock_guard lock(mutex_);
    if (pid_ == 0) return;
    Kill(SIGKILL);
    // The folder that it runs in is to go behind it.
    const auto give_up = std::chrono::steady_clock::now() + kGrace;
    while (!EndOf(pid_) && std::chrono::steady_clock::now() < give_up) {
      std::this_thread::sleep_for(kLook);
    }
  });
}

arrow::Status ChildProcess::Spawn(int output) {
  SpawnActions actions;
  ::posix_spawn_file_actions_addchdir_np(&actions.files, options_.folder.c_str());
  ::posix_spawn_file_actions_addopen(&actions.files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&actions.files, output, STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions.files, output, STDERR_FILENO);
  if (options_.third) ::posix_spawn_file_actions_adddup2(&actions.files, *options_.third, 3);
  // No socket of ours, which it would keep open behind us.
  ::posix_spawn_file_actions_addclosefrom_np(&actions.files, options_.third ? 4 : 3);
  // Not this program's signals: those that it blocks and ignores, and those of its terminal.
  sigset_t none;
  sigset_t all;
  sigemptyset(&none);
  sigfillset(&all);
  ::posix_spawnattr_setsigmask(&actions.attributes, &none);
  ::posix_spawnattr_setsigdefault(&actions.attributes, &all);
  ::posix_spawnattr_setpgroup(&actions.attributes, 0);
  ::posix_spawnattr_setflags(
      &actions.attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  std::vector<std::string> words = options_.command;
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const std::lock_guard lock(mutex_);
  pid_t pid = 0;
  const int error = ::posix_spawnp(&pid, arguments.front(), &actions.files, &actions.attributes,
                                   arguments.data(), environ);
  if (error == 0) {
    pid_ = pid;
    return arrow::Status::OK();
  }
  const bool missing = error == ENOENT || error == EACCES || error == ENOEXEC;
  return Error(missing ? ErrorCode::kFailedPrecondition : ErrorCode::kUnavailable, "cannot start ",
               words.front(), ": ", std::strerror(error));
}

ChildProcess::~ChildProcess() {
  if (pid_ != 0) {
    if (!HasEnded()) {
      Kill(SIGINT);
      WaitForEnd({}, std::chrono::steady_clock::now() + kGrace);
    }
    // And what it started, which may have outlived it.
    Kill(SIGKILL);
    at_quick_exit_.reset();
    ::waitpid(pid_, nullptr, 0);
  }
  if (reader_.joinable()) reader_.join();
}

void ChildProcess::Kill(int signal) const { ::kill(-pid_, signal); }

bool ChildProcess::HasEnded() {
  if (!ended_) ended_ = EndOf(pid_);
  return ended_.has_value();
}

bool ChildProcess::WaitForEnd(const std::stop_token& stop,
                              std::chrono::steady_clock::time_point until) {
  while (!HasEnded()) {
    if (stop.stop_requested() || std::chrono::steady_clock::now() >= until) return false;
    std::this_thread::sleep_for(kLook);
  }
  return true;
}

bool ChildProcess::succeeded() const {
  return ended_ && ended_->si_code == CLD_EXITED && ended_->si_status == 0;
}

std::string ChildProcess::HowItEnded() const {
  const siginfo_t info = ended_.value_or(siginfo_t{});
  const bool by_itself = info.si_code == CLD_EXITED;
  return Concat(options_.command.front(),
                by_itself ? " ended with exit code " : " was ended by signal ", info.si_status);
}

std::string ChildProcess::LastWords() {
  std::unique_lock lock(mutex_);
  told_all_.wait_for(lock, kGrace, [this] { return has_told_all_; });
  return last_line_;
}

void ChildProcess::Read(int output) {
  std::string line;
  std::array<char, 4096> part;
  const auto tell = [&] {
    // A part of a word could be one of a secret, which the whole is known by.
    if (line.size() > kMostLineBytes) line.replace(line.find_last_of(" \t") + 1, line.npos, "...");
    if (!line.empty()) {
      options_.on_line(line);
      const std::lock_guard lock(mutex_);
      last_line_ = std::exchange(line, {});
    }
  };
  while (true) {
    const ssize_t got = ::read(output, part.data(), part.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    for (ssize_t i = 0; i < got; ++i) {
      if (part[i] == '\n') {
        tell();
      } else if (line.size() <= kMostLineBytes) {
        line += part[i];
      }
    }
  }
  tell();
  ::close(output);
  const std::lock_guard lock(mutex_);
  has_told_all_ = true;
  told_all_.notify_all();
}

}  // namespace stellar_arrow::source
