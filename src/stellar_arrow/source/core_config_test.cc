// What a captive core's configuration gives away, and what it does not.
#include "stellar_arrow/source/core_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace stellar_arrow::source {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kConfig = R"(
NETWORK_PASSPHRASE = "The network of this test ; November 2026"
NODE_SEED = "SBSEEDSEEDSEEDSEEDSEEDSEEDSEEDSEEDSEEDSEEDSEEDSEEDSEED self"
DATABASE = "postgresql://dbname=core password=open-sesame"
HTTP_MAX_CLIENT = 12345
[HISTORY.h1]
get = "curl -sf -H 'Authorization: Bearer to-ken' https://me:pass-word@archive.example/{0}?key=12-34 -o {1}"
[[VALIDATORS]]
NAME = "validator-one"
PUBLIC_KEY = "GBVALIDATORVALIDATORVALIDATORVALIDATORVALIDATORVALIDATOR"
HISTORY = "curl https://you:other-word@archive.example/{0} -o {1}"
)";

TEST(CoreConfig, ItsSecretsAreTakenOutOfWhatCoreSays) {
  const fs::path path =
      fs::temp_directory_path() / ("core-config-test-" + std::to_string(::getpid()));
  std::ofstream(path) << kConfig;
  const CoreConfig config = MakeCoreConfig(path.string()).ValueOrDie();
  fs::remove(path);
  const std::string said = config.WithoutSecrets(
      "validator-one of The network of this test: cannot use "
      "SBSEEDSEEDSEEDSEEDSEEDSEEDSEEDSEEDSEEDSEEDSEEDSEEDSEED, password=open-sesame, nor run curl "
      "-sf -H 'Authorization: Bearer to-ken' "
      "https://me:pass-word@archive.example/history/00/11.json?key=12-34 -o /tmp/x (12345), nor "
      "https://you:other-word@archive.example");
  for (const char* secret :
       {"SBSEED", "open-sesame", "to-ken", "pass-word", "12-34", "other-word"}) {
    EXPECT_THAT(said, Not(HasSubstr(secret)));
  }
  EXPECT_THAT(said, HasSubstr("validator-one of The network of this test: cannot use ***"));
  EXPECT_THAT(said, HasSubstr("history/00/11.json"));
  EXPECT_THAT(said, HasSubstr("(12345)"));
}

}  // namespace
}  // namespace stellar_arrow::source
