/**
 * The page's rendering of a scan: the two loops that run under the hold (engine/txn/table-scan.ts).
 *
 *   whole sink in the page    rows are added as they lie; one that cannot go on is copied, marked as not yet looked at
 *   else                      conditions that the page can render choose the rows, which are copied for the wide rendering
 */

import { PAGE_BYTES } from '../../shm/types.ts';
import type { HashProbe } from '../../engine/plan/physical.ts';
import type { BoundExpression, ColumnId } from '../../engine/sblr/bound.ts';
import { HEAP_SLOTS_MAX } from '../../engine/storage/heap/heap-page.ts';
import type { RowLoop, ScanLoops } from '../../engine/storage/rows/scan-loops.ts';
import type { Builder } from './builder.ts';
import { emitJump } from './conditions.ts';
import { type ColumnReader, Emitter } from './emitter.ts';
import { emitExists, emitJoin } from './join-steps.ts';
import { emitRename } from './set-operations.ts';
import { conjuncts, isJoin, type Step } from './stages.ts';
import type { State } from './state.ts';
import { lazyCompute } from './steps.ts';

export interface PageCode {
  /** Makes the loops of one state. */
  readonly loops: (state: State) => ScanLoops;
  /** Copied rows may still have to be looked at from the beginning. */
  readonly marks: boolean;
  /** Everything is done in the page: the wide rendering is for rows that leave it. */
  readonly whole: boolean;
  /** Conditions that rows without the mark have passed. */
  readonly passed: ReadonlySet<BoundExpression>;
}

const EXIT = 'break d;';
/** Offset of a row in its page, in a word of the page's directory. */
const OFFSET_BITS = 0x1fff;

/** What a row costs before it is copied: `m` is its mark. */
const copyCode = (mark: string, origin: string): string =>
  `{const z=((i32[(row+12)>>2]&16383)+7)&-8;copyWords(ci,p,i32,row,z);of[n]=p|${mark};${origin}n++;p+=z;}`;

export function compilePage(
  builder: Builder,
  filter: BoundExpression | null,
  steps: readonly Step[],
  columns: ReadonlyMap<ColumnId, ColumnReader>,
  sink: ((emitter: Emitter) => void) | null,
): PageCode {
  const whole = sink === null ? null : wholeSink(builder, filter, steps, columns, sink);
  return whole ?? chosenRows(builder, filter, steps, columns);
}

/** Steps that can be written without a call, and do nothing but choose rows or add columns: of joins those without a loop. */
const mayBeInPage = (step: Step): boolean =>
  step.node === 'Filter' || step.node === 'Compute' || step.node === 'Rename' || step.node === 'HashProbe';

/** Everything in the page, or null. */
function wholeSink(
  builder: Builder,
  filter: BoundExpression | null,
  steps: readonly Step[],
  columns: ReadonlyMap<ColumnId, ColumnReader>,
  sink: (emitter: Emitter) => void,
): PageCode | null {
  if (!steps.every(mayBeInPage)) return null;
  const emitter = new Emitter(builder.unit(), false, EXIT, builder.columns(columns));
  const isDone = emitter.attempt(() => {
    for (const condition of conjuncts(filter)) emitJump(emitter, condition, 'notTrue', 'r');
    for (const step of steps) {
      if (step.node === 'Filter') for (const one of conjuncts(step.condition)) emitJump(emitter, one, 'notTrue', 'r');
      else if (step.node === 'Compute') lazyCompute(emitter, step);
      else if (step.node === 'Rename') emitRename(emitter, step);
      else if (isJoin(step)) emitJoin(emitter, builder, step, () => {});
    }
    sink(emitter);
  });
  if (!isDone) return null;
  const lines = emitter.lines.join('\n');
  const leaves = lines.includes(EXIT);
  const body = (origin: string): string => (leaves ? `r:{d:{${lines}break r;}${copyCode('1', origin)}}` : `r:{${lines}}`);
  return { loops: compileLoops(emitter, body, leaves), marks: leaves, whole: true, passed: new Set() };
}

