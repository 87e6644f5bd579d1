#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>

// Ends the program if `what` should not have been.
inline void require(bool holds, const std::string& what) {
  if (holds) return;
  std::fprintf(stderr, "%s\n", what.c_str());
  std::exit(1);
}
