// @ts-check
// Writes dist/bae.1, which npm links for man: of the table of commands that was just built.
import { writeFile } from 'node:fs/promises'
import { manPage } from '../dist/cli/man-page.js'
import { readPackageVersion } from '../dist/package-version.js'

await writeFile(new URL('../dist/bae.1', import.meta.url), manPage(await readPackageVersion()))
