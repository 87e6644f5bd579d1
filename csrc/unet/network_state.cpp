#include "network_state.hpp"

#include <algorithm>
#include <cstddef>
#include <set>
#include <stdexcept>

namespace sonolucent {

namespace {

constexpr int kMaxDepth = 12;
constexpr int kMaxChannels = 1 << 14;

using Shape = std::vector<std::int64_t>;

std::string text(const Shape& shape) {
  std::string sizes;
  for (const auto n : shape) sizes += (sizes.empty() ? "" : ", ") + std::to_string(n);
  return "[" + sizes + "]";
}

// Takes tensors out of the state by name, and remembers which.
class Reader {
 public:
  explicit Reader(const State& state) : state_(state) {}

  bool has(const std::string& name) const { return state_.count(name) > 0; }

  const Weights& weights(const std::string& name) {
    if (!has(name)) throw std::invalid_argument("not a U-Net: it has no " + name);
    taken_.insert(name);
    return state_.at(name);
  }

  std::vector<float> floats(const std::string& name, const Shape& shape) {
    const auto& given = weights(name);
    if (given.shape != shape || given.type != "float32")
      throw std::invalid_argument("not a U-Net: " + name + " is " + given.type + " " + text(given.shape) +
                                  " instead of float32 " + text(shape));
    std::int64_t size = 1;
    for (const auto n : shape) size *= n;
    return {given.values, given.values + size};
  }

  void require_all_taken() const {
    for (const auto& entry : state_)
      if (taken_.count(entry.first) == 0) throw std::invalid_argument("not a U-Net: it has " + entry.first);
  }

 private:
  const State& state_;
  std::set<std::string> taken_;
};

void skip_bias(Reader& reader, const std::string& convolution, int channels) {
  if (reader.has(convolution + ".bias")) reader.floats(convolution + ".bias", {channels});
}

void make_gamma_positive(fused::Separable& layer) {
  for (int o = 0; o < layer.c_out; ++o) {
    if (!(layer.gamma[o] < 0)) continue;
    layer.gamma[o] = -layer.gamma[o];
    for (int i = 0; i < layer.c_in; ++i) layer.pointwise[o * layer.c_in + i] *= -1;
  }
}

template <class Layer>
void read_norm(Reader& reader, const std::string& name, Layer& layer) {
  layer.gamma.assign(layer.c_out, 1);
  layer.beta.assign(layer.c_out, 0);
  if (!reader.has(name + ".1.weight")) return;
  layer.gamma = reader.floats(name + ".1.weight", {layer.c_out});
  layer.beta = reader.floats(name + ".1.bias", {layer.c_out});
}

void read_layer(Reader& reader, const std::string& name, fused::Separable& layer) {
  layer.depthwise = reader.floats(name + ".0.0.weight", {layer.c_in, 1, 3, 3});
  layer.pointwise = reader.floats(name + ".0.1.weight", {layer.c_out, layer.c_in, 1, 1});
  skip_bias(reader, name + ".0.0", layer.c_in);
  skip_bias(reader, name + ".0.1", layer.c_out);
  read_norm(reader, name, layer);
  make_gamma_positive(layer);
}

void read_layer(Reader& reader, const std::string& name, dense::Convolution& layer) {
  layer.weights = reader.floats(name + ".0.weight", {layer.c_out, layer.c_in, 3, 3});
  skip_bias(reader, name + ".0", layer.c_out);
  read_norm(reader, name, layer);
}

int count_levels(const Reader& reader, const std::string& convolution) {
  int depth = 0;
  while (reader.has("down." + std::to_string(depth) + ".0.0" + convolution + ".weight")) ++depth;
  if (depth > 0 && depth <= kMaxDepth) return depth;
  throw std::invalid_argument("not a U-Net: it has " + std::to_string(depth) + " levels below the first");
}

int count_channels(Reader& reader) {
  const auto& head = reader.weights("head.weight");
  const std::int64_t channels = head.shape.size() == 4 ? head.shape[1] : 0;
  if (channels > 0 && channels <= kMaxChannels) return static_cast<int>(channels);
  throw std::invalid_argument("not a U-Net: its head takes " + std::to_string(channels) + " channels");
}

template <class Network>
std::shared_ptr<const Network> read_network(Reader& reader, int depth) {
  auto network = std::make_shared<Network>();
  network->depth = depth;
  int width = count_channels(reader);
  const auto add = [&](const std::string& name, int c_in, int c_out) {
    auto& layer = network->layers.emplace_back();
    layer.c_in = c_in;
    layer.c_out = c_out;
    read_layer(reader, name, layer);
  };
  const auto add_two = [&](const std::string& name, int c_in, int c_out) {
    add(name + ".0", c_in, c_out);
    add(name + ".1", c_out, c_out);
  };
  network->head = reader.floats("head.weight", {1, width, 1, 1});
  network->head_bias = reader.floats("head.bias", {1}).front();
  add_two("first", 1, width);
  for (int level = 0; level < depth; ++level, width *= 2) add_two("down." + std::to_string(level), width, 2 * width);
  for (int level = 0; level < depth; ++level, width /= 2) {
    add("up." + std::to_string(level), width, width / 2);
    add_two("merge." + std::to_string(level), width, width / 2);
  }
  reader.require_all_taken();
  return network;
}

}  // namespace

AnyNetwork parse_network(const State& state) {
  Reader reader(state);
  if (reader.has("first.0.0.weight")) return read_network<dense::Network>(reader, count_levels(reader, ""));
  return read_network<fused::Network>(reader, count_levels(reader, ".0"));
}

}  // namespace sonolucent
