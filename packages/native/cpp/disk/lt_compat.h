#pragma once
#include <libtorrent/disk_buffer_holder.hpp>
#include <libtorrent/disk_interface.hpp>
#include <libtorrent/file_storage.hpp>
#include <libtorrent/storage_defs.hpp>
#include <libtorrent/torrent_info.hpp>
#include <libtorrent/version.hpp>

#include <string>

// All that differs for us between libtorrent 2.0.8, 2.0.13 and 2.1. Only with 2.0.8 was it built and tested. The
// headers of 2.0.13 and 2.1.0 were only tried against the sources below cpp, by g++ 12 -fsyntax-only with
// Boost 1.74 on 2026-11-24: nothing was linked with or run on these versions.
namespace bae {

#if LIBTORRENT_VERSION_NUM >= 20100
inline constexpr lt::status_t kNoDiskError{};
inline constexpr lt::status_t kFatalDiskError = lt::disk_status::fatal_disk_error;
inline constexpr lt::status_t kNeedFullCheck = lt::disk_status::need_full_check;

inline lt::disk_buffer_holder holderOf(lt::buffer_allocator_interface& allocator, char* buffer, int) {
  return lt::disk_buffer_holder(allocator, buffer);
}

// The files as they were hashed, whatever they were renamed to.
inline lt::file_storage const& layoutOf(lt::torrent_info const& info) { return info.layout(); }
#else
inline constexpr lt::status_t kNoDiskError = lt::status_t::no_error;
inline constexpr lt::status_t kFatalDiskError = lt::status_t::fatal_disk_error;
inline constexpr lt::status_t kNeedFullCheck = lt::status_t::need_full_check;

inline lt::disk_buffer_holder holderOf(lt::buffer_allocator_interface& allocator, char* buffer, int bytes) {
  return lt::disk_buffer_holder(allocator, buffer, bytes);
}

inline lt::file_storage const& layoutOf(lt::torrent_info const& info) { return info.orig_files(); }
#endif

// Not here, but in BufferPool: a method that is pure virtual in 2.1 and unknown before, and so has no `override`.

// A string there, a view of one in 2.1.
inline std::string savePathOf(lt::storage_params const& params) { return std::string(params.path); }

}  // namespace bae
