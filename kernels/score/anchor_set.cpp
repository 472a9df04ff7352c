#include "anchor_set.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <set>
#include <string_view>
#include <utility>

#include <cag/detail/printable.hpp>
#include <cag/detail/xxh64.hpp>

#include "failure.hpp"
#include "json_text.hpp"
#include "safetensors.hpp"

namespace cag::score {
namespace {

constexpr std::string_view kFormat = "cag.anchors";
constexpr std::int64_t kVersion = 1;
constexpr std::size_t kPiece = 65536;

class FileReader {
 public:
  explicit FileReader(const Bytes& bytes) : bytes_(bytes), stored_(read_header(bytes)) {}

  AnchorSet read() && {
    check_version();
    check_seal();
    AnchorSet set;
    const auto vectors = take("vectors", "F64", {-1, -1});
    const auto rows = vectors.shape[0];
    set.width = vectors.shape[1];
    set.vectors = floats(vectors);
    set.counts = integers(take("counts", "I64", {rows}));
    if (has("owner")) {
      set.owner = integers(take("owner", "I64", {rows}));
    } else {
      for (std::int64_t r = 0; r < rows; ++r) set.owner.push_back(r);
    }
    set.check_owner(bytes_.name);
    if (has("margins")) set.margins = floats(take("margins", "F64", {set.categories}));
    if (has("moments.pixels")) {
      take("moments.pixels", "I64", {set.categories});
      take("moments.mean", "F64", {set.categories, set.width});
      has("moments.covariance")
          ? take("moments.covariance", "F64", {set.categories, set.width, set.width})
          : take("moments.variance", "F64", {set.categories, set.width});
    }
    if (!stored_.tensors.empty())
      wrong("unexpected tensor \"", stored_.tensors.begin()->first, "\"");

    const auto list = text("categories");
    JsonText names(list, bytes_.name);
    names.array([&] { set.names.push_back(names.string()); });
    names.end();
    if (std::cmp_not_equal(set.names.size(), set.categories))
      wrong("expected the names of ", set.categories, " categories, found ", set.names.size());
    set.format = kVersion;
    set.producer = text("producer");
    set.backbone = text("backbone");
    set.tap = text("tap");
    check_mean();
    set.check(bytes_.name);
    return set;
  }

 private:
  void check_version() const {
    if (text("format") != kFormat)
      wrong("expected the format ", kFormat, ", found \"", text("format"), "\"");
    if (text("version") != std::to_string(kVersion))
      wrong("made by ", text("producer"), " as ", kFormat, " version ", text("version"),
            "; this library reads version ", kVersion);
  }

  void check_seal() {
    const auto seal = text("xxh64");
    stored_.metadata.erase("xxh64");
    detail::Xxh64 hash;
    for (const auto& [key, value] : stored_.metadata)
      hash.update(key + ' ' + std::to_string(value.size()) + ' ' + value + ' ');
    std::vector<char> piece(kPiece);
    for (const auto& [name, tensor] : stored_.tensors) {
      auto head = name + ' ';
      head.append(torch_name(tensor.type)).append(" ");
      for (std::size_t i = 0; i < tensor.shape.size(); ++i)
        head.append(i > 0 ? "x" : "").append(std::to_string(tensor.shape[i]));
      hash.update(head + ' ');
      for (auto at = tensor.begin; at < tensor.end;) {
        const auto count = std::min<std::uint64_t>(kPiece, tensor.end - at);
        bytes_.read(at, piece.data(), count);
        hash.update({piece.data(), count});
        at += count;
      }
    }
    char digits[17];
    std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(hash.digest()));
    if (seal != digits)
      wrong("says the checksum \"", seal, "\", its content has ", digits, ": damaged or edited");
  }

  void check_mean() const {
    const auto mean_of = text("mean_of");
    if (mean_of != "images" && mean_of != "pixels" && !mean_of.empty())
      wrong("expected means of images, pixels or nothing, found \"", mean_of, "\"");
  }

  std::string text(const char* key) const {
    const auto found = stored_.metadata.find(key);
    if (found == stored_.metadata.end())
      wrong("expected an anchor file, whose header has \"", key, "\", found none");
    return found->second;
  }

  bool has(const char* name) const { return stored_.tensors.contains(name); }

