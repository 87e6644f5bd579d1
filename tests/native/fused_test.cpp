// The fused executor by itself: every instruction set makes the same image, whatever its size and precision, and any
// number of threads the same bits; a layer is exact; bad sizes throw; executors come, go and work side by side; a warm
// frame allocates nothing and faults no page.

#include <sys/resource.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <limits>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "allocations.hpp"
#include "fused/executor.hpp"
#include "random_network.hpp"
#include "require.hpp"
#include "whole_numbers.hpp"

namespace {

using namespace sonolucent::fused;

constexpr float kRange = 60;
constexpr Precision kPrecisions[] = {Precision::kFloat32, Precision::kBfloat16};

struct Size {
  int n_z, n_x;
};

// Of whole networks. In bfloat16 a last bit changes the rounding of some pixel, and through the norms all others.
float tolerance(Precision precision) { return kRange * (precision == Precision::kFloat32 ? 1e-4F : 5e-2F); }

// Speckle with pixels beyond the range and undefined ones.
std::vector<float> an_image(const Size& size) {
  std::mt19937 random(size.n_z);
  std::uniform_real_distribution<float> decibels(-1.2F * kRange, 0.1F * kRange);
  std::vector<float> image(static_cast<std::size_t>(size.n_z) * size.n_x);
  for (auto& pixel : image) pixel = decibels(random);
  image[image.size() / 2] = std::numeric_limits<float>::quiet_NaN();
  image[image.size() / 3] = std::numeric_limits<float>::infinity();
  image[image.size() / 4] = -std::numeric_limits<float>::infinity();
  return image;
}

std::vector<float> enhanced(Executor& executor, const Size& size) {
  const auto image = an_image(size);
  std::vector<float> out(image.size(), std::numeric_limits<float>::quiet_NaN());
  executor.run(image.data(), out.data(), size.n_z, size.n_x, decibels(kRange));
  return out;
}

float difference(const std::vector<float>& a, const std::vector<float>& b) {
  float most = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (std::isnan(a[i] - b[i])) return std::numeric_limits<float>::infinity();
    most = std::fmax(most, std::fabs(a[i] - b[i]));
  }
  return most;
}

void every_build_makes_the_same_image(Precision precision, int width, int depth, const std::vector<Size>& sizes) {
  const auto network = std::make_shared<const Network>(a_network(width, depth));
  Executor reference(network, available_kernels(precision).back(), 1);
  for (const auto& kernels : available_kernels(precision))
    for (int threads = 1; threads <= 3; ++threads) {
      Executor executor(network, kernels, threads);
      for (const auto& size : sizes)
        require(difference(enhanced(executor, size), enhanced(reference, size)) < tolerance(precision),
                std::string(kernels.name) + " on " + std::to_string(threads) + " threads differs at " +
                    std::to_string(size.n_z) + " x " + std::to_string(size.n_x));
    }
}

// Frame after frame, so that threads take each other's work in ever other ways; also where most have nothing to do.
void any_number_of_threads_makes_the_same_bits(const Kernels& kernels) {
  const auto network = std::make_shared<const Network>(a_network(8, 2));
  Executor alone(network, kernels, 1);
  for (const Size& size : {Size{250, 61}, Size{7, 50}}) {
    const auto expected = enhanced(alone, size);
    for (const int threads : {2, 3, 7}) {
      Executor together(network, kernels, threads);
      for (int frame = 0; frame < 10; ++frame) {
        const auto image = enhanced(together, size);
        require(std::memcmp(image.data(), expected.data(), image.size() * sizeof(float)) == 0,
                std::string(kernels.name) + ": " + std::to_string(threads) + " threads make other bits than one");
      }
    }
  }
}

void require_exact(whole_numbers::Layer layer, const Kernels& kernels, const std::string& what) {
  for (const auto& cuts : std::vector<std::vector<int>>{{}, {2}, {4, 6}, {2, 4, 6, 8}})
    if (cuts.empty() || cuts.back() < layer.height())
      require(layer.is_made_by(kernels, cuts), std::string(kernels.name) + " is not exact on a layer of " + what +
                                                   " in " + std::to_string(cuts.size() + 1) + " pieces");
}

