#pragma once

// What is compiled for one instruction set must never become a symbol that another translation unit may link to.
#define ALWAYS_INLINE inline __attribute__((always_inline))
