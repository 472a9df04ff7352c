#pragma once

#include <filesystem>

namespace pipeline {

/// Makes the day and dusk domains from the CamVid set in SegNet's layout,
/// CAMVID/{train,val,test}/NAME.png with CAMVID/{train,val,test}annot/NAME.png, all of 480 x 360
/// pixels with labels 0 to 11:
///   OUT/gta5/{images,labels}/NNNNN.png    every sequence but 0001TP, numbered from 00001 over
///                                         train, val and test in turn, each in order of names
///   OUT/cityscapes/{leftImg8bit,gtFine}/  sequence 0001TP: its frames of train become the split
///                                         train, those of test the split val
/// Images are halved by the mean of 2 x 2 pixels, labels by taking every second one; label ids
/// become those of Cityscapes, unlabelled 0.
/// @param out  a new folder: it appears whole or not at all
/// @throws cag::UsageError where `out` exists, cag::DataError listing everything wrong with the
///   set, cag::IoError
void convert_camvid(const std::filesystem::path& camvid, const std::filesystem::path& out);

}  // namespace pipeline
