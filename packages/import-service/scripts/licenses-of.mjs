// @ts-check
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

/**
 * The licenses of the packages that these files are from, as their terms ask for it where their code goes.
 * @param {readonly string[]} files
 */
export async function licensesOf(files) {
  /** @type {Map<string, string>} */
  const texts = new Map()
  for (const folder of new Set(files.map(packageFolder))) {
    const { name, version, license, author } = JSON.parse(
      await readFile(join(folder, 'package.json'), 'utf8'),
    )
    if (typeof license !== 'string') throw new Error(`${name} says nothing of its license`)
    const file = (await readdir(folder)).find((entry) => /^licen[cs]e/i.test(entry))
    const by = typeof author === 'string' ? author : author?.name
    const text =
      file === undefined ? `${license}, by ${by ?? name}\n` : await readFile(join(folder, file), 'utf8')
    texts.set(`${name} ${version} (${license})`, text.trim())
  }
  const parts = [...texts]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([title, text]) => `${title}\n\n${text}\n`)
  return `The files beside this one contain code of these packages.\n\n${parts.join(`\n${'-'.repeat(80)}\n\n`)}`
}

/** @param {string} file */
function packageFolder(file) {
  const parts = file.split('/')
  const at = parts.lastIndexOf('node_modules')
  if (at === -1) throw new Error(`${file} is of no package`)
  return parts.slice(0, at + (parts[at + 1]?.startsWith('@') ? 3 : 2)).join('/')
}
