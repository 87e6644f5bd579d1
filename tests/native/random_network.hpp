#pragma once

#include <random>
#include <vector>

#include "fused/network.hpp"

using sonolucent::fused::Network;
using sonolucent::fused::Separable;

inline std::vector<float> normal(std::mt19937& random, std::size_t n, float deviation) {
  std::normal_distribution<float> distribution(0, deviation);
  std::vector<float> values(n);
  for (auto& value : values) value = distribution(random);
  return values;
}

inline Separable a_layer(std::mt19937& random, int c_in, int c_out) {
  Separable layer{c_in,
                  c_out,
                  normal(random, 9 * c_in, 0.3F),
                  normal(random, std::size_t(c_in) * c_out, 0.3F),
                  std::vector<float>(c_out),
                  normal(random, c_out, 0.3F)};
  for (int c = 0; c < c_out; ++c) layer.gamma[c] = c % 5 == 0 ? 0 : c % 7 == 1 ? 1e-7F : 0.1F * (c % 11);
  return layer;
}

// A light U-Net of random weights.
inline Network a_network(int width, int depth) {
  std::mt19937 random(width + 100 * depth);
  Network network{depth, {}, normal(random, width, 0.1F), 0.01F};
  const auto add = [&](int c_in, int c_out) { network.layers.push_back(a_layer(random, c_in, c_out)); };
  const auto add_two = [&](int c_in, int c_out) { add(c_in, c_out), add(c_out, c_out); };
  add_two(1, width);
  for (int level = 0; level < depth; ++level, width *= 2) add_two(width, 2 * width);
  for (int level = 0; level < depth; ++level, width /= 2) add(width, width / 2), add_two(width, width / 2);
  return network;
}
