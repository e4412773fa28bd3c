#pragma once

namespace bae::test {

// While it lives, one request for memory of this thread fails: the one after so many. Of what was compiled here, not of
// libraries.
class FailingMemory {
 public:
  explicit FailingMemory(int after);
  ~FailingMemory();
  FailingMemory(FailingMemory const&) = delete;

  // It has failed.
  bool failed() const;
};

}  // namespace bae::test
