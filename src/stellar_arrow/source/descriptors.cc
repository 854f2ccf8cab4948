#include "stellar_arrow/source/descriptors.h"

#include <arrow/util/io_util.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace stellar_arrow::source {
namespace {

bool IsForWant(int error) { return error == EMFILE || error == ENFILE; }

}  // namespace

bool DescriptorIsLeft() {
  const int fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return !IsForWant(errno);
  ::close(fd);
  return true;
}

bool IsForWantOfDescriptors(const arrow::Status& status) {
  return IsForWant(arrow::internal::ErrnoFromStatus(status));
}

}  // namespace stellar_arrow::source
