// Streams a synthetic capture of one point target: example ENDPOINT N_FRAMES [shots|frames [KEYS]]
//   c++ -std=c++17 -O2 example.cpp -lzmq -o example && ./example tcp://127.0.0.1:5555 100

#include <cmath>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>
#include <vector>

#include "sonolucent_scanner.hpp"

namespace {

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

double distance_to_target_m(const sonolucent::Acquisition& a, int element) {
  const double x_m = (element - (a.n_elements - 1) / 2.0) * a.pitch_m;
  return std::hypot(x_m - target_x_m, target_z_m);
}

// A Gaussian pulse at `time_s` from its centre, -1..1.
double pulse(const sonolucent::Acquisition& a, double time_s) {
  const double width = time_s * a.center_frequency_hz * a.fractional_bandwidth;
  return std::exp(-3.56 * width * width) * std::cos(2 * pi * a.center_frequency_hz * time_s);
}

// One frame, (n_tx, n_elements, n_samples).
std::vector<std::int16_t> capture(const sonolucent::Acquisition& a) {
  std::vector<std::int16_t> frame;
  for (int tx : a.tx_elements)
    for (int rx = 0; rx < a.n_elements; ++rx) {
      const double path_m = distance_to_target_m(a, tx) + distance_to_target_m(a, rx);
      for (int i = 0; i < a.n_samples; ++i) {
        const double time_s = a.initial_time_s + i / a.sampling_frequency_hz - path_m / a.sound_speed_m_s;
        frame.push_back(static_cast<std::int16_t>(std::lround(10000 * pulse(a, time_s))));
      }
    }
  return frame;
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc < 3) {
    std::cerr << "usage: example ENDPOINT N_FRAMES [shots|frames [KEYS]]\n";
    return 2;
  }
  const std::uint64_t n_frames = std::strtoull(argv[2], nullptr, 10);
  const bool whole_frames = argc > 3 && std::string(argv[3]) == "frames";
  const sonolucent::Acquisition acquisition = small_array();
  const std::vector<std::int16_t> frame = capture(acquisition);
  const sonolucent::Keys keys = argc > 4 ? sonolucent::Keys::read(argv[4]) : sonolucent::Keys{};
  sonolucent::Scanner<> scanner(argv[1], acquisition, 2 * (whole_frames ? 1 : acquisition.n_tx()), keys);
  // A live scanner would not wait for a reader that says no: it would drop the shot and go on.
  for (std::uint64_t id = 0; id < n_frames; ++id) {
    if (whole_frames) {
      while (!scanner.send_frame(id, frame.data())) scanner.wait_for_reader(-1);
      continue;
    }
    for (int tx = 0; tx < acquisition.n_tx(); ++tx) {
      const std::int16_t* shot = frame.data() + static_cast<std::size_t>(tx) * acquisition.shot_size();
      while (!scanner.send_shot(id, tx, shot)) scanner.wait_for_reader(-1);
    }
  }
  return scanner.end(n_frames) ? 0 : 1;
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