/** Conditions up to the first step that changes what a row is; each on its own, in the page or not. */
function chosenRows(
  builder: Builder,
  filter: BoundExpression | null,
  steps: readonly Step[],
  columns: ReadonlyMap<ColumnId, ColumnReader>,
): PageCode {
  const emitter = new Emitter(builder.unit(), false, EXIT, builder.columns(columns));
  const passed = new Set<BoundExpression>();
  let isSure = true;
  const look = (condition: BoundExpression): void => {
    for (const one of conjuncts(condition)) {
      if (emitter.attempt(() => emitJump(emitter, one, 'notTrue', 'r'))) passed.add(one);
      else isSure = false;
    }
  };
  if (filter !== null) look(filter);
  for (const step of steps) {
    if (step.node === 'Filter') look(step.condition);
    else if (step.node === 'Compute') lazyCompute(emitter, step);
    else if (step.node === 'Rename') emitRename(emitter, step);
    else if (step.node !== 'HashProbe' || !emitter.attempt(() => emitChoosing(emitter, builder, step, isSure))) break;
    else if (!(findsOne(step) && mayNote(step, isSure))) break;
  }
  const lines = emitter.lines.join('\n');
  const leaves = lines.includes(EXIT);
  const body = (origin: string): string =>
    leaves ? `r:{let m=1;d:{${lines}m=0;}${copyCode('m', origin)}}` : `r:{${lines}${copyCode('0', origin)}}`;
  const loops = builder.few === null ? compileLoops(emitter, body, true) : compileRows(emitter, body);
  return { loops, marks: leaves, whole: false, passed };
}

/** A join that a row goes through once at most. */
const findsOne = ({ kind, unique }: HashProbe): boolean => unique || kind === 'semi' || kind === 'anti';

/** A match is noted in the table of a right or full join; a row that a condition may still leave out has none. */
const mayNote = ({ kind }: HashProbe, isSure: boolean): boolean => isSure || (kind !== 'right' && kind !== 'full');

/** Leaves out rows that a join would: it is done again behind the page. `isSure`: they have passed all conditions before it. */
function emitChoosing(emitter: Emitter, builder: Builder, step: HashProbe, isSure: boolean): void {
  if (findsOne(step) && mayNote(step, isSure)) {
    // What it finds is of use to the steps behind.
    emitJoin(emitter, builder, step, () => {});
    return;
  }
  if (step.kind === 'inner' || step.kind === 'right') emitExists(emitter, builder, step);
}

const COPY_BEGIN = 'const ci=c.copies.i32,of=c.offsets,og=c.origins;let n=c.count,p=c.used;';
const COPY_END = 'c.count=n;c.used=p;';

function compileLoops(emitter: Emitter, body: (origin: string) => string, copies: boolean): PageCode['loops'] {
  if (copies) emitter.unit.use('copyWords');
  const begin = copies ? COPY_BEGIN : '';
  const end = (copies ? COPY_END : '') + emitter.epilogue.join('');
  const prologue = emitter.prologueText();
  // The first is run at once and stands in brackets (Unit.compile); the second is rarely run.
  const text = `return{page:(function(i32,u32,u16,u8,f64,page,slotCount,s){${prologue}${begin}
for(let d=((page+${PAGE_BYTES})>>2)-1,stop=d-slotCount;d>stop;d--){const slot=i32[d];if(slot===0)continue;const row=page+(slot&8191);
${body('')}}
${end}}),rows(i32,u32,u16,u8,f64,offsets,count,s){${prologue}${begin}
for(let at=0;at<count;at++){const row=offsets[at];
${body('og[n]=at;')}}
${end}}};`;
  return emitter.unit.compile<(state: State) => ScanLoops>('in the page', 'c', text);
}

/** Of few rows: one loop, which is given the rows of whole pages as well. */
function compileRows(emitter: Emitter, body: (origin: string) => string): PageCode['loops'] {
  emitter.unit.use('copyWords');
  const text = `return(function(i32,u32,u16,u8,f64,offsets,count,s){${emitter.prologueText()}${COPY_BEGIN}
for(let at=0;at<count;at++){const row=offsets[at];
${body('og[n]=at;')}}
${COPY_END}${emitter.epilogue.join('')}})`;
  const rowsOf = emitter.unit.compile<(state: State) => RowLoop>('in the page', 'c', text);
  return (state) => rowLoops(rowsOf(state));
}

/** Rows of whole pages, one page at a time. */
const placesInPage = new Int32Array(HEAP_SLOTS_MAX);

export const rowLoops = (rows: RowLoop): ScanLoops => ({
  page: (i32, u32, u16, u8, f64, page, slotCount, state) => {
    let count = 0;
    const first = ((page + PAGE_BYTES) >> 2) - 1;
    for (let at = first; at > first - slotCount; at--) {
      const entry = i32[at];
      if (entry !== 0) placesInPage[count++] = page + (entry & OFFSET_BITS);
    }
    rows(i32, u32, u16, u8, f64, placesInPage, count, state);
  },
  rows,
});
