#include "harness/session_harness.h"

#include <libtorrent/extensions/ut_metadata.hpp>
#include <libtorrent/magnet_uri.hpp>
#include <libtorrent/session_params.hpp>
#include <libtorrent/settings_pack.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>

#include "disk/bae_disk_interface.h"
#include "disk/piece_pass_plugin.h"
#include "harness/answer.h"

namespace bae::test {

lt::settings_pack quietSettings() {
  lt::settings_pack settings;
  settings.set_str(lt::settings_pack::listen_interfaces, "127.0.0.1:0");
  for (int const off : {int(lt::settings_pack::enable_dht), int(lt::settings_pack::enable_lsd),
                        int(lt::settings_pack::enable_upnp), int(lt::settings_pack::enable_natpmp),
                        int(lt::settings_pack::enable_outgoing_utp), int(lt::settings_pack::enable_incoming_utp)}) {
    settings.set_bool(off, false);
  }
  // Of an encrypted greeting memcheck says, about once in many random keys, that libtorrent looks a torrent up by bytes that
  // were never set.
  for (int const policy : {int(lt::settings_pack::out_enc_policy), int(lt::settings_pack::in_enc_policy)}) {
    settings.set_int(policy, lt::settings_pack::pe_disabled);
  }
  settings.set_bool(lt::settings_pack::allow_multiple_connections_per_ip, true);
  settings.set_bool(lt::settings_pack::close_redundant_connections, false);
  settings.set_int(lt::settings_pack::alert_mask, lt::alert_category::all & ~(lt::alert_category::session_log |
                                                                             lt::alert_category::torrent_log |
                                                                             lt::alert_category::peer_log |
                                                                             lt::alert_category::picker_log |
                                                                             lt::alert_category::stats));
  settings.set_int(lt::settings_pack::alert_queue_size, 100000);
  return settings;
}

WatchedSession::WatchedSession(lt::session_params params) {
  m_session = std::make_unique<lt::session>(std::move(params));
  m_session->add_extension(&lt::create_ut_metadata_plugin);
}

lt::tcp::endpoint WatchedSession::endpoint() {
  waitUntil("it listens", [this] { return m_session->listen_port() != 0; });
  waitUntilReady();
  return {lt::make_address("127.0.0.1"), m_session->listen_port()};
}

void WatchedSession::waitUntilReady() {
  waitUntil("its torrents are ready", [this] {
    auto const starts = [](lt::torrent_status const& status) {
      return status.state == lt::torrent_status::checking_resume_data;
    };
    return m_session->get_torrent_status(starts).empty();
  });
}

void WatchedSession::takeAlerts() {
  std::vector<lt::alert*> alerts;
  m_session->pop_alerts(&alerts);
  for (auto const* alert : alerts) {
    lt::error_code error;
    if (auto const* const file = lt::alert_cast<lt::file_error_alert>(alert)) error = file->error;
    if (auto const* const torrent = lt::alert_cast<lt::torrent_error_alert>(alert)) error = torrent->error;
    m_alerts.push_back({alert->what(), alert->message(), error});
  }
}

void WatchedSession::waitUntil(char const* what, std::function<bool()> const& condition) {
  auto const end = std::chrono::steady_clock::now() + kWaitLimit;
  for (takeAlerts(); !condition(); takeAlerts()) {
    if (std::chrono::steady_clock::now() > end) throw std::runtime_error(std::string("in vain: ") + what);
    m_session->wait_for_alert(std::chrono::milliseconds(20));
  }
}

int WatchedSession::alerted(std::string const& name) {
  takeAlerts();
  int count = 0;
  for (auto const& alert : m_alerts) count += alert.name == name ? 1 : 0;
  return count;
}

SeenAlert WatchedSession::waitForAlert(std::string const& name) {
  waitUntil(name.c_str(), [&] { return alerted(name) > 0; });
  for (auto const& alert : m_alerts) {
    if (alert.name == name) return alert;
  }
  throw std::logic_error("an alert was counted and is not there");
}

void WatchedSession::close() {
  std::promise<void> ended;
  auto future = ended.get_future();
  std::thread([session = std::move(m_session), ended = std::move(ended)]() mutable {
    session.reset();
    ended.set_value();
  }).detach();
  if (future.wait_for(kWaitLimit) != std::future_status::ready) throw std::runtime_error("a session does not end");
}

namespace {
lt::session_params paramsFor(lt::settings_pack const& settings, std::shared_ptr<FakeStorage> storage,
                             std::shared_ptr<TorrentRegistry> registry, std::int64_t halfPieceBytes) {
  // As session_wrap.cc: without smart_ban.
  lt::session_params params(settings, {});
  params.disk_io_constructor = [storage, registry, halfPieceBytes](lt::io_context& io,
                                                                   lt::settings_interface const& current,
                                                                   lt::counters& counters) {
    DiskServices::Limits const limits{current.get_int(lt::settings_pack::max_queued_disk_bytes), halfPieceBytes};
    return std::make_unique<BaeDiskInterface>(io, counters, storage, registry, limits, &current);
  };
  return params;
}
}  // namespace

SessionHarness::SessionHarness(lt::settings_pack settings, std::int64_t halfPieceBytes) {
  m_watched = std::make_unique<WatchedSession>(paramsFor(settings, m_storage, m_registry, halfPieceBytes));
}

SessionHarness::~SessionHarness() {
  if (m_watched) close();
}

void SessionHarness::close() {
  m_storage->plan({});
  m_storage->release();
  m_watched->close();
  m_watched.reset();
}

lt::torrent_handle SessionHarness::addParams(lt::add_torrent_params params) {
  auto context = std::make_shared<TorrentContext>();
  context->torrentId = "torrent-" + std::to_string(m_added++);
  context->info = params.ti;
  m_registry->add(context);
  params.save_path = "/bae/" + context->torrentId;
  params.extensions.push_back([context](lt::torrent_handle const& handle, lt::client_data_t) {
    context->handle = handle;
    return std::make_shared<PiecePassPlugin>(context);
  });
  return m_watched->session().add_torrent(std::move(params));
}

lt::torrent_handle SessionHarness::add(TestTorrent const& torrent, std::function<void(lt::add_torrent_params&)> adjust) {
  return add(*torrent.info, std::move(adjust));
}

lt::torrent_handle SessionHarness::add(lt::torrent_info const& info, std::function<void(lt::add_torrent_params&)> adjust) {
  lt::add_torrent_params params;
  params.ti = std::make_shared<lt::torrent_info>(info);
  params.flags &= ~(lt::torrent_flags::auto_managed | lt::torrent_flags::paused);
  if (adjust) adjust(params);
  return addParams(std::move(params));
}

lt::torrent_handle SessionHarness::addMagnet(std::string const& uri) {
  auto params = lt::parse_magnet_uri(uri);
  params.flags &= ~(lt::torrent_flags::auto_managed | lt::torrent_flags::paused);
  return addParams(std::move(params));
}

void SessionHarness::waitForPieces(lt::torrent_handle const& handle, int count) {
  m_watched->waitUntil("pieces arrive", [&] { return handle.status({}).num_pieces >= count; });
}

bool SessionHarness::stores(TestTorrent const& torrent, int storageIndex) {
  for (int piece = 0; piece < torrent.pieces(); ++piece) {
    if (m_storage->piece(storageIndex, piece) != torrent.piece(piece)) return false;
  }
  return true;
}

TemporaryFolder::TemporaryFolder() {
  auto pattern = (std::filesystem::temp_directory_path() / "bae-cpp-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
  m_path = pattern;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(m_path, ignored);
}

Seed::Seed(TestTorrent const& torrent) : m_watched(lt::session_params(quietSettings(), {})) {
  auto const& files = torrent.info->orig_files();
  for (auto const file : files.file_range()) {
    if (files.pad_file_at(file)) continue;
    auto const path = files.file_path(file, m_folder.path());
    std::filesystem::create_directories(std::filesystem::path(path).parent_path());
    std::ofstream(path, std::ios::binary)
        .write(torrent.content.data() + files.file_offset(file), files.file_size(file));
  }
  lt::add_torrent_params params;
  params.ti = std::make_shared<lt::torrent_info>(*torrent.info);
  params.save_path = m_folder.path();
  params.flags &= ~(lt::torrent_flags::auto_managed | lt::torrent_flags::paused);
  params.flags |= lt::torrent_flags::seed_mode;
  m_watched.session().add_torrent(std::move(params));
}

}  // namespace bae::test
