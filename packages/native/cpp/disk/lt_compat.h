#pragma once
#include <libtorrent/disk_buffer_holder.hpp>
#include <libtorrent/disk_interface.hpp>
#include <libtorrent/storage_defs.hpp>
#include <libtorrent/version.hpp>

#include <string>

// All that differs for us between libtorrent 2.0.8, 2.0.13 and 2.1. Only 2.0.8 is compiled, linked and tested.
namespace bae {

#if LIBTORRENT_VERSION_NUM >= 20100
inline constexpr lt::status_t kNoDiskError{};
inline constexpr lt::status_t kFatalDiskError = lt::disk_status::fatal_disk_error;
inline constexpr lt::status_t kNeedFullCheck = lt::disk_status::need_full_check;

inline lt::disk_buffer_holder holderOf(lt::buffer_allocator_interface& allocator, char* buffer, int) {
  return lt::disk_buffer_holder(allocator, buffer);
}
#else
inline constexpr lt::status_t kNoDiskError = lt::status_t::no_error;
inline constexpr lt::status_t kFatalDiskError = lt::status_t::fatal_disk_error;
inline constexpr lt::status_t kNeedFullCheck = lt::status_t::need_full_check;

inline lt::disk_buffer_holder holderOf(lt::buffer_allocator_interface& allocator, char* buffer, int bytes) {
  return lt::disk_buffer_holder(allocator, buffer, bytes);
}
#endif

// Of the other differences: buffer_allocator_interface has one more pure virtual method in 2.1, which BufferPool has
// without `override`; both ways of asking a torrent_info for its files as they were hashed, orig_files(), are there.

// A string there, a view of one in 2.1.
inline std::string savePathOf(lt::storage_params const& params) { return std::string(params.path); }

}  // namespace bae
