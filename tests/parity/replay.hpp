#pragma once

#include "case.hpp"
#include "check.hpp"

namespace cag::parity {

void replay_distances(const Case& golden, Check& check);       // kind b
void replay_anchor_updates(const Case& golden, Check& check);  // kind c
void replay_losses(const Case& golden, Check& check);          // kind d
void replay_metrics(const Case& golden, Check& check);         // kind g

}  // namespace cag::parity
