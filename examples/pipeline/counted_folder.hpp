#pragma once

#include <string>

#include <cag/data/colour.hpp>
#include <cag/data/label_file/colours.hpp>
#include <cag/data/label_file/ids.hpp>
#include <cag/data/labelled_folder.hpp>

#include "pipeline/layout.hpp"

namespace pipeline {

/// A colour as a configuration has it.
std::string colour_text(const cag::Colour& colour);

/// A folder's labels, and what its files hold as it stands there.
CountedLabels counted(const cag::data::LabelledFolder<cag::label_file::Ids>& folder);
CountedLabels counted(const cag::data::LabelledFolder<cag::label_file::Colours>& folder);

}  // namespace pipeline
