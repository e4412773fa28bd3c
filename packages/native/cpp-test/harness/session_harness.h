#pragma once
#include <libtorrent/add_torrent_params.hpp>
#include <libtorrent/alert_types.hpp>
#include <libtorrent/session.hpp>
#include <libtorrent/torrent_handle.hpp>
#include <libtorrent/torrent_status.hpp>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "disk/disk_services.h"
#include "disk/torrent_context.h"
#include "harness/fake_storage.h"
#include "harness/test_torrent.h"

namespace bae::test {

// What of a session's alerts a test asks about.
struct SeenAlert {
  std::string name;
  std::string text;
  lt::error_code error;
};

// A libtorrent session on the loopback that knows nobody, and what it has alerted of so far.
class WatchedSession {
 public:
  explicit WatchedSession(lt::session_params params);

  lt::session& session() { return *m_session; }
  // Once its torrents let peers in.
  lt::tcp::endpoint endpoint();
  // libtorrent turns peers and pieces away until it knows what a torrent has, or that it has to check.
  void waitUntilReady();
  // Until `condition` holds, which is asked after every alert and often enough besides. Throws when it takes too long.
  void waitUntil(char const* what, std::function<bool()> const& condition);
  // By the name of the alert, such as "hash_failed".
  int alerted(std::string const& name);
  SeenAlert waitForAlert(std::string const& name);
  // All that were taken so far, in their order.
  std::vector<SeenAlert> const& alerts() const { return m_alerts; }
  // Bounded: throws when the session does not end in time.
  void close();

 private:
  void takeAlerts();

  std::unique_ptr<lt::session> m_session;
  std::vector<SeenAlert> m_alerts;
};

lt::settings_pack quietSettings();

// A session on the disk backend, over a FakeStorage.
class SessionHarness {
 public:
  static constexpr std::int64_t kHalfPieceBytes = std::int64_t(64) << 20;

  explicit SessionHarness(lt::settings_pack settings = quietSettings(), std::int64_t halfPieceBytes = kHalfPieceBytes);
  ~SessionHarness();

  FakeStorage& storage() { return *m_storage; }
  WatchedSession& watched() { return *m_watched; }

  // Runs until its pieces are there; `adjust` sees the parameters last.
  lt::torrent_handle add(TestTorrent const& torrent, std::function<void(lt::add_torrent_params&)> adjust = {});
  lt::torrent_handle add(lt::torrent_info const& info, std::function<void(lt::add_torrent_params&)> adjust = {});
  lt::torrent_handle addMagnet(std::string const& uri);
  void waitForPieces(lt::torrent_handle const& handle, int count);
  bool stores(TestTorrent const& torrent, int storageIndex = 0);
  void close();

 private:
  lt::torrent_handle addParams(lt::add_torrent_params params);

  std::shared_ptr<FakeStorage> m_storage = std::make_shared<FakeStorage>();
  std::shared_ptr<TorrentRegistry> m_registry = std::make_shared<TorrentRegistry>();
  std::unique_ptr<WatchedSession> m_watched;
  int m_added = 0;
};

// A folder that is removed again.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  std::string const& path() const { return m_path; }

 private:
  std::string m_path;
};

// Another libtorrent session with all of the torrent in files, by libtorrent's own disk storage.
class Seed {
 public:
  explicit Seed(TestTorrent const& torrent);
  lt::tcp::endpoint endpoint() { return m_watched.endpoint(); }
  WatchedSession& watched() { return m_watched; }

 private:
  TemporaryFolder m_folder;
  WatchedSession m_watched;
};

}  // namespace bae::test
