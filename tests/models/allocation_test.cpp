// Counts what is taken from the heap in training steps.
#include <boost/test/unit_test.hpp>

#include "fixture/heap_watch.hpp"

#ifdef TROUPE_SANITIZED

BOOST_AUTO_TEST_CASE(allocations_are_not_counted_under_a_sanitizer) {
  BOOST_TEST_MESSAGE("skipped: a sanitizer owns the heap");
}

#else

#include <dlfcn.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>

#include "models/network_fixture.hpp"

namespace {

using namespace troupe;
using namespace troupe::testing;

const char* file_of(const void* address) {
  Dl_info info;
  return dladdr(address, &info) && info.dli_fname ? info.dli_fname : "";
}

/// oneDNN's execute builds a list of arguments inside the library at each call, and its matrix
/// product takes its packing buffer there; nothing outside it can prevent that.
bool inside_library(const void* caller) {
  return std::strstr(file_of(caller), "libdnnl");
}

struct tally {
  std::size_t ours = 0, library = 0;
};

tally counted(const heap_watch& watch) {
  tally c;
  for (std::size_t i = 0; i < watch.taken(); ++i) {
    ++(inside_library(watch.caller(i)) ? c.library : c.ours);
  }
  return c;
}

void expect_none(const model_spec& spec, std::size_t batch_size, std::size_t short_size,
                 const char* rule_name) {
  workplace w(spec, batch_size);
  const model_catalogue all = model_catalogue::builtin();
  const rule_entry& entry = all.rules.at(rule_name, "test", "rule");
  const auto no_place = [](const std::string&) { return std::string(); };
  const auto rule = entry.make(resolve(entry.options, {}, no_place, "rule"), w.parameters.size());
  const auto train = [&](std::size_t rows, std::uint64_t position) {
    w.step(rows, {7, 0, position});
    rule->step(w.parameters, w.gradient, 0.5);
  };
  for (int i = 0; i < 2; ++i) {
    train(batch_size, 0);
    train(short_size, 0);
  }
  tally c;
  std::size_t taken = 0, returned = 0;
  {
    const heap_watch watch;
    for (std::uint64_t i = 0; i < 4; ++i) train(i == 3 ? short_size : batch_size, i * batch_size);
    taken = watch.taken();
    returned = watch.returned();
    c = counted(watch);
  }
  BOOST_TEST(taken < heap_watch::most_callers);
  BOOST_TEST(c.ours == 0u);
  BOOST_TEST(returned == taken);  // what the library takes it gives back
  BOOST_TEST_MESSAGE("oneDNN allocated " << c.library << " times in 4 steps and gave all back");
}

}  // namespace

BOOST_AUTO_TEST_SUITE(allocation)

BOOST_AUTO_TEST_CASE(the_counter_counts) {
  const heap_watch watch;
  void* volatile some = ::operator new(400);
  void* volatile more = std::malloc(400);
  const tally c = counted(watch);
  const std::size_t bytes = watch.bytes();
  std::free(more);
  ::operator delete(some);
  BOOST_TEST(c.ours >= 2u);
  BOOST_TEST(c.library == 0u);
  BOOST_TEST(bytes >= 800u);
}

BOOST_AUTO_TEST_CASE(a_step_of_the_mnist_convnet_takes_nothing_from_the_heap) {
  expect_none(mnist_convnet(), 8, 3, "adam");
}

BOOST_AUTO_TEST_CASE(a_step_of_the_higgs_network_takes_nothing_from_the_heap) {
  expect_none(higgs_mlp(), 32, 5, "adagrad");
}

BOOST_AUTO_TEST_CASE(a_step_through_every_other_layer_takes_nothing_from_the_heap) {
  expect_none(model({8, 8, 2}, {{"conv2d",
                                 {{"filters", whole(4)},
                                  {"kernel", whole(3)},
                                  {"padding", word("same")},
                                  {"activation", word("gelu")}}},
                                bare("batch_normalization"),
                                bare("average_pool2d"),
                                {"activation", {{"function", word("swish")}}},
                                {"reshape", {{"shape", integers{-1}}}},
                                dense(6, "softplus"),
                                bare("layer_normalization"),
                                dense(3, "softmax")}),
              8, 3, "sgd");
}

BOOST_AUTO_TEST_SUITE_END()

#endif
