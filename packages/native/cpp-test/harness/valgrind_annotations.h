#pragma once
// Included first everywhere in the build for valgrind: helgrind cannot see that the last owner of a shared_ptr comes
// after all the others, and libstdc++ leaves these two names for telling it.
#include <valgrind/helgrind.h>
#define _GLIBCXX_SYNCHRONIZATION_HAPPENS_BEFORE(address) ANNOTATE_HAPPENS_BEFORE(address)
#define _GLIBCXX_SYNCHRONIZATION_HAPPENS_AFTER(address) ANNOTATE_HAPPENS_AFTER(address)
