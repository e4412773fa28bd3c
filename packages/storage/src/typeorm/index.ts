export { type ConnectionOptions, DatabaseServer, type DatabaseServerOptions } from './database-server.js'
export { openTypeOrmDatabase, TypeOrmDatabase, type TypeOrmDatabaseOptions } from './typeorm-database.js'
