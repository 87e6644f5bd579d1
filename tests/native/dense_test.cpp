// The executor of full networks by itself: every instruction set makes the image of the definition, whatever its size
// and precision, and any number of threads the same bits; bad sizes throw; a warm frame allocates nothing.

#include <cmath>
#include <cstdio>
#include <cstring>
#include <limits>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "allocations.hpp"
#include "dense/executor.hpp"
#include "plain_unet.hpp"
#include "require.hpp"

namespace {

using namespace sonolucent::dense;
using sonolucent::fused::decibels;
using sonolucent::fused::kGrey;
using sonolucent::fused::Precision;

constexpr float kRange = 60;
constexpr Precision kPrecisions[] = {Precision::kFloat32, Precision::kBfloat16};

struct Size {
  int n_z, n_x;
};

std::vector<float> normal(std::mt19937& random, std::size_t n, float deviation) {
  std::normal_distribution<float> distribution(0, deviation);
  std::vector<float> values(n);
  for (auto& value : values) value = distribution(random);
  return values;
}

// Of random weights; norms turn signs, and leave channels out.
Network a_network(int width, int depth) {
  std::mt19937 random(width + 100 * depth);
  Network network{depth, {}, normal(random, width, 0.1F), 0.01F};
  const auto add = [&](int c_in, int c_out) {
    Convolution layer{c_in, c_out, normal(random, std::size_t(9) * c_in * c_out, 0.2F), std::vector<float>(c_out),
                      normal(random, c_out, 0.3F)};
    for (int c = 0; c < c_out; ++c) layer.gamma[c] = c % 5 == 4 ? 0 : 0.1F * (c % 11) - 0.3F;
    network.layers.push_back(layer);
  };
  const auto add_two = [&](int c_in, int c_out) { add(c_in, c_out), add(c_out, c_out); };
  add_two(1, width);
  for (int level = 0; level < depth; ++level, width *= 2) add_two(width, 2 * width);
  for (int level = 0; level < depth; ++level, width /= 2) add(width, width / 2), add_two(width, width / 2);
  return network;
}

std::vector<float> grey_values(const Size& size) {
  std::mt19937 random(size.n_z);
  std::uniform_real_distribution<float> grey(0, 1);
  std::vector<float> image(static_cast<std::size_t>(size.n_z) * size.n_x);
  for (auto& pixel : image) pixel = grey(random);
  return image;
}

std::vector<float> enhanced(Executor& executor, const Size& size) {
  const auto image = grey_values(size);
  std::vector<float> out(image.size(), std::numeric_limits<float>::quiet_NaN());
  executor.run(image.data(), out.data(), size.n_z, size.n_x, kGrey);
  return out;
}

// Mirrored at the far edges, and cropped again.
std::vector<double> by_definition(const Network& network, const Size& size) {
  const int stride = 1 << network.depth;
  const auto padded = [&](int n) { return (n + stride - 1) / stride * stride; };
  const auto mirrored = [](int i, int n) { return i < n ? i : 2 * (n - 1) - i; };
  const auto image = grey_values(size);
  plain::Image grey(1, padded(size.n_z), padded(size.n_x));
  for (int y = 0; y < grey.height; ++y)
    for (int x = 0; x < grey.width; ++x)
      grey.at(0, y, x) = image[std::size_t(mirrored(y, size.n_z)) * size.n_x + mirrored(x, size.n_x)];
  const auto whole = plain::enhanced(grey, network);
  std::vector<double> cropped;
  for (int y = 0; y < size.n_z; ++y)
    for (int x = 0; x < size.n_x; ++x) cropped.push_back(whole.at(0, y, x));
  return cropped;
}

// The rms of the differences, over that of what the network adds: a single pixel says little in bfloat16.
double relative_error(const std::vector<float>& found, const std::vector<double>& expected, const Size& size) {
  const auto image = grey_values(size);
  double wrong = 0, added = 0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    wrong += (found[i] - expected[i]) * (found[i] - expected[i]);
    added += (expected[i] - image[i]) * (expected[i] - image[i]);
  }
  return std::sqrt(wrong / added);
}

