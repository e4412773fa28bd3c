#pragma once
#include <atomic>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "harness/test_torrent.h"

namespace bae::test {

// A web server on the loopback that knows a few files and answers ranges of them, as a web seed (BEP 19) needs it.
class WebServer {
 public:
  // By path, each beginning with a slash.
  explicit WebServer(std::map<std::string, std::string> files);
  ~WebServer();

  // Ends with a slash.
  std::string url() const { return "http://127.0.0.1:" + std::to_string(m_port) + "/"; }
  int answered() const { return m_answered; }

 private:
  void accept();
  void serve(int connection);
  std::string answerTo(std::string const& request);

  std::map<std::string, std::string> const m_files;
  std::atomic<int> m_answered{0};
  int m_socket = -1;
  int m_port = 0;
  std::mutex m_mutex;
  std::vector<int> m_connections;
  std::vector<std::thread> m_serving;
  std::thread m_accepting;
};

// The files of a torrent where a web seed has them: no padding.
std::map<std::string, std::string> webFilesOf(TestTorrent const& torrent);

}  // namespace bae::test
