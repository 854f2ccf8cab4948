#include "stellar_arrow/cli/progress.h"

#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <utility>

namespace stellar_arrow::cli {
namespace {

constexpr auto kRedraw = std::chrono::milliseconds(100);
constexpr auto kLogLine = std::chrono::seconds(10);
constexpr int kBarWidth = 24;

}  // namespace

ProgressBar::ProgressBar(std::string what, std::optional<int64_t> total, bool quiet)
    : what_(std::move(what)),
      total_(total),
      quiet_(quiet),
      terminal_(::isatty(STDERR_FILENO) != 0) {
  if (!terminal_) next_ += kLogLine;
}

ProgressBar::~ProgressBar() { Clear(); }

void ProgressBar::Clear() {
  if (!std::exchange(shown_, false)) return;
  std::fputs("\r\033[K", stderr);
  std::fflush(stderr);
}

void ProgressBar::Update(int64_t ledgers, int64_t bytes) {
  const Clock::time_point now = Clock::now();
  if (quiet_ || now < next_) return;
  next_ = now + (terminal_ ? Clock::duration(kRedraw) : Clock::duration(kLogLine));
  const double seconds = std::max(std::chrono::duration<double>(now - start_).count(), 1e-3);
  const double rate = static_cast<double>(ledgers) / seconds;
  const double megabytes = static_cast<double>(bytes) / seconds / 1e6;
  if (!terminal_) {
    spdlog::info("{}: {} ledgers, {:.0f} ledgers/s, {:.0f} MB/s", what_, ledgers, rate, megabytes);
    return;
  }
  std::string bar;
  if (total_ && *total_ > 0) {
    const double part = std::min(1.0, static_cast<double>(ledgers) / static_cast<double>(*total_));
    const auto filled = static_cast<size_t>(part * kBarWidth);
    const double left = rate > 0 ? static_cast<double>(*total_ - ledgers) / rate : 0;
    bar = fmt::format(" [{}{}] {:3.0f}% {:.0f}s left", std::string(filled, '='),
                      std::string(kBarWidth - filled, ' '), part * 100, left);
  }
  const std::string line =
      fmt::format("{}{} {} ledgers {:.0f}/s {:.0f} MB/s", what_, bar, ledgers, rate, megabytes);
  std::fprintf(stderr, "\r\033[K%s", line.c_str());
  std::fflush(stderr);
  shown_ = true;
}

}  // namespace stellar_arrow::cli
