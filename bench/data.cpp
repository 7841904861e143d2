// Reading data: MB/s of each reader beside what else reads the same bytes, in turns. IDX is
// measured against zlib's inflate from memory to memory, CSV against pandas, NPY against NumPy.
// MB are those of the text or array itself, unpacked.

#include <zlib.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "peer_process.hpp"
#include "troupe/base/error.hpp"
#include "troupe/base/random.hpp"
#include "troupe/data/prepare.hpp"

using namespace troupe;

namespace {

struct options {
  bool json = false;
  std::size_t rounds = 5;
  std::string shared = "../shared/data";
  std::string peer;
  std::vector<std::string> wanted;
};

/// One row of the table: a file, and who reads it.
struct file_case {
  std::string name;
  std::string format;
  settings reader_options;
  std::vector<std::string> files;  ///< made, or there: the first ones are what the MB are of
  std::string peer_name;
  std::function<double()> peer;  ///< seconds, 0 where it is absent
};

/// A folder that is there while the program runs.
struct temporary_folder {
  std::string path;
  temporary_folder() {
    std::string name = std::filesystem::temp_directory_path() / "troupe-bench-XXXXXX";
    if (!::mkdtemp(name.data())) throw run_error(name, "cannot make a temporary folder");
    path = name;
  }
  ~temporary_folder() { std::filesystem::remove_all(path); }
};

double seconds_of(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

std::string bytes_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// Unpacks `packed` with zlib alone; returns the number of bytes.
std::size_t inflate_all(const std::string& packed, std::vector<unsigned char>& to) {
  z_stream stream{};
  inflateInit2(&stream, 16 + MAX_WBITS);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  std::size_t total = 0;
  int answer = Z_OK;
  while (answer == Z_OK) {
    stream.next_out = to.data();
    stream.avail_out = static_cast<uInt>(to.size());
    answer = inflate(&stream, Z_NO_FLUSH);
    total += to.size() - stream.avail_out;
  }
  inflateEnd(&stream);
  return total;
}

double megabytes_of(const std::vector<std::string>& files) {
  std::size_t total = 0;
  std::vector<unsigned char> scratch(1 << 20);
  for (const std::string& file : files) {
    const std::string bytes = bytes_of(file);
    const bool packed = bytes.size() > 2 && bytes[0] == '\x1f' && bytes[1] == '\x8b';
    total += packed ? inflate_all(bytes, scratch) : bytes.size();
  }
  return static_cast<double>(total) / 1e6;
}

/// 250,000 rows of 32 measured numbers and a label, like the Higgs challenge's table.
void make_higgs(const std::string& path) {
  std::FILE* out = std::fopen(path.c_str(), "w");
  const random_stream random(1, random_purpose::test, 0);
  std::uint64_t draw = 0;
  for (int row = 0; row < 250'000; ++row) {
    for (int column = 0; column < 32; ++column) {
      if (random.below(draw++, 6) == 0) {
        std::fputs("-999.0,", out);
      } else {
        std::fprintf(out, "%.3f,", random.normal(draw++) * (column % 2 == 0 ? 60 : 2));
      }
    }
    std::fputs(row % 3 == 0 ? "1\n" : "0\n", out);
  }
  std::fclose(out);
}

/// 60,000 rows of 784 pixels, four fifths of them zero, and a digit.
void make_pixels(const std::string& path) {
  std::FILE* out = std::fopen(path.c_str(), "w");
  const random_stream random(1, random_purpose::test, 1);
  std::uint64_t draw = 0;
  std::string line;
  for (int row = 0; row < 60'000; ++row) {
    line.clear();
    for (int pixel = 0; pixel < 784; ++pixel) {
      const bool ink = pixel % 28 > 10 && pixel % 28 < 17;
      line += ink ? std::to_string(random.below(draw++, 256)) : "0";
      line += ',';
    }
    line += static_cast<char>('0' + row % 10);
    line += '\n';
    std::fputs(line.c_str(), out);
  }
  std::fclose(out);
}

/// 200,000 rows with some 20 of 200 values.
void make_sparse(const std::string& path) {
  std::FILE* out = std::fopen(path.c_str(), "w");
  const random_stream random(1, random_purpose::test, 2);
  std::uint64_t draw = 0;
  for (int row = 0; row < 200'000; ++row) {
    std::fputs(row % 2 == 0 ? "+1" : "-1", out);
    for (std::uint64_t index = 1 + random.below(draw++, 20); index <= 200;
         index += 1 + random.below(draw++, 19)) {
      std::fprintf(out, " %u:%.4g", static_cast<unsigned>(index), random.normal(draw++));
    }
    std::fputc('\n', out);
  }
  std::fclose(out);
}

/// 60,000 rows of 784 32-bit floats.
void make_npy(const std::string& path) {
  std::ofstream out(path, std::ios::binary);
  std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (60000, 784), }";
  header.resize(117, ' ');
  header += '\n';
  out << std::string("\x93NUMPY\x01\x00\x76\x00", 10) << header;
  std::vector<float> row(784);
  for (std::size_t i = 0; i < row.size(); ++i) row[i] = static_cast<float>(i) / 784;
  for (int i = 0; i < 60'000; ++i) {
    out.write(reinterpret_cast<const char*>(row.data()),
              static_cast<std::streamsize>(row.size() * sizeof(float)));
  }
}

/// Seconds of one reading, and how many numbers came of it.
double read_once(const file_case& of, const data_catalogue& known) {
  const reader_entry& reader = known.readers.at(of.format, "", "format");
  read_request request;
  request.options = resolve(
      reader.options, of.reader_options, [](const std::string& o) { return o; }, of.format);
  dataset data;
  const double took = seconds_of([&] { data = reader.read(request); });
  if (data.rows() == 0) throw run_error(of.name, "there are no rows");
  return took;
}

void measure(const file_case& of, const data_catalogue& known, const options& how) {
  const double megabytes = megabytes_of(of.files);
  read_once(of, known);  // both warm: the file is in the page cache
  const bool has_peer = of.peer && of.peer() > 0;
  std::vector<double> ours, theirs, ratios;
  for (std::size_t round = 0; round < how.rounds; ++round) {
    double mine = 0, other = 0;
    // In turns, so that neither always comes first.
    if (round % 2 == 0) mine = read_once(of, known);
    if (has_peer) other = of.peer();
    if (round % 2 == 1) mine = read_once(of, known);
    ours.push_back(megabytes / mine);
    if (!has_peer) continue;
    theirs.push_back(megabytes / other);
    ratios.push_back(other / mine);
  }
  if (how.json) {
    std::printf("{\"file\":\"%s\",\"megabytes\":%.1f,\"mb_per_second\":%.1f", of.name.c_str(),
                megabytes, median(ours));
    if (has_peer) {
      std::printf(",\"peer\":\"%s\",\"peer_mb_per_second\":%.1f,\"ratio\":%.2f",
                  of.peer_name.c_str(), median(theirs), median(ratios));
    } else {
      std::printf(",\"peer\":null,\"peer_mb_per_second\":null,\"ratio\":null");
    }
    std::printf("}\n");
  } else if (has_peer) {
    std::printf("%-14s %8.1f %10.1f  %-8s %10.1f %8.2f\n", of.name.c_str(), megabytes, median(ours),
                of.peer_name.c_str(), median(theirs), median(ratios));
  } else {
    std::printf("%-14s %8.1f %10.1f  %-8s %10s %8s\n", of.name.c_str(), megabytes, median(ours),
                "-", "-", "-");
  }
  std::fflush(stdout);
}

settings table_of(const std::string& path) {
  return {{"path", path}};
}

/// Makes the files of a case when its turn comes, measures it, and removes them.
void run(const options& how) {
  const data_catalogue known = data_catalogue::builtin();
  const temporary_folder folder;
  bench::peer_process python(how.peer);
  std::fprintf(stderr, "%u threads; peers: zlib %s%s%s\n", std::thread::hardware_concurrency(),
               zlibVersion(), python.there() ? ", " : "; pandas is not installed",
               python.name().c_str());
  if (!how.json) {
    std::printf("%-14s %8s %10s  %-8s %10s %8s\n", "file", "MB", "MB/s", "peer", "peer MB/s",
                "ratio");
  }
  const auto wants = [&](const std::string& name) {
    return how.wanted.empty() ||
           std::find(how.wanted.begin(), how.wanted.end(), name) != how.wanted.end();
  };
  const auto made = [&](file_case of, void (*make)(const std::string&), const char* peer) {
    if (!wants(of.name)) return;
    const std::string path = folder.path + "/" + of.name;
    make(path);
    of.files = {path};
    of.reader_options.set(of.format == "npy" ? "features" : "path", path);
    if (peer) of.peer = [&, peer, path] { return python.ask(std::string(peer) + " " + path); };
    measure(of, known, how);
    std::filesystem::remove(path);
  };
  const std::string images = how.shared + "/mnist/train-images-idx3-ubyte.gz";
  const std::string labels = how.shared + "/mnist/train-labels-idx1-ubyte.gz";
  if (wants("mnist.idx.gz") && std::filesystem::exists(images)) {
    const std::string packed[] = {bytes_of(images), bytes_of(labels)};
    std::vector<unsigned char> scratch(1 << 18);
    measure({"mnist.idx.gz",
             "idx",
             {{"features", images}, {"labels", labels}},
             {images, labels},
             "zlib",
             [&] {
               return seconds_of([&] {
                 for (const std::string& p : packed) inflate_all(p, scratch);
               });
             }},
            known, how);
  }
  made({"higgs.csv", "csv", {}, {}, "pandas", {}}, make_higgs, "csv");
  made({"pixels.csv", "csv", {}, {}, "pandas", {}}, make_pixels, "csv");
  const std::string a9a = how.shared + "/a9a/a9a.gz";
  if (wants("a9a.gz") && std::filesystem::exists(a9a)) {
    settings given = table_of(a9a);
    given.set("features", std::int64_t{123});
    measure({"a9a.gz", "libsvm", given, {a9a}, "", {}}, known, how);
  }
  made({"sparse.libsvm", "libsvm", {{"features", std::int64_t{200}}}, {}, "", {}}, make_sparse,
       nullptr);
  made({"floats.npy", "npy", {}, {}, "NumPy", {}}, make_npy, "npy");
}

[[noreturn]] void usage() {
  std::fputs(
      "usage: bench_data [--json] [--rounds N] [--shared FOLDER] [--peer SCRIPT] [FILE ...]\n",
      stderr);
  std::exit(2);
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);  // a peer that ends is one that is absent
  options how;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const bool more = i + 1 < argc;
    if (word == "--json") {
      how.json = true;
    } else if (word == "--rounds" && more) {
      how.rounds = std::strtoul(argv[++i], nullptr, 10);
    } else if (word == "--shared" && more) {
      how.shared = argv[++i];
    } else if (word == "--peer" && more) {
      how.peer = argv[++i];
    } else if (word[0] != '-') {
      how.wanted.push_back(word);
    } else {
      usage();
    }
  }
  if (how.rounds == 0) usage();
  try {
    run(how);
  } catch (const error& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
  }
}
