#include "torrent_limits.h"

#include <limits>

#include "arguments.h"

namespace bae {
namespace {

// libtorrent wants room for a connection of each direction.
constexpr int kFewestConnections = 2;

std::optional<int> limitOf(Napi::Object const& limits, char const* key, std::string const& name) {
  auto const value = given(limits, key);
  if (!value) return std::nullopt;
  return intOf(*value, name + "." + key, 0, std::numeric_limits<int>::max());
}

// Of counts libtorrent's "no limit" is a negative number, of rates it is 0 too.
std::optional<int> countOf(Napi::Object const& limits, char const* key, std::string const& name) {
  auto const count = limitOf(limits, key, name);
  return count == 0 ? -1 : count;
}

}  // namespace

GivenTorrentLimits torrentLimitsOf(Napi::Value value, std::string const& name) {
  auto const limits = objectOf(value, name);
  GivenTorrentLimits given;
  given.download = limitOf(limits, "downloadBytesPerSecond", name);
  given.upload = limitOf(limits, "uploadBytesPerSecond", name);
  given.connections = countOf(limits, "maxConnections", name);
  given.uploads = countOf(limits, "maxUploads", name);
  if (given.connections && *given.connections > 0 && *given.connections < kFewestConnections) {
    throw invalidArgument(value.Env(), name + ".maxConnections is 0 or at least 2");
  }
  return given;
}

}  // namespace bae
