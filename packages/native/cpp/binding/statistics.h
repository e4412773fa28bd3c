#pragma once
#include <libtorrent/alert_types.hpp>
#include <napi.h>

namespace bae {

// sessionStatisticNames(): [{ name, kind }], in the order in which statisticsToJs gives the values.
Napi::Value sessionStatisticNames(Napi::CallbackInfo const& call);
Napi::Value statisticsToJs(Napi::Env env, lt::session_stats_alert const& alert);

}  // namespace bae
