#include "stellar_arrow/ops/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

namespace stellar_arrow::ops {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::SizeIs;

// What a terminal, a viewer or a parser of lines would obey.
constexpr std::string_view kEvil = "a\r\n{\"level\":\"error\"}\x1b[31m\x7f\xc2\x9b\xff\"\\b";

// The lines that `write` makes on stderr.
template <typename Write>
std::vector<std::string> LinesOf(LogForm form, Write write) {
  testing::internal::CaptureStderr();
  StartLog("info", form);
  write();
  StartLog("info", form);  // the log before ends, and says what it has to say
  std::istringstream text(testing::internal::GetCapturedStderr());
  std::vector<std::string> lines;
  for (std::string line; std::getline(text, line);) lines.push_back(line);
  return lines;
}

TEST(Log, IsAnObjectALineForPrograms) {
  const auto lines = LinesOf(LogForm::kJson, [] { spdlog::warn("{}", kEvil); });
  ASSERT_THAT(lines, SizeIs(1));
  const auto json = nlohmann::json::parse(lines[0]);
  EXPECT_EQ(json["level"], "warning");
  EXPECT_EQ(json["message"], "a\r\n{\"level\":\"error\"}\x1b[31m\x7f\xc2\x9b\xef\xbf\xbd\"\\b");
  EXPECT_THAT(json["time"].get<std::string>(), testing::MatchesRegex("20..-..-..T..:..:..\\....Z"));
  for (const char c : lines[0]) EXPECT_TRUE(c >= ' ' && c < 0x7f) << lines[0];
}

TEST(Log, IsALineForPeopleWhateverItSays) {
  const auto lines = LinesOf(LogForm::kText, [] { spdlog::info("{} \xc3\xa9", kEvil); });
  ASSERT_THAT(lines, SizeIs(1));
  EXPECT_THAT(lines[0], HasSubstr("Z info a\\x0d\\x0a{\"level\":\"error\"}\\x1b[31m\\x7f\\x9b"));
  EXPECT_THAT(lines[0], EndsWith("\"\\b \xc3\xa9"));
}

TEST(Log, LeavesOutWhatIsBelowItsLevel) {
  EXPECT_THAT(LinesOf(LogForm::kJson, [] { spdlog::debug("x"); }), SizeIs(0));
}

TEST(Log, LeavesOutWhatIsTooMuchOfALevelAndSaysSo) {
  constexpr int64_t kMany = 20'000;
  const auto lines = LinesOf(LogForm::kJson, [] {
    for (int64_t i = 0; i < kMany; ++i) spdlog::info("a stream ended");
    spdlog::error("and something else");
  });
  int64_t infos = 0;
  int64_t errors = 0;
  int64_t left_out = 0;
  for (const std::string& line : lines) {
    const auto json = nlohmann::json::parse(line);
    infos += json["level"] == "info" ? 1 : 0;
    errors += json["level"] == "error" ? 1 : 0;
    if (json["level"] == "warning") left_out += std::stoll(json["message"].get<std::string>());
  }
  EXPECT_EQ(errors, 1);
  EXPECT_EQ(infos + left_out, kMany);
  EXPECT_GE(infos, kMostLinesASecond);
  EXPECT_GT(left_out, 0);
}

TEST(Log, HasRoomForItsOwnLinesWhateverClientsCause) {
  const auto lines = LinesOf(LogForm::kText, [] {
    for (int64_t i = 0; i < 20'000; ++i) LogOfClients("refused");
    spdlog::info("stopped");
  });
  EXPECT_LT(lines.size(), 20'000u);
  EXPECT_THAT(lines, testing::Contains(EndsWith(" info stopped")));
}

}  // namespace
}  // namespace stellar_arrow::ops
