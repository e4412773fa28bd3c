type CrashHook = (point: string) => void

/** Where a test puts its hook before it opens anything. */
const crashHook = Symbol.for('bae.crashPoint')

/**
 * A place where the death of the process could leave bytes and records out of step. Does nothing by itself.
 * The crash test reads the names from these sources, dies at each of them in turn and looks at the library
 * after: a new point is tested as soon as it is written, and one that the test never comes by fails it.
 */
export function crashPoint(name: string): void {
  const hook = (globalThis as { readonly [crashHook]?: CrashHook })[crashHook]
  hook?.(name)
}
