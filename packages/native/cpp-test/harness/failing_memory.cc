#include "harness/failing_memory.h"

#include <sys/mman.h>

#include <cerrno>
#include <cstddef>
#include <new>

namespace {

constexpr int kNever = -1;
thread_local int left = kNever;

bool failsNow() {
  if (left == kNever) return false;
  return left-- == 0;
}

}  // namespace

// The linker puts these where the sources call the functions (Makefile: --wrap).
extern "C" {
void* __real_mmap(void*, std::size_t, int, int, int, off_t);
int __real_posix_memalign(void**, std::size_t, std::size_t);
void* __real__Znwm(std::size_t);

void* __wrap_mmap(void* where, std::size_t bytes, int protection, int flags, int file, off_t offset) {
  if (!failsNow()) return __real_mmap(where, bytes, protection, flags, file, offset);
  errno = ENOMEM;
  return MAP_FAILED;
}

int __wrap_posix_memalign(void** memory, std::size_t alignment, std::size_t bytes) {
  return failsNow() ? ENOMEM : __real_posix_memalign(memory, alignment, bytes);
}

void* __wrap__Znwm(std::size_t bytes) {
  if (failsNow()) throw std::bad_alloc();
  return __real__Znwm(bytes);
}
}

namespace bae::test {

FailingMemory::FailingMemory(int after) { left = after; }

FailingMemory::~FailingMemory() { left = kNever; }

bool FailingMemory::failed() const { return left == kNever; }

}  // namespace bae::test
