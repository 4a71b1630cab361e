// Prisma's schema engine as WebAssembly, for what its command line cannot do without downloading a native one.
// Opening it twice in one process crashes: authoring and the drift check are commands of their own.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { PrismaPg } from '@prisma/adapter-pg';
import { bindMigrationAwareSqlAdapterFactory, ColumnTypeEnum } from '@prisma/driver-adapter-utils';
import pg from 'pg';

const require = createRequire(import.meta.url);
const engineModule = '@prisma/schema-engine-wasm/schema_engine_bg';

export const filters = { externalTables: [], externalEnums: [] };

// Without this a panic of the engine hides its text.
globalThis.PRISMA_WASM_PANIC_REGISTRY = {
  set_message: (message) => {
    console.error(message);
  },
};

async function open(files, factory) {
  const glue = await import(engineModule);
  const wasm = readFileSync(require.resolve(engineModule).replace(/\.js$/, '.wasm'));
  const { instance } = await WebAssembly.instantiate(wasm, { './schema_engine_bg.js': glue });
  glue.__wbg_set_wasm(instance.exports);
  instance.exports.__wbindgen_start();
  return glue.SchemaEngine.new(
    { datamodels: files.map((file) => [file.path, file.content]) },
    () => {},
    bindMigrationAwareSqlAdapterFactory(factory),
  );
}

/** An engine with no database behind it: enough to compare two schemas. */
export function openOffline(files) {
  const base = { provider: 'postgres', adapterName: 'offline' };
  const connection = {
    ...base,
    // The one query it asks: whether the schema exists, and the server's version.
    queryRaw: async () => ({
      columnNames: ['exists', 'version', 'numeric_version'],
      columnTypes: [ColumnTypeEnum.Boolean, ColumnTypeEnum.Text, ColumnTypeEnum.Int32],
      rows: [[true, 'PostgreSQL 16.0', 160000]],
    }),
    executeRaw: async () => 0,
    executeScript: async () => {},
    startTransaction: async () => {
      throw new Error('there is no database');
    },
    getConnectionInfo: () => ({ schemaName: 'public', supportsRelationJoins: true }),
    dispose: async () => {},
  };
  return open(files, { ...base, connect: async () => connection, connectToShadowDb: async () => connection });
}

const charOid = 18;
const charArrayOid = 1002;

/**
 * An engine on a live database. The adapter does not know the type "char" (OID 18) that the catalog is full of and the
 * engine wants as Character: it is shown "char"[] instead, and what comes out as CharacterArray is renamed Character.
 */
export function openLive(files, connectionString) {
  const showAsArray = (result) => {
    for (const field of result?.fields ?? []) if (field.dataTypeID === charOid) field.dataTypeID = charArrayOid;
    return result;
  };
  const patch = (target) => {
    const query = target.query.bind(target);
    target.query = (...args) => {
      const result = query(...args);
      return typeof result?.then === 'function' ? result.then(showAsArray) : result;
    };
  };
  const pool = new pg.Pool({ connectionString, connectionTimeoutMillis: 10_000 });
  patch(pool);
  pool.on('connect', patch);
  class CatalogAdapter extends PrismaPg {
    async connect() {
      const connection = await super.connect();
      const queryRaw = connection.queryRaw.bind(connection);
      connection.queryRaw = async (query) => {
        const result = await queryRaw(query);
        const columnTypes = result.columnTypes.map((type) =>
          type === ColumnTypeEnum.CharacterArray ? ColumnTypeEnum.Character : type,
        );
        return { ...result, columnTypes };
      };
      return connection;
    }
  }
  return open(files, new CatalogAdapter(pool));
}
