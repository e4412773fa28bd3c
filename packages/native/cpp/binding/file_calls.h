#pragma once
#include <libtorrent/span.hpp>
#include <napi.h>

#include <string>

namespace bae {

// Calls on a file by its path, each all in one job of Node's thread pool; src/file-calls.ts holds the types. They answer
// with a promise, which a failed system call rejects with an error as those of Node's fs are. JavaScript thread.

// writeFile(path, offset, bytes, isDirect): how many bytes were written.
Napi::Value writeFile(Napi::CallbackInfo const& call);
// readFile(path, offset, into): how many bytes were read.
Napi::Value readFile(Napi::CallbackInfo const& call);
// renameUnlessThere(from, to): false where there is a `to`.
Napi::Value renameUnlessThere(Napi::CallbackInfo const& call);

// All of a file that has exactly as many bytes as `into`. False where there is no such file, and where it cannot be read.
// Any thread.
bool readWholeFile(std::string const& path, lt::span<char> into);

}  // namespace bae
