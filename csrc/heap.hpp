#pragma once

namespace sonolucent {

// Makes malloc keep freed blocks of frame size for the next frame, in the whole process. By default glibc gives each
// back to the system and faults its pages in again: thousands of faults a frame, half of a light network's time.
void keep_freed_memory();

}  // namespace sonolucent
