#pragma once

// A full U-Net computed as its definition reads, in double precision, layer by layer: what the kernels are held to.

#include <algorithm>
#include <cmath>
#include <vector>

#include "dense/network.hpp"

namespace plain {

struct Image {
  int channels, height, width;
  std::vector<double> values;

  Image(int channels, int height, int width)
      : channels(channels), height(height), width(width), values(std::size_t(channels) * height * width) {}
  double& at(int c, int y, int x) { return values[(std::size_t(c) * height + y) * width + x]; }
  double at(int c, int y, int x) const { return values[(std::size_t(c) * height + y) * width + x]; }
};

inline Image convolved(const Image& in, const sonolucent::dense::Convolution& layer) {
  Image out(layer.c_out, in.height, in.width);
  for (int o = 0; o < layer.c_out; ++o)
    for (int y = 0; y < in.height; ++y)
      for (int x = 0; x < in.width; ++x)
        for (int i = 0; i < layer.c_in; ++i)
          for (int tap = 0; tap < 9; ++tap) {
            const int v = y + tap / 3 - 1, u = x + tap % 3 - 1;
            if (v < 0 || v >= in.height || u < 0 || u >= in.width) continue;
            out.at(o, y, x) += double{layer.weights[(std::size_t(o) * layer.c_in + i) * 9 + tap]} * in.at(i, v, u);
          }
  return out;
}

// Instance norm and ReLU.
inline Image normed(Image image, const sonolucent::dense::Convolution& layer) {
  const int pixels = image.height * image.width;
  for (int c = 0; c < image.channels; ++c) {
    double* const begin = &image.at(c, 0, 0);
    double mean = 0, variance = 0;
    for (int i = 0; i < pixels; ++i) mean += begin[i] / pixels;
    for (int i = 0; i < pixels; ++i) variance += (begin[i] - mean) * (begin[i] - mean) / pixels;
    for (int i = 0; i < pixels; ++i)
      begin[i] = std::max(0.0, layer.gamma[c] * (begin[i] - mean) / std::sqrt(variance + 1e-5) + layer.beta[c]);
  }
  return image;
}

inline Image pooled(const Image& in) {
  Image out(in.channels, in.height / 2, in.width / 2);
  for (int c = 0; c < out.channels; ++c)
    for (int y = 0; y < out.height; ++y)
      for (int x = 0; x < out.width; ++x)
        for (int k = 0; k < 4; ++k) out.at(c, y, x) += in.at(c, 2 * y + k / 2, 2 * x + k % 2) / 4;
  return out;
}

// Bilinear, as if pixels were squares: centres of doubled pixels lie at quarters.
inline Image doubled(const Image& in) {
  Image out(in.channels, 2 * in.height, 2 * in.width);
  const auto nearest = [](int i, int n, double& weight) {
    const double at = std::min(std::max((i + 0.5) / 2 - 0.5, 0.0), n - 1.0);
    const int low = std::min(static_cast<int>(at), std::max(n - 2, 0));
    weight = at - low;
    return low;
  };
  for (int c = 0; c < out.channels; ++c)
    for (int y = 0; y < out.height; ++y)
      for (int x = 0; x < out.width; ++x) {
        double v, u;
        const int y0 = nearest(y, in.height, v), x0 = nearest(x, in.width, u);
        const int y1 = std::min(y0 + 1, in.height - 1), x1 = std::min(x0 + 1, in.width - 1);
        out.at(c, y, x) = (1 - v) * ((1 - u) * in.at(c, y0, x0) + u * in.at(c, y0, x1)) +
                          v * ((1 - u) * in.at(c, y1, x0) + u * in.at(c, y1, x1));
      }
  return out;
}

inline Image concatenated(Image a, const Image& b) {
  a.channels += b.channels;
  a.values.insert(a.values.end(), b.values.begin(), b.values.end());
  return a;
}

// Grey values (1, height, width), sides that divide by 2^depth, to the same.
inline Image enhanced(const Image& grey, const sonolucent::dense::Network& network) {
  auto layer = network.layers.begin();
  const auto apply = [&](const Image& image) {
    const auto& weights = *layer++;
    return normed(convolved(image, weights), weights);
  };
  std::vector<Image> skips{apply(apply(grey))};
  for (int level = 0; level < network.depth; ++level) skips.push_back(apply(apply(pooled(skips.back()))));
  Image image = skips.back();
  for (int level = network.depth - 1; level >= 0; --level) {
    const Image up = apply(doubled(image));
    image = apply(apply(concatenated(up, skips[level])));
  }
  Image out = grey;
  for (int y = 0; y < out.height; ++y)
    for (int x = 0; x < out.width; ++x) {
      out.at(0, y, x) += network.head_bias;
      for (int c = 0; c < image.channels; ++c) out.at(0, y, x) += double{network.head[c]} * image.at(c, y, x);
    }
  return out;
}

}  // namespace plain
