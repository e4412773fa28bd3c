#include "harness/web_server.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <stdexcept>

namespace bae::test {

WebServer::WebServer(std::map<std::string, std::string> files) : m_files(std::move(files)) {
  m_socket = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  auto* const any = reinterpret_cast<sockaddr*>(&address);
  if (::bind(m_socket, any, length) != 0 || ::listen(m_socket, 16) != 0 || ::getsockname(m_socket, any, &length) != 0) {
    throw std::runtime_error("a web server cannot listen");
  }
  m_port = ntohs(address.sin_port);
  m_accepting = std::thread([this] { accept(); });
}

WebServer::~WebServer() {
  ::shutdown(m_socket, SHUT_RDWR);
  m_accepting.join();
  ::close(m_socket);
  for (int const connection : m_connections) ::shutdown(connection, SHUT_RDWR);
  for (auto& thread : m_serving) thread.join();
  for (int const connection : m_connections) ::close(connection);
}

// Ends when the socket is shut down.
void WebServer::accept() {
  for (;;) {
    int const connection = ::accept(m_socket, nullptr, nullptr);
    if (connection < 0) return;
    std::lock_guard<std::mutex> lock(m_mutex);
    m_connections.push_back(connection);
    m_serving.emplace_back([this, connection] { serve(connection); });
  }
}

void WebServer::serve(int connection) {
  std::string received;
  char buffer[4096];
  for (;;) {
    auto const end = received.find("\r\n\r\n");
    if (end != std::string::npos) {
      auto const reply = answerTo(received.substr(0, end + 2));
      received.erase(0, end + 4);
      // Whoever hung up is noticed below.
      static_cast<void>(::send(connection, reply.data(), reply.size(), MSG_NOSIGNAL));
      continue;
    }
    auto const got = ::recv(connection, buffer, sizeof buffer, 0);
    if (got <= 0) return;
    received.append(buffer, std::size_t(got));
  }
}

std::string WebServer::answerTo(std::string const& request) {
  auto const path = request.substr(4, request.find(' ', 4) - 4);
  auto const file = m_files.find(path);
  auto const range = request.find("Range: bytes=");
  if (file == m_files.end() || range == std::string::npos) return "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
  char* dash = nullptr;
  auto const first = std::strtoull(request.c_str() + range + 13, &dash, 10);
  auto const size = file->second.size();
  auto const last = std::min<unsigned long long>(std::strtoull(dash + 1, nullptr, 10), size - 1);
  auto const body = file->second.substr(first, last - first + 1);
  ++m_answered;
  return "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes " + std::to_string(first) + "-" + std::to_string(last) + "/" +
         std::to_string(size) + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::map<std::string, std::string> webFilesOf(TestTorrent const& torrent) {
  std::map<std::string, std::string> found;
  auto const& files = torrent.info->orig_files();
  for (auto const file : files.file_range()) {
    if (files.pad_file_at(file)) continue;
    found["/" + files.file_path(file)] =
        torrent.content.substr(std::size_t(files.file_offset(file)), std::size_t(files.file_size(file)));
  }
  return found;
}

}  // namespace bae::test
