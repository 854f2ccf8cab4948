// Where options get their values from, and which values they refuse.
#include "stellar_arrow/cli/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "stellar_arrow/base/error.h"

extern char** environ;  // NOLINT: POSIX

namespace stellar_arrow::cli {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class OptionsTest : public testing::Test {
 protected:
  // Nothing that the tests are started with may decide them.
  void SetUp() override {
    for (char** entry = environ; *entry != nullptr; ++entry) {
      const std::string pair = *entry;
      const size_t equals = pair.find('=');
      outside_[pair.substr(0, equals)] = pair.substr(equals + 1);
    }
    for (const auto& [name, value] : outside_) unsetenv(name.c_str());
  }

  void TearDown() override {
    while (*environ != nullptr) {
      const std::string_view pair = *environ;
      unsetenv(std::string(pair.substr(0, pair.find('='))).c_str());
    }
    for (const auto& [name, value] : outside_) setenv(name.c_str(), value.c_str(), 1);
    std::filesystem::remove(file_);
  }

  // The path of a configuration file that holds `text`.
  std::string File(const std::string& text) {
    file_ = std::filesystem::path(testing::TempDir()) /
            ("options_test_" + std::to_string(::getpid()) + ".toml");
    std::ofstream(file_, std::ios::binary) << text;
    return file_.string();
  }

  // Settles all options for a command line, which must be right in itself.
  arrow::Status Resolve(std::vector<std::string> arguments) {
    settings_ = Settings();
    warnings_.clear();
    CLI::App app;
    settings_.AddAllFlags(app);
    std::ranges::reverse(arguments);
    app.parse(std::move(arguments));
    return settings_.Resolve(&warnings_);
  }

  arrow::Status ResolveFile(const std::string& text) { return Resolve({"--config", File(text)}); }

  // The message of a refusal, which must be one of usage.
  static std::string Refusal(const arrow::Status& status) {
    EXPECT_FALSE(status.ok());
    EXPECT_EQ(CodeOf(status), ErrorCode::kInvalidArgument) << status;
    return status.message();
  }

  static void Set(const char* name, const char* value) { setenv(name, value, 1); }

  Settings settings_;
  std::vector<std::string> warnings_;

