// The keys that encrypt a stream, as `sonolucent keys` makes them (docs/how-to/security.md).
#pragma once

#include <zmq.h>

#include <cstddef>
#include <fstream>
#include <stdexcept>
#include <string>

namespace sonolucent {

// Each 40 characters of Z85; all empty: no encryption, for loopback alone.
struct Keys {
  std::string server_public;
  std::string client_public;
  std::string client_secret;

  // Throws std::runtime_error where a key is missing or is none.
  static Keys read(const std::string& folder) {
    return {read_one(folder + "/server.public"), read_one(folder + "/client.public"),
            read_one(folder + "/client.secret")};
  }

  // 0, or -1 as ZeroMQ's functions do.
  int secure(void* socket) const {
    if (server_public.empty()) return 0;
    const bool set = set_key(socket, ZMQ_CURVE_SERVERKEY, server_public) &&
                     set_key(socket, ZMQ_CURVE_PUBLICKEY, client_public) &&
                     set_key(socket, ZMQ_CURVE_SECRETKEY, client_secret);
    return set ? 0 : -1;
  }

 private:
  static constexpr std::size_t n_characters = 40;

  static std::string read_one(const std::string& path) {
    std::string key;
    std::ifstream(path) >> key;
    if (key.size() != n_characters) throw std::runtime_error("sonolucent: no key in " + path);
    return key;
  }

  static bool set_key(void* socket, int option, const std::string& key) {
    return zmq_setsockopt(socket, option, key.c_str(), key.size() + 1) == 0;
  }
};

}  // namespace sonolucent
