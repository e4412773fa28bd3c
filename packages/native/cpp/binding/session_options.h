#pragma once
#include <libtorrent/add_torrent_params.hpp>
#include <libtorrent/settings_pack.hpp>
#include <napi.h>

#include <memory>

#include "disk/torrent_context.h"

namespace bae {

// JavaScript values to libtorrent's parameters. All of it on the JavaScript thread; bad values throw coded errors.

// { name: value } with libtorrent's own setting names.
lt::settings_pack settingsFromJs(Napi::Env env, Napi::Object settings);

// src/native-session.ts AddTorrentRequest. `usesHandler`: the storage is JavaScript's.
lt::add_torrent_params addParamsFromJs(Napi::Env env, Napi::Object request, bool usesHandler);

}  // namespace bae
