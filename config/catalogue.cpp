#include "troupe/config/job.hpp"

namespace troupe {

catalogue catalogue::builtin() {
  catalogue known;
  known.models = model_catalogue::builtin();
  known.data = data_catalogue::builtin();
  known.protocols = builtin_protocols();
  return known;
}

}  // namespace troupe
