#include "session_wrap.h"

#include <libtorrent/alert_types.hpp>
#include <libtorrent/extensions/ut_metadata.hpp>
#include <libtorrent/extensions/ut_pex.hpp>
#include <libtorrent/ip_filter.hpp>
#include <libtorrent/session_params.hpp>
#include <libtorrent/torrent_status.hpp>

#include <algorithm>
#include <future>
#include <system_error>

#include "add_torrent_options.h"
#include "alert_convert.h"
#include "arguments.h"
#include "dht_start_plugin.h"
#include "disk/bae_disk_interface.h"
#include "disk/piece_pass_plugin.h"
#include "session_calls.h"
#include "session_options.h"
#include "status_convert.h"
#include "torrent_calls.h"
#include "torrent_convert.h"

namespace bae {
namespace {

// On the network thread, where libtorrent's call does not wait. Answers what JavaScript is told.
StorageRequest addNow(lt::session_handle& session, lt::add_torrent_params params, TorrentContext& context,
                      TorrentHandles& torrents, std::shared_ptr<TorrentRegistry> registry) {
  auto added = StorageRequest::of(RequestKind::torrentAdded, -1);
  added.torrentId = context.torrentId;
  try {
    lt::error_code error;
    auto const handle = session.add_torrent(std::move(params), error);
    if (!error) {
      torrents.add(context.handleNumber, handle);
      return added;
    }
    if (error == lt::errors::duplicate_torrent) {
      added.errorCode = "NATIVE_DUPLICATE_TORRENT";
      added.errorMessage = "the session already has this torrent";
    } else if (error == lt::errors::session_is_closing) {
      added.errorCode = "NATIVE_SESSION_CLOSED";
      added.errorMessage = "the session is closed";
    } else {
      added.errorCode = "NATIVE_INVALID_TORRENT";
      added.errorMessage = "libtorrent refused the torrent: " + error.message();
    }
  } catch (std::exception const& error) {
    added.errorCode = "NATIVE_SESSION_FAILED";
    added.errorMessage = std::string("libtorrent failed: ") + error.what();
  }
  // Nobody waits for a torrent that never was.
  context.onGone = [registry = std::move(registry), id = context.torrentId] { registry->forgetDead(id); };
  return added;
}

// libtorrent keeps the peers of private networks and of this machine out of the class that a session's limits are for.
void limitLocalPeersToo(lt::session& session) {
  constexpr auto kLimited = 1u << static_cast<std::uint32_t>(lt::session::global_peer_class_id);
  auto filter = session.get_peer_class_filter();
  auto const [v4, v6] = filter.export_filter();
  for (auto const& range : v4) filter.add_rule(range.first, range.last, range.flags | kLimited);
  for (auto const& range : v6) filter.add_rule(range.first, range.last, range.flags | kLimited);
  session.set_peer_class_filter(filter);
}

}  // namespace

// The largest whole number up to which JavaScript has all.
constexpr std::int64_t kLargestExact = (std::int64_t(1) << 53) - 1;

Napi::Function SessionWrap::define(Napi::Env env) {
  std::vector<PropertyDescriptor> methods{
      InstanceMethod<&SessionWrap::addTorrent>("addTorrent"),
      InstanceMethod<&SessionWrap::removeTorrent>("removeTorrent"),
      InstanceMethod<&SessionWrap::torrentStatus>("torrentStatus"),
      InstanceMethod<&SessionWrap::torrentStatuses>("torrentStatuses"),
      InstanceMethod<&SessionWrap::popAlerts>("popAlerts"),
      InstanceMethod<&SessionWrap::settle>("settle"),
      InstanceMethod<&SessionWrap::settleAll>("settleAll"),
      InstanceMethod<&SessionWrap::close>("close"),
  };
  for (auto const& each : torrentMethods()) methods.push_back(each);
  for (auto const& each : sessionMethods()) methods.push_back(each);
  return DefineClass(env, "Session", methods);
}

std::vector<SessionWrap::PropertyDescriptor> SessionWrap::torrentMethods() {
  return {
      InstanceMethod<&SessionWrap::ofTorrent<torrent_calls::pause>>("pauseTorrent"),
      InstanceMethod<&SessionWrap::ofTorrent<torrent_calls::resume>>("resumeTorrent"),
      InstanceMethod<&SessionWrap::ofTorrent<torrent_calls::connectPeer>>("connectPeer"),
      InstanceMethod<&SessionWrap::ofTorrent<torrent_calls::recheck>>("recheckTorrent"),
      InstanceMethod<&SessionWrap::ofTorrent<torrent_calls::peers>>("torrentPeers"),
      InstanceMethod<&SessionWrap::ofTorrent<torrent_calls::flags>>("torrentFlags"),
      InstanceMethod<&SessionWrap::ofTorrent<torrent_calls::setFlags>>("setTorrentFlags"),
      InstanceMethod<&SessionWrap::ofTorrent<torrent_calls::limits>>("torrentLimits"),
      InstanceMethod<&SessionWrap::ofTorrent<torrent_calls::setLimits>>("setTorrentLimits"),
      InstanceMethod<&SessionWrap::ofTorrent<torrent_calls::trackers>>("trackers"),
      InstanceMethod<&SessionWrap::ofTorrent<torrent_calls::addTracker>>("addTracker"),
      InstanceMethod<&SessionWrap::ofTorrent<torrent_calls::replaceTrackers>>("replaceTrackers"),
      InstanceMethod<&SessionWrap::ofTorrent<torrent_calls::forceReannounce>>("forceReannounce"),
      InstanceMethod<&SessionWrap::ofTorrent<torrent_calls::scrapeTrackers>>("scrapeTrackers"),
      InstanceMethod<&SessionWrap::ofTorrent<torrent_calls::webSeeds>>("webSeeds"),
      InstanceMethod<&SessionWrap::ofTorrent<torrent_calls::addWebSeed>>("addWebSeed"),
      InstanceMethod<&SessionWrap::ofTorrent<torrent_calls::removeWebSeed>>("removeWebSeed"),
      InstanceMethod<&SessionWrap::ofTorrent<torrent_calls::saveResumeData>>("saveResumeData"),
      InstanceMethod<&SessionWrap::ofTorrent<torrent_calls::filePriorities>>("filePriorities"),
      InstanceMethod<&SessionWrap::ofTorrent<torrent_calls::setFilePriorities>>("setFilePriorities"),
      InstanceMethod<&SessionWrap::ofTorrent<torrent_calls::piecePriorities>>("piecePriorities"),
      InstanceMethod<&SessionWrap::ofTorrent<torrent_calls::setPiecePriorities>>("setPiecePriorities"),
      InstanceMethod<&SessionWrap::ofTorrent<torrent_calls::setPieceDeadline>>("setPieceDeadline"),
      InstanceMethod<&SessionWrap::ofTorrent<torrent_calls::resetPieceDeadline>>("resetPieceDeadline"),
      InstanceMethod<&SessionWrap::ofTorrent<torrent_calls::clearPieceDeadlines>>("clearPieceDeadlines"),
      InstanceMethod<&SessionWrap::ofTorrent<torrent_calls::fileProgress>>("fileProgress"),
      InstanceMethod<&SessionWrap::ofTorrent<torrent_calls::pieceAvailability>>("pieceAvailability"),
      InstanceMethod<&SessionWrap::ofTorrent<torrent_calls::pieceMap>>("pieceMap"),
  };
}

std::vector<SessionWrap::PropertyDescriptor> SessionWrap::sessionMethods() {
  return {
      InstanceMethod<&SessionWrap::ofSession<session_calls::applySettings>>("applySettings"),
      InstanceMethod<&SessionWrap::ofSession<session_calls::listenPort>>("listenPort"),
      InstanceMethod<&SessionWrap::ofSession<session_calls::pause>>("pauseSession"),
      InstanceMethod<&SessionWrap::ofSession<session_calls::resume>>("resumeSession"),
      InstanceMethod<&SessionWrap::ofSession<session_calls::isPaused>>("isSessionPaused"),
      InstanceMethod<&SessionWrap::ofSession<session_calls::ipFilter>>("ipFilter"),
      InstanceMethod<&SessionWrap::ofSession<session_calls::setIpFilter>>("setIpFilter"),
      InstanceMethod<&SessionWrap::ofSession<session_calls::settings>>("settings"),
      InstanceMethod<&SessionWrap::ofSession<session_calls::state>>("sessionState"),
      InstanceMethod<&SessionWrap::ofSession<session_calls::postTorrentUpdates>>("postTorrentUpdates"),
      InstanceMethod<&SessionWrap::ofSession<session_calls::postStatistics>>("postStatistics"),
  };
}

SessionWrap::SessionWrap(Napi::CallbackInfo const& call)
    : Napi::ObjectWrap<SessionWrap>(call), m_registry(std::make_shared<TorrentRegistry>()) {
  Napi::Env const env = call.Env();
  auto options = sessionOptionsOf(call[0]);
  m_usesHandler = options.usesHandler;
  m_wantsRawAlerts = options.wantsRawAlerts;
  m_channel = std::make_shared<JsChannel>(env, call[1].As<Napi::Function>(), JsChannel::Options{options.storageDeadline});
  if (m_usesHandler) {
    options.params.disk_io_constructor = [channel = m_channel, registry = m_registry,
                                          halfPieceBytes = options.maxHalfPieceBytes](
                                             lt::io_context& io, lt::settings_interface const& sessionSettings,
                                             lt::counters& counters) {
      DiskServices::Limits const limits{sessionSettings.get_int(lt::settings_pack::max_queued_disk_bytes),
                                        halfPieceBytes};
      return std::make_unique<BaeDiskInterface>(io, counters, channel, registry, limits, &sessionSettings);
    };
  }
  // The only one that is told of the session's queue of messages.
  options.params.disk_io_constructor = [this, make = std::move(options.params.disk_io_constructor)](
                                           lt::io_context& io, lt::settings_interface const& sessionSettings,
                                           lt::counters& counters) {
    m_network = std::make_shared<NetworkQueue>(io);
    return (make ? make : lt::default_disk_io_constructor)(io, sessionSettings, counters);
  };
  startSession(env, std::move(options.params));
  m_session->set_alert_notify([channel = m_channel] { channel->alertsWaiting(); });
  napi_add_env_cleanup_hook(env, onEnvironmentEnds, this);
}

void SessionWrap::startSession(Napi::Env env, lt::session_params params) {
  try {
    m_session = std::make_unique<lt::session>(std::move(params));
    limitLocalPeersToo(*m_session);
    m_session->add_extension(&lt::create_ut_metadata_plugin);
    m_session->add_extension(&lt::create_ut_pex_plugin);
    m_session->add_extension(std::make_shared<DhtStartPlugin>());
  } catch (std::exception const& error) {
    m_channel->release();
    throw codedError(env, "NATIVE_SESSION_FAILED", std::string("libtorrent could not start a session: ") + error.what());
  }
}

// An open session is never collected: the channel's function refers to it until it is closed.
SessionWrap::~SessionWrap() {
  if (!m_environmentEnded) napi_remove_env_cleanup_hook(Env(), onEnvironmentEnds, this);
  if (m_closing.joinable()) m_closing.join();
}

Napi::Error asCodedError(Napi::Env env, lt::system_error const& error) {
  if (error.code() == lt::errors::invalid_torrent_handle) {
    return codedError(env, "NATIVE_UNKNOWN_TORRENT", "the torrent is gone");
  }
  return codedError(env, "NATIVE_SESSION_FAILED", std::string("libtorrent failed: ") + error.what());
}

lt::session& SessionWrap::session(Napi::Env env) const {
  if (!m_session) throw codedError(env, "NATIVE_SESSION_CLOSED", "the session is closed");
  return *m_session;
}

lt::torrent_handle SessionWrap::torrent(Napi::Value handle) const {
  Napi::Env const env = handle.Env();
  session(env);
  auto const number = wholeNumberOf(handle, "handle", -kLargestExact, kLargestExact);
  auto found = number < 0 || number > m_lastHandle ? lt::torrent_handle() : m_torrents->find(int(number));
  if (!found.is_valid()) {
    throw codedError(env, "NATIVE_UNKNOWN_TORRENT", "no torrent has the handle " + std::to_string(number));
  }
  return found;
}

std::shared_ptr<TorrentContext> SessionWrap::makeContext(std::string torrentId, lt::add_torrent_params const& params) {
  auto context = std::make_shared<TorrentContext>();
  context->torrentId = std::move(torrentId);
  context->handleNumber = ++m_lastHandle;
  context->info = params.ti;
  context->onGone = [channel = m_channel, registry = m_registry, id = context->torrentId] {
    registry->forgetDead(id);
    auto gone = StorageRequest::of(RequestKind::torrentGone, -1);
    gone.torrentId = id;
    channel->send(std::move(gone), {});
  };
  return context;
}

Napi::Value SessionWrap::addTorrent(Napi::CallbackInfo const& call) {
  Napi::Env const env = call.Env();
  session(env);
  auto [torrentId, params] = addTorrentOptionsOf(call[0], m_usesHandler);
  // Asked again, as by all that read arguments: a getter of theirs may have closed it.
  auto& lt = session(env);
  if (m_registry->find(torrentId)) {
    throw codedError(env, "NATIVE_DUPLICATE_TORRENT", "the session already has a torrent with the id " + torrentId);
  }
  auto const context = makeContext(torrentId, params);
  m_registry->add(context);
  params.userdata = numberAsUserdata(context->handleNumber);
  params.extensions.push_back([context](lt::torrent_handle const& handle, lt::client_data_t) {
    context->handle = handle;
    return std::make_shared<PiecePassPlugin>(context);
  });
  // Waiting for libtorrent here would keep JavaScript, and it makes torrents as slowly as JavaScript asks for them.
  m_network->postInOrder([session = lt::session_handle(lt), torrents = m_torrents, channel = m_channel,
                          registry = m_registry, context, params = std::move(params)]() mutable {
    auto added = addNow(session, std::move(params), *context, *torrents, std::move(registry));
    channel->send(std::move(added), {});
  });
  return Napi::Number::New(env, context->handleNumber);
}

void SessionWrap::removeTorrent(Napi::CallbackInfo const& call) {
  auto const handle = torrent(call[0]);
  auto const flags = booleanOf(call[1], "deleteData") ? lt::session::delete_files : lt::remove_flags_t{};
  m_torrents->remove(call[0].As<Napi::Number>().Int32Value());
  session(call.Env()).remove_torrent(handle, flags);
}

Napi::Value SessionWrap::torrentStatus(Napi::CallbackInfo const& call) {
  return guarded(call, [&] {
    auto const status = torrent(call[0]).status({});
    return statusToJs(call.Env(), status, call[0].As<Napi::Number>().Int32Value());
  });
}

// One question to the network thread, however many torrents.
Napi::Value SessionWrap::torrentStatuses(Napi::CallbackInfo const& call) {
  Napi::Env const env = call.Env();
  session(env);
  std::vector<lt::torrent_status> statuses;
  if (call[0].IsUndefined()) {
    statuses = session(env).get_torrent_status([](lt::torrent_status const&) { return true; }, kDetailsFlags);
  } else {
    auto const handles = listOf(call[0], "handles", [this](Napi::Value handle, std::string const&) {
      return torrent(handle);
    });
    statuses.resize(handles.size());
    for (std::size_t i = 0; i < handles.size(); ++i) statuses[i].handle = handles[i];
    session(env).refresh_torrent_status(&statuses, kDetailsFlags);
  }
  auto list = Napi::Array::New(env);
  for (auto const& status : statuses) {
    int const number = handleNumber(status.handle);
    // Those that are being removed are unknown already.
    if (m_torrents->find(number).is_valid()) list.Set(list.Length(), detailsToJs(env, status, number));
  }
  return list;
}

Napi::Value SessionWrap::popAlerts(Napi::CallbackInfo const& call) {
  Napi::Env const env = call.Env();
  auto list = Napi::Array::New(env);
  if (!m_session) return list;
  std::vector<lt::alert*> alerts;
  m_session->pop_alerts(&alerts);
  for (auto const* alert : alerts) {
    auto const object = alertToJs(env, *alert);
    if (!object.IsUndefined()) list.Set(list.Length(), object);
    if (m_wantsRawAlerts) list.Set(list.Length(), rawAlertToJs(env, *alert));
  }
  return list;
}

void SessionWrap::settle(Napi::CallbackInfo const& call) {
  JsChannel::Settlement settlement;
  settlement.outcome = StorageOutcome(call[1].ToNumber().Int32Value());
  settlement.bytes = call[2];
  settlement.wantsBlockHashes = call[3].ToBoolean();
  settlement.offersDigests = call[4].ToBoolean();
  std::uint32_t const id = call[0].ToNumber().Uint32Value();
  m_channel->settle(&id, 1, settlement);
}

// Requests that went well, and whose answer is nothing.
void SessionWrap::settleAll(Napi::CallbackInfo const& call) {
  auto const ids = call[0].As<Napi::Uint32Array>();
  JsChannel::Settlement settlement;
  settlement.bytes = call.Env().Undefined();
  m_channel->settle(ids.Data(), std::min<std::size_t>(ids.ElementLength(), call[1].ToNumber().Uint32Value()), settlement);
}

// Destroying a session waits for its storages, and these wait for JavaScript: never on JavaScript's thread.
void SessionWrap::close(Napi::CallbackInfo const& call) {
  if (!m_session) return;
  std::promise<std::unique_ptr<lt::session>> doomed;
  // First: where there is no thread, nothing has happened yet.
  try {
    m_closing = std::thread([session = doomed.get_future(), channel = m_channel]() mutable {
      session.get().reset();
      channel->sayClosed();
    });
  } catch (std::system_error const&) {
    throw codedError(call.Env(), "NATIVE_SESSION_FAILED", "the system gives no thread to close the session on: try again");
  }
  m_channel->limitDeadlines(std::chrono::milliseconds(call[0].ToNumber().Int64Value()));
  m_torrents->clear();
  m_session->set_alert_notify({});
  doomed.set_value(std::move(m_session));
}

// The process or the worker ends with the session open or closing. No JavaScript will run any more, so what is
// open fails at once, and nothing waits for this thread.
void SessionWrap::onEnvironmentEnds(void* data) {
  auto* const self = static_cast<SessionWrap*>(data);
  self->m_environmentEnded = true;
  self->m_channel->kill();
  self->m_torrents->clear();
  self->m_session.reset();
  if (self->m_closing.joinable()) self->m_closing.join();
}

}  // namespace bae
