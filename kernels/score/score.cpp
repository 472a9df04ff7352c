#include <cag/score.h>

#include <algorithm>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <exception>
#include <new>
#include <string>
#include <string_view>
#include <utility>

#include <cag/detail/json_utf8.hpp>
#include <cag/detail/printable.hpp>
#include <cag/kernels/tiles.hpp>

#include "bytes.hpp"
#include "failure.hpp"
#include "scorer.hpp"

using cag::score::AnchorSet;
using cag::score::Failure;

namespace {

/// What a terminal would act on, which a file may bring, becomes '?'; a cut character is left out.
void write(cag_scorer_error* error, std::string_view text) {
  if (error == nullptr) return;
  std::size_t size = 0;
  while (!text.empty()) {
    const auto control = cag::detail::control_length(text);
    const auto length = control > 0 ? 0 : cag::detail::utf8_sequence_length(text);
    const auto count = std::max<std::size_t>(length, 1);
    if (size + count >= sizeof error->text) break;
    std::memcpy(error->text + size, length > 0 ? text.data() : "?", count);
    size += count;
    text.remove_prefix(std::max(control, count));
  }
  error->text[size] = '\0';
}

/// As printf, without allocating.
[[gnu::format(printf, 2, 3)]] cag_scorer_status bad(cag_scorer_error* error, const char* format,
                                                    ...) {
  char text[sizeof error->text];
  std::va_list values;
  va_start(values, format);
  std::vsnprintf(text, sizeof text, format, values);
  va_end(values);
  write(error, text);
  return CAG_SCORER_BAD_ARGUMENT;
}

/// More than any structure of a later interface has: the size was never set.
constexpr std::size_t kMostBytes = 4096;

/// That `given`, a structure of this interface or a later one, holds nothing that this library does
/// not know.
template <typename Structure>
cag_scorer_status check(const Structure* given, const char* name, cag_scorer_error* error) {
  if (given == nullptr) return bad(error, "expected a %s, got a null pointer", name);
  if (given->size < sizeof(Structure) || given->size > kMostBytes)
    return bad(error, "expected a %s whose size is at least %zu and at most %zu, got %zu", name,
               sizeof(Structure), kMostBytes, given->size);
  const auto* bytes = reinterpret_cast<const unsigned char*>(given);
  if (!std::all_of(bytes + sizeof(Structure), bytes + given->size, [](auto b) { return b == 0; }))
    return bad(error, "%s has members that this library, whose interface is %d, does not know",
               name, CAG_SCORER_ABI);
  return CAG_SCORER_OK;
}

/// Runs `anchors()`, which gives an AnchorSet, and makes a scorer of them.
template <typename Anchors>
cag_scorer_status open(Anchors&& anchors, const std::string_view what,
                       const cag_scorer_options* options, cag_scorer** scorer,
                       cag_scorer_error* error) {
  if (scorer == nullptr) return bad(error, "expected a place for the scorer, got a null pointer");
  const auto defaults = cag_scorer_default_options();
  if (options == nullptr) options = &defaults;
  if (const auto status = check(options, "cag_scorer_options", error)) return status;
  try {
    *scorer = new cag_scorer(anchors(), *options, std::string(what));
    return CAG_SCORER_OK;
  } catch (const Failure& failure) {
    write(error, failure.text);
    return failure.status;
  } catch (const std::exception&) {  // bad_alloc, length_error
    write(error, "expected memory for the anchors, found too little");
    return CAG_SCORER_NO_MEMORY;
  }
}

AnchorSet copy(const cag_scorer_anchors& from) {
  constexpr auto kName = "the anchors given";
  using cag::score::fail;
  std::int64_t values = 0;
  if (from.anchors < 1 || from.width < 1 ||
      __builtin_mul_overflow(from.anchors, from.width, &values) || values > PTRDIFF_MAX / 8)
    fail(CAG_SCORER_BAD_ARGUMENT,
         "expected at least one anchor of at least one channel, and vectors that fit memory, got ",
         from.anchors, " of ", from.width);
  if (from.vectors == nullptr)
    fail(CAG_SCORER_BAD_ARGUMENT, "expected vectors of ", from.anchors, " anchors, got null");
  AnchorSet set;
  set.width = from.width;
  set.vectors.assign(from.vectors, from.vectors + values);
  set.counts.assign(from.anchors, 1);
  if (from.counts != nullptr) std::copy_n(from.counts, from.anchors, set.counts.begin());
  for (std::int64_t r = 0; r < from.anchors; ++r)
    set.owner.push_back(from.owner != nullptr ? from.owner[r] : r);
  set.check_owner(kName);
  if (from.margins != nullptr) set.margins.assign(from.margins, from.margins + set.categories);
  for (std::int64_t k = 0; from.names != nullptr && k < set.categories; ++k) {
    if (from.names[k] == nullptr)
      fail(CAG_SCORER_BAD_ARGUMENT, "expected a name of category ", k, ", got null");
    set.names.emplace_back(from.names[k]);
  }
  set.check(kName);
  return set;
}

std::int64_t element_bytes(std::int32_t element) { return element == CAG_SCORER_FLOAT32 ? 4 : 2; }

bool is_aligned(const void* at, std::int64_t bytes) {
  return reinterpret_cast<std::uintptr_t>(at) % bytes == 0;
}

/// That the frame is one of `width` channels which lies in its buffer.
cag_scorer_status check_frame(const cag_scorer_frame& frame, std::int64_t width,
                              cag_scorer_error* error) {
  using Long = long long;
  if (frame.element < CAG_SCORER_FLOAT32 || frame.element > CAG_SCORER_FLOAT16)
    return bad(error, "expected the element 0 (float32), 1 (bfloat16) or 2 (float16), got %d",
               frame.element);
  if (frame.channels != width)
    return bad(error, "expected a frame of the anchors' %lld channels, got %lld", Long{width},
               Long{frame.channels});
  if (frame.height < 0 || frame.width < 0)
    return bad(error, "expected a frame of height and width at least 0, got %lld x %lld",
               Long{frame.height}, Long{frame.width});
  if (frame.height == 0 || frame.width == 0) return CAG_SCORER_OK;
  std::int64_t pixels = 0, values = 0;
  if (__builtin_mul_overflow(frame.height, frame.width, &pixels) ||
      __builtin_mul_overflow(pixels, frame.channels, &values))
    return bad(error, "expected a frame that fits memory, got %lld channels of %lld x %lld",
               Long{frame.channels}, Long{frame.height}, Long{frame.width});
  if (frame.channel_stride < 1 || frame.row_stride < 1 || frame.column_stride < 1 ||
      (frame.channel_stride != 1 && frame.column_stride != 1))
    return bad(error,
               "expected strides of at least 1, and 1 for channels or columns, got %lld, %lld and "
               "%lld for channels, rows and columns",
               Long{frame.channel_stride}, Long{frame.row_stride}, Long{frame.column_stride});
  if (frame.data == nullptr)
    return bad(error, "expected the data of a frame of %lld x %lld pixels, got a null pointer",
               Long{frame.height}, Long{frame.width});
  if (!is_aligned(frame.data, element_bytes(frame.element)))
    return bad(error, "expected data aligned to its elements of %lld bytes, got %p",
               Long{element_bytes(frame.element)}, frame.data);
  // What is past the last element.
  std::int64_t end = 1;
  bool fits = true;
  for (const auto& [size, stride] :
       {std::pair(frame.channels, frame.channel_stride), std::pair(frame.height, frame.row_stride),
        std::pair(frame.width, frame.column_stride)}) {
    std::int64_t reach = 0;
    fits = fits && !__builtin_mul_overflow(size - 1, stride, &reach) &&
           !__builtin_add_overflow(end, reach, &end);
  }
  if (!fits || end > PTRDIFF_MAX / 4)
    return bad(error,
               "expected a frame that fits memory, got %lld channels of %lld x %lld at strides "
               "%lld, %lld and %lld",
               Long{frame.channels}, Long{frame.height}, Long{frame.width},
               Long{frame.channel_stride}, Long{frame.row_stride}, Long{frame.column_stride});
  if (frame.elements < end)
    return bad(error, "expected the %lld elements that %lld channels of %lld x %lld need, got %lld",
               Long{end}, Long{frame.channels}, Long{frame.height}, Long{frame.width},
               Long{frame.elements});
  return CAG_SCORER_OK;
}

/// That the maps have room for the frame's pixels.
cag_scorer_status check_maps(const cag_scorer_maps& maps, std::int64_t pixels,
                             std::int32_t label_type, cag_scorer_error* error) {
  if (maps.pixels < pixels)
    return bad(error, "expected maps with room for %lld pixels, got %lld",
               static_cast<long long>(pixels), static_cast<long long>(maps.pixels));
  const std::int64_t label_bytes = label_type == CAG_SCORER_UINT8 ? 1 : sizeof(std::int64_t);
  struct Map {
    const char* name;
    const void* data;
    std::int64_t bytes;
  };
  for (const auto& [name, data, bytes] :
       {Map{"label", maps.label, label_bytes}, Map{"category", maps.category, label_bytes},
        Map{"margin", maps.margin, sizeof(float)}, Map{"distance", maps.distance, sizeof(float)}})
    if (!is_aligned(data, bytes))
      return bad(error, "expected the map %s aligned to its elements of %lld bytes, got %p", name,
                 static_cast<long long>(bytes), data);
  return CAG_SCORER_OK;
}

}  // namespace

