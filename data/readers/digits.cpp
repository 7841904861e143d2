#include "troupe/data/readers/digits.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

namespace troupe {

namespace {

constexpr float pi = 3.14159265f;
/// Words of random bits that belong to one picture: 40 for its form, then four pixels of noise a
/// word.
constexpr std::uint64_t form_words = 40;
constexpr std::uint64_t words_per_picture = form_words + digit_pixels / 4;

struct point {
  float x, y;
};

/// A piece of a stroke in the unit square, y downwards: an arc of the ellipse around (x, y) with
/// radii (a, b) from one angle to the other (degrees, clockwise from the right), or, with
/// from == to, the line from (x, y) to (a, b).
struct piece {
  float x, y, a, b, from, to;
};

constexpr piece line(float x0, float y0, float x1, float y1) {
  return {x0, y0, x1, y1, 0, 0};
}

struct glyph {
  std::array<piece, 5> pieces;
  int count;
};

/// Two hands for each digit.
constexpr glyph glyphs[10][2] = {
    {{{{{.5f, .5f, .3f, .42f, 0, 360}}}, 1}, {{{{.5f, .5f, .22f, .43f, -70, 275}}}, 1}},
    {{{{line(.33f, .27f, .53f, .08f), line(.53f, .08f, .53f, .92f)}}, 2},
     {{{line(.5f, .08f, .5f, .92f)}}, 1}},
    {{{{{.5f, .31f, .28f, .23f, 185, 395}, line(.73f, .44f, .22f, .9f), line(.22f, .9f, .8f, .9f)}},
      3},
     {{{{.48f, .3f, .26f, .22f, 200, 400},
        line(.68f, .44f, .3f, .82f),
        {.33f, .82f, .11f, .08f, 0, 360},
        line(.42f, .87f, .82f, .88f)}},
      4}},
    {{{{{.47f, .29f, .26f, .21f, 205, 450}, {.47f, .71f, .3f, .21f, 270, 515}}}, 2},
     {{{line(.25f, .1f, .74f, .1f),
        line(.74f, .1f, .46f, .42f),
        {.46f, .67f, .29f, .25f, 270, 520}}},
      3}},
    {{{{line(.64f, .08f, .2f, .62f), line(.2f, .62f, .84f, .62f), line(.64f, .08f, .64f, .92f)}},
      3},
     {{{line(.3f, .1f, .24f, .52f), line(.24f, .52f, .76f, .52f), line(.72f, .1f, .66f, .92f)}},
      3}},
    {{{{line(.76f, .1f, .3f, .1f), line(.3f, .1f, .27f, .46f), {.47f, .66f, .28f, .25f, 225, 505}}},
      3},
     {{{line(.72f, .12f, .36f, .14f),
        line(.36f, .14f, .3f, .44f),
        line(.3f, .44f, .5f, .42f),
        {.46f, .66f, .26f, .24f, 275, 500}}},
      4}},
    {{{{{.7f, .62f, .46f, .54f, 180, 265}, {.5f, .69f, .26f, .22f, 0, 360}}}, 2},
     {{{line(.56f, .08f, .28f, .6f), {.48f, .68f, .22f, .23f, 150, 510}}}, 2}},
    {{{{line(.2f, .1f, .8f, .1f), line(.8f, .1f, .42f, .92f)}}, 2},
     {{{line(.2f, .12f, .78f, .1f), line(.78f, .1f, .4f, .92f), line(.36f, .5f, .74f, .5f)}}, 3}},
    {{{{{.5f, .29f, .22f, .2f, 0, 360}, {.5f, .71f, .27f, .22f, 0, 360}}}, 2},
     {{{{.52f, .28f, .2f, .19f, 70, 430}, {.48f, .7f, .24f, .22f, -70, 290}}}, 2}},
    {{{{{.5f, .32f, .26f, .23f, 0, 360}, {.3f, .38f, .46f, .54f, 0, 80}}}, 2},
     {{{{.48f, .32f, .24f, .22f, 0, 360}, line(.72f, .32f, .68f, .92f)}}, 2}}};

/// How one picture is written: numbers drawn once.
class hand {
 public:
  hand(const random_stream& random, std::uint64_t first_word) {
    random.words(first_word, {words_.data(), words_.size()});
    const float angle = between(-.28f, .28f), shear = between(-.27f, .27f);
    const float wide = between(16.f, 23.f), high = between(17.f, 23.f);
    const float c = std::cos(angle), s = std::sin(angle);
    xx_ = c * wide;
    xy_ = (c * shear - s) * high;
    yx_ = s * wide;
    yy_ = (s * shear + c) * high;
    x_ = 14.f + between(-1.7f, 1.7f);
    y_ = 14.f + between(-1.7f, 1.7f);
    for (float& w : wave_) w = between(-.045f, .045f);
    for (float& p : phase_) p = between(0, 2 * pi);
  }

