import { describe, expect, it } from 'vitest'
import { layerProblems } from '../layer-rules.js'

const refused: readonly (readonly [string, string, string])[] = [
  ['storage imports a sibling', 'packages/storage/src/a.ts', "import type { A } from '@bae/native'\n"],
  ['client imports upwards', 'packages/client/src/a.ts', "import type { A } from '@bae/import-service'\n"],
  ['client imports storage at run time', 'packages/client/src/a.ts', "import { a } from '@bae/storage'\n"],
  [
    'a test imports another room at run time',
    'packages/client/test/a.ts',
    "import { a } from '@bae/storage'\n",
  ],
  [
    'the binding is imported before it is needed',
    'packages/client/src/native-binding.ts',
    "import { a } from '@bae/native'\n",
  ],
  [
    'a relative path leaves the package',
    'packages/client/src/a.ts',
    "import { a } from '../../storage/src/a.js'\n",
  ],
  [
    'a command loads every room',
    'packages/import-service/src/cli/a.ts',
    "import { a } from '../compose.js'\n",
  ],
  ['what is no test runs on a fake', 'packages/client/src/a.ts', "import { a } from '@bae/native/testing'\n"],
  ['a test runs on what is no fake', 'packages/client/test/a.test.ts', "import { a } from '@bae/native'\n"],
  [
    'a package imports itself by name',
    'packages/storage/test/a.ts',
    "import { a } from '@bae/storage/testing'\n",
  ],
  ['storage knows a storage index', 'packages/storage/src/a.ts', 'const storageIndex = 1\n'],
  ['typeorm is named outside its folder', 'packages/storage/src/a.ts', "import { a } from 'typeorm'\n"],
  ['bytes are taken unchecked', 'packages/native/cpp/disk/a.cc', 'disable_hash_checks'],
  ['a file is too long', 'packages/storage/src/a.ts', '\n'.repeat(401)],
  ['the disk backend knows Node-API', 'packages/native/cpp/disk/a.h', '#include <napi.h>\n'],
  [
    'the disk backend knows the binding',
    'packages/native/cpp/disk/a.cc',
    '#include "binding/js_channel.h"\n',
  ],
]

const accepted: readonly (readonly [string, string, string])[] = [
  ['client imports types from below', 'packages/client/src/a.ts', "import type { A } from '@bae/native'\n"],
  [
    'a test runs on a fake from below',
    'packages/client/test/a.test.ts',
    "import { a } from '@bae/native/testing'\n",
  ],
  [
    'the binding is imported lazily',
    'packages/client/src/native-binding.ts',
    "await import('@bae/native')\n",
  ],
  [
    'the rooms meet',
    'packages/import-service/src/compose.ts',
    "import { a } from '@bae/native'\nimport 'typeorm'\n",
  ],
  ['a command loads them late', 'packages/import-service/src/cli/a.ts', "await import('../compose.js')\n"],
  ['a typeorm folder says typeorm', 'packages/storage/src/typeorm/a.ts', "import { a } from 'typeorm'\n"],
  ['client knows a storage index', 'packages/client/src/a.ts', 'const storageIndex = 1\n'],
  ['the binding knows Node-API', 'packages/native/cpp/binding/a.h', '#include <napi.h>\n'],
  ['C++ may be longer', 'packages/native/cpp/a.cc', '\n'.repeat(450)],
]

describe('layerProblems', () => {
  it.each(refused)('refuses when %s', (_case, path, source) => {
    expect(layerProblems(path, source)).toHaveLength(1)
  })

  it.each(accepted)('accepts when %s', (_case, path, source) => {
    expect(layerProblems(path, source)).toEqual([])
  })
})
