// A scanner's side of docs/wire.md: header-only, C++17, needs libzmq alone. See example.cpp and
// docs/how-to/connect-a-scanner.md.
#pragma once

#include <zmq.h>

#include <algorithm>
#include <chrono>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "acquisition.hpp"
#include "keys.hpp"
#include "messagepack.hpp"
#include "readers.hpp"

namespace sonolucent {

// Serves frames of `Sample` (int16, float, or std::complex<float> at baseband) to one reader: `sonolucent run --source
// tcp://127.0.0.1:PORT`. Sending never waits: what the reader has no room for is not sent, and the reader counts it as
// lost. Waiting is done by `wait_for_reader` and, up to a minute each while a reader still takes what is queued, by
// `end` and the destructor. Use it from one thread. Throws std::runtime_error where ZeroMQ fails, and
// std::invalid_argument for an acquisition that does not fit its sequence or its samples.
template <typename Sample = std::int16_t>
class Scanner {
  static constexpr bool is_complex = std::is_same_v<Sample, std::complex<float>>;
  static_assert(std::is_same_v<Sample, std::int16_t> || std::is_same_v<Sample, float> || is_complex,
                "samples are int16, float32 or complex<float>");

 public:
  // Up to `queue` messages wait for the reader; two frames' worth is plenty. Beyond loopback, give keys.
  Scanner(const std::string& endpoint, Acquisition acquisition, int queue, const Keys& keys = {})
      : acquisition_(std::move(acquisition)), session_(nanoseconds_since_1970()) {
    acquisition_.check(is_complex);
    tables_ = acquisition_.sequence.delays_s;
    tables_.insert(tables_.end(), acquisition_.sequence.apodization.begin(), acquisition_.sequence.apodization.end());
    check(zmq_setsockopt(socket_.get(), ZMQ_SNDHWM, &queue, sizeof queue), "setting the queue");
    check(zmq_setsockopt(socket_.get(), ZMQ_LINGER, &patience_ms, sizeof patience_ms), "setting the linger time");
    check(keys.secure(socket_.get()), "setting the keys");
    keep_alive();
    hear_little();
    keep_few_frames();
    readers_.listen(context_.get(), socket_.get());
    check(zmq_bind(socket_.get(), endpoint.c_str()), "binding " + endpoint);
  }

  // Whether a reader is there, and has room, within `timeout_ms` (-1: wait for ever).
  bool wait_for_reader(long timeout_ms) {
    zmq_pollitem_t item{socket_.get(), 0, ZMQ_POLLOUT, 0};
    const int n_ready = zmq_poll(&item, 1, timeout_ms);
    check(n_ready, "waiting for the reader");
    return n_ready > 0;
  }

  // Sends one shot, (n_elements, n_samples), of frame `frame_id`; false when the reader had no room for it.
  bool send_shot(std::uint64_t frame_id, int tx_index, const Sample* samples) {
    return send_channels(frame_id, tx_index, 1, samples);
  }

  // Sends a whole frame, (n_tx, n_elements, n_samples); false when the reader had no room for it.
  bool send_frame(std::uint64_t frame_id, const Sample* samples) {
    return send_channels(frame_id, 0, acquisition_.n_tx(), samples);
  }

  // How many readers are connected. One is meant: ZeroMQ deals messages out among all, and each would get a part of
  // every frame. The first time there are several, it is said on standard error.
  int n_readers() { return readers_.count(); }

  // Tells the reader that there were `n_frames` frames, numbered from 0; false when it did not take it in time.
  bool end(std::uint64_t n_frames) {
    MessagePack header;
    header.map(2).text("kind").text("end").text("frames").integer(n_frames);
    return wait_for_reader(patience_ms) && send(header, nullptr, 0);
  }

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr int patience_ms = 60000;
  static constexpr std::size_t least_kept = std::size_t{1} << 17, kernel_kept = std::size_t{1} << 21;

  // The kernel asks whether a reader is there still. No PINGs of ZMTP (ZMQ_HEARTBEAT_IVL): the answer to one, after the
  // end, would reset the connection, and what is on the way would be lost.
  void keep_alive() {
    const int options[][2] = {{ZMQ_HANDSHAKE_IVL, 2000},
                              {ZMQ_TCP_KEEPALIVE, 1},
                              {ZMQ_TCP_KEEPALIVE_IDLE, 1},
                              {ZMQ_TCP_KEEPALIVE_INTVL, 1},
                              {ZMQ_TCP_KEEPALIVE_CNT, 6}};
    for (const auto& option : options)
      check(zmq_setsockopt(socket_.get(), option[0], &option[1], sizeof option[1]), "setting time limits");
  }

  // Readers say nothing but greetings, also before their keys are known; whoever says more is cut off.
  void hear_little() {
    const std::int64_t most = 1 << 16;
    check(zmq_setsockopt(socket_.get(), ZMQ_MAXMSGSIZE, &most, sizeof most), "bounding what readers may say");
  }

