#include "executor.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>

namespace sonolucent::fused {
namespace {

constexpr int64_t kMaxPixels = int64_t{1} << 28;

int mirrored(int i, int n) { return i < n ? i : 2 * (n - 1) - i; }

}  // namespace

Executor::Executor(std::shared_ptr<const Network> network, const Kernels& kernels, int threads)
    : network_(std::move(network)), kernels_(kernels), threads_(threads), filters_(threads), heads_(threads) {}

void Executor::run(const float* image, float* out, int64_t n_z, int64_t n_x, const Units& units) {
  if (n_z < 1 || n_x < 1 || n_z > kMaxPixels / n_x)
    throw std::runtime_error("no network takes an image of " + std::to_string(n_z) + " x " + std::to_string(n_x));
  if (!plan_ || plan_->n_z() != n_z || plan_->n_x() != n_x) {
    plan_.reset();
    plan_ = std::make_unique<Plan>(*network_, kernels_, threads_, static_cast<int>(n_z), static_cast<int>(n_x));
  }
  const Frame frame{image, out, units, team_of_this_thread(threads_)};
  frame.team.run([this, &frame](int thread) { run_band(frame, thread); });
}

void Executor::run_band(const Frame& frame, int thread) {
  Team& team = frame.team;
  read_grey(frame, thread);
  team.barrier();
  run_first(thread);
  team.barrier();
  for (const auto& step : plan_->steps()) {
    run_step(step, thread);
    team.barrier();
  }
  run_head(frame, thread);
}

void Executor::read_grey(const Frame& frame, int thread) {
  const auto& grey = plan_->grey();
  const auto units = frame.units;
  const float scale = 1 / units.range;
  for (int y = plan_->band_begin(0, thread); y < plan_->band_end(0, thread); ++y) {
    const float* pixels = frame.image + static_cast<std::ptrdiff_t>(mirrored(y, plan_->n_z())) * plan_->n_x();
    float* const row = grey.row(y);
    for (int x = 0; x < plan_->n_x(); ++x) {
      const float value = pixels[x] * scale + units.offset;
      const float floored = value > units.low ? value : units.low;  // NaN compares false
      row[x] = floored < units.high ? floored : units.high;
    }
    for (int x = plan_->n_x(); x < grey.width; ++x) row[x] = row[mirrored(x, plan_->n_x())];
  }
}

void Executor::run_first(int thread) {
  Filter filter{{}, 0, kNothing, 0};
  std::copy_n(network_->layers[0].depthwise.begin(), 9, filter.taps);
  kernels_.first({plan_->grey(), plan_->planes().rows, filter, plan_->planes().sums_of(thread),
                  plan_->band_begin(0, thread), plan_->band_end(0, thread), plan_->scratch(thread)});
}

void Executor::run_step(const Step& step, int thread) {
  auto& filters = filters_[thread];
  fold_filters(*network_, step, threads_, filters);
  SeparableJob job{};
  const Filter* next = filters.data();
  for (const auto& input : step.inputs) {
    const int channels = network_->layers[input.feature.layer].c_out;
    job.sources[job.n_sources++] = {input.feature.rows, input.sampling, next, channels};
    job.c_in += channels;
    next += channels;
  }
  job.pointwise = step.pointwise;
  job.out = step.out.rows;
  job.sums = step.out.sums_of(thread);
  job.y_begin = plan_->band_begin(step.level, thread);
  job.y_end = plan_->band_end(step.level, thread);
  job.scratch = plan_->scratch(thread);
  kernels_.separable(job);
}

void Executor::run_head(const Frame& frame, int thread) {
  auto& head = heads_[thread];
  fold_head(*network_, plan_->last(), threads_, head);
  const auto units = frame.units;
  const auto pixel = [&](float grey) { return (grey - units.offset) * units.range; };
  kernels_.head({plan_->grey(), plan_->last().rows, head.weights.data(), head.floors.data(), head.bias, frame.out,
                 plan_->n_x(), units.range, pixel(0), pixel(units.low), pixel(units.high), plan_->band_begin(0, thread),
                 std::min(plan_->band_end(0, thread), plan_->n_z()), plan_->scratch(thread)});
}

}  // namespace sonolucent::fused
