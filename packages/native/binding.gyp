{
  "targets": [
    {
      "target_name": "bae_native",
      "sources": [
        "cpp/addon.cc",
        "cpp/alert_convert.cc",
        "cpp/bae_disk_interface.cc",
        "cpp/buffer_pool.cc",
        "cpp/create_torrent.cc",
        "cpp/disk_budget.cc",
        "cpp/half_pieces.cc",
        "cpp/hasher_thread.cc",
        "cpp/js_channel.cc",
        "cpp/network_queue.cc",
        "cpp/piece_buffer.cc",
        "cpp/piece_writer.cc",
        "cpp/read_cache.cc",
        "cpp/session_options.cc",
        "cpp/session_wrap.cc",
        "cpp/storage_entry.cc",
        "cpp/storage_fence.cc",
        "cpp/torrent_convert.cc"
      ],
      "include_dirs": ["<!(node -p \"require('node-addon-api').include_dir\")"],
      "defines": ["NAPI_VERSION=8", "NODE_ADDON_API_CPP_EXCEPTIONS_ALL"],
      "cflags!": ["-fno-exceptions"],
      "cflags_cc!": ["-fno-exceptions", "-fno-rtti", "-std=gnu++17", "-std=gnu++20"],
      "cflags_cc": [
        "-std=c++17", "-fexceptions", "-frtti", "-Wall", "-Wextra", "-Wno-unused-parameter",
        "<!@(pkg-config --cflags libtorrent-rasterbar)"
      ],
      "libraries": ["<!@(pkg-config --libs libtorrent-rasterbar)"]
    }
  ]
}
