#pragma once

namespace bae {

// Proves that libtorrent's hashers give right digests in this process: Node exports the names of an OpenSSL of its
// own, and which of two a library was bound to shows only at run time. Throws std::runtime_error.
void testHashers();

}  // namespace bae
