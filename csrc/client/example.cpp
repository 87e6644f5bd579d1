// Streams a synthetic capture of one point target: example ENDPOINT N_FRAMES [KIND [KEYS]]
//   c++ -std=c++17 -O2 example.cpp -lzmq -o example && ./example tcp://127.0.0.1:5555 100
// KIND is shots (single elements, one message a shot), frames (one message a frame), baseband (complex samples), or
// plane_waves (five angles).

#include <cmath>
#include <complex>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>
#include <vector>

#include "sonolucent_scanner.hpp"

namespace {

using Baseband = std::complex<float>;

constexpr double target_x_m = 2e-3;
constexpr double target_z_m = 12e-3;
constexpr double pi = 3.14159265358979323846;

sonolucent::Acquisition small_array() {
  sonolucent::Acquisition acquisition;
  acquisition.n_elements = 32;
  acquisition.pitch_m = 0.3e-3;
  acquisition.element_width_m = 0.27e-3;
  acquisition.center_frequency_hz = 5e6;
  acquisition.tx_elements = sonolucent::Acquisition::every_element(32);
  acquisition.n_samples = 640;
  acquisition.sampling_frequency_hz = 25e6;
  return acquisition;
}

// The same array; its samples are demodulated, and so a quarter of them is enough.
sonolucent::Acquisition small_array_at_baseband() {
  sonolucent::Acquisition acquisition = small_array();
  acquisition.n_samples /= 4;
  acquisition.sampling_frequency_hz /= 4;
  acquisition.demodulation_frequency_hz = acquisition.center_frequency_hz;
  return acquisition;
}

double element_x_m(const sonolucent::Acquisition& a, int element) {
  return (element - (a.n_elements - 1) / 2.0) * a.pitch_m;
}

// The same array; it fires plane waves, the earliest element of each at t = 0.
sonolucent::Acquisition small_array_of_plane_waves() {
  sonolucent::Acquisition acquisition = small_array();
  for (double sine : {-0.2, -0.1, 0.0, 0.1, 0.2})
    for (int element = 0; element < acquisition.n_elements; ++element) {
      const double ahead_m = sine * element_x_m(acquisition, element) + std::abs(sine) * element_x_m(acquisition, 31);
      acquisition.sequence.delays_s.push_back(ahead_m / acquisition.sound_speed_m_s);
      acquisition.sequence.apodization.push_back(1.0);
    }
  return acquisition;
}

double seconds_to_target(const sonolucent::Acquisition& a, int element) {
  return std::hypot(element_x_m(a, element) - target_x_m, target_z_m) / a.sound_speed_m_s;
}

// The analytic echo at `time_s`, peak 1, of a Gaussian pulse whose centre comes back at `back_s`; at baseband
// demodulated.
std::complex<double> echo(const sonolucent::Acquisition& a, double time_s, double back_s) {
  const double width = (time_s - back_s) * a.center_frequency_hz * a.fractional_bandwidth;
  const double carried_hz = a.center_frequency_hz - a.demodulation_frequency_hz;
  return std::exp(-3.56 * width * width) *
         std::polar(1.0, 2 * pi * (carried_hz * time_s - a.center_frequency_hz * back_s));
}

std::complex<double> sum_of_echoes(const sonolucent::Acquisition& a, int shot, int receiver, double time_s) {
  const double back_s = seconds_to_target(a, receiver);
  if (a.sequence.empty())
    return echo(a, time_s, seconds_to_target(a, a.tx_elements[static_cast<std::size_t>(shot)]) + back_s);
  std::complex<double> sum;
  for (int element = 0; element < a.n_elements; ++element) {
    const auto entry = static_cast<std::size_t>(shot * a.n_elements + element);
    const double fired_s = a.sequence.delays_s[entry] + seconds_to_target(a, element);
    sum += a.sequence.apodization[entry] * echo(a, time_s, fired_s + back_s) / static_cast<double>(a.n_elements);
  }
  return sum;
}

void digitize(std::complex<double> value, std::int16_t& sample) {
  sample = static_cast<std::int16_t>(std::lround(10000 * value.real()));
}
void digitize(std::complex<double> value, Baseband& sample) { sample = Baseband(10000.0 * value); }

// One frame, (n_tx, n_elements, n_samples).
template <typename Sample>
std::vector<Sample> capture(const sonolucent::Acquisition& a) {
  std::vector<Sample> frame;
  for (int shot = 0; shot < a.n_tx(); ++shot)
    for (int receiver = 0; receiver < a.n_elements; ++receiver)
      for (int i = 0; i < a.n_samples; ++i) {
        const double time_s = a.initial_time_s + i / a.sampling_frequency_hz;
        digitize(sum_of_echoes(a, shot, receiver, time_s), frame.emplace_back());
      }
  return frame;
}

// A live scanner would not wait for a reader that says no: it would drop the shot and go on.
template <typename Sample>
bool stream(const char* endpoint, const sonolucent::Acquisition& a, std::uint64_t n_frames, bool whole_frames,
            const sonolucent::Keys& keys) {
  const std::vector<Sample> frame = capture<Sample>(a);
  sonolucent::Scanner<Sample> scanner(endpoint, a, 2 * (whole_frames ? 1 : a.n_tx()), keys);
  for (std::uint64_t id = 0; id < n_frames; ++id) {
    if (whole_frames) {
      while (!scanner.send_frame(id, frame.data())) scanner.wait_for_reader(-1);
      continue;
    }
    for (int tx = 0; tx < a.n_tx(); ++tx) {
      const Sample* shot = frame.data() + static_cast<std::size_t>(tx) * a.shot_size();
      while (!scanner.send_shot(id, tx, shot)) scanner.wait_for_reader(-1);
    }
  }
  return scanner.end(n_frames);
}

}  // namespace

int main(int argc, char** argv) try {
  const std::string kind = argc > 3 ? argv[3] : "shots";
  if (argc < 3 || (kind != "shots" && kind != "frames" && kind != "baseband" && kind != "plane_waves")) {
    std::cerr << "usage: example ENDPOINT N_FRAMES [shots|frames|baseband|plane_waves [KEYS]]\n";
    return 2;
  }
  const std::uint64_t n_frames = std::strtoull(argv[2], nullptr, 10);
  const sonolucent::Keys keys = argc > 4 ? sonolucent::Keys::read(argv[4]) : sonolucent::Keys{};
  if (kind == "baseband") return stream<Baseband>(argv[1], small_array_at_baseband(), n_frames, false, keys) ? 0 : 1;
  const sonolucent::Acquisition acquisition = kind == "plane_waves" ? small_array_of_plane_waves() : small_array();
  return stream<std::int16_t>(argv[1], acquisition, n_frames, kind == "frames", keys) ? 0 : 1;
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
