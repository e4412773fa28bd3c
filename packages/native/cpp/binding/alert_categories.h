#pragma once
#include <libtorrent/alert.hpp>
#include <napi.h>

#include <string>

namespace bae {

// What our own alerts are made of.
inline constexpr lt::alert_category_t kAlwaysAlerted = lt::alert_category::error | lt::alert_category::status |
                                                       lt::alert_category::storage | lt::alert_category::connect |
                                                       lt::alert_category::peer | lt::alert_category::piece_progress;

// Names of src/native-alert.ts AlertCategory. Throws NATIVE_INVALID_ARGUMENT.
lt::alert_category_t alertCategoriesOf(Napi::Value value, std::string const& name);
Napi::Array categoriesToJs(Napi::Env env, lt::alert_category_t categories);

}  // namespace bae