extern "C" {

cag_scorer_status cag_scorer_open(const char* path, const cag_scorer_options* options,
                                  cag_scorer** scorer, cag_scorer_error* error) noexcept {
  if (path == nullptr) return bad(error, "expected the path of an anchor file, got a null pointer");
  return open([&] { return cag::score::read_anchor_file(cag::score::Bytes::of_file(path)); }, path,
              options, scorer, error);
}

cag_scorer_status cag_scorer_open_bytes(const void* bytes, size_t size,
                                        const cag_scorer_options* options, cag_scorer** scorer,
                                        cag_scorer_error* error) noexcept {
  if (bytes == nullptr)
    return bad(error, "expected the %zu bytes of an anchor file, got a null pointer", size);
  return open(
      [&] { return cag::score::read_anchor_file(cag::score::Bytes::of_memory(bytes, size)); },
      "the bytes given", options, scorer, error);
}

cag_scorer_status cag_scorer_open_anchors(const cag_scorer_anchors* anchors,
                                          const cag_scorer_options* options, cag_scorer** scorer,
                                          cag_scorer_error* error) noexcept {
  if (const auto status = check(anchors, "cag_scorer_anchors", error)) return status;
  return open([&] { return copy(*anchors); }, "the anchors given", options, scorer, error);
}

cag_scorer_status cag_scorer_close(cag_scorer* scorer) noexcept {
  delete scorer;
  return CAG_SCORER_OK;
}

cag_scorer_status cag_scorer_describe(const cag_scorer* scorer, cag_scorer_info* info,
                                      cag_scorer_error* error) noexcept {
  if (scorer == nullptr) return bad(error, "expected a scorer, got a null pointer");
  if (const auto status = check(info, "cag_scorer_info", error)) return status;
  const auto& set = scorer->set;
  const auto unseen = std::count(scorer->seen.begin(), scorer->seen.end(), 0);
  *info = {.size = info->size,
           .categories = set.categories,
           .competing = set.categories - unseen,
           .anchors = scorer->table.anchors(),
           .width = set.width,
           .format = set.format,
           .producer = set.producer.c_str(),
           .backbone = set.backbone.c_str(),
           .tap = set.tap.c_str(),
           .library = CAG_LIBRARY_VERSION};
  return CAG_SCORER_OK;
}

cag_scorer_status cag_scorer_describe_category(const cag_scorer* scorer, int64_t number,
                                               cag_scorer_category* category,
                                               cag_scorer_error* error) noexcept {
  if (scorer == nullptr) return bad(error, "expected a scorer, got a null pointer");
  if (const auto status = check(category, "cag_scorer_category", error)) return status;
  const auto& names = scorer->set.names;
  if (number < 0 || number >= scorer->set.categories)
    return bad(error, "expected a category from 0 to %lld, got %lld",
               static_cast<long long>(scorer->set.categories - 1), static_cast<long long>(number));
  *category = {.size = category->size,
               .name = names.empty() ? "" : names[number].c_str(),
               .anchors = scorer->seen[number],
               .margin = scorer->margins[number]};
  return CAG_SCORER_OK;
}

cag_scorer_status cag_scorer_run(const cag_scorer* scorer, const cag_scorer_frame* frame,
                                 const cag_scorer_maps* maps, cag_scorer_error* error) noexcept {
  if (scorer == nullptr) return bad(error, "expected a scorer, got a null pointer");
  if (const auto status = check(frame, "cag_scorer_frame", error)) return status;
  if (const auto status = check(maps, "cag_scorer_maps", error)) return status;
  if (const auto status = check_frame(*frame, scorer->set.width, error)) return status;
  const auto pixels = frame->height * frame->width;
  if (const auto status = check_maps(*maps, pixels, scorer->options.label_type, error))
    return status;
  if (pixels == 0) return CAG_SCORER_OK;

  using cag::kernels::Element;
  constexpr Element kElements[] = {Element::kFloat32, Element::kBFloat16, Element::kFloat16};
  // Rows that follow each other are one image; else each is one.
  const bool whole = frame->height == 1 || frame->row_stride == frame->width * frame->column_stride;
  const cag::kernels::FeatureMap map{.data = frame->data,
                                     .element = kElements[frame->element],
                                     .images = whole ? 1 : frame->height,
                                     .channels = frame->channels,
                                     .pixels = whole ? pixels : frame->width,
                                     .image_stride = frame->row_stride,
                                     .channel_stride = frame->channel_stride,
                                     .pixel_stride = frame->column_stride};
  const auto& options = scorer->options;
  cag::kernels::Assignment out{.nearest = maps->distance,
                               .ignore = options.ignore,
                               .gap = maps->margin,
                               .abstain = maps->abstain};
  if (options.label_type == CAG_SCORER_UINT8) {
    out.label_byte = static_cast<std::uint8_t*>(maps->label);
    out.category_byte = static_cast<std::uint8_t*>(maps->category);
  } else {
    out.label = static_cast<std::int64_t*>(maps->label);
    out.category = static_cast<std::int64_t*>(maps->category);
  }
  cag::kernels::assign(map, scorer->table, scorer->test, out, scorer->parallel);
  return CAG_SCORER_OK;
}

int32_t cag_scorer_ask_for_tiles(void) noexcept { return cag::kernels::ask_for_tiles() ? 1 : 0; }

int32_t cag_scorer_abi(void) noexcept { return CAG_SCORER_ABI; }

}  // extern "C"
