#pragma once

#include <vector>

namespace sonolucent::dense {

// A 3x3 convolution, instance norm and ReLU. A bias would be the same at every pixel, and the norm would take it away.
struct Convolution {
  int c_in, c_out;
  std::vector<float> weights;  // [c_out][c_in][3][3]
  std::vector<float> gamma, beta;
};

// The weights of a full U-Net (nn/unet.py, not separable) of any width and depth, layers in the order in which they
// run: first, down, then up and merge of each level.
struct Network {
  int depth;
  std::vector<Convolution> layers;
  std::vector<float> head;
  float head_bias;
};

}  // namespace sonolucent::dense