  /// @param shape  -1: any size
  StoredTensor take(const char* name, const char* type, const std::vector<std::int64_t>& shape) {
    const auto found = stored_.tensors.extract(name);
    if (found.empty()) wrong("expected the tensor ", name, ", found none");
    const auto& tensor = found.mapped();
    if (tensor.type != type ||
        !std::equal(shape.begin(), shape.end(), tensor.shape.begin(), tensor.shape.end(),
                    [](auto wanted, auto size) { return wanted < 0 || wanted == size; }))
      wrong("expected ", name, " as ", type, " ", shape_text(shape), ", found ", tensor.type, " ",
            shape_text(tensor.shape));
    return tensor;
  }

  std::vector<std::int64_t> integers(const StoredTensor& tensor) const {
    std::vector<std::int64_t> values((tensor.end - tensor.begin) / sizeof(std::int64_t));
    bytes_.read(tensor.begin, reinterpret_cast<char*>(values.data()), tensor.end - tensor.begin);
    return values;
  }

  /// Of float64.
  std::vector<float> floats(const StoredTensor& tensor) const {
    std::vector<double> values((tensor.end - tensor.begin) / sizeof(double));
    bytes_.read(tensor.begin, reinterpret_cast<char*>(values.data()), tensor.end - tensor.begin);
    return {values.begin(), values.end()};
  }

  template <typename... Parts>
  [[noreturn]] void wrong(const Parts&... parts) const {
    fail(CAG_SCORER_BAD_ANCHORS, bytes_.name, ": ", parts...);
  }

  const Bytes& bytes_;
  Safetensors stored_;
};

/// Texts that a table can show, and names that tell categories apart.
void check_texts(const AnchorSet& set, const std::string& what) {
  constexpr std::size_t kLongest = 256;
  const auto wrong = [&](const auto&... parts) {
    fail(CAG_SCORER_BAD_ANCHORS, what, ": ", parts...);
  };
  const auto check = [&](const char* kind, const std::string& text) {
    if (text.size() > kLongest)
      wrong("expected a ", kind, " of at most ", kLongest, " bytes, found ", text.size());
    if (const auto shown = detail::printable(text); shown != text)
      wrong("expected a ", kind, " without control characters, found \"", shown, "\"");
  };
  std::set<std::string_view> known;
  for (const auto& name : set.names) {
    check("category name", name);
    if (name.empty()) wrong("expected a name of each category, found none");
    if (!known.insert(name).second)
      wrong("expected each category name once, found \"", name, "\" again");
  }
  check("backbone", set.backbone);
  check("tap", set.tap);
}

}  // namespace

void AnchorSet::check_owner(const std::string& what) {
  categories = 0;
  for (std::size_t r = 0; r < owner.size(); ++r) {
    const auto own = owner[r];
    if (own == categories) ++categories;
    if (own < 0 || own != categories - 1)
      fail(CAG_SCORER_BAD_ANCHORS, what,
           ": expected an owner that ascends from 0 and leaves out no category, found ", own,
           " of anchor ", r);
  }
}

void AnchorSet::check(const std::string& what) const {
  const auto wrong = [&](const auto&... parts) {
    fail(CAG_SCORER_BAD_ANCHORS, what, ": ", parts...);
  };
  if (counts.empty() || width < 1)
    wrong("expected at least one anchor of at least one channel, found ", anchors(), " of ", width);
  check_texts(*this, what);
  for (std::size_t i = 0; i < vectors.size(); ++i)
    if (!std::isfinite(vectors[i]))
      wrong("expected vectors that are finite as float32, found ", vectors[i], " in anchor ",
            static_cast<std::int64_t>(i) / width, ", channel ",
            static_cast<std::int64_t>(i) % width);
  for (std::size_t r = 0; r < counts.size(); ++r)
    if (counts[r] < 0) wrong("expected counts of at least 0, found ", counts[r], " of anchor ", r);
  for (std::size_t k = 0; k < margins.size(); ++k)
    if (!(margins[k] >= 0))
      wrong("expected margins of at least 0, found ", margins[k], " of category ", k);
}

AnchorSet read_anchor_file(const Bytes& bytes) { return FileReader(bytes).read(); }

}  // namespace cag::score
