#include "troupe/models/catalogue.hpp"

#include "troupe/models/layers/builtin.hpp"
#include "troupe/models/losses/builtin.hpp"
#include "troupe/models/metrics/builtin.hpp"
#include "troupe/models/rules/builtin.hpp"

namespace troupe {

model_catalogue model_catalogue::builtin() {
  return {builtin_layers(), builtin_losses(), builtin_metrics(), builtin_rules()};
}

}  // namespace troupe
