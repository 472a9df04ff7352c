#pragma once

#include <cstdint>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include <cag/detail/xxh64.hpp>

namespace cag::kernels::test {

/// An anchor file in memory, written by the documents (docs/formats.md) alone.
struct AnchorBytes {
  struct Tensor {
    std::string type, torch;  ///< F64 is Double
    std::vector<std::int64_t> shape;
    std::string bytes;
  };

  std::map<std::string, Tensor> tensors;
  std::map<std::string, std::string> metadata{
      {"format", "cag.anchors"}, {"version", "1"}, {"producer", "cag 0.1.0"},
      {"backbone", ""},          {"tap", ""},      {"mean_of", ""},
      {"categories", "[]"}};

  void doubles(const std::string& name, std::vector<std::int64_t> shape,
               const std::vector<double>& values) {
    tensors[name] = {"F64", "Double", std::move(shape), raw(values)};
  }
  void integers(const std::string& name, const std::vector<std::int64_t>& values) {
    tensors[name] = {"I64", "Long", {std::ssize(values)}, raw(values)};
  }

  std::string seal() const {
    detail::Xxh64 hash;
    for (const auto& [key, value] : metadata)
      hash.update(key + ' ' + std::to_string(value.size()) + ' ' + value + ' ');
    for (const auto& [name, tensor] : tensors)
      hash.update(name + ' ' + tensor.torch + ' ' + joined(tensor.shape, "x") + ' ' + tensor.bytes);
    char digits[17];
    std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(hash.digest()));
    return digits;
  }

  std::string bytes() const { return bytes(seal()); }

  std::string bytes(const std::string& seal) const {
    auto values = metadata;
    values["xxh64"] = seal;
    std::string header = "{\"__metadata__\":{", data, comma;
    for (const auto& [key, value] : values) {
      header += comma + quoted(key) + ':' + quoted(value);
      comma = ',';
    }
    header += '}';
    for (const auto& [name, tensor] : tensors) {
      const auto begin = data.size();
      data += tensor.bytes;
      header += ',' + quoted(name) + ":{\"dtype\":" + quoted(tensor.type) + ",\"shape\":[" +
                joined(tensor.shape, ",") + "],\"data_offsets\":[" + std::to_string(begin) + ',' +
                std::to_string(data.size()) + "]}";
    }
    return framed(header + '}', data);
  }

  static std::string framed(const std::string& header, const std::string& data) {
    return raw(std::vector<std::uint64_t>{header.size()}) + header + data;
  }

 private:
  template <typename T>
  static std::string raw(const std::vector<T>& values) {
    return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
  }

  static std::string quoted(const std::string& text) {
    std::string out = "\"";
    for (const char c : text) {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
    return out + '"';
  }

  static std::string joined(const std::vector<std::int64_t>& values, const std::string& separator) {
    std::string out;
    for (const auto value : values) out += (out.empty() ? "" : separator) + std::to_string(value);
    return out;
  }
};

}  // namespace cag::kernels::test
