export interface DoctorItem {
  readonly name: string
  readonly status: 'ok' | 'warn' | 'fail'
  /** What was found. */
  readonly detail: string
  /** What to do about it. */
  readonly advice?: string
}
