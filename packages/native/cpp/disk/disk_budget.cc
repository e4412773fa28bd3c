#include "disk_budget.h"

namespace bae {

void DiskBudget::setHighMark(std::int64_t bytes) {
  m_highMarkBytes = bytes;
  if (isAbove(m_highMarkBytes)) {
    m_exceeded = true;
  } else if (m_exceeded) {
    tellToGoOn();
  }
}

void DiskBudget::add(std::int64_t bytes) {
  m_pendingBytes += bytes;
  ++m_shares;
  if (isAbove(m_highMarkBytes)) m_exceeded = true;
}

void DiskBudget::remove(std::int64_t bytes) {
  m_pendingBytes -= bytes;
  --m_shares;
  if (m_exceeded && !isAbove(m_highMarkBytes / 2 + 1)) tellToGoOn();
}

bool DiskBudget::isAbove(std::int64_t markBytes) const {
  bool const isOnePiece = m_shares == 1 && m_pendingBytes <= 2 * m_highMarkBytes;
  return m_pendingBytes >= markBytes && !isOnePiece;
}

void DiskBudget::tellToGoOn() {
  m_exceeded = false;
  // A peer may ask to wait again from within on_disk().
  std::vector<std::weak_ptr<lt::disk_observer>> waiting;
  waiting.swap(m_waiting);
  for (auto const& weak : waiting) {
    if (auto const observer = weak.lock()) observer->on_disk();
  }
}

bool DiskBudget::askToWait(std::shared_ptr<lt::disk_observer> const& observer) {
  if (m_exceeded && observer) m_waiting.push_back(observer);
  return m_exceeded;
}

}  // namespace bae
