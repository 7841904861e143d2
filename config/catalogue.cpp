#include "troupe/config/job.hpp"

namespace troupe {

catalogue catalogue::builtin() {
  catalogue known;
  known.models = model_catalogue::builtin();
  known.data = data_catalogue::builtin();
  known.protocols = builtin_protocols();
  return known;
}

registry<choice_entry> builtin_consistencies() {
  registry<choice_entry> known;
  known.add({"asynchronous", "Every commit is applied and answered at once.", {}});
  return known;
}

registry<choice_entry> builtin_compressions() {
  registry<choice_entry> known;
  known.add({"none", "Every number travels as a float of 32 bits.", {}});
  return known;
}

}  // namespace troupe
