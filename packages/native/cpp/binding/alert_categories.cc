#include "alert_categories.h"

#include <algorithm>
#include <array>

#include "arguments.h"

namespace bae {
namespace {

struct NamedCategory {
  char const* name;
  lt::alert_category_t category;
};

constexpr std::array<NamedCategory, 22> kCategories{{
    {"error", lt::alert_category::error},
    {"peer", lt::alert_category::peer},
    {"portMapping", lt::alert_category::port_mapping},
    {"storage", lt::alert_category::storage},
    {"tracker", lt::alert_category::tracker},
    {"connect", lt::alert_category::connect},
    {"status", lt::alert_category::status},
    {"ipBlock", lt::alert_category::ip_block},
    {"performanceWarning", lt::alert_category::performance_warning},
    {"dht", lt::alert_category::dht},
    {"sessionLog", lt::alert_category::session_log},
    {"torrentLog", lt::alert_category::torrent_log},
    {"peerLog", lt::alert_category::peer_log},
    {"incomingRequest", lt::alert_category::incoming_request},
    {"dhtLog", lt::alert_category::dht_log},
    {"dhtOperation", lt::alert_category::dht_operation},
    {"portMappingLog", lt::alert_category::port_mapping_log},
    {"pickerLog", lt::alert_category::picker_log},
    {"fileProgress", lt::alert_category::file_progress},
    {"pieceProgress", lt::alert_category::piece_progress},
    {"upload", lt::alert_category::upload},
    {"blockProgress", lt::alert_category::block_progress},
}};

lt::alert_category_t categoryOf(Napi::Value value, std::string const& name) {
  auto const text = stringOf(value, name);
  auto const known = std::find_if(kCategories.begin(), kCategories.end(),
                                  [&text](NamedCategory const& each) { return text == each.name; });
  if (known == kCategories.end()) throw invalidArgument(value.Env(), name + " is no category of alerts: " + text);
  return known->category;
}

}  // namespace

lt::alert_category_t alertCategoriesOf(Napi::Value value, std::string const& name) {
  lt::alert_category_t categories{};
  for (auto const category : listOf(value, name, categoryOf)) categories |= category;
  return categories;
}

Napi::Array categoriesToJs(Napi::Env env, lt::alert_category_t categories) {
  auto list = Napi::Array::New(env);
  for (auto const& each : kCategories) {
    if (categories & each.category) list.Set(list.Length(), each.name);
  }
  return list;
}

}  // namespace bae
