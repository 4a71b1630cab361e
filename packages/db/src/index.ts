export { startEmbeddedPostgres } from './embedded/start.ts';
export type { EmbeddedPostgres } from './embedded/start.ts';
export type { Log } from './log.ts';
export { migrate } from './migrate/migrate.ts';
