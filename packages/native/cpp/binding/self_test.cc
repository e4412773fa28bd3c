#include "binding/self_test.h"

#include <libtorrent/hasher.hpp>
#include <libtorrent/hex.hpp>

#include <stdexcept>
#include <string>

namespace bae {
namespace {

// 1,000,000 times 'a' is the long example of FIPS 180-2: many blocks, given in parts that fit no block.
constexpr int kParts = 1000;
std::string const kPart(1000, 'a');

template <typename Hasher>
std::string digestOfParts() {
  Hasher hasher;
  for (int part = 0; part < kParts; ++part) hasher.update(kPart);
  return lt::aux::to_hex(hasher.final());
}

template <typename Hasher>
std::string digestOf(std::string const& text) {
  return lt::aux::to_hex(Hasher(text).final());
}

void expect(char const* what, std::string const& digest, char const* right) {
  if (digest == right) return;
  throw std::runtime_error(std::string(what) + " gives " + digest + " where " + right +
                           " is right: the addon is bound to an OpenSSL that it was not made for");
}

}  // namespace

void testHashers() {
  expect("SHA-1", digestOf<lt::hasher>("abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
  expect("SHA-1", digestOfParts<lt::hasher>(), "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
  expect("SHA-256", digestOf<lt::hasher256>("abc"),
         "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  expect("SHA-256", digestOfParts<lt::hasher256>(),
         "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

}  // namespace bae
