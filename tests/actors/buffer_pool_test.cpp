#include "troupe/actors/messages/buffer_pool.hpp"

#include <boost/test/unit_test.hpp>
#include <cstdint>
#include <cstring>
#include <set>
#include <thread>
#include <vector>

using namespace troupe;

BOOST_AUTO_TEST_SUITE(buffers)

BOOST_AUTO_TEST_CASE(a_buffer_has_the_bytes_asked_for) {
  for (const std::size_t bytes : {0, 1, 4095, 4096, 4097, 8192, 100000, 1 << 24, (1 << 24) + 1}) {
    const auto buffer = buffer_pool::take(bytes);
    BOOST_TEST_REQUIRE(buffer.get() != nullptr);
    BOOST_TEST(buffer.get_deleter().size >= bytes);
    BOOST_TEST(buffer.get_deleter().size >= 4096u);
    BOOST_TEST(reinterpret_cast<std::uintptr_t>(buffer.get()) % 64 == 0u);
    std::memset(buffer.get(), 1, bytes);  // the sanitiser looks on
  }
}

BOOST_AUTO_TEST_CASE(a_buffer_given_back_is_taken_again) {
  const std::byte* memory = nullptr;
  {
    const auto buffer = buffer_pool::take(300000);
    memory = buffer.get();
  }
  // A little less is of the same size.
  const auto again = buffer_pool::take(270000);
  BOOST_TEST(again.get() == memory);
  BOOST_TEST(buffer_pool::take(300000).get() != memory);
}

BOOST_AUTO_TEST_CASE(buffers_in_use_are_distinct) {
  std::vector<buffer_pool::buffer> held;
  std::set<const std::byte*> seen;
  for (int i = 0; i < 200; ++i) {
    held.push_back(buffer_pool::take(5000));
    BOOST_TEST(seen.insert(held.back().get()).second);
  }
}

BOOST_AUTO_TEST_CASE(no_more_than_a_bound_is_kept) {
  // 40 buffers of 4 MiB come back; 16 of them fill the 64 MiB kept.
  std::vector<buffer_pool::buffer> held;
  for (int i = 0; i < 40; ++i) held.push_back(buffer_pool::take(std::size_t{4} << 20));
  std::set<const std::byte*> first_back;
  for (int i = 0; i < 16; ++i) first_back.insert(held[static_cast<std::size_t>(i)].get());
  for (auto& buffer : held) buffer.reset();
  held.clear();
  std::size_t reused = 0;
  for (int i = 0; i < 16; ++i) {
    held.push_back(buffer_pool::take(std::size_t{4} << 20));
    reused += first_back.count(held.back().get());
  }
  BOOST_TEST(reused == 16u);
}

BOOST_AUTO_TEST_CASE(threads_take_and_give_back_at_will) {
  // Each thread marks what it holds; nobody else may have written there meanwhile.
  std::vector<std::thread> threads;
  std::vector<int> spoilt(4, 0);
  for (std::size_t t = 0; t < spoilt.size(); ++t) {
    threads.emplace_back([t, &spoilt] {
      std::vector<buffer_pool::buffer> held;
      const auto mark = static_cast<std::byte>(t + 1);
      for (std::size_t i = 0; i < 500; ++i) {
        held.push_back(buffer_pool::take(4096u << (i % 3)));
        held.back()[0] = mark;
        if (held.size() < 8) continue;
        for (const auto& buffer : held) spoilt[t] += buffer[0] != mark;
        held.erase(held.begin(), held.begin() + 5);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const int count : spoilt) BOOST_TEST(count == 0);
}

BOOST_AUTO_TEST_SUITE_END()
