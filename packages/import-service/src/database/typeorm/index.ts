export type { TypeOrmImportDatabaseOptions } from './data-source.js'
export { openTypeOrmImportDatabase, TypeOrmImportDatabase } from './typeorm-import-database.js'
