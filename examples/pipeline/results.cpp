#include "pipeline/results.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>
#include <map>
#include <sstream>
#include <string_view>
#include <tuple>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cag/error.hpp>
#include <cag/io/replace_file.hpp>

#include "pipeline/percent.hpp"

namespace pipeline {
namespace {

std::vector<std::string> header_of(const std::vector<std::string>& categories,
                                   const Protocols& protocols) {
  std::vector<std::string> header{"stage", "step", "domain", "miou"};
  for (const auto& name : categories) header.push_back(column_of(name));
  header.insert(header.end(), protocols.columns().begin(), protocols.columns().end());
  for (const auto* column : {"label_coverage", "label_precision", "intra_distance",
                             "inter_distance", "seconds", "peak_mib"})
    header.emplace_back(column);
  return header;
}

std::string number(double value, int digits) {
  return std::isnan(value) ? "nan" : fmt::format("{:.{}f}", value, digits);
}

std::vector<std::string> fields_of(const ResultRow& row) {
  std::vector<std::string> fields{fmt::format("{}", row.stage), fmt::format("{}", row.step),
                                  row.domain, number(row.miou, 6)};
  for (const auto value : row.iou) fields.push_back(number(value, 6));
  for (const auto value : row.protocols) fields.push_back(number(value, 6));
  fields.push_back(number(row.label_coverage, 6));
  fields.push_back(number(row.label_precision, 6));
  fields.push_back(number(row.intra_distance, 4));
  fields.push_back(number(row.inter_distance, 4));
  fields.push_back(number(row.seconds, 1));
  fields.push_back(number(row.peak_mib, 0));
  return fields;
}

std::vector<std::string> split(const std::string& line) {
  std::vector<std::string> fields;
  std::stringstream stream(line);
  for (std::string field; std::getline(stream, field, ',');) fields.push_back(field);
  return fields;
}

double parse(const std::string& text, const std::string& where) {
  double value = 0;
  if (text == "nan") return std::nan("");
  const auto* end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, value);
  if (result.ec != std::errc{} || result.ptr != end)
    throw cag::DataError("{}: expected a number, got {}", where, text);
  return value;
}

std::int64_t parse_count(const std::string& text, const std::string& where) {
  std::int64_t value = 0;
  const auto* end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, value);
  if (result.ec != std::errc{} || result.ptr != end || value < 0)
    throw cag::DataError("{}: expected a count of at least 0, got {}", where, text);
  return value;
}

std::string distance(double value) {
  if (std::isnan(value)) return "-";
  return value < 1e4 ? fmt::format("{:.2f}", value) : fmt::format("{:.0e}", value);
}

}  // namespace

std::string column_of(std::string category) {
  std::replace(category.begin(), category.end(), ' ', '_');
  return "iou_" + category;
}

Results::Results(std::filesystem::path file, std::vector<std::string> categories,
                 Protocols protocols)
    : file_(std::move(file)), categories_(std::move(categories)), protocols_(std::move(protocols)) {
  if (!std::filesystem::exists(file_)) return;
  std::ifstream stream;
  // Opening a pipe would wait.
  if (std::filesystem::is_regular_file(file_)) stream.open(file_);
  if (!stream.is_open()) throw cag::IoError("cannot read {}: expected a file", file_.string());
  const auto header = header_of(categories_, protocols_);
  std::string line;
  if (!std::getline(stream, line) || split(line) != header)
    throw cag::DataError("{}: expected the columns {}, got {}", file_.string(),
                         fmt::join(header, ","), line);
  for (std::int64_t number = 2; std::getline(stream, line); ++number) {
    const auto fields = split(line);
    const auto where = fmt::format("{}:{}", file_.string(), number);
    if (fields.size() != header.size())
      throw cag::DataError("{}: expected {} fields, got {}", where, header.size(), fields.size());
    std::size_t at = 0;
    const auto next = [&] { return parse(fields[at++], where); };
    ResultRow row;
    row.stage = parse_count(fields[at++], where);
    row.step = parse_count(fields[at++], where);
    row.domain = fields[at++];
    row.miou = next();
    for (std::size_t k = 0; k < categories_.size(); ++k) row.iou.push_back(next());
    for (std::size_t k = 0; k < protocols_.columns().size(); ++k) row.protocols.push_back(next());
    row.label_coverage = next();
    row.label_precision = next();
    row.intra_distance = next();
    row.inter_distance = next();
    row.seconds = next();
    row.peak_mib = next();
    rows_.push_back(std::move(row));
  }
}

void Results::put(ResultRow row) {
  const auto key = [](const ResultRow& r) { return std::tie(r.stage, r.step, r.domain); };
  std::erase_if(rows_, [&](const ResultRow& other) { return key(other) == key(row); });
  rows_.push_back(std::move(row));
  std::stable_sort(rows_.begin(), rows_.end(), [](const ResultRow& a, const ResultRow& b) {
    return std::tie(a.stage, a.step) < std::tie(b.stage, b.step);
  });
  write();
}

void Results::write() const {
  std::string text = fmt::format("{}\n", fmt::join(header_of(categories_, protocols_), ","));
  for (const auto& row : rows_) text += fmt::format("{}\n", fmt::join(fields_of(row), ","));
  const std::string_view piece = text;
  cag::replace_file(file_, {&piece, 1});
}

std::string Results::summary(const std::string& labelled_as) const {
  std::map<std::int64_t, std::map<std::string, ResultRow>> last;
  for (const auto& row : rows_) last[row.stage][row.domain] = row;
  std::string text =
      fmt::format("{:<8}{:>8}{:>10}{:>8}{:>10}{:>10}{:>10}{:>8}{:>8}\n", "stage", "source",
                  "source+bn", "target", "target+bn", "coverage", "precision", "intra", "inter");
  for (auto& [stage, domains] : last) {
    const auto miou = [&](const char* domain) {
      return domains.contains(domain) ? percent(domains.at(domain).miou) : std::string("-");
    };
    const auto label = domains.contains(labelled_as) ? domains.at(labelled_as) : ResultRow{};
    text += fmt::format("{:<8}{:>8}{:>10}{:>8}{:>10}{:>10}{:>10}{:>8}{:>8}\n",
                        stage > 0                           ? fmt::format("{}", stage)
                        : domains.begin()->second.step == 0 ? "start"
                                                            : "warm-up",
                        miou("source"), miou("source+bn"), miou("target"), miou("target+bn"),
                        percent(label.label_coverage), percent(label.label_precision),
                        distance(label.intra_distance), distance(label.inter_distance));
  }
  return text;
}

std::string Results::protocols() const {
  if (protocols_.columns().empty()) return {};
  std::map<std::string, const ResultRow*> last;
  for (const auto& row : rows_)
    if (row.domain.starts_with("target")) last[row.domain] = &row;
  std::string text;
  for (const auto& [domain, row] : last)
    text += fmt::format("{}{}, stage {}:\n{}", text.empty() ? "" : "\n", domain, row->stage,
                        protocols_.table(row->miou, row->protocols));
  return text;
}

double peak_mib() {
  // ru_maxrss begins with what the process had that started this one.
  std::ifstream status("/proc/self/status");
  double kib = 0;
  for (std::string word; status >> word;)
    if (word == "VmHWM:" && status >> kib) return kib / 1024;
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

}  // namespace pipeline
