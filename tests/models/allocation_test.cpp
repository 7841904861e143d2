// Counts what is taken from the heap in training steps. The program's malloc and operator new are
// replaced by ones that note who called; sanitizers bring their own, so this test rests there.
#include <boost/test/unit_test.hpp>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define TROUPE_SANITIZED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define TROUPE_SANITIZED 1
#endif

#ifdef TROUPE_SANITIZED

BOOST_AUTO_TEST_CASE(allocations_are_not_counted_under_a_sanitizer) {
  BOOST_TEST_MESSAGE("skipped: a sanitizer owns the heap");
}

#else

#include <dlfcn.h>

#include <array>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <new>

#include "models/network_fixture.hpp"

namespace {

constexpr std::size_t most_notes = 1 << 16;
thread_local bool noting = false;  // of this thread alone: others are none of the network's
std::size_t notes = 0;
std::array<const void*, most_notes> callers;

std::size_t returned = 0;

void note(const void* caller) {
  if (noting && notes < most_notes) callers[notes++] = caller;
}

}  // namespace

extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);
void __libc_free(void*);

void* malloc(std::size_t bytes) {
  note(__builtin_return_address(0));
  return __libc_malloc(bytes);
}
void* calloc(std::size_t count, std::size_t bytes) {
  note(__builtin_return_address(0));
  return __libc_calloc(count, bytes);
}
void* realloc(void* p, std::size_t bytes) {
  note(__builtin_return_address(0));
  if (noting && p) ++returned;
  return __libc_realloc(p, bytes);
}
void* aligned_alloc(std::size_t alignment, std::size_t bytes) {
  note(__builtin_return_address(0));
  return __libc_memalign(alignment, bytes);
}
int posix_memalign(void** p, std::size_t alignment, std::size_t bytes) {
  note(__builtin_return_address(0));
  *p = __libc_memalign(alignment, bytes);
  return *p ? 0 : 12;  // ENOMEM
}
void free(void* p) {
  if (noting && p) ++returned;
  __libc_free(p);
}
}

namespace {

void* taken(std::size_t alignment, std::size_t bytes, const void* caller) {
  note(caller);
  if (void* p = __libc_memalign(alignment, bytes ? bytes : 1)) return p;
  throw std::bad_alloc();
}

constexpr std::size_t usual = alignof(std::max_align_t);

}  // namespace

void* operator new(std::size_t bytes) {
  return taken(usual, bytes, __builtin_return_address(0));
}
void* operator new[](std::size_t bytes) {
  return taken(usual, bytes, __builtin_return_address(0));
}
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  return taken(static_cast<std::size_t>(alignment), bytes, __builtin_return_address(0));
}
void* operator new[](std::size_t bytes, std::align_val_t alignment) {
  return taken(static_cast<std::size_t>(alignment), bytes, __builtin_return_address(0));
}
void operator delete(void* p) noexcept {
  std::free(p);
}
void operator delete[](void* p) noexcept {
  std::free(p);
}
void operator delete(void* p, std::size_t) noexcept {
  std::free(p);
}
void operator delete[](void* p, std::size_t) noexcept {
  std::free(p);
}
void operator delete(void* p, std::align_val_t) noexcept {
  std::free(p);
}
void operator delete[](void* p, std::align_val_t) noexcept {
  std::free(p);
}
void operator delete(void* p, std::size_t, std::align_val_t) noexcept {
  std::free(p);
}
void operator delete[](void* p, std::size_t, std::align_val_t) noexcept {
  std::free(p);
}

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

struct count {
  std::size_t ours = 0, library = 0;
};

count counted() {
  count c;
  for (std::size_t i = 0; i < notes; ++i) ++(inside_library(callers[i]) ? c.library : c.ours);
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
  notes = returned = 0;
  noting = true;
  for (std::uint64_t i = 0; i < 4; ++i) train(i == 3 ? short_size : batch_size, i * batch_size);
  noting = false;
  const count c = counted();
  BOOST_TEST(notes < most_notes);
  BOOST_TEST(c.ours == 0u);
  BOOST_TEST(returned == notes);  // what the library takes it gives back
  BOOST_TEST_MESSAGE("oneDNN allocated " << c.library << " times in 4 steps and gave all back");
}

}  // namespace

BOOST_AUTO_TEST_SUITE(allocation)

BOOST_AUTO_TEST_CASE(the_counter_counts) {
  notes = 0;
  noting = true;
  const std::vector<float> some(100);
  float* more = static_cast<float*>(std::malloc(400));
  noting = false;
  std::free(more);
  BOOST_TEST(counted().ours >= 2u);
  BOOST_TEST(counted().library == 0u);
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
