#pragma once

namespace sonolucent::fused {

// An image as a U-Net works on it: mirrored at the far edges until it can be halved `depth` times, and cut into pieces.
//
// Every level has as many pieces, of rows that show the same part of the image. Sums are made by piece, so that the
// image does not depend on which thread made which, or on how many there are. All begin at an even row.
class Pieces {
 public:
  // Throws std::runtime_error when the image is too small to be mirrored or to be normalised at the deepest level.
  Pieces(int n_z, int n_x, int depth);

  int n_z() const { return n_z_; }
  int n_x() const { return n_x_; }
  int height(int level) const { return height_ >> level; }
  int width(int level) const { return width_ >> level; }
  int count() const { return count_; }
  int begin(int level, int piece) const;
  int end(int level, int piece) const { return begin(level, piece + 1); }

 private:
  int n_z_, n_x_, depth_, height_, width_, count_;
};

}  // namespace sonolucent::fused
