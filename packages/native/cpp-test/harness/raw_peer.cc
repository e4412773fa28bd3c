#include "harness/raw_peer.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <stdexcept>

#include "harness/answer.h"

namespace bae::test {
namespace {

// BEP 3.
enum class Message : char { unchoke = 1, interested = 2, have = 4, bitfield = 5, request = 6, piece = 7 };

std::string bigEndian(std::uint32_t value) {
  return {char(value >> 24), char(value >> 16), char(value >> 8), char(value)};
}

std::uint32_t fromBigEndian(std::string const& bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value = value << 8 | std::uint8_t(bytes[at + i]);
  return value;
}

// A session hangs up on a second peer of the same id.
std::string nextPeerId() {
  static std::atomic<int> number{100000};
  return "-RP0001-000000" + std::to_string(++number);
}

}  // namespace

RawPeer::RawPeer(lt::tcp::endpoint session, lt::torrent_info const& torrent, Serve serve, std::optional<int> onlyPiece)
    : m_infoHash(torrent.info_hashes().get_best()), m_pieces(torrent.num_pieces()), m_serve(std::move(serve)) {
  if (torrent.info_hashes().has_v1()) m_infoHash = torrent.info_hashes().v1;
  m_socket = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(session.port());
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(m_socket, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    throw std::runtime_error("a raw peer cannot connect");
  }
  std::string hello = "\x13" "BitTorrent protocol" + std::string(8, '\0') + m_infoHash.to_string() + nextPeerId();
  if (::send(m_socket, hello.data(), hello.size(), MSG_NOSIGNAL) != ssize_t(hello.size())) throw std::runtime_error("hello");
  readExactly(68);
  if (m_serve) {
    send(char(Message::bitfield), bitsOf(onlyPiece));
    send(char(Message::unchoke), {});
  } else {
    send(char(Message::interested), {});
  }
  m_thread = std::thread([this] { run(); });
}

RawPeer::~RawPeer() {
  ::shutdown(m_socket, SHUT_RDWR);
  if (m_thread.joinable()) m_thread.join();
  ::close(m_socket);
}

std::string RawPeer::bitsOf(std::optional<int> onlyPiece) const {
  std::string bits(std::size_t((m_pieces + 7) / 8), '\0');
  for (int piece = 0; piece < m_pieces; ++piece) {
    if (onlyPiece.value_or(piece) == piece) bits[std::size_t(piece / 8)] |= char(0x80 >> (piece % 8));
  }
  return bits;
}

// Empty when the other side closed.
std::string RawPeer::readExactly(std::size_t length) {
  std::string bytes(length, '\0');
  std::size_t done = 0;
  while (done < length) {
    auto const got = ::recv(m_socket, &bytes[done], length - done, 0);
    if (got <= 0) return {};
    done += std::size_t(got);
  }
  return bytes;
}

void RawPeer::send(char id, std::string const& payload) {
  auto const message = bigEndian(std::uint32_t(payload.size() + 1)) + id + payload;
  // A session that hung up is noticed by the reader.
  static_cast<void>(::send(m_socket, message.data(), message.size(), MSG_NOSIGNAL));
}

void RawPeer::run() {
  for (;;) {
    auto const header = readExactly(4);
    if (header.empty()) break;
    auto const length = fromBigEndian(header, 0);
    if (length == 0) continue;
    auto const message = readExactly(length);
    if (message.empty()) break;
    take(message);
  }
  std::lock_guard<std::mutex> lock(m_mutex);
  m_isClosed = true;
  m_changed.notify_all();
}

void RawPeer::take(std::string const& message) {
  auto const id = Message(message[0]);
  if (id == Message::request && m_serve) {
    Request const wanted{int(fromBigEndian(message, 1)), int(fromBigEndian(message, 5)), int(fromBigEndian(message, 9))};
    if (auto const bytes = m_serve(wanted)) send(char(Message::piece), message.substr(1, 8) + *bytes);
    return;
  }
  std::lock_guard<std::mutex> lock(m_mutex);
  if (id == Message::have) m_have.push_back(int(fromBigEndian(message, 1)));
  if (id == Message::bitfield) {
    for (int i = 0; i < m_pieces; ++i) {
      if (std::uint8_t(message[1 + std::size_t(i / 8)]) & (0x80 >> (i % 8))) m_have.push_back(i);
    }
  }
  if (id == Message::unchoke) m_isUnchoked = true;
  if (id == Message::piece) m_blocks.push_back(message.substr(9));
  m_changed.notify_all();
}

template <typename Condition>
void RawPeer::waitUntil(char const* what, Condition condition) {
  std::unique_lock<std::mutex> lock(m_mutex);
  if (!m_changed.wait_for(lock, kWaitLimit, condition)) throw std::runtime_error(std::string("in vain: ") + what);
}

std::vector<int> RawPeer::have() const {
  std::lock_guard<std::mutex> lock(m_mutex);
  return m_have;
}

void RawPeer::waitForHave(std::size_t count) {
  waitUntil("HAVE messages", [&] { return m_have.size() >= count; });
}

void RawPeer::waitUntilClosed() {
  waitUntil("the session hangs up", [&] { return m_isClosed; });
}

bool RawPeer::closed() const {
  std::lock_guard<std::mutex> lock(m_mutex);
  return m_isClosed;
}

void RawPeer::request(Request const& wanted) {
  waitUntil("being unchoked", [&] { return m_isUnchoked || m_isClosed; });
  send(char(Message::request), bigEndian(std::uint32_t(wanted.piece)) + bigEndian(std::uint32_t(wanted.offset)) +
                             bigEndian(std::uint32_t(wanted.length)));
}

std::string RawPeer::waitForPiece() {
  waitUntil("a block", [&] { return !m_blocks.empty() || m_isClosed; });
  std::lock_guard<std::mutex> lock(m_mutex);
  if (m_blocks.empty()) throw std::runtime_error("the session hung up");
  auto const block = m_blocks.front();
  m_blocks.erase(m_blocks.begin());
  return block;
}

}  // namespace bae::test
