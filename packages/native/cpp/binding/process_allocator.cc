// The addon is opened with RTLD_DEEPBIND (src/load-binding.ts): its libraries find glibc's free() before one that the
// process was started with (LD_PRELOAD of jemalloc and the like), while glibc's own functions allocate with that one.
// libtorrent frees what getcwd() allocated, which would end the process. The addon comes first where its libraries
// look: here they find functions that go to the allocator of the process, whichever it is.
#include <features.h>

#ifdef __GLIBC__

#include <dlfcn.h>

#include <cstddef>

#define BAE_EXPORT extern "C" __attribute__((visibility("default")))

namespace {

struct ProcessAllocator {
  void* (*malloc)(std::size_t);
  void* (*calloc)(std::size_t, std::size_t);
  void* (*realloc)(void*, std::size_t);
  void* (*aligned_alloc)(std::size_t, std::size_t);
  int (*posix_memalign)(void**, std::size_t, std::size_t);
  std::size_t (*malloc_usable_size)(void*);
  void (*free)(void*);
};

template <typename Function>
void find(void* process, char const* name, Function*& function) {
  function = reinterpret_cast<Function*>(dlsym(process, name));
}

// Searched for from the program on, not from this library, where these very functions would be found.
ProcessAllocator findAllocator() {
  void* const process = dlopen(nullptr, RTLD_LAZY);
  ProcessAllocator found{};
  find(process, "malloc", found.malloc);
  find(process, "calloc", found.calloc);
  find(process, "realloc", found.realloc);
  find(process, "aligned_alloc", found.aligned_alloc);
  find(process, "posix_memalign", found.posix_memalign);
  find(process, "malloc_usable_size", found.malloc_usable_size);
  find(process, "free", found.free);
  return found;
}

// Not a global object: the libraries may allocate before the constructors of this one have run.
ProcessAllocator const& allocator() {
  static ProcessAllocator const found = findAllocator();
  return found;
}

}  // namespace

BAE_EXPORT void* malloc(std::size_t sizeBytes) noexcept { return allocator().malloc(sizeBytes); }

BAE_EXPORT void* calloc(std::size_t count, std::size_t sizeBytes) noexcept {
  return allocator().calloc(count, sizeBytes);
}

BAE_EXPORT void* realloc(void* memory, std::size_t sizeBytes) noexcept {
  return allocator().realloc(memory, sizeBytes);
}

BAE_EXPORT void* aligned_alloc(std::size_t alignment, std::size_t sizeBytes) noexcept {
  return allocator().aligned_alloc(alignment, sizeBytes);
}

BAE_EXPORT int posix_memalign(void** memory, std::size_t alignment, std::size_t sizeBytes) noexcept {
  return allocator().posix_memalign(memory, alignment, sizeBytes);
}

BAE_EXPORT std::size_t malloc_usable_size(void* memory) noexcept {
  return allocator().malloc_usable_size(memory);
}

BAE_EXPORT void free(void* memory) noexcept { allocator().free(memory); }

#endif
