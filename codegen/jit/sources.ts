/**
 * Sources of stages: columns of their rows, the readers that a state gets for them, and the stage that drives them.
 */

import type { CatalogTable } from '../../engine/catalog/objects.ts';
import type {
  CatalogScan,
  IndexPoint,
  IndexPoints,
  IndexRange,
  PageScan,
  RowIdFetch,
  ValuesScan,
} from '../../engine/plan/physical.ts';
import { type BoundExpression, type ColumnId, TABLE_OID } from '../../engine/sblr/bound.ts';
import { elementOf, sqlType } from '../../engine/sblr/types.ts';
import { isNested } from '../../engine/storage/rows/nested-value.ts';
import type { RowValue } from '../../engine/storage/rows/row-value.ts';
import type { TableRuntime } from '../../engine/storage/rows/runtime.ts';
import type { ScanLoops } from '../../engine/storage/rows/scan-loops.ts';
import { boxedValue } from './accumulators.ts';
import type { Builder } from './builder.ts';
import type { ColumnReader, Emitter } from './emitter.ts';
import { emitValue } from './expressions.ts';
import type { Few } from './few.ts';
import { EntryReader } from './index-only.ts';
import { type IndexAccess, indexAccess, IndexReader, type RangeShape } from './index-source.ts';
import { entriesStage, oneRange, pointRanges, rangePlace, type Ranges, rangesStage } from './index-stages.ts';
import type { ScanParts } from './gather-stage.ts';
import { imageColumn } from './leaves.ts';
import { isShared } from './row-share.ts';
import type { StepState } from './steps.ts';
import { outline } from './outlined.ts';
import { compilePage } from './page-code.ts';
import { ScanReader } from './scan-source.ts';
import { compileDrain, compileOne, compileValues, type Drain, type Sink } from './stage-code.ts';
import { type GroupRoom, listStage, oneStage, type RunningStage, scanStage } from './stage-run.ts';
import type { Stage } from './stages.ts';
import type { State } from './state.ts';
import { boxedCode, makeValue } from './value.ts';

export interface MadeStage {
  readonly stage: RunningStage;
  readonly limits: readonly StepState[];
  /** Of a stage over the pages of a table. */
  readonly scan?: ScanParts;
}

type TableNode = PageScan | IndexPoint | IndexPoints | IndexRange | RowIdFetch;

interface TableColumns {
  readonly catalog: CatalogTable;
  readonly table: TableRuntime;
  readonly columns: Map<ColumnId, ColumnReader>;
}

export function tableColumns(builder: Builder, node: TableNode): TableColumns {
  const catalog = builder.catalog(node.table);
  const table = builder.environment.runtime(catalog);
  builder.tables.add(table.id);
  const columns = new Map<ColumnId, ColumnReader>();
  for (const { column, attribute, type } of node.columns) {
    if (attribute === TABLE_OID) {
      columns.set(column, (emitter) => emitValue(emitter, { op: 'constant', value: catalog.id, type }));
      continue;
    }
    const placed = catalog.columns.find(({ number }) => number === attribute);
    const at = table.layout.columns[(placed as CatalogTable['columns'][number]).kernelColumn];
    const reader = imageColumn(at, type, builder.uses.get(column) ?? 0);
    columns.set(column, builder.isShown ? shown(reader, `${node.alias}.${placed?.name}`) : reader);
  }
  if (node.rowId >= 0) columns.set(node.rowId, () => makeValue('d', sqlType('int8', false), 'c.rowIds[i]', 'false', 0, 15));
  return { catalog, table, columns };
}

/** Notes what the reader's code stands for. */
const shown =
  (reader: ColumnReader, name: string): ColumnReader =>
  (emitter) => {
    const value = reader(emitter);
    // Of some a page has no more than whether they are NULL: asking for the rest ends its rendering.
    if (Object.getOwnPropertyDescriptor(value, 'code')?.get === undefined) emitter.unit.notes.set(value.code, name);
    if (value.nil !== 'false') emitter.unit.notes.set(value.nil, `${name} is NULL`);
    return value;
  };

const NONE: ReadonlySet<BoundExpression> = new Set();

