// What a scanner tells about its frames: array, shots, samples (docs/wire.md, "stream").
#pragma once

#include <cstddef>
#include <cstdint>
#include <numeric>
#include <stdexcept>
#include <vector>

namespace sonolucent {

// What every element does in every shot: both tables are (n_shots, n_elements), one shot after another.
struct TransmitSequence {
  std::vector<double> delays_s;     // when the centre of the pulse leaves the element
  std::vector<double> apodization;  // weight of its pulse; 0 is silent, negative inverted

  bool empty() const { return delays_s.empty() && apodization.empty(); }
};

// What all frames have in common. The defaults are the reference probe's.
struct Acquisition {
  int n_elements = 64;
  double pitch_m = 0.625e-3;
  double element_width_m = 0.575e-3;
  double center_frequency_hz = 7.5e6;
  double fractional_bandwidth = 0.6;
  std::vector<int> tx_elements = every_element(64);  // the transmitting element of each shot, from 0
  TransmitSequence sequence;                         // where shots are not single elements: instead of tx_elements
  int n_samples = 2048;
  double sampling_frequency_hz = 37.5e6;
  double initial_time_s = 0.0;  // of sample 0; t = 0 is when the centre of the pulse leaves the element
  double sound_speed_m_s = 1540.0;
  double demodulation_frequency_hz = 0.0;  // of complex samples, the analytic signal times exp(-2 pi i f t)
  double frame_rate_hz = 25.0;

  int n_tx() const {
    const std::size_t n_shots = sequence.delays_s.size() / static_cast<std::size_t>(n_elements);
    return static_cast<int>(sequence.empty() ? tx_elements.size() : n_shots);
  }
  std::size_t shot_size() const { return static_cast<std::size_t>(n_elements) * static_cast<std::size_t>(n_samples); }

  static std::vector<int> every_element(int n) {
    std::vector<int> elements(static_cast<std::size_t>(n));
    std::iota(elements.begin(), elements.end(), 0);
    return elements;
  }

  // Throws std::invalid_argument where the sequence is another array's, or samples of that kind do not belong to it.
  void check(bool complex_samples) const {
    const std::size_t n_values = sequence.delays_s.size();
    if (n_elements < 1 || n_values != sequence.apodization.size() || n_values % static_cast<std::size_t>(n_elements))
      throw std::invalid_argument("sonolucent: delays_s and apodization must both be (n_shots, n_elements)");
    if (complex_samples != (demodulation_frequency_hz > 0))
      throw std::invalid_argument("sonolucent: complex samples need a demodulation_frequency_hz, real ones have none");
  }
};

}  // namespace sonolucent
