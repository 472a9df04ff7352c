#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <cag/data/label_table.hpp>

namespace cag::label_table {

/// The 19 evaluated categories of Cityscapes, in the order and colours of its trainIds, from the
/// ids of its labelIds files.
inline LabelTable cityscapes(std::vector<std::int32_t> also_ignored = {}) {
  std::vector<std::int32_t> ignored{0, 1, 2, 3, 4, 5, 6, 9, 10, 14, 15, 16, 18, 29, 30};
  ignored.insert(ignored.end(), also_ignored.begin(), also_ignored.end());
  return {{{"road", {128, 64, 128}, {7}},
           {"sidewalk", {244, 35, 232}, {8}},
           {"building", {70, 70, 70}, {11}},
           {"wall", {102, 102, 156}, {12}},
           {"fence", {190, 153, 153}, {13}},
           {"pole", {153, 153, 153}, {17}},
           {"traffic light", {250, 170, 30}, {19}},
           {"traffic sign", {220, 220, 0}, {20}},
           {"vegetation", {107, 142, 35}, {21}},
           {"terrain", {152, 251, 152}, {22}},
           {"sky", {70, 130, 180}, {23}},
           {"person", {220, 20, 60}, {24}},
           {"rider", {255, 0, 0}, {25}},
           {"car", {0, 0, 142}, {26}},
           {"truck", {0, 0, 70}, {27}},
           {"bus", {0, 60, 100}, {28}},
           {"train", {0, 80, 100}, {31}},
           {"motorcycle", {0, 0, 230}, {32}},
           {"bicycle", {119, 11, 32}, {33}}},
          std::move(ignored)};
}

/// Cityscapes' categories from the label files of GTA5, which also hold the void id 34.
inline LabelTable gta5() { return cityscapes({34}); }

/// Cityscapes' categories from the class ids of SYNTHIA-RAND-CITYSCAPES. Its parking slots, road
/// works and lane markings have no counterpart and are ignored, like void.
inline LabelTable synthia() {
  std::vector<std::int32_t> ids{3, 4, 2, 21, 5, 7, 15, 9, 6, 16, 1, 10, 17, 8, 18, 19, 20, 12, 11};
  auto categories = cityscapes().categories();
  for (std::size_t k = 0; k < ids.size(); ++k) categories[k].ids = {ids[k]};
  return {std::move(categories), {0, 13, 14, 22}};
}

/// The 16 categories that SYNTHIA has in common with Cityscapes: all but terrain, truck and train.
inline std::vector<std::string> synthia_16() {
  return {"road",          "sidewalk",     "building",   "wall",   "fence",  "pole",
          "traffic light", "traffic sign", "vegetation", "sky",    "person", "rider",
          "car",           "bus",          "motorcycle", "bicycle"};
}

/// Those 16 without wall, fence and pole, which most SYNTHIA→Cityscapes results are over.
inline std::vector<std::string> synthia_13() {
  return {"road",   "sidewalk", "building", "traffic light", "traffic sign", "vegetation", "sky",
          "person", "rider",    "car",      "bus",           "motorcycle",   "bicycle"};
}

}  // namespace cag::label_table
