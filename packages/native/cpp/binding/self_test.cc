#include "binding/self_test.h"

#include <libtorrent/hasher.hpp>
#include <libtorrent/hex.hpp>

#include <stdexcept>
#include <string>

namespace bae {
namespace {

// 100,000 times 'a', digests as GNU coreutils computes them: many blocks, given in parts that fit no block. Ten times
// as much, the long example of FIPS 180-2, would cost every start a millisecond and more.
constexpr int kParts = 100;
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
  expect("SHA-1", digestOfParts<lt::hasher>(), "c4d4b30851182fc4eb8675494d42fd7f17e29c93");
  expect("SHA-256", digestOf<lt::hasher256>("abc"),
         "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  expect("SHA-256", digestOfParts<lt::hasher256>(),
         "6d1cf22d7cc09b085dfc25ee1a1f3ae0265804c607bc2074ad253bcc82fd81ee");
}

}  // namespace bae
