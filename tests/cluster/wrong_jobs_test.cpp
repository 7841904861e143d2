#include <cstdint>
#include <cstring>

#include "cluster/workspace.hpp"

using namespace troupe::testing;

namespace {

/// The text with its first `from` replaced.
std::string put(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  if (at == std::string::npos) throw std::logic_error("the job has no " + from);
  return text.replace(at, from.size(), to);
}

struct wrong_job {
  std::string from, to;  ///< what is changed in `quick_job`
  int status;
  std::string expected;  ///< place and words of the one line
};

std::string idx_labels(std::uint32_t count, std::uint8_t label) {
  std::string bytes = {0, 0, 8, 1, 0, 0, 0, static_cast<char>(count)};
  return bytes + std::string(count, static_cast<char>(label));
}

std::string idx_pictures(std::uint32_t count) {
  std::string bytes = {0, 0, 8, 3, 0, 0, 0, static_cast<char>(count), 0, 0, 0, 28, 0, 0, 0, 28};
  return bytes + std::string(count * 28 * 28, '\x7f');
}

}  // namespace

BOOST_AUTO_TEST_SUITE(wrong_jobs)

/// All of them through `check` and `train`: one line with its place, the right status, no folder.
BOOST_AUTO_TEST_CASE(a_job_that_makes_no_sense_is_2_with_its_place) {
  const std::vector<wrong_job> all = {
      {"epochs: 1", "epochz: 1", 2, "job.yaml:19:12: unknown key in training 'epochz'; did you"},
      {"seed: 3", "seed: 3\nseed: 4", 2, "job.yaml:3:1: "},
      {"epochs: 1", "epochs: many", 2, "job.yaml:19:20: "},
      {"batch_size: 20", "batch_size: 010", 2, "job.yaml:19:35: "},
      {"units: 16, activation: relu", "units: 16, activation: rela", 2, "did you mean 'relu'?"},
      {"input: [28, 28]", "input: [28, 29]", 2, "job.yaml:9:"},
      {"    - flatten\n", "    - conv2d: {filters: 4, kernel: 3}\n", 2, "job.yaml:11:7: "},
      {"units: 16, activation: relu", "units: 0", 2, "job.yaml:12:"},
      {"protocol: downpour", "protocol: downpur", 2, "did you mean 'downpour'?"},
      {"protocol: downpour", "protocol: sequential", 2, "sequential"},
      {"softmax", "relu", 2, "job.yaml:"},
      {"[accuracy]", "[accurate]", 2, "did you mean 'accuracy'?"},
      {"format: synthetic", "format: synthetics", 2, "did you mean 'synthetic'?"},
      {"kind: digits, rows: 1000", "kind: letters", 2, "job.yaml:4:"},
      {"training:", "training: {epochs: 1", 2, "job.yaml:"},
  };
  for (const wrong_job& w : all) {
    BOOST_TEST_CONTEXT(w.to) {
      const workspace here;
      process_options options;
      options.folder = here.path();
      here.write("job.yaml", put(quick_job, w.from, w.to));
      for (const char* command : {"check", "train"}) {
        check_complaint(run_troupe({command, "job.yaml"}, options), w.status, w.expected);
      }
      BOOST_CHECK(!here.has("runs"));
    }
  }
}

