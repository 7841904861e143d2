#include "troupe/actors/messages/lane.hpp"

namespace troupe {

thread_local lane* lane::writing = nullptr;
thread_local lane* lane::reading = nullptr;

}  // namespace troupe
