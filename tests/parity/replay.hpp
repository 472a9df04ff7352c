#pragma once

#include "case.hpp"
#include "check.hpp"
#include "method.hpp"

namespace cag::parity {

void replay_distances(const Case&, const Method&, Check&);       // kind b
void replay_anchor_updates(const Case&, const Method&, Check&);  // kind c
void replay_losses(const Case&, const Method&, Check&);          // kind d
void replay_network(const Case&, const Method&, Check&);         // kind e
void replay_trajectory(const Case&, const Method&, Check&);      // kind f
void replay_metrics(const Case&, const Method&, Check&);         // kind g
void replay_data_path(const Case&, const Method&, Check&);       // kind i

}  // namespace cag::parity
