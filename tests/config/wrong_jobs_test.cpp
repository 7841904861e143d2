// The table of wrong jobs: each gives one line with its place.

#include <boost/test/unit_test.hpp>

#include "config/job_text.hpp"

using namespace troupe;
using namespace troupe::testing;

namespace {

struct wrong {
  std::string from, to;  ///< what is replaced in the sound job
  std::string place;     ///< line:column
  std::string fragment;  ///< of the message
};

const std::vector<wrong> table = {
    // The YAML itself.
    {"seed: 3", "seed: [3", "3:5", "no valid YAML"},
    {"  split", "\tsplit", "5:2", "a tab indents this line"},
    {"seed: 3", "seed: 3\nseed: 4", "3:1", "duplicate key 'seed' (first in line 2)"},
    {"epochs: 2,", "epochs: 2, epochs: 3,", "18:23", "duplicate key 'epochs'"},
    {"seed: 3", "<<: {seed: 3}", "2:1", "merge keys"},
    {"seed: 3", "seed: !!int 3", "2:7", "no tags"},
    {"seed: 3", "? [a]\n: 3", "2:3", "a key must be a word"},
    {"actors: {workers: 2}", "cluster:\n  listen: \"a\n", "22:1", "a quote above is not closed"},
    {"seed: 3", "---\nseed: 3", "2:1", "one document"},
    {"seed: 3", "seed: &s 3\nname2: *t", "3:8", "no valid YAML"},
    {"seed: 3", "seed: \x01", "2:7", "0x01"},
    // Keys.
    {"seed: 3", "sede: 3", "2:1", "unknown key 'sede'; did you mean 'seed'?"},
    {"epochs: 2", "epoch: 2", "18:12", "unknown key in training 'epoch'; did you mean 'epochs'?"},
    {"training:", "trainign:", "18:1", "did you mean 'training'?"},
    {"split: {test: 0.2}", "split: {tset: 0.2}", "5:11", "did you mean 'test'?"},
    {"filters: 4", "filter: 4", "11:16", "unknown option of layer 'conv2d' 'filter'; did you mean"},
    {"rows: 100", "row: 100", "4:44", "unknown option of format 'synthetic' 'row'"},
    {"protocol: adag", "protocol: adag\n  alpha: 0.5", "17:3", "unknown key in optimizer with "},
    {"learning_rate", "rate", "17:31", "unknown option of gradient rule 'adam' 'rate'"},
    {"model:", "modell:", "8:1", "did you mean 'model'?"},
    // Names.
    {"- flatten", "- flaten", "12:7", "unknown layer 'flaten'; did you mean 'flatten'?"},
    {"- conv2d", "- konv2d", "11:7", "did you mean 'conv2d'?"},
    {"  metrics", "  loss: hinges\n  metrics", "14:9",
     "unknown loss 'hinges'; did you mean 'hinge'"},
    {"[accuracy]", "[acuracy]", "14:13", "unknown metric 'acuracy'; did you mean 'accuracy'?"},
    {"name: adam", "name: adm", "17:25", "unknown gradient rule 'adm'"},
    {"protocol: adag", "protocol: dowpour", "16:13", "unknown protocol 'dowpour'; did you mean"},
    {"format: synthetic", "format: idxx", "4:19", "unknown format 'idxx'; did you mean 'idx'?"},
    {"kind: digits", "kind: letters", "4:36", "unknown kind 'letters'"},
    {"- min_max", "- minmax", "7:7", "unknown transform 'minmax'; did you mean 'min_max'?"},
    {"activation: relu", "activation: rulu", "11:51", "unknown activation 'rulu'"},
    {"  gradient", "  consistency: bounde\n  gradient", "17:16",
     "unknown consistency 'bounde'; did you mean 'bounded'?"},
    {"  gradient", "  compression: {name: zip}\n  gradient", "17:23", "unknown compression 'zip'"},
    {"  gradient", "  server_rule: {rate: 1}\n  gradient", "17:16", "needs 'name'"},
    // Types.
    {"epochs: 2", "epochs: two", "18:20", "'epochs' must be a whole number, not two"},
    {"epochs: 2", "epochs: 2.5", "18:20", "'epochs' must be a whole number, not 2.5"},
    {"epochs: 2", "epochs: \"2\"", "18:20", "not the text \"2\""},
    {"epochs: 2", "epochs: [2]", "18:20", "not a list"},
    {"epochs: 2", "epochs: 0x10", "18:20", "'epochs' must be a whole number, not 0x10"},
    {"epochs: 2", "epochs: 99999999999999999999", "18:20", "does not fit 64 bits"},
    {"epochs: 2", "epochs:", "18:12", "'epochs' has no value"},
    {"epochs: 2", "epochs: 010", "18:20", "'010' looks like an octal number; write 10"},
    {"[28, 28, 1]", "[028, 28, 1]", "9:11", "'028' looks like an octal number; write 28"},
    {"learning_rate: 0.001", "learning_rate: -00.5", "17:46", "octal"},
    {"learning_rate: 0.001", "learning_rate: .nan", "17:46", "not nan"},
    {"learning_rate: 0.001", "learning_rate: 1e999", "17:46", "not inf"},
    {"split", "shuffle: yes\n  split", "5:12", "'shuffle' must be true or false, not yes"},
    {"training: {epochs: 2, batch_size: 16}", "training: 5", "18:11", "'training' is a map"},
    {"train: {format: synthetic, kind: digits, rows: 100}", "train: [a]", "4:10", "a list"},
    {"metrics: [accuracy]", "metrics: accuracy", "14:12", "expected a list"},
    {"- flatten", "- [flatten]", "12:7", "expected a layer"},
    {"- flatten", "- {flatten: {}, dense: {}}", "12:7", "expected a layer"},
    {"- flatten", "- flatten: 3", "12:16", "the options of layer 'flatten' are a map, not 3"},
    {"- dense: {units: 10, activation: softmax}", "- dense:\n      units: 10", "14:7",
     "indent 'units' deeper than 'dense'"},
    {"name: small", "name: ../up", "1:7", "'name' must be 1 to 100 letters"},
    // Ranges.
    {"epochs: 2", "epochs: 0", "18:20", "'epochs' must be at least 1"},
    {"epochs: 2", "epochs: -1", "18:20", "'epochs' must be at least 1"},
    {"workers: 2", "workers: 0", "19:19", "'workers' must be at least 1"},
    {"test: 0.2", "test: 1", "5:17", "'test' must be at least 0 and below 1"},
    {"  gradient", "  communication_window: 0\n  gradient", "17:25", "'communication_window'"},
    {"  gradient", "  consistency: {name: bounded, staleness: -1}\n  gradient", "17:43",
     "'staleness' must be at least 0"},
    {"  gradient", "  consistency: {name: synchronous, backup_workers: 2}\n  gradient", "17:52",
     "'backup_workers' must be below the number of workers, 2"},
    {"seed: 3", "seed: -3", "2:7", "'seed' must be at least 0"},
    {"filters: 4", "filters: 0", "11:25", "'filters' must be at least 1"},
    {"input: [28, 28, 1]", "input: [28, 0, 1]", "9:10", "'input' must be at least 1"},
    {"input: [28, 28, 1]", "input: []", "9:10", "1 to 8 extents"},
    {"input: [28, 28, 1]", "input: [100000, 100000]", "9:10", "1 to 8 extents"},
    // What is missing.
    {"  input: [28, 28, 1]\n", "", "8:1", "the job needs 'model.input'"},
    {"format: synthetic, ", "", "4:10", "the format needs 'format'"},
    {"{units: 10, activation: softmax}", "{activation: softmax}", "13:14",
     "layer 'dense' needs 'units'"},
    // What does not go together.
    {"    - flatten\n", "", "12:7", ""},
    {"kernel: 3", "kernel: 40", "11:7", "does not fit into the 28 x 28 input"},
    {"input: [28, 28, 1]", "input: [784]", "11:7", ""},
    {"activation: softmax", "activation: relu", "8:1", ""},
    {"units: 10, activation: softmax", "units: 1, activation: softmax", "8:1", ""},
    {"protocol: adag", "protocol: sequential", "19:19",
     "protocol 'sequential' has at most 1 worker, not 2"},
    {"protocol: adag", "protocol: eamsgd", "17:18",
     "protocol 'eamsgd' has a rule of its own (learning_rate, momentum): leave 'gradient_rule' "
     "out"},
    {"protocol: adag", "protocol: dynsgd\n  server_rule: sgd", "17:16",
     "protocol 'dynsgd' takes no 'server_rule'"},
    {"protocol: adag", "protocol: easgd\n  consistency: {name: bounded, staleness: 2}", "17:23",
     "protocol 'easgd' goes with consistency synchronous, not with 'bounded': the centre moves"},
    {"protocol: adag", "protocol: hogwild\n  consistency: bounded", "17:16",
     "protocol 'hogwild' goes with consistency asynchronous, not with 'bounded': its workers"},
    {"protocol: adag", "protocol: aeasgd\n  compression: {name: top_k, ratio: 0.1}", "17:23",
     "protocol 'aeasgd' takes compression none, float16 or bfloat16, not 'top_k': its workers"},
    {"protocol: adag", "protocol: ensemble\n  compression: float16", "17:16",
     "protocol 'ensemble' takes compression none, not 'float16': its workers send the model"},
    {"protocol: adag", "protocol: hogwild\n  compression: {name: none, answers: float16}", "17:38",
     "protocol 'hogwild' takes 'answers: none' only"},
    {"  metrics", "  loss: mean_squared_error\n  metrics", "15:13", ""},
    {"split: {test: 0.2}", "split: {test: 0.5, validation: 0.5}", "5:10", "leave no rows"},
    {"  split", "  test: {format: synthetic}\n  split", "6:17",
     "give either 'test' or 'split.test', not both"},
    {"epochs: 2", "evaluate_every: 0, stop: {patience: 2}", "18:48", "evaluate_every is 0"},
    {"actors", "cluster: {listen: 0.0.0.0, tls: {enabled: false}}\nactors", "19:19",
     "needs TLS"},
    {"actors", "cluster: {tls: {ca: a, key: b}}\nactors", "19:16",
     "give all or none"},
    {"actors", "cluster: {launcher: manual}\nactors", "19:10", "need certificates"},
    {"actors", "cluster: {suspect_after: 20}\nactors", "19:26", "suspected before"},
    {"actors", "cluster: {nodes: [{name: a/b}]}\nactors", "19:26", "1 to 100 letters"},
    {"actors", "cluster: {nodes: [{name: a, host: -x}]}\nactors", "19:35", "names no host"},
    {"actors", "cluster: {nodes: [{name: a}]}\nactors", "19:18", "it takes one of each"},
    {"actors", "cluster: {nodes: [{name: a, cpus: 3}]}\nactors", "19:29", "unknown key 'cpus'"},
    {"actors", "metrics: {listen: 9464}\nactors", "19:19", "'9464' is no HOST:PORT"},
    {"actors", "metrics: {listen: '[::1:0'}\nactors", "19:19", "is no HOST:PORT"},
    {"actors", "metrics: {listen: '*:0'}\nactors", "19:19", "set metrics.beyond_loopback: true"},
    {"actors", "metrics: {listen: 10.0.0.1:0}\nactors", "19:19", "listening on '10.0.0.1' shows"},
    {"actors", "metrics: {port: 0}\nactors", "19:11", "unknown key in metrics 'port'"},
    {"actors", "metrics: [accuracy]\nactors", "19:10", "'metrics' is a map of keys"},
};

}  // namespace

BOOST_AUTO_TEST_SUITE(wrong_jobs)

BOOST_AUTO_TEST_CASE(the_sound_job_is_sound) {
  BOOST_TEST(complaint(sound_job) == "");
}

BOOST_AUTO_TEST_CASE(each_gives_one_line_with_its_place) {
  for (const wrong& w : table) {
    const std::string said = complaint(with(sound_job, w.from, w.to));
    const std::string start = "job.yaml:" + w.place + ": ";
    BOOST_TEST_CONTEXT(w.to << " said: " << said) {
      BOOST_TEST(said.substr(0, start.size()) == start);
      BOOST_TEST(said.find(w.fragment) != std::string::npos);
      BOOST_TEST(said.find('\n') == std::string::npos);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
