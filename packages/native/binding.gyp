{
  # Intel's multi-buffer library hashes several blocks at once. The addon does without where it is not.
  "variables": {"multi_buffer%": "<!(node scripts/has-multi-buffer.mjs)"},
  "targets": [
    {
      "target_name": "bae_native",
      "sources": [
        "cpp/addon.cc",
        "cpp/binding/add_torrent_options.cc",
        "cpp/binding/alert_categories.cc",
        "cpp/binding/alert_convert.cc",
        "cpp/binding/arguments.cc",
        "cpp/binding/create_torrent.cc",
        "cpp/binding/hash_lane.cc",
        "cpp/binding/js_channel.cc",
        "cpp/binding/peer_convert.cc",
        "cpp/binding/piece_calls.cc",
        "cpp/binding/self_test.cc",
        "cpp/binding/session_calls.cc",
        "cpp/binding/session_options.cc",
        "cpp/binding/session_wrap.cc",
        "cpp/binding/statistics.cc",
        "cpp/binding/status_convert.cc",
        "cpp/binding/torrent_calls.cc",
        "cpp/binding/torrent_convert.cc",
        "cpp/binding/torrent_flags.cc",
        "cpp/binding/torrent_limits.cc",
        "cpp/binding/tracker_convert.cc",
        "cpp/disk/bae_disk_interface.cc",
        "cpp/disk/block_reader.cc",
        "cpp/disk/buffer_pool.cc",
        "cpp/disk/disk_budget.cc",
        "cpp/disk/disk_error.cc",
        "cpp/disk/disk_services.cc",
        "cpp/disk/half_pieces.cc",
        "cpp/disk/hasher_thread.cc",
        "cpp/disk/leaf_digests.cc",
        "cpp/disk/lent_blocks.cc",
        "cpp/disk/network_queue.cc",
        "cpp/disk/piece_buffer.cc",
        "cpp/disk/piece_geometry.cc",
        "cpp/disk/piece_hashing.cc",
        "cpp/disk/piece_writer.cc",
        "cpp/disk/read_cache.cc",
        "cpp/disk/sha1_lanes.cc",
        "cpp/disk/sha1_stream.cc",
        "cpp/disk/storage_entry.cc",
        "cpp/disk/storage_fence.cc"
      ],
      "include_dirs": ["cpp", "<!(node -p \"require('node-addon-api').include_dir\")"],
      # The last: what a call throws while its worker is being terminated ends that call, not the process.
      "defines": [
        "NAPI_VERSION=8", "NODE_ADDON_API_CPP_EXCEPTIONS_ALL", "NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS"
      ],
      "cflags!": ["-fno-exceptions"],
      "cflags_cc!": ["-fno-exceptions", "-fno-rtti", "-std=gnu++17", "-std=gnu++20"],
      "cflags_cc": [
        "-std=c++17", "-fexceptions", "-frtti", "-Wall", "-Wextra", "-Wno-unused-parameter",
        "<!@(pkg-config --cflags libtorrent-rasterbar)"
      ],
      "libraries": ["<!@(pkg-config --libs libtorrent-rasterbar)"],
      "conditions": [
        ["multi_buffer==1", {"defines": ["BAE_MULTI_BUFFER"], "libraries": ["-lIPSec_MB"]}],
        # The libraries of a prebuilt addon lie beside it. DT_RPATH and not DT_RUNPATH: it also counts for what
        # these libraries need themselves.
        ["OS=='linux'", {"sources": ["cpp/binding/process_allocator.cc"], "ldflags": ["-Wl,-rpath,'$$ORIGIN'", "-Wl,--disable-new-dtags"]}]
      ]
    }
  ]
}
