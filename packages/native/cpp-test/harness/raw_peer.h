#pragma once
#include <libtorrent/socket.hpp>
#include <libtorrent/torrent_info.hpp>

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace bae::test {

// A peer that speaks BEP 3 over a plain socket and does what it is told: it may have everything or nothing, and
// answers requests with whatever bytes a test gives it.
class RawPeer {
 public:
  struct Request {
    int piece;
    int offset;
    int length;
  };
  // The bytes of a block; none: the request stays unanswered.
  using Serve = std::function<std::optional<std::string>(Request const&)>;

  // Connects to a session. Without `serve` it has nothing and only watches; else it has all pieces, or just one.
  RawPeer(lt::tcp::endpoint session, lt::torrent_info const& torrent, Serve serve = {},
          std::optional<int> onlyPiece = std::nullopt);
  ~RawPeer();

  // HAVE messages and bits of a bitfield, in the order in which they came.
  std::vector<int> have() const;
  void waitForHave(std::size_t count);
  void waitUntilClosed();
  // Asks for a block, when the session lets it.
  void request(Request const& request);
  std::string waitForPiece();
  bool closed() const;

 private:
  void run();
  void take(std::string const& message);
  std::string bitsOf(std::optional<int> onlyPiece) const;
  std::string readExactly(std::size_t length);
  void send(char id, std::string const& payload);
  template <typename Condition>
  void waitUntil(char const* what, Condition condition);

  int m_socket = -1;
  lt::sha1_hash m_infoHash;
  int m_pieces;
  Serve m_serve;
  mutable std::mutex m_mutex;
  mutable std::condition_variable m_changed;
  std::vector<int> m_have;
  std::vector<std::string> m_blocks;
  bool m_isUnchoked = false;
  bool m_isClosed = false;
  std::thread m_thread;
};

}  // namespace bae::test
