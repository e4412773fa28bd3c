#pragma once
#include <libtorrent/alert.hpp>
#include <libtorrent/socket.hpp>
#include <libtorrent/torrent_handle.hpp>
#include <napi.h>

#include <string>

namespace bae {

// A libtorrent alert as the plain object of src/native-alert.ts; undefined for those that have none.
Napi::Value alertToJs(Napi::Env env, lt::alert const& alert);

// Any alert, as src/native-alert.ts RawAlert with `type: 'raw'`.
Napi::Object rawAlertToJs(Napi::Env env, lt::alert const& alert);

// The number that addTorrent() gave; 0 when the torrent is gone.
int handleNumber(lt::torrent_handle const& handle);
// What to put into add_torrent_params::userdata so that handleNumber() finds it: a number, never followed.
lt::client_data_t numberAsUserdata(int number);

// "127.0.0.1:6881", "[::1]:6881"
std::string endpointText(lt::tcp::endpoint const& endpoint);

// "ENOSPC", "EIO", ... for system errors, otherwise libtorrent's own category and number.
std::string errorCodeName(lt::error_code const& code);

}  // namespace bae
