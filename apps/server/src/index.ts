export { buildApp } from './app.ts';
export type { AppOptions } from './app.ts';
export type { Limits, ServerDeps } from './deps.ts';
export { environment } from './environment.ts';
export type { Environment } from './environment.ts';
export { openServer } from './open-server.ts';
export type { RunningServer } from './open-server.ts';