  float between(float low, float high) {
    const float u = static_cast<float>(words_[next_++] >> 8) * 0x1p-24f;
    return low + u * (high - low);
  }
  std::uint32_t word() { return words_[next_++]; }

  /// From the unit square to the picture, bent by slow waves.
  point place(float x, float y) const {
    const float u = x - .5f + wave_[0] * std::sin(5.f * y + phase_[0]) +
                    wave_[1] * std::sin(9.f * y + phase_[1]);
    const float v = y - .5f + wave_[2] * std::sin(5.f * x + phase_[2]) +
                    wave_[3] * std::sin(9.f * x + phase_[3]);
    return {x_ + xx_ * u + xy_ * v, y_ + yx_ * u + yy_ * v};
  }

 private:
  std::array<std::uint32_t, form_words> words_;
  std::size_t next_ = 0;
  float xx_, xy_, yx_, yy_, x_, y_;
  std::array<float, 4> wave_, phase_;
};

using distances = std::array<float, digit_pixels>;

/// Lowers each pixel's squared distance to the pen's path to that of one segment, near it only.
void trace(point from, point to, float reach, distances& nearest) {
  const float dx = to.x - from.x, dy = to.y - from.y;
  const float length2 = std::max(dx * dx + dy * dy, 1e-6f);
  constexpr int side = digit_side;
  auto clamp = [](float v) { return std::max(0, std::min(side - 1, static_cast<int>(v))); };
  const int x0 = clamp(std::min(from.x, to.x) - reach), x1 = clamp(std::max(from.x, to.x) + reach);
  const int y0 = clamp(std::min(from.y, to.y) - reach), y1 = clamp(std::max(from.y, to.y) + reach);
  for (int y = y0; y <= y1; ++y) {
    float* row = nearest.data() + y * side;
    const float py = static_cast<float>(y) + .5f - from.y;
    for (int x = x0; x <= x1; ++x) {
      const float px = static_cast<float>(x) + .5f - from.x;
      const float t = std::min(1.f, std::max(0.f, (px * dx + py * dy) / length2));
      const float ex = px - t * dx, ey = py - t * dy;
      row[x] = std::min(row[x], ex * ex + ey * ey);
    }
  }
}

void write(const piece& p, const hand& h, float reach, distances& nearest) {
  const bool straight = p.from == p.to;
  const int steps = straight ? 4 : std::max(4, static_cast<int>(std::abs(p.to - p.from) / 24.f));
  point last{};
  for (int i = 0; i <= steps; ++i) {
    const float t = static_cast<float>(i) / static_cast<float>(steps);
    const float angle = (p.from + t * (p.to - p.from)) * (pi / 180.f);
    const point here = straight ? h.place(p.x + t * (p.a - p.x), p.y + t * (p.b - p.y))
                                : h.place(p.x + p.a * std::cos(angle), p.y + p.b * std::sin(angle));
    if (i > 0) trace(last, here, reach, nearest);
    last = here;
  }
}

}  // namespace

int draw_digit(const random_stream& random, std::uint64_t row, std::uint8_t* pixels) {
  const std::uint64_t first_word = row * words_per_picture;
  hand h(random, first_word);
  const auto digit = static_cast<int>((std::uint64_t{h.word()} * 10) >> 32);
  const glyph& form = glyphs[digit][h.word() >> 31];
  const float radius = h.between(.55f, 1.5f), ink = h.between(160.f, 255.f);
  const float noise = h.between(5.f, 40.f), reach = radius + 1.5f;

  distances nearest;
  nearest.fill(1e6f);
  for (int i = 0; i < form.count; ++i)
    write(form.pieces[static_cast<std::size_t>(i)], h, reach, nearest);
  // A slip of the pen somewhere else, on every third picture.
  if (h.word() < 0xFFFFFFFFu / 3) {
    const float x = h.between(0, 28), y = h.between(0, 28);
    const point end{x + h.between(-6, 6), y + h.between(-6, 6)};
    trace({x, y}, end, reach, nearest);
  }

  std::array<std::uint32_t, digit_pixels / 4> grain;
  random.words(first_word + form_words, {grain.data(), grain.size()});
  for (std::size_t i = 0; i < digit_pixels; ++i) {
    const float covered = std::min(1.f, std::max(0.f, radius + .5f - std::sqrt(nearest[i])));
    const auto byte = static_cast<float>(grain[i / 4] >> (8 * (i % 4)) & 0xFF);
    const float value = covered * ink + (byte - 128.f) * (noise / 128.f);
    pixels[i] = static_cast<std::uint8_t>(std::min(255.f, std::max(0.f, value)));
  }
  return digit;
}

}  // namespace troupe