export function scanSource(builder: Builder, stage: Stage, node: PageScan, sink: Sink, groups: GroupRoom): MadeStage {
  const { table, columns } = tableColumns(builder, node);
  const { few } = builder;
  const fillsInPage = sink.kind === 'aggregate' || sink.kind === 'keySort' || sink.kind === 'build';
  const mayBeInPage = fillsInPage && node.rowId < 0 && few === null;
  const inPage = mayBeInPage ? (emitter: Emitter) => sink.emit(emitter, true) : null;
  const page = compilePage(builder, node.filter, stage.steps, columns, inPage);
  const compileRows = () => compileDrain(builder, stage, { kind: 'images', columns }, sink, page.passed, page.marks);
  // Cold where the page does everything: made when the first row leaves its page (SBLR-G5).
  const { drain, limits } = page.whole ? { drain: whenNeeded(() => compileRows().drain), limits: [] } : compileRows();
  const part = builder.part(readerOf(table, page.loops, node.rowId >= 0, few, stage.steps.some(isShared)));
  const scan: ScanParts = { reader: part, drain, room: groups };
  return { stage: scanStage(part, drain, groups, sink.kind === 'rows'), limits, scan };
}

/** Made apart, so that the program does not keep the builder. */
const readerOf =
  (table: TableRuntime, loops: (state: State) => ScanLoops, withIds: boolean, few: Few | null, isOrdered: boolean) =>
  (state: State): ScanReader =>
    new ScanReader(state, table, loops(state), withIds, few, isOrdered);

function whenNeeded(make: () => Drain): Drain {
  let made: Drain | null = null;
  return (c, rows, i, to) => {
    if (made === null) made = make();
    return made(c, rows, i, to);
  };
}

export function pointSource(builder: Builder, stage: Stage, node: IndexPoint, sink: Sink, groups: GroupRoom): MadeStage {
  const { catalog, table, columns } = tableColumns(builder, node);
  const index = catalog.indexes.find(({ id }) => id === node.index);
  const access = indexAccess(catalog, table, index as CatalogTable['indexes'][number]);
  const done = builder.part(() => ({ done: false }));
  const reader = builder.part(() => new IndexReader(access));
  const { run, limits, isMany } = compileOne(builder, stage, columns, sink, true, (emitter) => {
    const isWord = !access.hashed && access.kind === 'i32' && access.keys[0].descending !== true;
    if (isWord) {
      const value = emitValue(emitter, node.key[0]);
      const table_ = emitter.unit.constant(table, 'the table');
      const find = emitter.unit.use('findWord');
      if (value.nil === 'true') emitter.emit('break r;');
      if (value.nil !== 'false') emitter.emit(`if(${value.nil})break r;`);
      emitter.emit(`if(${find}(c,${table_},${access.position},${value.code})===0)break r;`);
      return;
    }
    const name = emitter.hoist(`R${reader}`, `c.parts[${reader}]`);
    node.key.forEach((key, at) => {
      const code = emitter.hold(boxedCode(emitValue(emitter, key), emitter.unit.use));
      emitter.emit(`if(${code}===null)break r;${name}.values[${at}]=${code};`);
    });
    emitter.emit(`if(!${name}.find(c))break r;`);
  });
  return { stage: oneStage(done, run, groups, sink.kind === 'rows', isMany), limits };
}

export function rangeSource(builder: Builder, stage: Stage, node: IndexRange, sink: Sink, groups: GroupRoom): MadeStage {
  const { catalog, table, columns } = tableColumns(builder, node);
  const index = catalog.indexes.find(({ id }) => id === node.index);
  const access = indexAccess(catalog, table, index as CatalogTable['indexes'][number]);
  const part = builder.part(() => new IndexReader(access));
  const given = [...node.equal, ...(node.low === null ? [] : [node.low.value]), ...(node.high === null ? [] : [node.high.value])];
  const values = compileValues(builder, part, given);
  const { drain, limits } = compileDrain(builder, stage, { kind: 'images', columns }, sink, NONE, false);
  const isRows = sink.kind === 'rows';
  const how = (bound: IndexRange['low']): RangeShape['low'] =>
    bound === null ? 'none' : bound.inclusive ? 'inclusive' : 'exclusive';
  const shape: RangeShape = { equal: node.equal.length, low: how(node.low), high: how(node.high), backward: node.backward };
  const ranges = oneRange(part, builder.part(rangePlace), values, shape);
  return { stage: indexStage(builder, node, catalog, access, ranges, drain, groups, isRows), limits };
}

