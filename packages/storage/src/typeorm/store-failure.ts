import type { DeleteObjects } from '../delete-objects.js'

/** What a store threw within a transaction. In itself it may look like a database that is away. */
class StoreFailure extends TypeError {
  readonly reason: unknown

  constructor(reason: unknown) {
    super('objects could not be deleted')
    this.reason = reason
  }
}

/** Runs `work`, which deletes objects of a store: its failures come out as they are, and end the transaction. */
export async function withObjects<T>(
  deleteObjects: DeleteObjects,
  work: (deleteObjects: DeleteObjects) => Promise<T>,
): Promise<T> {
  try {
    return await work(async (keys, options) => {
      await deleteObjects(keys, options).catch((error: unknown) => {
        throw new StoreFailure(error)
      })
    })
  } catch (error) {
    throw error instanceof StoreFailure ? error.reason : error
  }
}
