#pragma once
#include <memory>
#include <utility>

#include "disk_services.h"

namespace bae {

// The same handler, which also counts its job among those that are open, and the time until its answer.
template <typename... Args>
std::function<void(Args...)> counted(std::shared_ptr<DiskServices> services, int JobCounts::*open,
                                     std::function<void(Args...)> handler) {
  auto& jobs = services->jobs;
  std::function<void(Args...)> counting = [services = std::move(services), open, watch = Stopwatch(),
                                           handler = std::move(handler)](Args... args) {
    --(services->jobs.*open);
    services->counters.inc_stats_counter(lt::counters::disk_job_time, watch.microseconds());
    handler(std::forward<Args>(args)...);
  };
  ++(jobs.*open);
  return counting;
}

}  // namespace bae
