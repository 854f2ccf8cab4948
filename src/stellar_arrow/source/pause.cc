#include "stellar_arrow/source/pause.h"

#include <cstring>
#include <memory>

#include "stellar_arrow/base/error.h"

namespace stellar_arrow::source {
namespace {

constexpr const char* kTypeId = "stellar_arrow::source::PauseDetail";

class PauseDetail final : public arrow::StatusDetail {
 public:
  explicit PauseDetail(std::chrono::seconds pause) : pause_(pause) {}

  const char* type_id() const override { return kTypeId; }
  std::string ToString() const override {
    return Concat("it asks for a pause of ", pause_.count(), " s");
  }
  std::chrono::seconds pause() const { return pause_; }

 private:
  const std::chrono::seconds pause_;
};

}  // namespace

arrow::Status MayPass(std::chrono::seconds pause, const std::string& message) {
  if (pause.count() <= 0) return Error(ErrorCode::kUnavailable, message);
  return arrow::Status(arrow::StatusCode::IOError, message, std::make_shared<PauseDetail>(pause));
}

std::chrono::seconds PauseOf(const arrow::Status& status) {
  const auto& detail = status.detail();
  if (detail == nullptr || std::strcmp(detail->type_id(), kTypeId) != 0) return {};
  return static_cast<const PauseDetail&>(*detail).pause();
}

}  // namespace stellar_arrow::source
