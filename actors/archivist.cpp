#include "troupe/actors/archivist.hpp"

#include <algorithm>
#include <caf/all.hpp>

#include "troupe/actors/configure.hpp"

namespace troupe {

checkpoint assemble(const cut_run& cut, const run_plan& plan) {
  checkpoint out = cut.books;
  out.center.parameters.resize(plan.groups * plan.model.parameters);
  out.center.statistics.resize(plan.groups * plan.model.statistics);
  for (std::size_t slice = 0; slice < cut.images.size(); ++slice) {
    const auto image = *cut.images[slice];
    const slice_range range = plan.range_of(slice);
    const auto values = floats_of(image.getPayload()), state = floats_of(image.getState());
    if (values.size() != range.count) throw run_error("checkpoint", "a slice has another length");
    const bool statistics = plan.is_statistics(slice);
    auto& whole = statistics ? out.center.statistics : out.center.parameters;
    const std::size_t length = statistics ? plan.model.statistics : plan.model.parameters;
    copy(values, whole.data() + slice / plan.group_slices() * length + range.first);
    out.slices.push_back(
        {image.getVersion(), image.getSteps(), std::vector<float>(state.begin(), state.end())});
  }
  return out;
}

archivist_actor::behavior_type archivist(archivist_actor::pointer self,
                                         std::shared_ptr<const run_plan> plan,
                                         const std::string& folder) {
  fail_on_exception(self, "archivist");
  return {
      [=](const cut_ptr& cut) {
        return answer<std::string>("", [&] {
          return save_checkpoint(assemble(*cut, *plan), *plan, folder,
                                 plan->of.supervisor.checkpoint_keep);
        });
      },
      [=](load_atom, std::uint64_t most) {
        return answer<checkpoint_ptr>(
            "", [&] { return load_last_checkpoint(*plan, folder, most).last; });
      },
  };
}

}  // namespace troupe