void every_build_makes_the_image_of_the_definition(int width, int depth, const std::vector<Size>& sizes) {
  const auto network = std::make_shared<const Network>(a_network(width, depth));
  for (const auto& size : sizes) {
    const auto expected = by_definition(*network, size);
    for (const auto precision : kPrecisions)
      for (const auto& kernels : available_kernels(precision)) {
        Executor executor(network, kernels, 2);
        const double error = relative_error(enhanced(executor, size), expected, size);
        require(error < (precision == Precision::kFloat32 ? 1e-4 : 5e-2),
                std::string(kernels.name) + " errs by " + std::to_string(error) + " at " + std::to_string(size.n_z) +
                    " x " + std::to_string(size.n_x) + ", " + std::to_string(width) + " channels");
      }
  }
}

void any_number_of_threads_makes_the_same_bits(const Kernels& kernels) {
  const auto network = std::make_shared<const Network>(a_network(16, 2));
  Executor alone(network, kernels, 1);
  for (const Size& size : {Size{150, 61}, Size{7, 50}}) {
    const auto expected = enhanced(alone, size);
    for (const int threads : {2, 3, 7}) {
      Executor together(network, kernels, threads);
      for (int frame = 0; frame < 5; ++frame) {
        const auto image = enhanced(together, size);
        require(std::memcmp(image.data(), expected.data(), image.size() * sizeof(float)) == 0,
                std::string(kernels.name) + ": " + std::to_string(threads) + " threads make other bits than one");
      }
    }
  }
}

void sizes_that_no_network_takes_throw() {
  Executor executor(std::make_shared<const Network>(a_network(4, 4)), available_kernels(Precision::kFloat32).back(), 2);
  float pixel = 0;
  for (const std::int64_t n : {std::int64_t{0}, std::int64_t{8}, std::int64_t{16}, std::int64_t{1} << 40}) {
    bool thrown = false;
    try {
      executor.run(&pixel, &pixel, n, n, kGrey);
    } catch (const std::runtime_error&) {
      thrown = true;
    }
    require(thrown, std::to_string(n) + " pixels square were taken");
  }
}

// An undefined pixel counts as the floor; none of it is left in a later frame.
void an_undefined_pixel_spoils_nothing(const Kernels& kernels) {
  const Size size{40, 33};
  Executor executor(std::make_shared<const Network>(a_network(16, 2)), kernels, 1);
  auto image = grey_values(size);
  for (auto& pixel : image) pixel = kRange * (pixel - 1);
  const auto run = [&](const std::vector<float>& in) {
    std::vector<float> out(in.size());
    executor.run(in.data(), out.data(), size.n_z, size.n_x, decibels(kRange));
    return out;
  };
  const auto before = run(image);
  auto undefined = image;
  undefined[image.size() / 2] = std::numeric_limits<float>::quiet_NaN();
  for (const float pixel : run(undefined)) require(pixel >= -kRange && pixel <= 0, "an image with NaN left the range");
  require(run(image) == before, "a frame remembers the one before");
}

void a_warm_frame_allocates_nothing(const Kernels& kernels, int threads) {
  const Size size{160, 96};
  Executor executor(std::make_shared<const Network>(a_network(16, 4)), kernels, threads);
  const auto image = grey_values(size);
  std::vector<float> out(image.size());
  const auto run = [&] { executor.run(image.data(), out.data(), size.n_z, size.n_x, kGrey); };
  for (int i = 0; i < 3; ++i) run();
  const long before = allocations;
  for (int i = 0; i < 20; ++i) run();
  const long allocated = allocations - before;
  require(allocated == 0, std::string(kernels.name) + ": warm frames allocate");
}

}  // namespace

int main() {
  every_build_makes_the_image_of_the_definition(16, 2, {{20, 37}, {33, 16}, {4, 100}});
  every_build_makes_the_image_of_the_definition(5, 1, {{3, 3}, {2, 50}, {21, 18}});
  every_build_makes_the_image_of_the_definition(24, 3, {{17, 23}});
  every_build_makes_the_image_of_the_definition(2, 4, {{31, 37}});
  for (const auto precision : kPrecisions)
    for (const auto& kernels : available_kernels(precision)) {
      any_number_of_threads_makes_the_same_bits(kernels);
      an_undefined_pixel_spoils_nothing(kernels);
      if (kCounted) a_warm_frame_allocates_nothing(kernels, 2);
    }
  sizes_that_no_network_takes_throw();
  std::puts("dense_test: all is well");
}
