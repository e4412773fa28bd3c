// Which room may import which, that nothing is imported in a circle, and where two telling words may stand:
// docs/architecture.md says why.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { importCircles } from './import-circles.js'
import { layerProblems } from './layer-rules.js'
import { finish, repositoryRoot, shownPath, writtenFiles } from './repository.js'

const files = writtenFiles(join(repositoryRoot, 'packages'), /\.(ts|cc|h)$/)
const sources = new Map(files.map((file) => [shownPath(file), readFileSync(file, 'utf8')]))
const problems = [
  ...[...sources].flatMap(([path, source]) => layerProblems(path, source)),
  ...importCircles(sources).map((way) => `imported in a circle: ${way.join(' -> ')}`),
]
finish(problems, `layers: every import of ${files.length} files goes down`)
