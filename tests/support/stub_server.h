// An HTTP server on loopback whose answers a test writes byte for byte, and which breaks off as the
// test wants it.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace stellar_arrow::support {

class StubServer {
 public:
  struct Request {
    std::string line;  // "GET /path HTTP/1.1"
    std::string head;  // with the line, as it came
    std::string body;
  };
  enum class Then { kKeep, kClose, kReset, kSilence, kTrickle };  // kTrickle: ten bytes a second
  struct Answer {
    std::string bytes;
    Then then = Then::kKeep;
  };

  // `answer` is called for each request, by a thread for each connection.
  explicit StubServer(std::function<Answer(const Request&)> answer);
  ~StubServer();

  uint16_t port() const { return port_; }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  int connections() const { return connections_; }

  // An answer of a status and a body of stated length.
  static std::string Say(const std::string& status, const std::string& body,
                         const std::string& headers = "");

 private:
  void Accept();
  void Serve(int socket);

  const std::function<Answer(const Request&)> answer_;
  int listener_ = -1;
  uint16_t port_ = 0;
  std::atomic<int> connections_ = 0;
  std::mutex mutex_;
  bool ends_ = false;
  std::vector<int> sockets_;
  std::vector<std::thread> threads_;
  std::thread accepting_;
};

}  // namespace stellar_arrow::support
