#pragma once

#include <vector>

namespace sonolucent::fused {

// A depth-wise 3x3 convolution, a pointwise one, instance norm and ReLU. The biases of both convolutions are left out:
// what they add to a channel is the same at every pixel, so that the norm takes it away again.
struct Separable {
  int c_in, c_out;
  std::vector<float> depthwise;  // [c_in][3][3]
  std::vector<float> pointwise;  // [c_out][c_in]
  std::vector<float> gamma;      // never negative: a negative one turns the signs of its pointwise row instead
  std::vector<float> beta;
};

// The weights of a light U-Net (nn/unet.py, separable) of any width and depth, layers in the order in which they run:
// first, down, then up and merge of each level.
struct Network {
  int depth;
  std::vector<Separable> layers;
  std::vector<float> head;
  float head_bias;
};

}  // namespace sonolucent::fused
