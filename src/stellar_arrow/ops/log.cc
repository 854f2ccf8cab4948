#include "stellar_arrow/ops/log.h"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

namespace stellar_arrow::ops {
namespace {

constexpr const char* kClients = "clients";

// A JSON string in ASCII. What is no UTF-8 is replaced.
std::string JsonOf(std::string_view text) {
  return nlohmann::json(text).dump(-1, ' ', /*ensure_ascii=*/true,
                                   nlohmann::json::error_handler_t::replace);
}

// The text with control characters as \xNN: those of ASCII, and those that UTF-8 writes as C2 80 to
// C2 9F, which terminals obey, too.
std::string Printable(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const auto next = static_cast<unsigned char>(i + 1 < text.size() ? text[i + 1] : 0);
    if (byte < 0x20 || byte == 0x7f || (byte == 0xc2 && next >= 0x80 && next < 0xa0)) {
      char escaped[8];
      std::snprintf(escaped, sizeof(escaped), "\\x%02x", byte == 0xc2 ? next : byte);
      out += escaped;
      if (byte == 0xc2) ++i;
    } else {
      out += text[i];
    }
  }
  return out;
}

// A line's message in a pattern, as %*.
class Message final : public spdlog::custom_flag_formatter {
 public:
  explicit Message(LogForm form) : form_(form) {}

  void format(const spdlog::details::log_msg& line, const std::tm&,
              spdlog::memory_buf_t& out) override {
    const std::string_view text(line.payload.data(), line.payload.size());
    const std::string safe = form_ == LogForm::kJson ? JsonOf(text) : Printable(text);
    out.append(safe.data(), safe.data() + safe.size());
  }
  std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<Message>(form_);
  }

 private:
  const LogForm form_;
};

// Hands on to another sink what is within kMostLinesASecond.
class Limited final : public spdlog::sinks::sink {
 public:
  explicit Limited(std::shared_ptr<spdlog::sinks::sink> sink) : sink_(std::move(sink)) {}
  ~Limited() override { TellWhatWasLeftOut(); }

  void log(const spdlog::details::log_msg& line) override {
    const std::lock_guard lock(mutex_);
    const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::steady_clock::now());
    if (now != second_) {
      TellWhatWasLeftOut();
      second_ = now;
      lines_ = {};
    }
    if (++lines_[line.level] > kMostLinesASecond) {
      ++left_out_;
    } else {
      sink_->log(line);
    }
  }
  void flush() override { sink_->flush(); }
  void set_pattern(const std::string& pattern) override { sink_->set_pattern(pattern); }
  void set_formatter(std::unique_ptr<spdlog::formatter> formatter) override {
    sink_->set_formatter(std::move(formatter));
  }

 private:
  void TellWhatWasLeftOut() {
    if (left_out_ == 0) return;
    const std::string text = std::to_string(std::exchange(left_out_, 0)) +
                             " lines were left out, as there were too many in a second";
    sink_->log({"", spdlog::level::warn, text});
  }

  const std::shared_ptr<spdlog::sinks::sink> sink_;
  std::mutex mutex_;
  // Guarded by mutex_.
  std::chrono::steady_clock::time_point second_;
  std::array<int64_t, spdlog::level::n_levels> lines_{};
  int64_t left_out_ = 0;
};

}  // namespace

void StartLog(std::string_view level, LogForm form) {
  const bool plain = form == LogForm::kJson || std::getenv("NO_COLOR") != nullptr;
  const auto sink = std::make_shared<spdlog::sinks::stderr_color_sink_mt>(
      plain ? spdlog::color_mode::never : spdlog::color_mode::automatic);
  auto formatter = std::make_unique<spdlog::pattern_formatter>(spdlog::pattern_time_type::utc);
  formatter->add_flag<Message>('*', form);
  formatter->set_pattern(form == LogForm::kJson
                             ? R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l","message":%*})"
                             : "%Y-%m-%dT%H:%M:%S.%eZ %^%l%$ %*");
  sink->set_formatter(std::move(formatter));
  const auto make = [&](const char* name) {
    auto logger = std::make_shared<spdlog::logger>(name, std::make_shared<Limited>(sink));
    logger->set_level(spdlog::level::from_str(std::string(level)));
    logger->flush_on(spdlog::level::info);
    return logger;
  };
  spdlog::drop(kClients);
  spdlog::register_logger(make(kClients));
  spdlog::set_default_logger(make("stellar-arrow-source"));
}

void LogOfClients(std::string_view line) {
  if (const auto logger = spdlog::get(kClients)) logger->info("{}", line);
}

}  // namespace stellar_arrow::ops
