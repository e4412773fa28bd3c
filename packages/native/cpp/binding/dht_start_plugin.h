#pragma once
#include <libtorrent/extensions.hpp>
#include <libtorrent/session_handle.hpp>
#include <libtorrent/torrent_handle.hpp>

#include <vector>

namespace bae {

// libtorrent 2.0 forgets to ask the DHT for peers of torrents that were added before the DHT had looked up its bootstrap
// nodes: their turn comes a quarter of an hour later. Here it comes when the DHT begins, one torrent a tick, which is a
// second. Lives as long as the session; network thread, where calls of a handle are done at once.
class DhtStartPlugin final : public lt::plugin {
 public:
  lt::feature_flags_t implemented_features() override { return tick_feature; }
  void added(lt::session_handle const& session) override { m_session = session; }

  void on_tick() override {
    bool const isRunning = m_session.is_dht_running();
    if (isRunning && !m_wasRunning) m_waiting = m_session.get_torrents();
    m_wasRunning = isRunning;
    if (!isRunning || m_waiting.empty()) return;
    auto const torrent = m_waiting.back();
    m_waiting.pop_back();
    // One that is gone meanwhile has no turn.
    if (torrent.is_valid()) torrent.force_dht_announce();
  }

 private:
  lt::session_handle m_session;
  std::vector<lt::torrent_handle> m_waiting;
  bool m_wasRunning = false;
};

}  // namespace bae
