export type { TypeOrmImportDatabaseOptions } from './import-tables.js'
export { openTypeOrmImportDatabase, TypeOrmImportDatabase } from './typeorm-import-database.js'