 private:
  std::map<std::string, std::string> outside_;
  std::filesystem::path file_;
};

TEST_F(OptionsTest, AreEachNamedOnceByFlagAndByVariable) {
  std::set<std::string_view> names;
  std::set<std::string_view> variables;
  for (const Option& option : AllOptions()) {
    EXPECT_TRUE(names.insert(option.name).second) << option.name;
    EXPECT_FALSE(option.help.empty()) << option.name;
    for (const std::string_view variable : option.environment) {
      EXPECT_TRUE(variables.insert(variable).second) << variable;
    }
    EXPECT_EQ(option.kind == OptionKind::kChoice, !option.choices.empty()) << option.name;
  }
}

// Defaults are not checked when they are used, so they are here.
TEST_F(OptionsTest, HaveDefaultsThatWouldBeAcceptedIfGiven) {
  ASSERT_TRUE(Resolve({}).ok());
  std::vector<std::string> defaults;
  for (const Option& option : AllOptions()) {
    const Value& value = settings_.Get(option.name);
    EXPECT_EQ(value.origin, "default");
    EXPECT_FALSE(value.given);
    if (value.text.empty()) continue;
    defaults.push_back("--" + std::string(option.name));
    defaults.push_back(value.text);
  }
  const arrow::Status given = Resolve(defaults);
  EXPECT_TRUE(given.ok()) << given;
  EXPECT_TRUE(settings_.Get("port").given);
  EXPECT_EQ(settings_.Number("port"), 8815u);
  EXPECT_EQ(settings_.Number("batch-bytes"), uint64_t{2} << 20);
  EXPECT_GE(settings_.Number("threads"), 1u);
}

TEST_F(OptionsTest, TakeTheFlagBeforeTheEnvironmentBeforeTheFileBeforeTheDefault) {
  const std::string file = File("port = 3\n");
  ASSERT_TRUE(Resolve({"--config", file}).ok());
  EXPECT_EQ(settings_.Number("port"), 3u);
  EXPECT_EQ(settings_.Get("port").origin, file + ":1");
  Set("PORT", "4");
  ASSERT_TRUE(Resolve({"--config", file}).ok());
  EXPECT_EQ(settings_.Number("port"), 4u);
  EXPECT_EQ(settings_.Get("port").origin, "environment PORT");
  Set("ARROW_PORT", "5");
  ASSERT_TRUE(Resolve({"--config", file}).ok());
  EXPECT_EQ(settings_.Number("port"), 5u);
  EXPECT_EQ(settings_.Get("port").origin, "environment ARROW_PORT");
  ASSERT_TRUE(Resolve({"--config", file, "--port", "6"}).ok());
  EXPECT_EQ(settings_.Number("port"), 6u);
  EXPECT_EQ(settings_.Get("port").origin, "--port");
}

TEST_F(OptionsTest, CountAnEmptyVariableAsNone) {
  Set("ARROW_PORT", "");
  Set("SOURCE_URL", "");
  ASSERT_TRUE(Resolve({}).ok());
  EXPECT_EQ(settings_.Number("port"), 8815u);
  EXPECT_FALSE(settings_.Get("source").given);
  Set("PORT", "9");
  ASSERT_TRUE(Resolve({}).ok());
  EXPECT_EQ(settings_.Number("port"), 9u);
}

TEST_F(OptionsTest, RefuseNumbersThatAreNoneOrOutOfRangeWithTheirOrigin) {
  for (const char* value : {"abc", "-1", "65536", "1.5", "1e3", " 80", "80 ", "0x50", "+80",
                            "99999999999999999999", "1KiB"}) {
    Set("ARROW_PORT", value);
    EXPECT_THAT(Refusal(Resolve({})), AllOf(HasSubstr("port"), HasSubstr("ARROW_PORT"),
                                            HasSubstr(value), HasSubstr("0 to 65535")));
  }
  unsetenv("ARROW_PORT");
  EXPECT_THAT(Refusal(Resolve({"--threads", "0"})), HasSubstr("--threads"));
  EXPECT_THAT(Refusal(Resolve({"--batch-size", "0"})), HasSubstr("batch-size"));
  for (const char* value : {"0", "65535"}) {
    EXPECT_TRUE(Resolve({"--port", value}).ok()) << value;
  }
}

TEST_F(OptionsTest, ReadBytesWithAndWithoutUnits) {
  const std::pair<const char*, uint64_t> sizes[] = {
      {"4096", 4096}, {"4096B", 4096}, {"64KiB", 65536}, {"3MiB", 3 << 20}, {"1GiB", 1 << 30}};
  for (const auto& [text, bytes] : sizes) {
    ASSERT_TRUE(Resolve({"--batch-bytes", text}).ok()) << text;
    EXPECT_EQ(settings_.Number("batch-bytes"), bytes) << text;
  }
  for (const char* text : {"2 MiB", "MiB", "2mib", "2TiB", "-2MiB", "2.5MiB", "2MiB2",
                           "18446744073709551615GiB", "17179869185GiB", "1023"}) {
    EXPECT_THAT(Refusal(Resolve({std::string("--batch-bytes=") + text})), HasSubstr(text)) << text;
  }
}

TEST_F(OptionsTest, ReadDurationsWithAndWithoutUnits) {
  const std::pair<const char*, int64_t> durations[] = {
      {"1000ms", 1000}, {"25", 25'000}, {"25s", 25'000}, {"5m", 300'000}, {"1h", 3'600'000}};
  for (const auto& [text, milliseconds] : durations) {
    ASSERT_TRUE(Resolve({"--drain-timeout", text}).ok()) << text;
    EXPECT_EQ(settings_.Duration("drain-timeout").count(), milliseconds) << text;
  }
  for (const char* text : {"s", "25 s", "-25s", "2.5s", "25sec", "25S", "1m30s", "999ms", "61m",
                           "0", "18446744073709551615s", "18446744073709551615h"}) {
    EXPECT_THAT(Refusal(Resolve({std::string("--drain-timeout=") + text})),
                AllOf(HasSubstr(text), HasSubstr("from 1000ms to 3600s")))
        << text;
  }
}

TEST_F(OptionsTest, RefuseUnknownChoicesByListingThoseThereAre) {
  Set("LOG_LEVEL", "shouting");
  EXPECT_THAT(Refusal(Resolve({})),
              AllOf(HasSubstr("shouting"), HasSubstr("debug, info, warn, error")));
  EXPECT_THAT(Refusal(Resolve({"--log-level", "info", "--verify", "Full"})),
              AllOf(HasSubstr("'Full'"), HasSubstr("structure, chain, full")));
}

TEST_F(OptionsTest, RefuseFlagsWithNothingInThem) {
  EXPECT_THAT(Refusal(Resolve({"--source", ""})), HasSubstr("source"));
  EXPECT_THAT(Refusal(ResolveFile("network = ''\n")), HasSubstr("network"));
}

TEST_F(OptionsTest, RefuseLettersOutsideOfAsciiWhereNoTextIs) {
  for (const char* text : {"pört = 1\n", "port = ключ\n", "port = \u03e41\n", "port \u00e9= 1\n"}) {
    EXPECT_THAT(Refusal(ResolveFile(text)), HasSubstr(":1: ")) << text;
  }
}

TEST_F(OptionsTest, RefuseADateWithoutItsTime) {
  EXPECT_THAT(Refusal(ResolveFile("port = 1979-05-27T=7:32:00Z\n")), HasSubstr("hour"));
}

TEST_F(OptionsTest, ReadTextsAndNumbersFromTheFile) {
  ASSERT_TRUE(ResolveFile("# the server\nsource = \"file:/ledgers\"\nbatch_size = 17\n"
                          "batch_bytes = '1MiB'\nverify = 'full'\n")
                  .ok());
  EXPECT_EQ(settings_.Text("source"), "file:/ledgers");
  EXPECT_THAT(settings_.Get("source").origin, testing::EndsWith(".toml:2"));
  EXPECT_EQ(settings_.Number("batch-size"), 17u);
  EXPECT_EQ(settings_.Number("batch-bytes"), uint64_t{1} << 20);
  EXPECT_EQ(settings_.Text("verify"), "full");
}

TEST_F(OptionsTest, RefuseFilesByLineForWhatIsNoOptionOrOfAnotherType) {
  const std::pair<const char*, const char*> files[] = {
      {"port = 1\nsorce = 'x'\n", ":2: unknown key 'sorce'; did you mean 'source'?"},
      {"batch-size = 5\n", "did you mean 'batch_size'?"},
      {"port = 80.0\n", "a text or a whole number"},
      {"port = true\n", "a text or a whole number"},
      {"port = -1\n", "0 to 65535"},
      {"source = 5\n", "source must be a text"},
      {"source = ['a', 5]\n", "source must be a text"},
      {"network = ['a', 'b']\n", "network must be a text"},
      {"[flight]\nport = 1\n", "unknown key 'flight'"},
      {"port = 1\nport = 2\n", ":2"},
      {"port = \n", ":1"},
  };
  for (const auto& [text, message] : files) {
    EXPECT_THAT(Refusal(ResolveFile(text)), AllOf(HasSubstr(".toml"), HasSubstr(message))) << text;
  }
}

TEST_F(OptionsTest, SeveralSourcesAreLinesOfOneValue) {
  ASSERT_TRUE(Resolve({"--source", "a", "--source", "b c"}).ok());
  EXPECT_EQ(settings_.Text("source"), "a\nb c");
  ASSERT_TRUE(ResolveFile("source = ['a', 'b c']\n").ok());
  EXPECT_EQ(settings_.Text("source"), "a\nb c");
}

TEST_F(OptionsTest, RefuseFilesThatAreNotThereOrNoFiles) {
  for (const std::string& path : {std::string("/nowhere/server.toml"), testing::TempDir()}) {
    EXPECT_THAT(Refusal(Resolve({"--config", path})), HasSubstr(path));
  }
  EXPECT_THAT(Refusal(Resolve({"--config", ""})), HasSubstr("configuration file"));
  EXPECT_TRUE(ResolveFile("").ok());
}

TEST_F(OptionsTest, WarnOnceOfAllThatMeansNothingHere) {
  Set("FLOWCTL_ENABLED", "true");
  Set("FLOWCTL_ENDPOINT", "localhost:8080");
  Set("ENABLE_ANALYTICS", "true");
  Set("ENVIRONMENT", "production");
  ASSERT_TRUE(Resolve({}).ok());
  ASSERT_EQ(warnings_.size(), 1u);
  EXPECT_THAT(warnings_[0], AllOf(HasSubstr("FLOWCTL_ENABLED"), HasSubstr("FLOWCTL_ENDPOINT"),
                                  HasSubstr("ENABLE_ANALYTICS"), HasSubstr("ENVIRONMENT")));
}

TEST_F(OptionsTest, SayNothingOfVariablesThatAreOthers) {
  Set("FLOWCTLX", "1");
  Set("ENVIRONMENTS", "1");
  Set("GOPATH", "/go");
  ASSERT_TRUE(Resolve({}).ok());
  EXPECT_THAT(warnings_, testing::IsEmpty());
}

TEST_F(OptionsTest, MockDataStandsForTheSyntheticSource) {
  Set("MOCK_DATA", "true");
  ASSERT_TRUE(Resolve({}).ok());
  EXPECT_EQ(settings_.Get("source").text, "synthetic:");
  EXPECT_EQ(settings_.Get("source").origin, "environment MOCK_DATA");
  ASSERT_TRUE(Resolve({"--source", "lake"}).ok());
  EXPECT_EQ(settings_.Get("source").text, "lake");
  Set("SOURCE_URL", "lake");
  EXPECT_THAT(Refusal(Resolve({})), AllOf(HasSubstr("MOCK_DATA"), HasSubstr("SOURCE_URL")));
  for (const char* const no : {"false", "FALSE", "0"}) {
    Set("MOCK_DATA", no);
    ASSERT_TRUE(Resolve({}).ok()) << no;
    EXPECT_EQ(settings_.Get("source").text, "lake");
  }
  for (const char* const neither : {"yes", "2", " true"}) {
    Set("MOCK_DATA", neither);
    EXPECT_THAT(Refusal(Resolve({})), AllOf(HasSubstr("MOCK_DATA"), HasSubstr("true or false")));
  }
}

TEST_F(OptionsTest, TheOriginalsUpstreamIsASource) {
  Set("SOURCE_ENDPOINT", "localhost:50053");
  ASSERT_TRUE(Resolve({}).ok());
  EXPECT_EQ(settings_.Get("source").text, "grpc://localhost:50053");
  EXPECT_EQ(settings_.Get("source").origin, "environment SOURCE_ENDPOINT");
  ASSERT_TRUE(Resolve({"--source", "lake"}).ok());
  EXPECT_EQ(settings_.Get("source").text, "lake");
  Set("SOURCE_URL", "lake");
  EXPECT_THAT(Refusal(Resolve({})), AllOf(HasSubstr("SOURCE_ENDPOINT"), HasSubstr("SOURCE_URL")));
}

}  // namespace
}  // namespace stellar_arrow::cli
