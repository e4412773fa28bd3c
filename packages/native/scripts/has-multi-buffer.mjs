// @ts-check
// Prints 1 where the compiler finds Intel's multi-buffer library (Debian: libipsec-mb-dev) in a version that we know, else 0.
import { spawnSync } from 'node:child_process'

const program = '#include <intel-ipsec-mb.h>\n#if IMB_VERSION_NUM < IMB_VERSION(1, 0, 0)\n#error\n#endif\n'
const compiler = process.env.CXX || 'c++'
const { status } = spawnSync(compiler, ['-E', '-x', 'c++', '-o', '/dev/null', '-'], { input: program })
console.log(status === 0 ? 1 : 0)
