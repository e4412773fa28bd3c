export {
  type EmbeddedPostgres,
  type EmbeddedPostgresOptions,
  openEmbeddedPostgres,
} from './embedded-postgres.js'
export { type EmbeddedPostgresState, inspectEmbeddedPostgres } from './inspect-embedded-postgres.js'
