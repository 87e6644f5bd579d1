#include "executor.hpp"

#include <algorithm>
#include <utility>

namespace sonolucent::fused {
Executor::Executor(std::shared_ptr<const Network> network, const Kernels& kernels, int threads)
    : network_(std::move(network)), kernels_(kernels), threads_(threads), filters_(threads), heads_(threads) {}

void Executor::run(const float* image, float* out, std::int64_t n_z, std::int64_t n_x, const Units& units) {
  check_size(n_z, n_x);
  if (!plan_ || plan_->pieces().n_z() != n_z || plan_->pieces().n_x() != n_x) {
    plan_.reset();
    auto plan = std::make_unique<Plan>(*network_, kernels_, threads_, static_cast<int>(n_z), static_cast<int>(n_x));
    const int rounds = static_cast<int>(plan->steps().size()) + 3;  // grey values, the first plane, the head
    shares_ = std::make_unique<Shares>(rounds, plan->pieces().count(), threads_);
    plan_ = std::move(plan);
  }
  shares_->reset();
  const Frame frame{image, out, units, team_of_this_thread(threads_)};
  frame.team.run([this, &frame](int thread) { run_layers(frame, thread); });
}

// Every layer needs the sums over all of the one before.
void Executor::run_layers(const Frame& frame, int thread) {
  int round = 0;
  const auto together = [&](const auto& work) {
    shares_->work_through(round++, thread, work);
    frame.team.barrier();
  };
  together([&](int piece) { read_grey(frame, piece); });
  together([&](int piece) { run_first(piece, thread); });
  for (const auto& step : plan_->steps()) {
    fold_filters(*network_, step, plan_->pieces().count(), filters_[thread]);
    together([&](int piece) { run_step(step, piece, thread); });
  }
  fold_head(*network_, plan_->last(), plan_->pieces().count(), heads_[thread]);
  shares_->work_through(round, thread, [&](int piece) { run_head(frame, piece, thread); });
}

void Executor::read_grey(const Frame& frame, int piece) {
  const auto& pieces = plan_->pieces();
  fused::read_grey(frame.image, pieces.n_z(), pieces.n_x(), frame.units, plan_->grey(), pieces.begin(0, piece),
                   pieces.end(0, piece));
}

void Executor::run_first(int piece, int thread) {
  Filter filter{{}, 0, kNothing, 0};
  std::copy_n(network_->layers[0].depthwise.begin(), 9, filter.taps);
  FirstJob job{};
  job.grey = plan_->grey();
  job.out = plan_->planes().rows;
  job.filter = filter;
  job.sums = plan_->planes().sums_of(piece);
  job.y_begin = plan_->pieces().begin(0, piece);
  job.y_end = plan_->pieces().end(0, piece);
  job.scratch = plan_->scratch(thread);
  kernels_.first(job);
}

void Executor::run_step(const Step& step, int piece, int thread) {
  SeparableJob job{};
  const Filter* next = filters_[thread].data();
  for (const auto& input : step.inputs) {
    const int channels = network_->layers[input.feature.layer].c_out;
    job.sources[job.n_sources++] = {input.feature.rows, input.sampling, next, channels};
    job.c_in += channels;
    next += channels;
  }
  job.pointwise = step.pointwise;
  job.out = step.out.rows;
  job.sums = step.out.sums_of(piece);
  job.y_begin = plan_->pieces().begin(step.level, piece);
  job.y_end = plan_->pieces().end(step.level, piece);
  job.scratch = plan_->scratch(thread);
  kernels_.separable(job);
}

void Executor::run_head(const Frame& frame, int piece, int thread) {
  const auto& head = heads_[thread];
  const auto units = frame.units;
  HeadJob job{};
  job.grey = plan_->grey();
  job.features = plan_->last().rows;
  job.weights = head.weights.data();
  job.floors = head.floors.data();
  job.bias = head.bias;
  job.image = frame.out;
  job.image_width = plan_->pieces().n_x();
  job.scale = units.range;
  job.offset = units.pixel(0);
  job.low = units.pixel(units.low);
  job.high = units.pixel(units.high);
  job.y_begin = plan_->pieces().begin(0, piece);
  job.y_end = std::min(plan_->pieces().end(0, piece), plan_->pieces().n_z());
  job.scratch = plan_->scratch(thread);
  kernels_.head(job);
}

}  // namespace sonolucent::fused
