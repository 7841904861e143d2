// Speed and size of every compression with its default options, on slices of 65536 normally
// distributed numbers whose scale falls as 1 / f along the slice. Medians over rounds.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "troupe/base/error.hpp"
#include "troupe/base/random.hpp"
#include "troupe/optimizers/compression.hpp"

using namespace troupe;

namespace {

constexpr std::size_t count = 65536;
constexpr std::size_t slices = 8;
constexpr double bytes_per_nanosecond = 1.25;  // 10 Gbit/s

struct result {
  double bytes = 0, encode = 0, decode = 0;  // a number
  double limit() const { return (sizeof(float) - bytes) / bytes_per_nanosecond; }
  bool fast() const { return std::max(encode, decode) <= limit(); }
};

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

/// Nanoseconds a number that `work` takes.
template <class Work>
double timed(Work work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - start;
  return took.count() / static_cast<double>(count);
}

std::vector<std::vector<float>> make_slices() {
  std::vector<std::vector<float>> out(slices, std::vector<float>(count));
  for (std::size_t s = 0; s < slices; ++s) {
    const random_stream stream(7, random_purpose::test, s);
    for (std::size_t i = 0; i < count; ++i) {
      const double scale = 0.01 / (1.0 + static_cast<double>(i) / 1024);
      out[s][i] = static_cast<float>(scale * stream.normal(i));
    }
  }
  return out;
}

result measure(const codec_entry& entry, const std::vector<std::vector<float>>& data,
               std::size_t rounds) {
  const auto codec = entry.make(resolve(entry.options, {}, {}, entry.name));
  std::vector<std::byte> wire(codec->most_bytes(count));
  std::vector<float> read(count);
  std::vector<double> bytes, encode, decode;
  for (std::size_t round = 0; round < rounds + slices; ++round) {
    const std::size_t s = round % slices;
    codec_key key;
    key.position = round;
    key.slice = static_cast<std::uint32_t>(s);
    std::size_t size = 0;
    const double writing = timed([&] { size = codec->encode(data[s], key, wire); });
    bool right = false;
    const double reading = timed([&] { right = codec->decode({wire.data(), size}, key, read); });
    if (!right) {
      std::fprintf(stderr, "%s does not read what it wrote\n", entry.name.c_str());
      std::exit(1);
    }
    if (round < slices) continue;  // the first of each slice only warm up
    bytes.push_back(static_cast<double>(size) / static_cast<double>(count));
    encode.push_back(writing);
    decode.push_back(reading);
  }
  return {median(bytes), median(encode), median(decode)};
}

void print(const std::string& name, const result& r, bool json) {
  const char* verdict = r.limit() <= 0 ? "-" : r.fast() ? "ok" : "slow";
  if (json) {
    std::printf(
        "{\"codec\":\"%s\",\"bytes_per_number\":%.4f,\"encode_ns\":%.4f,\"decode_ns\":%.4f,"
        "\"limit_ns\":%.4f,\"verdict\":\"%s\"}\n",
        name.c_str(), r.bytes, r.encode, r.decode, r.limit(), verdict);
  } else {
    std::printf("%-10s %12.4f %14.3f %14.3f %10.3f  %s\n", name.c_str(), r.bytes, r.encode,
                r.decode, r.limit(), verdict);
  }
}

[[noreturn]] void usage() {
  std::fputs("usage: bench_codecs [--json] [--rounds N] [CODEC ...]\n", stderr);
  std::exit(2);
}

}  // namespace

int main(int argc, char** argv) {
  bool json = false;
  std::size_t rounds = 400;
  std::vector<std::string> wanted;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--json") {
      json = true;
    } else if (word == "--rounds" && i + 1 < argc) {
      rounds = std::strtoul(argv[++i], nullptr, 10);
      if (rounds == 0) usage();
    } else if (word[0] != '-') {
      wanted.push_back(word);
    } else {
      usage();
    }
  }
  const registry<codec_entry> known = builtin_codecs();
  if (wanted.empty()) wanted = known.names();
  try {
    for (const std::string& name : wanted) known.at(name, "command line", "compression");
  } catch (const error& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 2;
  }
  const auto data = make_slices();
  if (!json) {
    std::printf("%-10s %12s %14s %14s %10s\n", "codec", "bytes/number", "encode ns/num",
                "decode ns/num", "limit ns");
  }
  for (const std::string& name : wanted) {
    print(name, measure(known.at(name, "", "compression"), data, rounds), json);
  }
}
