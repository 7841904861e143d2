// How long `troupe train` takes until it has trained, and how much memory it keeps, beside
// PyTorch. Programs are started as a user starts them, in turns.

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

namespace {

using command = std::vector<std::string>;

struct options {
  bool json = false;
  std::size_t rounds = 5;
  std::string troupe, shared, peers;
};

struct cost {
  double milliseconds = 0;
  double megabytes = 0;  ///< resident at most
  bool ok = false;
};

/// Runs a program to its end, with nothing on its outputs. `--run` names a folder that must not
/// hold a run yet.
cost run(const command& words) {
  const auto option = std::find(words.begin(), words.end(), "--run");
  if (option != words.end()) std::filesystem::remove_all(option[1]);
  std::vector<char*> argv;
  for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  const auto start = std::chrono::steady_clock::now();
  const pid_t child = ::fork();
  if (child == 0) {
    const int nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    for (const int end : {0, 1, 2}) ::dup2(nothing, end);
    ::execvp(argv[0], argv.data());
    ::_exit(127);
  }
  int status = 0;
  rusage used{};
  if (child < 0 || ::wait4(child, &status, 0, &used) != child) return {};
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
  return {took.count(), static_cast<double>(used.ru_maxrss) * 1024 / 1e6,
          WIFEXITED(status) && WEXITSTATUS(status) == 0};
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

/// Runs both in turns and prints a row.
void measure(const options& how, const std::string& what, const char* unit, double cost::*of,
             const command& ours, const command& theirs) {
  if (!run(ours).ok) {
    std::fprintf(stderr, "%s: troupe fails; is the data there?\n", what.c_str());
    return;
  }
  const bool peer = !theirs.empty() && run(theirs).ok;
  std::vector<double> mine, other, ratios;
  for (std::size_t round = 0; round < how.rounds; ++round) {
    cost a, b;
    if (round % 2 == 0) a = run(ours);
    if (peer) b = run(theirs);
    if (round % 2 == 1) a = run(ours);
    mine.push_back(a.*of);
    if (!peer) continue;
    other.push_back(b.*of);
    ratios.push_back(a.*of / b.*of);
  }
  const char* row = how.json ? "{\"what\":\"%s\",\"unit\":\"%s\",\"troupe\":%.1f,\"pytorch\":%s,"
                               "\"ratio\":%s}\n"
                             : "%-28s %4s %10.1f %10s %8s\n";
  char pytorch[32] = "null", ratio[32] = "null";
  if (peer) {
    std::snprintf(pytorch, sizeof pytorch, "%.1f", median(other));
    std::snprintf(ratio, sizeof ratio, "%.3f", median(ratios));
  }
  std::printf(row, what.c_str(), unit, median(mine), pytorch, ratio);
  std::fflush(stdout);
}

void measure_all(const options& how) {
  std::string folder = std::filesystem::temp_directory_path() / "troupe-bench-XXXXXX";
  if (!::mkdtemp(folder.data())) return;
  const std::string mnist = how.shared + "/mnist", run_folder = folder + "/run";
  const auto train = [&](const std::string& job, const command& more) {
    command words{how.troupe, "train", "config/jobs/" + job, "--quiet", "--run",
                  run_folder, "--set", "actors.workers=1",   "--set",   "actors.data_shards=1"};
    for (const std::string& setting : more) words.insert(words.end(), {"--set", setting});
    return words;
  };
  const command one_step{"data.rows=16", "data.test=null", "training.epochs=1",
                         "training.batch_size=16", "training.evaluate_every=0"};
  command mnist_step = one_step, made_step{"data.train.rows=16", "data.split=null"};
  mnist_step.push_back("data.directory=" + mnist);
  made_step.insert(made_step.end(), one_step.begin() + 2, one_step.end());
  const char* given = std::getenv("PYTHON");
  const std::string python = given ? given : "/usr/bin/python3";
  const command import{python, "-c", "import torch"};
  if (!how.json) {
    std::printf("%-28s %4s %10s %10s %8s\n", "what", "unit", "troupe", "PyTorch", "ratio");
  }
  measure(how, "a step of digits, whole run", "ms", &cost::milliseconds,
          train("digits.yaml", made_step), import);
  measure(how, "a step of mnist_mlp", "ms", &cost::milliseconds,
          train("mnist_mlp.yaml", mnist_step), import);
  measure(how, "a step of mnist_cnn", "ms", &cost::milliseconds,
          train("mnist_cnn.yaml", mnist_step), import);
  measure(how, "training mnist_cnn, resident", "MB", &cost::megabytes,
          train("mnist_cnn.yaml", {"data.directory=" + mnist, "training.stop.max_seconds=3"}),
          {python, how.peers + "/memory.py", mnist});
  std::filesystem::remove_all(folder);
}

[[noreturn]] void usage() {
  std::fputs(
      "usage: bench_startup --troupe COMMAND --peers FOLDER [--shared FOLDER] [--json] "
      "[--rounds N]\n",
      stderr);
  std::exit(2);
}

}  // namespace

int main(int argc, char** argv) {
  options how;
  how.shared = "../shared/data";
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const bool more = i + 1 < argc;
    if (word == "--json") {
      how.json = true;
    } else if (word == "--rounds" && more) {
      how.rounds = std::strtoul(argv[++i], nullptr, 10);
    } else if (word == "--troupe" && more) {
      how.troupe = argv[++i];
    } else if (word == "--shared" && more) {
      how.shared = argv[++i];
    } else if (word == "--peers" && more) {
      how.peers = argv[++i];
    } else {
      usage();
    }
  }
  if (how.rounds == 0 || how.troupe.empty() || how.peers.empty()) usage();
  measure_all(how);
}