  // The kernel has room for hundreds of small frames: behind a slow line they would be seconds old when they come.
  void keep_few_frames() {
    const std::size_t frame = positive(acquisition_.n_tx()) * acquisition_.shot_size() * sizeof(Sample);
    const int kept = static_cast<int>(std::min(std::max(2 * frame, least_kept), kernel_kept));
    if (kept < static_cast<int>(kernel_kept))
      check(zmq_setsockopt(socket_.get(), ZMQ_SNDBUF, &kept, sizeof kept), "setting the kernel's buffer");
  }

  bool send_channels(std::uint64_t frame_id, int first_tx, int n, const Sample* samples) {
    if (!describe(frame_id)) return false;
    MessagePack header;
    header.map(6).text("kind").text("channels").text("frame_id").integer(frame_id).text("first_tx");
    header.integer(static_cast<std::uint64_t>(first_tx)).text("dtype").text(dtype()).text("shape").array(3);
    for (int length : {n, acquisition_.n_elements, acquisition_.n_samples}) header.integer(positive(length));
    header.text("trail").map(1).text("acquired_utc_ns").integer(nanoseconds_since_1970());
    return send(header, samples, positive(n) * acquisition_.shot_size() * sizeof(Sample));
  }

  // Describes the stream before the first frame and, for readers that come late, between frames every second.
  bool describe(std::uint64_t frame_id) {
    const bool first = described_ == Clock::time_point{};
    const bool between_frames = frame_id != frame_id_;
    frame_id_ = frame_id;
    if (!first && !(between_frames && Clock::now() - described_ > std::chrono::seconds(1))) return true;
    if (!send(stream_header(first ? 0 : frame_id), tables_.data(), tables_.size() * sizeof(double))) return !first;
    described_ = Clock::now();
    return true;
  }

  MessagePack stream_header(std::uint64_t next_frame_id) const {
    const Acquisition& a = acquisition_;
    MessagePack header;
    header.map(6).text("kind").text("stream").text("session").integer(session_);
    header.text("next_frame_id").integer(next_frame_id).text("dtype").text(dtype());
    header.text("frame_rate_hz").real(a.frame_rate_hz).text("acquisition").map(7).text("probe").map(5);
    header.text("n_elements").integer(positive(a.n_elements)).text("pitch_m").real(a.pitch_m);
    header.text("element_width_m").real(a.element_width_m).text("center_frequency_hz").real(a.center_frequency_hz);
    header.text("fractional_bandwidth").real(a.fractional_bandwidth);
    if (a.sequence.empty()) {
      header.text("tx_elements").array(static_cast<std::uint16_t>(a.n_tx()));
      for (int element : a.tx_elements) header.integer(static_cast<std::uint64_t>(element));
    } else {
      header.text("n_shots").integer(positive(a.n_tx()));
    }
    header.text("n_samples").integer(positive(a.n_samples)).text("sampling_frequency_hz").real(a.sampling_frequency_hz);
    header.text("initial_time_s").real(a.initial_time_s).text("sound_speed_m_s").real(a.sound_speed_m_s);
    header.text("demodulation_frequency_hz").real(a.demodulation_frequency_hz);
    return header;
  }

  // Both parts of a message or none: once ZeroMQ has taken the first it takes the second.
  bool send(const MessagePack& header, const void* payload, std::size_t n_bytes) {
    readers_.count();
    const std::string first = std::string("SNLU\x01\x00", 6) + header.bytes();
    if (zmq_send(socket_.get(), first.data(), first.size(), ZMQ_DONTWAIT | ZMQ_SNDMORE) < 0) {
      if (zmq_errno() == EAGAIN) return false;
      check(-1, "sending");
    }
    check(zmq_send(socket_.get(), payload, n_bytes, 0), "sending");
    return true;
  }

  static const char* dtype() { return is_complex ? "<c8" : std::is_same_v<Sample, float> ? "<f4" : "<i2"; }
  static std::uint64_t positive(int value) { return static_cast<std::uint64_t>(value); }

  static std::uint64_t nanoseconds_since_1970() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(now).count());
  }

  static void check(int status, const std::string& doing) {
    if (status < 0) throw std::runtime_error("sonolucent: " + doing + ": " + zmq_strerror(zmq_errno()));
  }

  struct Close {
    void operator()(void* socket) const { zmq_close(socket); }
  };
  struct Terminate {
    void operator()(void* context) const { zmq_ctx_term(context); }
  };

  Acquisition acquisition_;
  std::vector<double> tables_;  // what `stream` carries of a sequence: delays, then weights
  std::uint64_t session_;
  std::uint64_t frame_id_ = 0;
  Clock::time_point described_{};
  std::unique_ptr<void, Terminate> context_{zmq_ctx_new()};
  std::unique_ptr<void, Close> socket_{zmq_socket(context_.get(), ZMQ_PUSH)};
  Readers readers_;  // goes before the socket that it listens to
};

}  // namespace sonolucent
