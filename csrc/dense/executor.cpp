#include "executor.hpp"

#include <algorithm>
#include <utility>

#include "fold.hpp"

namespace sonolucent::dense {

Executor::Executor(std::shared_ptr<const Network> network, const Kernels& kernels, int threads)
    : network_(std::move(network)), kernels_(kernels), threads_(threads) {}

void Executor::run(const float* image, float* out, std::int64_t n_z, std::int64_t n_x, const fused::Units& units) {
  fused::check_size(n_z, n_x);
  if (!plan_ || plan_->pieces().n_z() != n_z || plan_->pieces().n_x() != n_x) {
    plan_.reset();
    auto plan = std::make_unique<Plan>(*network_, kernels_, threads_, static_cast<int>(n_z), static_cast<int>(n_x));
    const int rounds = static_cast<int>(plan->steps().size()) + 2;  // grey values, the head
    shares_ = std::make_unique<fused::Shares>(rounds, plan->pieces().count(), threads_);
    plan_ = std::move(plan);
  }
  shares_->reset();
  const Frame frame{image, out, units, fused::team_of_this_thread(threads_)};
  frame.team.run([this, &frame](int thread) { run_layers(frame, thread); });
}

// Every layer needs the sums over all of the one before.
void Executor::run_layers(const Frame& frame, int thread) {
  const int pieces = plan_->pieces().count();
  const Scratch& scratch = plan_->scratch(thread);
  int round = 0;
  const auto together = [&](const auto& work) {
    shares_->work_through(round++, thread, work);
    frame.team.barrier();
  };
  together([&](int piece) { read_grey(frame, piece); });
  for (const auto& step : plan_->steps()) {
    for (std::size_t i = 0; i < step.inputs.size(); ++i)
      fold_norm(*network_, step.inputs[i].feature, pieces, scratch.scale[i], scratch.shift[i]);
    together([&](int piece) { run_step(step, piece, thread); });
  }
  fold_norm(*network_, plan_->last(), pieces, scratch.scale[0], scratch.shift[0]);
  shares_->work_through(round, thread, [&](int piece) { run_head(frame, piece, thread); });
}

void Executor::read_grey(const Frame& frame, int piece) {
  const auto& pieces = plan_->pieces();
  fused::read_grey(frame.image, pieces.n_z(), pieces.n_x(), frame.units, plan_->grey(), pieces.begin(0, piece),
                   pieces.end(0, piece));
}

void Executor::run_step(const Step& step, int piece, int thread) {
  ConvolutionJob job{};
  job.scratch = plan_->scratch(thread);
  for (const auto& input : step.inputs) {
    const int i = job.n_sources++;
    job.sources[i] = {input.feature.map, input.sampling, job.scratch.scale[i], job.scratch.shift[i]};
  }
  job.grey = plan_->grey();
  job.lanes = step.lanes;
  job.weights = step.weights;
  job.out = step.out.map;
  job.sums = step.out.sums_of(piece);
  job.y_begin = plan_->pieces().begin(step.level, piece);
  job.y_end = plan_->pieces().end(step.level, piece);
  (job.n_sources == 0 ? kernels_.first : kernels_.convolve)(job);
}

void Executor::run_head(const Frame& frame, int piece, int thread) {
  const auto& units = frame.units;
  HeadJob job{};
  job.grey = plan_->grey();
  const Scratch& scratch = plan_->scratch(thread);
  job.features = {plan_->last().map, Sampling::kSame, scratch.scale[0], scratch.shift[0]};
  job.weights = plan_->head();
  job.bias = network_->head_bias;
  job.image = frame.out;
  job.image_width = plan_->pieces().n_x();
  job.range = units.range;
  job.offset = units.pixel(0);
  job.low = units.pixel(units.low);
  job.high = units.pixel(units.high);
  job.y_begin = plan_->pieces().begin(0, piece);
  job.y_end = std::min(plan_->pieces().end(0, piece), plan_->pieces().n_z());
  kernels_.head(job);
}

}  // namespace sonolucent::dense
