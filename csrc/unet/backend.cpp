#include "backend.hpp"

#include <cmath>
#include <stdexcept>

namespace sonolucent {

const BackendOptions& checked(const BackendOptions& options) {
  const float range = options.dynamic_range_db;
  if (!std::isfinite(range) || range <= 0)
    throw std::invalid_argument("dynamic_range_db must be positive, not " + std::to_string(range));
  if (options.threads && *options.threads <= 0)
    throw std::invalid_argument("threads must be positive, not " + std::to_string(*options.threads));
  return options;
}

}  // namespace sonolucent
