#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "troupe/base/registry.hpp"
#include "troupe/base/settings.hpp"
#include "troupe/base/span.hpp"

namespace troupe {

/// What a codec that draws random numbers draws them by, so that both sides draw the same: the
/// run's seed and which window of which slice this is.
struct codec_key {
  std::uint64_t seed = 0;
  std::uint32_t epoch = 0;
  std::uint64_t position = 0;  ///< the window's first row in the epoch's order
  std::uint32_t slice = 0;
};

/// Turns the numbers of one commit of one slice into bytes and back. May keep scratch memory: one
/// per actor, one thread. All numbers on the wire are little-endian.
class codec {
 public:
  virtual ~codec() = default;

  /// Most bytes that `count` numbers take.
  virtual std::size_t most_bytes(std::size_t count) const = 0;

  /// Writes `values` into `out` (of at least most_bytes(values.size())); how many bytes it took.
  /// A number that is not finite leaves bytes that decode to one that is not finite, or are
  /// refused by `decode`, wherever it travels at all.
  virtual std::size_t encode(span<const float> values, const codec_key& key,
                             span<std::byte> out) = 0;

  /// Sets all of `values` from bytes that `encode` wrote for as many numbers and the same key.
  /// False, with `values` undefined, for bytes that cannot have come from there. Safe for any
  /// bytes.
  virtual bool decode(span<const std::byte> bytes, const codec_key& key, span<float> values) = 0;
};

/// One compression that jobs can name.
struct codec_entry {
  std::string name;
  std::string summary;  ///< one sentence
  std::string source;
  std::string wire_size;    ///< bytes for n numbers
  std::string error_bound;  ///< of one number, without error feedback
  std::vector<setting> options;
  bool rounds_only = false;  ///< every number travels, rounded: harmless for parameters, too
  bool lossless = false;
  std::function<std::unique_ptr<codec>(const settings& options)> make;
};

/// All that Troupe brings: codecs.def. Each has an option `answers` (for `make_answer_codec`), and
/// each that loses something `error_feedback`.
registry<codec_entry> builtin_codecs();

/// How the centre travels to the workers: `none`, `float16` or `bfloat16`, which need no options.
/// \throws std::logic_error for another name.
std::unique_ptr<codec> make_answer_codec(const std::string& name);

/// What compression lost, kept by the worker for its next commit (error feedback: Seide et al.,
/// "1-bit stochastic gradient descent", Interspeech 2014; Karimireddy et al., "Error feedback
/// fixes SignSGD", ICML 2019): e is the residual, v the difference to be sent,
///
///     send code(v + e);   e <- v + e - decode(code(v + e))
class error_feedback {
 public:
  /// `parameters` numbers, all slices together; not `kept`: nothing is kept, e stays 0.
  error_feedback(std::size_t parameters, bool kept);

  /// Encodes `values` plus the residual of the slice that starts at `first`; `values` become what
  /// the other side reads. Returns the bytes written to `out`.
  std::size_t encode(codec& with, std::size_t first, span<float> values, const codec_key& key,
                     span<std::byte> out);

  /// What was sent did not arrive: `sent` (as the other side would have read it) goes back into
  /// the residual.
  void restore(std::size_t first, span<const float> sent);

 private:
  bool kept_;
  std::vector<float> residual_;
};

}  // namespace troupe
