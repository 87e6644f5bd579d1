// Who is connected to a scanner's socket, as libzmq's monitor tells.
#pragma once

#include <zmq.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <iostream>
#include <stdexcept>
#include <string>

namespace sonolucent {

// Counts the readers of one socket. Use it from the socket's thread.
class Readers {
 public:
  Readers() = default;
  Readers(const Readers&) = delete;
  Readers& operator=(const Readers&) = delete;
  ~Readers() {
    if (!events_) return;
    zmq_socket_monitor(socket_, nullptr, 0);
    zmq_close(events_);
  }

  // Before the socket binds. Throws std::runtime_error where ZeroMQ fails.
  void listen(void* context, void* socket) {
    constexpr auto address = "inproc://sonolucent-readers";
    const int unlimited = 0;
    socket_ = socket;
    events_ = zmq_socket(context, ZMQ_PAIR);
    if (!events_ || zmq_setsockopt(events_, ZMQ_RCVHWM, &unlimited, sizeof unlimited) ||
        zmq_socket_monitor(socket, address, failed | ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_DISCONNECTED) ||
        zmq_connect(events_, address))
      throw std::runtime_error(std::string("sonolucent: listening to readers: ") + zmq_strerror(zmq_errno()));
  }

  int count() {
    char event[6];  // what happened, 16 bits, and a value, 32 bits; then comes another part, the address
    while (zmq_recv(events_, event, sizeof event, ZMQ_DONTWAIT) >= 0) {
      std::uint16_t happened = 0;
      std::memcpy(&happened, event, sizeof happened);
      hear(happened);
      while (has_more()) zmq_recv(events_, event, sizeof event, 0);
    }
    if (standing_ > 1 && !told_) {
      told_ = true;
      std::cerr << "sonolucent: " << standing_
                << " readers are connected, and the scanner deals its messages out among them: end all but one\n";
    }
    return standing_;
  }

 private:
  static constexpr int failed =
      ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH;

  void hear(int happened) {
    if (happened == ZMQ_EVENT_HANDSHAKE_SUCCEEDED) {
      ++standing_;
    } else if (happened == ZMQ_EVENT_DISCONNECTED) {
      if (!handshake_failed_) standing_ = std::max(0, standing_ - 1);
      handshake_failed_ = false;
    } else {
      handshake_failed_ = true;
    }
  }

  bool has_more() {
    int more = 0;
    std::size_t size = sizeof more;
    return zmq_getsockopt(events_, ZMQ_RCVMORE, &more, &size) == 0 && more;
  }

  void* socket_ = nullptr;
  void* events_ = nullptr;
  int standing_ = 0;
  bool handshake_failed_ = false;
  bool told_ = false;
};

}  // namespace sonolucent