/** The rows of ranges, or what their entries say. */
function indexStage(
  builder: Builder,
  node: IndexRange | IndexPoints,
  catalog: CatalogTable,
  access: IndexAccess,
  ranges: Ranges,
  drain: Drain,
  groups: GroupRoom,
  isRows: boolean,
): RunningStage {
  if (node.indexOnly !== true) return rangesStage(ranges, drain, groups, isRows);
  const wanted = new Set<number>();
  for (const { attribute } of node.columns) {
    const column = catalog.columns.find(({ number }) => number === attribute);
    if (column !== undefined) wanted.add(column.kernelColumn);
  }
  const entries = builder.part(entriesOf(access, wanted, builder.counted.get(node) ?? -1));
  return entriesStage(entries, ranges, drain, groups, isRows);
}

/** Made apart, so that the program does not keep the builder. */
const entriesOf = (access: IndexAccess, wanted: ReadonlySet<number>, counter: number) => (): EntryReader =>
  new EntryReader(access, wanted, counter);

const itemsOf = (value: RowValue): readonly RowValue[] => (isNested(value) && value.kind === 'array' ? value.items : []);

export function pointsSource(builder: Builder, stage: Stage, node: IndexPoints, sink: Sink, groups: GroupRoom): MadeStage {
  const { catalog, table, columns } = tableColumns(builder, node);
  const index = catalog.indexes.find(({ id }) => id === node.index);
  const access = indexAccess(catalog, table, index as CatalogTable['indexes'][number]);
  const part = builder.part(() => new IndexReader(access));
  const { drain, limits } = compileDrain(builder, stage, { kind: 'images', columns }, sink, NONE, false);
  const rows = rowsOf(
    builder,
    node.values.map((value) => [value]),
  );
  const list = (c: Parameters<typeof rows>[0]): RowValue[] => rows(c).map(([value]) => value as RowValue);
  const { type } = node.values[0];
  const element = node.array === true ? elementOf(type.name) : null;
  const points = element === null ? list : (c: Parameters<typeof rows>[0]): RowValue[] => list(c).flatMap(itemsOf);
  const ranges = pointRanges(part, builder.part(rangePlace), points, element === null ? type : sqlType(element));
  return { stage: indexStage(builder, node, catalog, access, ranges, drain, groups, sink.kind === 'rows'), limits };
}

const listColumns = (columns: readonly { column: ColumnId; type: BoundExpression['type'] }[], at: (index: number) => number) =>
  new Map<ColumnId, ColumnReader>(
    columns.map(({ column, type }, index) => [
      column,
      (emitter: Emitter) => boxedValue(emitter, type, emitter.hold(`w[${at(index)}]`)),
    ]),
  );

export function catalogSource(builder: Builder, stage: Stage, node: CatalogScan, sink: Sink, groups: GroupRoom): MadeStage {
  const columns = listColumns(node.columns, (index) => node.columns[index].attribute - 1);
  const { drain, limits } = compileDrain(builder, stage, { kind: 'list', columns }, sink, NONE, false);
  const part = builder.part(() => ({ list: [], at: 0 }));
  const { environment } = builder;
  const wanted = catalogLookup(node);
  const value = wanted === null ? null : rowsOf(builder, [[wanted.value]]);
  const rows = (c: State): unknown[][] => {
    const looked = wanted === null || value === null ? null : lookedFor(wanted, value(c)[0][0] as RowValue);
    return Array.from(
      looked === null ? environment.virtualRows(node.name) : environment.virtualRows(node.name, looked),
    ) as unknown[][];
  };
  return { stage: listStage(part, rows, null, drain, groups, sink.kind === 'rows'), limits };
}

/** A column of a catalog that has to equal what is known before the first row. */
interface CatalogLookup {
  readonly attribute: number;
  readonly value: BoundExpression;
  /** `~ '^(name)$'`: what psql makes of a name. */
  readonly pattern: boolean;
}

/** What gives each value a form of its own. */
const RELABELS = new Set(['name.to.text']);

