#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace sonolucent {

// How images are to be run.
struct BackendOptions {
  std::string device;                 // "cpu" or "cuda:N"
  float dynamic_range_db;             // images lie in [-dynamic_range_db, 0]
  std::optional<int> threads;         // of the CPU, for one image; what runs it has a number of its own without it
  std::optional<std::string> choice;  // the backend; the fastest that suits the file and the device without it
};

// Runs a network on B-mode images: dB to grey 0..1, the network, back to dB, clipped before and after. A pixel that is
// undefined (NaN) counts as the floor of the range. One image at a time.
class Backend {
 public:
  Backend() = default;
  Backend(const Backend&) = delete;
  Backend& operator=(const Backend&) = delete;
  virtual ~Backend() = default;

  virtual std::string name() const = 0;

  // Both images are (n_z, n_x), contiguous, in dB; they must not overlap.
  // Throws std::runtime_error when the network fails or its result has another shape.
  virtual void run(const float* image_db, float* out_db, int64_t n_z, int64_t n_x) = 0;
};

struct BackendChoice {
  std::unique_ptr<Backend> backend;
  std::string reason;  // why this one, in one sentence
};

// The options. Throws std::invalid_argument: the range or the threads are not positive.
const BackendOptions& checked(const BackendOptions& options);

}  // namespace sonolucent
