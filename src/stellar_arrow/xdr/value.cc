// How arms are copied, and the words for what is thrown.
#include "stellar_arrow/xdr/value.h"

namespace stellar_arrow::xdr::value {

void Writer::ThrowOverLimit(size_t count, uint32_t limit, const char* field) {
  throw InvalidValue(std::string(field) + " has a length of " + std::to_string(count) +
                     ", the limit is " + std::to_string(limit));
}

void Writer::ThrowTooDeep(const char* type) {
  throw InvalidValue(std::string(type) + " is nested deeper than " + std::to_string(kMaxDepth) +
                     " levels");
}

const Arm::Operations Arm::kPlain = {nullptr, nullptr};

Arm::Arm(const Arm& other) : operations_(other.operations_) {
  if (operations_ == nullptr) return;
  if (operations_ == &kPlain) {
    std::memcpy(inside_, other.inside_, sizeof inside_);
  } else {
    owned_ = operations_->copy(other.owned_);
  }
}

Arm::Arm(Arm&& other) noexcept : operations_(std::exchange(other.operations_, nullptr)) {
  if (operations_ == nullptr) return;
  if (operations_ == &kPlain) {
    std::memcpy(inside_, other.inside_, sizeof inside_);
  } else {
    owned_ = other.owned_;
  }
}

Arm& Arm::operator=(Arm other) noexcept {
  this->~Arm();
  return *new (this) Arm(std::move(other));
}

Arm::~Arm() {
  if (operations_ != nullptr && operations_ != &kPlain) operations_->destroy(owned_);
}

void ThrowUnknownValue(const char* type, int32_t value) {
  throw InvalidValue(std::string(type) + " has no value " + std::to_string(value));
}

void ThrowNoArm(const char* type, int32_t discriminant) {
  throw InvalidValue(std::string(type) + " has no arm for " + std::to_string(discriminant));
}

void ThrowOtherArm(const char* field, int32_t discriminant) {
  throw InvalidValue(std::string(field) + " is not the arm that " + std::to_string(discriminant) +
                     " selects");
}

}  // namespace stellar_arrow::xdr::value