function catalogLookup({ filter, columns }: CatalogScan): CatalogLookup | null {
  const conditions = filter === null ? [] : filter.op === 'and' ? filter.operands : [filter];
  for (const condition of conditions) {
    if (condition.op !== 'call' || condition.arguments.length !== 2) continue;
    const pattern = condition.primitive === 'text.match';
    if (!pattern && !/^(oid|name|text)\.equal$/.test(condition.primitive)) continue;
    for (const [left, right] of [condition.arguments, condition.arguments.toReversed()]) {
      const inner = left.op === 'call' && RELABELS.has(left.primitive) ? left.arguments[0] : left;
      const isLeaf = right.op === 'constant' || right.op === 'parameter';
      const use = inner.op === 'column' && isLeaf ? columns.find(({ column }) => column === inner.column) : undefined;
      if (use !== undefined && ['oid', 'name', 'regclass'].includes(use.type.name))
        return { attribute: use.attribute, value: right, pattern };
    }
  }
  return null;
}

const NAME_PATTERN = /^\^\(([a-z_][\w]*)\)\$$/i;

/** Null: all rows have to be looked at. */
function lookedFor({ attribute, pattern }: CatalogLookup, value: RowValue): { attribute: number; value: RowValue } | null {
  if (value === null) return null;
  if (!pattern) return { attribute, value };
  const name = NAME_PATTERN.exec(String(value))?.[1];
  return name === undefined ? null : { attribute, value: name };
}

export function valuesSource(builder: Builder, stage: Stage, node: ValuesScan, sink: Sink, groups: GroupRoom): MadeStage {
  if (node.rows.length === 1 && node.columns.length <= VALUES_INLINE_MAX) {
    const columns = new Map<ColumnId, ColumnReader>(
      node.columns.map(({ column }, index) => [column, (emitter: Emitter) => emitValue(emitter, node.rows[0][index])]),
    );
    const part = builder.part(() => ({ done: false }));
    const { run, limits, isMany } = compileOne(builder, stage, columns, sink, false, () => {});
    return { stage: oneStage(part, run, groups, sink.kind === 'rows', isMany), limits };
  }
  const columns = listColumns(node.columns, (index) => index);
  const { drain, limits } = compileDrain(builder, stage, { kind: 'list', columns }, sink, NONE, false);
  const part = builder.part(() => ({ list: [], at: 0 }));
  return { stage: listStage(part, rowsOf(builder, node.rows), null, drain, groups, sink.kind === 'rows'), limits };
}

const VALUES_INLINE_MAX = 200;
/** Cells that stand in one function. */
const CELLS_A_FUNCTION = 64;

type RowsMaker = (c: State) => unknown[][];

/** Rows of expressions without columns, as RowValues. Parameters and constants need no code of their own. */
export function rowsOf(builder: Builder, rows: readonly (readonly BoundExpression[])[]): RowsMaker {
  const isLeaf = ({ op }: BoundExpression): boolean => op === 'parameter' || op === 'constant';
  if (rows.every((row) => row.every(isLeaf))) {
    return (c) =>
      rows.map((row) =>
        row.map((cell) =>
          cell.op === 'parameter' ? c.parameter(cell.index, cell.type.name) : cell.op === 'constant' ? cell.value : null,
        ),
      );
  }
  const emitter = builder.emitter();
  const width = Math.max(1, rows[0]?.length ?? 1);
  const each = Math.max(1, Math.floor(CELLS_A_FUNCTION / width));
  emitter.emit('const list=[];');
  for (let from = 0; from < rows.length; from += each) {
    const call = outline(emitter, (inner) => {
      for (const row of rows.slice(from, from + each)) {
        const cells = row.map((cell) => inner.hold(boxedCode(emitValue(inner, cell), inner.unit.use)));
        inner.emit(`list.push([${cells.join(',')}]);`);
      }
    }).replace('(c', '(c,list');
    emitter.emit(`${call};`);
  }
  const declarations = emitter.declarations.map((text) => text.replace(/^(function g\d+\(c)/, '$1,list')).join('');
  return emitter.unit.compile<RowsMaker>('rows of values', 'c', `${emitter.lines.join('\n')}return list;`, declarations);
}