BOOST_AUTO_TEST_CASE(a_wrong_override_names_its_option) {
  const workspace here;
  const std::string job = here.write("job.yaml", quick_job);
  const std::vector<std::pair<std::string, std::string>> all = {
      {"training.epochs", "expected PATH=VALUE"},
      {"training.epochz=2", "did you mean 'epochs'?"},
      {"training.epochs=two", "--set training.epochs=two: "},
      {"training.epochs=010", "--set training.epochs=010: "},
      {"model.layers.9.dense.units=3", "--set model.layers.9"},
      {"data.train.rows=[", "--set data.train.rows=[: "},
  };
  for (const auto& [set, expected] : all) {
    BOOST_TEST_CONTEXT(set) {
      const outcome done = run_troupe({"check", job, "--set", set});
      check_complaint(done, 2, expected);
      BOOST_CHECK_MESSAGE(done.err.find("--set") != std::string::npos, done.err);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_job_file_that_is_not_there_is_2) {
  const workspace here;
  check_complaint(run_troupe({"train", here / "none.yaml"}), 2, here / "none.yaml: ");
  check_complaint(run_troupe({"train", here.path()}), 2, here.path() + ": ");
}

/// Damaged data: 3, naming the file, and where it has one, the row.
BOOST_AUTO_TEST_CASE(bad_data_is_3_with_its_place) {
  struct bad_data {
    std::string what, bytes, expected;
  };
  const std::string rows = flower_rows(50, true);
  const std::vector<bad_data> all = {
      {"ragged", rows + "1,2\n", "flowers.csv:51"},
      {"too wide", rows + "1,2,3,aster\n", "flowers.csv:51"},
      {"no number", rows + "1,two,aster\n", "flowers.csv:51: column 2"},
      {"missing", rows + "1,,aster\n", "column 2"},
      {"not a number", rows + "1,nan,aster\n", "column 2"},
      {"infinite", rows + "1,inf,aster\n", "column 2"},
      {"too many classes", rows + "1,2,dill\n", "4 distinct labels"},
      {"empty", "", "flowers.csv"},
  };
  for (const bad_data& b : all) {
    BOOST_TEST_CONTEXT(b.what) {
      const workspace here;
      here.write("flowers.csv", b.bytes);
      const std::string job = here.write("job.yaml", flower_job(here.path()));
      for (const char* command : {"check", "train"}) {
        check_complaint(run_troupe({command, job, "--set", "data.split=null"}), 3, b.expected);
      }
    }
  }
  const workspace here;
  const std::string job = here.write("job.yaml", flower_job(here.path()));
  check_complaint(run_troupe({"train", job}), 3, "flowers.csv: ");
}

BOOST_AUTO_TEST_CASE(a_gzip_file_cut_short_is_3) {
  const workspace here;
  here.write_gz("whole.gz", flower_rows(5000, true));
  const std::string whole = here.read("whole.gz");
  const std::string job = here.write("job.yaml", flower_job(here.path()));
  here.write("flowers.csv", whole.substr(0, whole.size() / 2));
  check_complaint(run_troupe({"train", job}), 3, "flowers.csv: ");
  here.write("flowers.csv", whole.substr(0, whole.size() - 4));
  check_complaint(run_troupe({"train", job}), 3, "flowers.csv: ");
}

BOOST_AUTO_TEST_CASE(labels_that_do_not_fit_are_3) {
  const workspace here;
  here.write("pictures", idx_pictures(40));
  const std::string job =
      here.write("job.yaml", put(put(quick_job, "{format: synthetic, kind: digits, rows: 1000}",
                                     "{format: idx, features: pictures, labels: labels}"),
                                 "data:\n", "data:\n  directory: " + here.path() + "\n"));
  here.write("labels", idx_labels(39, 3));
  check_complaint(run_troupe({"check", job}), 3, "labels");
  here.write("labels", idx_labels(40, 3).substr(0, 20));
  check_complaint(run_troupe({"check", job}), 3, "labels");
  // More kinds of labels than the model has outputs.
  std::string many = idx_labels(40, 0);
  for (std::size_t i = 8; i < many.size(); ++i) many[i] = static_cast<char>(i);
  here.write("labels", many);
  check_complaint(run_troupe({"check", job}), 3, "labels");
}

BOOST_AUTO_TEST_CASE(a_model_file_that_is_damaged_or_not_ours_is_3) {
  const workspace here;
  const std::string job = here.write("job.yaml", quick_job);
  BOOST_TEST_REQUIRE(run_troupe({"train", job, "--quiet", "--run", here / "run"}).status == 0);
  const std::string whole = here.read("run/model.troupe");
  std::string damaged = whole;
  damaged[whole.size() / 2] = static_cast<char>(damaged[whole.size() / 2] ^ 1);
  const std::vector<std::pair<std::string, std::string>> all = {
      {"short", whole.substr(0, whole.size() - 1)},
      {"half", whole.substr(0, whole.size() / 2)},
      {"damaged", damaged},
      {"foreign", quick_job},
      {"empty", ""},
      {"longer", whole + "x"},
  };
  const std::string rows = here.write("rows", idx_pictures(2));
  for (const auto& [name, bytes] : all) {
    BOOST_TEST_CONTEXT(name) {
      const std::string file = here.write(name, bytes);
      check_complaint(run_troupe({"evaluate", file}), 3, file + ": ");
      check_complaint(run_troupe({"predict", file, "--format", "idx", "--input", rows}), 3,
                      file + ": ");
    }
  }
  check_complaint(run_troupe({"evaluate", here / "none"}), 3, here / "none: ");
}

BOOST_AUTO_TEST_SUITE_END()
