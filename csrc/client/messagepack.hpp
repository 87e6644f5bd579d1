#pragma once

#include <cstdint>
#include <cstring>
#include <string>

namespace sonolucent {

// Writes the few MessagePack types that headers are made of (https://github.com/msgpack/msgpack/blob/master/spec.md).
class MessagePack {
 public:
  MessagePack& map(std::uint16_t n_pairs) { return tag(0xde).big_endian(n_pairs); }
  MessagePack& array(std::uint16_t n_values) { return tag(0xdc).big_endian(n_values); }
  MessagePack& integer(std::uint64_t value) { return tag(0xcf).big_endian(value); }

  MessagePack& real(double value) {
    std::uint64_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    return tag(0xcb).big_endian(bits);
  }

  MessagePack& text(const std::string& value) {
    tag(0xda).big_endian(static_cast<std::uint16_t>(value.size()));
    bytes_ += value;
    return *this;
  }

  const std::string& bytes() const { return bytes_; }

 private:
  MessagePack& tag(unsigned char byte) {
    bytes_ += static_cast<char>(byte);
    return *this;
  }

  template <typename Unsigned>
  MessagePack& big_endian(Unsigned value) {
    for (int shift = 8 * (sizeof value - 1); shift >= 0; shift -= 8) bytes_ += static_cast<char>(value >> shift & 0xff);
    return *this;
  }

  std::string bytes_;
};

}  // namespace sonolucent
