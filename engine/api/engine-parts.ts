/**
 * Puts the engine of one thread together: kernel, catalog, compiler, dialect. The only place that knows all of them.
 */

import { createCompiler } from '../../codegen/jit/jit.ts';
import { mysql } from '../../parsers/mysql/plugin.ts';
import { postgresql } from '../../parsers/postgresql/plugin.ts';
import type { Dialect } from '../../plugins/contract/contract.ts';
import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import { Catalog } from '../catalog/catalog.ts';
import { virtualRows } from '../catalog/virtual/registry.ts';
import type { CatalogTable } from '../catalog/objects.ts';
import type { Engine } from '../exec/engine.ts';
import { createModuleCache } from '../exec/module-cache.ts';
import { ShapeSharing } from '../exec/shared-shapes.ts';
import { StatementCache } from '../exec/statement-cache.ts';
import type { CompileEnvironment } from '../plan/program.ts';
import { AccessedKernel, helpersOf } from './accessed-kernel.ts';
import { registerAutoAnalyze } from './auto-analyze.ts';
import { SqlCatalog } from './sql-catalog.ts';
import { CatalogPort } from './catalog-port.ts';
import type { Kernel } from './kernel.ts';
import type { SharedOptions } from './options.ts';

/** kB that a statement of the engine's own may use before it spills. */
const WORK_MEMORY = 65_536;

const DIALECTS: { readonly [name: string]: Dialect } = { postgresql, mysql };

function dialectOf(name: string): Dialect {
  const dialect = DIALECTS[name];
  if (dialect === undefined) throw new SqlError(SQLSTATE.undefined_object, `the dialect "${name}" is not loaded`);
  return dialect;
}

/** The engine of this thread over its kernel. `isHost`: it makes what a new database needs. */
export function createEngine(kernel: Kernel, options: SharedOptions): Engine {
  const { parts } = kernel;
  const catalog = new Catalog(new CatalogPort(kernel));
  catalog.open(
    () => kernel.begin(),
    (tx) => kernel.commit(tx),
  );
  const sql = new SqlCatalog(kernel, catalog);
  const engine: Engine & { sharing: ShapeSharing } = {
    shm: parts.shm,
    txns: parts.txns,
    locks: parts.locks,
    jobs: kernel.jobs,
    catalog: sql,
    dialect: postgresql,
    dialectOf,
    compiler: createCompiler(),
    environment: environmentOf(kernel, () => engine, sql),
    active: null,
    planHooks: null,
    cache: new StatementCache(options.statementCache),
    modules: createModuleCache(parts.shm),
    sharing: null as unknown as ShapeSharing,
    faces: options.faces,
    now: () => parts.world.clock.now(),
    random: () => parts.world.random.next(),
  };
  sql.engine = engine;
  engine.sharing = new ShapeSharing(engine, kernel.isHost);
  registerAutoAnalyze(kernel, () => catalog);
  return engine;
}

function environmentOf(kernel: Kernel, engine: () => Engine, catalog: SqlCatalog): CompileEnvironment {
  const reader = () => {
    const { active } = engine();
    if (active === null) throw new SqlError(SQLSTATE.internal_error, 'no session is active');
    return catalog.reader(active, active.transaction);
  };
  return {
    table: (id): CatalogTable => {
      const found = reader().relation(id);
      if (found?.kind === 'table') return found;
      throw new SqlError(SQLSTATE.undefined_table, `relation with id ${id} does not exist`);
    },
    runtime: (table) => kernel.tableById(table.kernelTable).runtime,
    virtualRows: (name, lookup) => virtualRows(name, reader(), lookup),
    get withoutReferences() {
      return engine().active?.settings.get('session_replication_role') === 'replica';
    },
    kernel: new AccessedKernel(
      kernel,
      () => Number(engine().active?.settings.get('work_mem') ?? WORK_MEMORY) * 1024,
      helpersOf(kernel),
    ),
  };
}