// One channel, odd numbers, two sources of which a pair takes one each; strips of one vector and of a whole row, rows
// that end within a vector, an odd one left over; pooled and doubled, with an odd row of a piece at an edge.
void a_layer_of_whole_numbers_is_exact(const Kernels& kernels) {
  using whole_numbers::Layer;
  for (const auto& sources : std::vector<std::vector<int>>{{1}, {2}, {13}, {3, 3}, {5, 8}, {8, 8}})
    for (const Size& size : {Size{1, 1}, Size{2, 16}, Size{5, 37}, Size{3, 300}, Size{12, 20}})
      require_exact(
          Layer(sources, sources[0] + 3, size.n_z, size.n_x), kernels,
          std::to_string(sources[0]) + " channels, " + std::to_string(size.n_z) + " x " + std::to_string(size.n_x));
  for (const int channels : {1, 2, 5, 13})
    for (const Size& size : {Size{2, 2}, Size{6, 38}, Size{10, 70}, Size{11, 33}}) {
      const std::string what =
          std::to_string(channels) + " channels, " + std::to_string(size.n_z) + " x " + std::to_string(size.n_x);
      require_exact(Layer({channels}, 7, size.n_z, size.n_x, Sampling::kPooled), kernels, what + ", pooled");
      if (size.n_z % 2 == 0)
        require_exact(Layer({channels}, 7, size.n_z, size.n_x, Sampling::kUpsampled), kernels, what + ", doubled");
    }
}

void sizes_that_no_network_takes_throw() {
  const auto network = std::make_shared<const Network>(a_network(8, 4));
  Executor executor(network, available_kernels(Precision::kFloat32).back(), 2);
  float pixel = 0;
  for (const int64_t n : {int64_t{0}, int64_t{-1}, int64_t{8}, int64_t{16}, int64_t{1} << 40}) {
    bool thrown = false;
    try {
      executor.run(&pixel, &pixel, n, n, decibels(kRange));
    } catch (const std::runtime_error&) {
      thrown = true;
    }
    require(thrown, std::to_string(n) + " pixels square were taken");
  }
  enhanced(executor, {40, 33});
}

// As a session does that swaps its model while frames keep coming.
void executors_come_and_go_beside_each_other() {
  const auto network = std::make_shared<const Network>(a_network(8, 2));
  const auto work = [&network] {
    for (int i = 0; i < 20; ++i) {
      Executor executor(network, available_kernels(kPrecisions[i % 2]).front(), 1 + i % 3);
      for (int frame = 0; frame < 3; ++frame) enhanced(executor, {30 + i, 33});
    }
  };
  std::thread other(work);
  work();
  other.join();
}

long page_faults() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_minflt + usage.ru_majflt;
}

// The system may take a page away by itself (reclaim, migration) and give it back, now and then: a frame that faults in
// pages of its own does so in every batch.
void a_warm_frame_allocates_and_faults_nothing(const Kernels& kernels, int threads, int frames) {
  const Size size{620, 256};
  Executor executor(std::make_shared<const Network>(a_network(8, 4)), kernels, threads);
  const auto image = an_image(size);
  std::vector<float> out(image.size());
  const auto run = [&] { executor.run(image.data(), out.data(), size.n_z, size.n_x, decibels(kRange)); };
  for (int i = 0; i < 3; ++i) run();
  const long allocations_before = allocations;
  long faulted = std::numeric_limits<long>::max();
  constexpr int kBatches = 5;
  for (int batch = 0; batch < kBatches; ++batch) {
    const long before = page_faults();
    for (int i = 0; i < frames / kBatches; ++i) run();
    faulted = std::min(faulted, page_faults() - before);
  }
  const long allocated = allocations - allocations_before;
  std::printf("%s, %d frames on %d threads: %ld allocations; %d batches, %ld page faults in the best\n", kernels.name,
              frames, threads, allocated, kBatches, faulted);
  require(allocated == 0, "warm frames allocate");
  require(faulted == 0, "warm frames fault pages in");
}

}  // namespace

int main() {
  for (const auto precision : kPrecisions)
    for (const auto& kernels : available_kernels(precision)) {
      a_layer_of_whole_numbers_is_exact(kernels);
      any_number_of_threads_makes_the_same_bits(kernels);
    }
  for (const auto precision : kPrecisions) {
    every_build_makes_the_same_image(precision, 8, 4, {{17, 17}, {31, 37}, {16, 17}, {97, 101}, {9, 130}, {113, 45}});
    every_build_makes_the_same_image(precision, 13, 3, {{9, 9}, {40, 61}});
    every_build_makes_the_same_image(precision, 1, 1, {{3, 3}, {2, 50}, {21, 18}});
  }
  sizes_that_no_network_takes_throw();
  executors_come_and_go_beside_each_other();
  for (const auto precision : kPrecisions)
    for (const int threads : {1, 2})
      if (kCounted) a_warm_frame_allocates_and_faults_nothing(available_kernels(precision).front(), threads, 300);
  std::puts("fused_test: all is well");
}
