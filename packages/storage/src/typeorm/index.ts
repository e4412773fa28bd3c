export type { TypeOrmDatabaseOptions } from './data-source.js'
export { openTypeOrmDatabase, TypeOrmDatabase } from './typeorm-database.js'
