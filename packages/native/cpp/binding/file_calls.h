#pragma once
#include <napi.h>

namespace bae {

// Calls on a file by its path, each all in one job of Node's thread pool; src/file-calls.ts holds the types. They answer
// with a promise, which a failed system call rejects with an error as those of Node's fs are. JavaScript thread.

// writeFile(path, offset, bytes, isDirect): how many bytes were written.
Napi::Value writeFile(Napi::CallbackInfo const& call);
// readFile(path, offset, into): how many bytes were read.
Napi::Value readFile(Napi::CallbackInfo const& call);
// renameUnlessThere(from, to): false where there is a `to`.
Napi::Value renameUnlessThere(Napi::CallbackInfo const& call);

}  // namespace bae
