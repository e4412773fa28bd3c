// @ts-check

/** What is read in place of a driver: TypeORM makes the one that it is asked for, and we ask for PostgreSQL alone. */
const noDriver = '\0no-driver'

/**
 * Leaves out of the libraries what this program never uses and would load all the same. What it looks for must be there: a new
 * version of a library may have it elsewhere.
 *
 * @returns {import('rolldown').Plugin}
 */
export function leavesOut() {
  let drivers = 0
  let questions = 0
  return {
    name: 'left-out',
    resolveId(source, importer) {
      const isOther =
        importer?.endsWith('/typeorm/driver/DriverFactory.js') && /^\.\/(?!postgres\/).+\//.test(source)
      if (!isOther) return undefined
      drivers += 1
      return noDriver
    },
    load: (id) => (id === noDriver ? 'export {}' : undefined),
    // pg makes a Response to see whether this is Cloudflare, for which Node below 21 loads all that fetch needs.
    transform(code, id) {
      if (!id.endsWith('/pg/lib/stream.js')) return undefined
      questions += code.split('typeof Response').length - 1
      return code.replaceAll('typeof Response', "'undefined'")
    },
    buildEnd(error) {
      if (error === undefined && (drivers < 10 || questions !== 1))
        throw new Error(`left out: ${drivers} drivers of TypeORM, ${questions} questions of pg`)
    },
  }
}
