#pragma once
#include <libtorrent/disk_observer.hpp>

#include <cstdint>
#include <memory>
#include <vector>

namespace bae {

// Whole pieces on their way to JavaScript, in bytes. Above the high mark peers are told to wait; they are
// told to go on when it falls to half of that. Half pieces do not count: they can only be completed by the
// peers, so stopping these for them would stand still for ever. Neither does a piece alone that takes all of the
// budget, up to twice of it: fetching and storing would take turns. Network thread only.
class DiskBudget {
 public:
  explicit DiskBudget(std::int64_t highMarkBytes) : m_highMarkBytes(highMarkBytes) {}

  // Those who wait go on if they may now.
  void setHighMark(std::int64_t bytes);

  // A share of it, given back whole.
  void add(std::int64_t bytes);
  void remove(std::int64_t bytes);

  // True: the caller shall stop sending; `observer` is then told when to go on.
  bool askToWait(std::shared_ptr<lt::disk_observer> const& observer);

  std::int64_t pendingBytes() const { return m_pendingBytes; }

 private:
  bool isAbove(std::int64_t markBytes) const;
  void tellToGoOn();

  std::int64_t m_highMarkBytes;
  std::int64_t m_pendingBytes = 0;
  int m_shares = 0;
  bool m_exceeded = false;
  std::vector<std::weak_ptr<lt::disk_observer>> m_waiting;
};

}  // namespace bae
