{
  # Intel's multi-buffer library hashes several blocks at once. The addon does without where it is not.
  "variables": {"multi_buffer%": "<!(node scripts/has-multi-buffer.mjs)"},
  "targets": [
    {
      "target_name": "bae_native",
      # Each includes the sources that it is made of: the headers of libtorrent cost a compiler more than all of these.
      "sources": ["cpp/disk.cc", "cpp/session.cc", "cpp/torrents.cc"],
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
