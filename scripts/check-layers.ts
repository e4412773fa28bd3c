// Which room may import which, and where two telling words may stand: docs/architecture.md says why.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { layerProblems } from './layer-rules.js'
import { finish, repositoryRoot, shownPath, writtenFiles } from './repository.js'

const files = writtenFiles(join(repositoryRoot, 'packages'), /\.(ts|cc|h)$/)
const problems = files.flatMap((file) => layerProblems(shownPath(file), readFileSync(file, 'utf8')))
finish(problems, `layers: every import of ${files.length} files goes down`)
