/** When, of which commit and on what something was measured. */
export interface RunDescription {
  readonly date: string
  readonly commit: string
  readonly machine: {
    readonly cpu: string
    readonly cores: number
    readonly memoryBytes: number
    readonly kernel: string
    readonly node: string
  }
}
