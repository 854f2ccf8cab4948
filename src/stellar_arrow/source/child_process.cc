#include "stellar_arrow/source/child_process.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
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

}  // namespace

arrow::Result<std::unique_ptr<ChildProcess>> ChildProcess::Start(Options options) {
  const std::string& program = options.command.front();
  std::array<int, 2> output{};
  if (::pipe2(output.data(), O_CLOEXEC) != 0) {
    return Error(ErrorCode::kUnavailable, "cannot start ", program, ": ", std::strerror(errno));
  }
  SpawnActions actions;
  ::posix_spawn_file_actions_addchdir_np(&actions.files, options.folder.c_str());
  ::posix_spawn_file_actions_addopen(&actions.files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&actions.files, output[1], STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions.files, output[1], STDERR_FILENO);
  if (options.third) ::posix_spawn_file_actions_adddup2(&actions.files, *options.third, 3);
  // No socket of ours, which it would keep open behind us.
  ::posix_spawn_file_actions_addclosefrom_np(&actions.files, options.third ? 4 : 3);
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
  std::vector<char*> arguments;
  for (std::string& argument : options.command) arguments.push_back(argument.data());
  arguments.push_back(nullptr);
  pid_t pid = 0;
  const int error = ::posix_spawnp(&pid, program.c_str(), &actions.files, &actions.attributes,
                                   arguments.data(), environ);
  ::close(output[1]);
  if (error != 0) {
    ::close(output[0]);
    const bool missing = error == ENOENT || error == EACCES || error == ENOEXEC;
    return Error(missing ? ErrorCode::kFailedPrecondition : ErrorCode::kUnavailable,
                 "cannot start ", program, ": ", std::strerror(error));
  }
  return std::unique_ptr<ChildProcess>(new ChildProcess(pid, output[0], std::move(options)));
}

ChildProcess::ChildProcess(pid_t pid, int output, Options options)
    : pid_(pid), options_(std::move(options)), reader_([this, output] { Read(output); }) {}

ChildProcess::~ChildProcess() {
  if (!HasEnded()) {
    ::kill(-pid_, SIGINT);
    const auto give_up = std::chrono::steady_clock::now() + kGrace;
    while (!HasEnded() && std::chrono::steady_clock::now() < give_up) {
      std::this_thread::sleep_for(kLook);
    }
  }
  ::kill(-pid_, SIGKILL);  // and what it started, which may have outlived it
  if (!status_) ::waitpid(pid_, nullptr, 0);
  reader_.join();
}

bool ChildProcess::HasEnded() {
  if (status_) return true;
  int status = 0;
  if (::waitpid(pid_, &status, WNOHANG) != pid_) return false;
  status_ = status;
  return true;
}

bool ChildProcess::WaitForEnd(const std::stop_token& stop) {
  while (!HasEnded()) {
    if (stop.stop_requested()) return false;
    std::this_thread::sleep_for(kLook);
  }
  return true;
}

bool ChildProcess::succeeded() const {
  return status_ && WIFEXITED(*status_) && WEXITSTATUS(*status_) == 0;
}

std::string ChildProcess::HowItEnded() {
  const int status = status_.value_or(0);
  const std::lock_guard lock(mutex_);
  return Concat(options_.command.front(), " ",
                WIFSIGNALED(status) ? Concat("was ended by signal ", WTERMSIG(status))
                                    : Concat("ended with exit code ", WEXITSTATUS(status)),
                last_line_.empty() ? "" : ", having said: ", last_line_);
}

void ChildProcess::Read(int output) {
  std::string line;
  std::array<char, 4096> part;
  const auto tell = [&] {
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
      if (part[i] == '\n' || line.size() == kMostLineBytes) tell();
      if (part[i] != '\n') line += part[i];
    }
  }
  tell();
  ::close(output);
}

}  // namespace stellar_arrow::source
