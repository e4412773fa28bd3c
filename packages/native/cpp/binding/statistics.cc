#include "statistics.h"

#include <libtorrent/session_stats.hpp>

#include <vector>

namespace bae {
namespace {

std::vector<lt::stats_metric> const& metrics() {
  static auto const metrics = lt::session_stats_metrics();
  return metrics;
}

}  // namespace

Napi::Value sessionStatisticNames(Napi::CallbackInfo const& call) {
  auto list = Napi::Array::New(call.Env(), metrics().size());
  for (std::size_t i = 0; i < metrics().size(); ++i) {
    auto object = Napi::Object::New(call.Env());
    object.Set("name", metrics()[i].name);
    object.Set("kind", metrics()[i].type == lt::metric_type_t::gauge ? "gauge" : "counter");
    list.Set(std::uint32_t(i), object);
  }
  return list;
}

Napi::Value statisticsToJs(Napi::Env env, lt::session_stats_alert const& alert) {
  auto const counters = alert.counters();
  auto values = Napi::Float64Array::New(env, metrics().size());
  for (std::size_t i = 0; i < metrics().size(); ++i) values[i] = double(counters[metrics()[i].value_index]);
  return values;
}

}  // namespace bae
