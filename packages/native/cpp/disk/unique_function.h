#pragma once
#include <memory>
#include <type_traits>
#include <utility>

namespace bae {

// A closure that can be moved and never copied. libtorrent's handlers own torrents and peers, and the hash
// handler owns the digests our span points into: a copy made by accident (std::function) would let one die
// on the wrong thread, or leave the span pointing at a vector that nobody will look at.
template <typename... Args>
class UniqueFunction {
 public:
  UniqueFunction() = default;

  template <typename F, typename = std::enable_if_t<!std::is_same_v<std::decay_t<F>, UniqueFunction>>>
  UniqueFunction(F&& f)  // NOLINT: a lambda is meant to convert
      : m_body(std::make_unique<Body<std::decay_t<F>>>(std::forward<F>(f))) {}

  explicit operator bool() const { return m_body != nullptr; }

  // Runs once; the closure is destroyed here, on the thread that ran it.
  void operator()(Args... args) {
    auto body = std::move(m_body);
    body->run(args...);
  }

 private:
  struct Base {
    virtual ~Base() = default;
    virtual void run(Args&... args) = 0;
  };
  template <typename F>
  struct Body final : Base {
    template <typename G>
    explicit Body(G&& g) : f(std::forward<G>(g)) {}
    void run(Args&... args) override { f(args...); }
    F f;
  };
  std::unique_ptr<Base> m_body;
};

using UniqueTask = UniqueFunction<>;

}  // namespace bae
