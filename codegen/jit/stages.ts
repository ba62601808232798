/**
 * Cuts a plan into stages: each begins at a source, goes through steps row by row, and ends in what it fills. Stages run one after
 * the other, in the order of the list.
 *
 *   PageScan Filter | HashAggregate Filter | Sort LimitCount -> rows
 *   `------ 1 -----'`--------- 2 ---------'`------- 3 ------'
 *
 *   HashProbe(build: PageScan b) over PageScan a, then Sort
 *   1   PageScan b                      fills the probe's build side
 *   2   PageScan a, HashProbe           fills the sorter
 *   3   tail of the HashProbe           fills it too: build rows without a match (right, full), and what went to spill files
 *   4   Sort                            -> rows
 *
 * How further nodes fit in:
 *   a step           `Step`; it gets its code in steps.ts (row steps) or join-code.ts (loops over matches)
 *   a breaker        `Breaker`: what its inputs fill is a Fill (node, side), and it is the source of the stage behind. statement.ts
 *                    makes a Collector for each fill, and the source's rows: shape 'groups' (`g` is the number of a row), e.g. the
 *                    readers of a RowStore (row-store.ts), or 'list'
 *   several heads    a chain may begin at several places (Head): all go through the steps that are put on behind, into the same fill.
 *                    The first one begins the fill, the limits and the sets of DISTINCT; the others (Stage.isTail) go on with them
 *                    and begin only what is theirs alone. UNION ALL is two heads with a renaming step each, and collects nothing
 *   stages inside    a source may run stages of its own before it gives rows, once (spools.ts) or again and again (recursion.ts)
 *
 * The code of a step, and of a sink, may be written several times, once for each head: what it keeps belongs to the node
 * (Builder.own). Behind a join a row of the source may bring any number of rows (Emitter.isMany): what a sink has reserved for the
 * rows of a source may then be used up, and locals that it has taken once a call may be out of date.
 */

import type {
  Compute,
  Counted,
  Filter,
  Gather,
  HashAggregate,
  HashDistinct,
  HashProbe,
  HashSetOp,
  LimitCount,
  LockRow,
  LoopJoin,
  MergeJoin,
  PhysicalJoin,
  PhysicalNode,
  PhysicalSource,
  Recurse,
  Sort,
  SpoolPlan,
  Subplan,
  TopN,
  WindowFrames,
} from '../../engine/plan/physical.ts';
import type { BoundExpression, ColumnId } from '../../engine/sblr/bound.ts';
import type { Collected } from './collected.ts';
import type { WindowJoin } from './join-merge.ts';
import type { PieceJoin } from './join-pieces.ts';
import { turnedStep } from './turned-joins.ts';
import { columnsOf, type Needed, neededColumns } from './needed.ts';
import { countedGroups, type Rename, renameOf, type SetCount, unionGroups } from './set-operations.ts';

export type Step =
  | Filter
  | Compute
  | HashDistinct
  | LimitCount
  | LockRow
  | Counted
  | PhysicalJoin
  | PieceJoin
  | WindowJoin
  | Rename
  | SetCount;
/** Collects its inputs and is the source of a stage. */
export type Breaker = HashAggregate | Sort | TopN | WindowFrames | Collected;
/** A step with a side that is collected before. */
export type Collecting = HashProbe | LoopJoin | MergeJoin;
/** What a join has left over when its stage is at its end. */
export interface Tail {
  readonly node: 'Tail';
  readonly join: Collecting;
  /** Columns of the join's input that are read by it or behind it. */
  readonly needed: ReadonlySet<ColumnId>;
}
export type StageSource = PhysicalSource | Breaker | Recurse | Tail;

/** What the rows of a stage go to. */
export interface Fill {
  readonly node: Breaker | Collecting | Recurse | SpoolPlan;
  readonly side: 'input' | 'build' | 'base' | 'step' | 'spool';
  /** Columns of the rows that are read from there. */
  readonly needed: ReadonlySet<ColumnId>;
  /** Some of the rows may lack columns that others have: those of a right or full join's other side. */
  readonly lacks: boolean;
}
export interface Stage {
  readonly source: StageSource;
  readonly steps: readonly Step[];
  /** Null: the statement's own sink. */
  readonly fills: Fill | null;
  /** The stages before it fill the same: it goes on with that, and with the limits. */
  readonly isTail: boolean;
  /** Joins whose build side needs it: where that is there from an earlier run and would be the same, the stage is left out. */
  readonly builds: readonly Collecting[];
  /** It may be spread over threads. */
  readonly gather: Gather | null;
}
/** Where rows of a chain begin, and the steps since. */
interface Head {
  readonly source: StageSource;
  readonly steps: Step[];
}

const lacksColumns = (heads: readonly Head[]): boolean =>
  heads.some(({ source }) => source.node === 'Tail' && (source.join.kind === 'right' || source.join.kind === 'full'));

/** The node itself, where its rows are counted. */
const counted = (node: PhysicalNode): PhysicalNode => (node.node === 'Counted' ? counted(node.input) : node);

function gatherOf(node: PhysicalNode): Gather | null {
  const gather = counted(node);
  return gather.node === 'Gather' ? gather : null;
}

class Cutter {
  readonly stages: Stage[] = [];
  readonly #needed: Needed;
  readonly #subplans: readonly Subplan[];
  /** Joins whose build side is being cut. */
  readonly #builds: Collecting[] = [];
  /** Breakers whose input may be spread. */
  readonly #spread = new Map<PhysicalNode, Gather>();
  /** An id that no column of the plan has. */
  #fresh = -2;

  constructor(needed: Needed, subplans: readonly Subplan[]) {
    this.#needed = needed;
    this.#subplans = subplans;
  }

  /** The heads end here. */
  end(heads: readonly Head[], fills: Omit<Fill, 'lacks'> | null, gather: Gather | null = null): void {
    const fill = fills === null ? null : { ...fills, lacks: lacksColumns(heads) };
    heads.forEach(({ source, steps }, index) => {
      this.stages.push({ source, steps, fills: fill, isTail: index > 0, builds: [...this.#builds], gather });
    });
  }

  #build(node: Collecting): void {
    this.#builds.push(node);
    this.#collect(node.build, node, 'build');
    this.#builds.pop();
  }

  #collect(input: PhysicalNode, node: Fill['node'], side: Fill['side']): void {
    const gather = side === 'build' ? gatherOf(input) : (this.#spread.get(node as PhysicalNode) ?? null);
    this.end(this.heads(input), { node, side, needed: this.#read(input) }, gather);
  }

  /** Columns of a node's rows that are read above it. */
  #read(node: PhysicalNode): Set<ColumnId> {
    const read = this.#needed.get(node) as ReadonlySet<ColumnId>;
    return new Set([...columnsOf(node, this.#subplans)].filter((column) => read.has(column)));
  }

  /** The stages that a node needs to have run; where its rows begin. */
  heads(node: PhysicalNode): Head[] {
    switch (node.node) {
      case 'HashAggregate':
      case 'Sort':
      case 'TopN':
      case 'WindowFrames':
        this.#collect(node.input, node, 'input');
        return [{ source: node, steps: [] }];
      case 'Gather':
        this.#spread.set(counted(node.input), node);
        return this.heads(node.input);
      case 'HashSetOp':
        return this.#setOperation(node);
      case 'HashProbe':
      case 'LoopJoin':
      case 'MergeJoin':
        this.#build(node);
        return this.#joined(node, this.#unlimited(node.input));
      case 'IndexJoin':
      case 'ApplyMemo': {
        // The row with which a limit below is reached may still have several matches: the join's loop would end with its first.
        const heads = this.#unlimited(node.input);
        for (const { steps } of heads) steps.push(node);
        return heads;
      }
      default: {
        if (!('input' in node)) return [{ source: node, steps: [] }];
        const heads = this.heads(node.input);
        for (const { steps } of heads) steps.push(node);
        return heads;
      }
    }
  }

  /** Heads whose end is not that of what is beside or above them: a limit's stage ends all that fill the same. */
  #unlimited(node: PhysicalNode): Head[] {
    const heads = this.heads(node);
    if (!heads.some(({ steps }) => steps.some((step) => step.node === 'LimitCount'))) return heads;
    const collected: Collected = { node: 'Collected', input: node };
    this.end(heads, { node: collected, side: 'input', needed: this.#needed.get(node) as ReadonlySet<ColumnId> });
    return [{ source: collected, steps: [] }];
  }

  /** The sides one after the other (set-operations.ts). */
  #setOperation(node: HashSetOp): Head[] {
    const side = (which: 'left' | 'right', ...behind: Step[]): Head[] => {
      const heads = this.#unlimited(node[which]);
      const steps = [renameOf(node, which), ...behind];
      for (const head of heads) head.steps.push(...steps);
      return heads;
    };
    if (node.kind === 'union') {
      const heads = [...side('left'), ...side('right')];
      if (node.all) return heads;
      const groups = unionGroups(node);
      this.end(heads, { node: groups, side: 'input', needed: new Set() });
      return [{ source: groups, steps: [] }];
    }
    const { groups, marks, count } = countedGroups(node, [this.#fresh--, this.#fresh--]);
    const heads = [...side('left', marks.left), ...side('right', marks.right)];
    this.end(heads, { node: groups, side: 'input', needed: new Set() });
    return [{ source: groups, steps: [count] }];
  }

  /** A tail's rows go through the steps behind the join only. */
  #joined(node: Collecting, heads: Head[]): Head[] {
    for (const { steps } of heads) steps.push(node);
    const isOuter = node.kind === 'right' || node.kind === 'full';
    // A merge keeps its order: rows that were found stay in their stage, whatever went to a file.
    if (node.node !== 'MergeJoin' || isOuter) {
      heads.push({ source: { node: 'Tail', join: node, needed: this.#read(node.input) }, steps: [] });
    }
    return heads;
  }
}

/** The stages of a plan, first to run first. `read`: columns that the statement itself reads of its rows. */
export function stagesOf(root: PhysicalNode, read: Iterable<ColumnId>, subplans: readonly Subplan[]): Stage[] {
  const cutter = new Cutter(neededColumns(root, read), subplans);
  cutter.end(cutter.heads(root), null);
  return cutter.stages;
}

/** Stages that collect a spool. */
export function spoolStages(spool: SpoolPlan, subplans: readonly Subplan[]): Stage[] {
  const needed = new Set(spool.columns.map(({ column }) => column));
  const cutter = new Cutter(neededColumns(spool.root, needed), subplans);
  cutter.end(cutter.heads(spool.root), { node: spool, side: 'spool', needed });
  return cutter.stages;
}

/** Stages that collect the rows of a recursion's base, or of one run of its step; they go through `behind`. */
export function sideStages(node: Recurse, side: 'base' | 'step', behind: readonly Step[], subplans: readonly Subplan[]): Stage[] {
  const read = node.columns.map((column) => column[side]);
  const root = side === 'step' ? turnedStep(node.step) : node.base;
  const cutter = new Cutter(neededColumns(root, read), subplans);
  const heads = cutter.heads(root);
  for (const { steps } of heads) steps.push(...behind);
  cutter.end(heads, { node, side, needed: new Set(node.columns.map(({ column }) => column)) });
  return cutter.stages;
}

const JOINS = new Set(['HashProbe', 'LoopJoin', 'MergeJoin', 'WindowJoin', 'PieceJoin', 'IndexJoin', 'ApplyMemo']);

export const isJoin = (step: Step): step is PhysicalJoin | PieceJoin | WindowJoin => JOINS.has(step.node);

export const isCollecting = (step: Step): step is Collecting =>
  step.node === 'HashProbe' || step.node === 'LoopJoin' || step.node === 'MergeJoin';

/** All but mark joins. */
const SPREAD_JOINS = new Set<PhysicalJoin['kind']>(['inner', 'left', 'right', 'full', 'semi', 'anti', 'single']);

/** Its rows may go through it in several threads. */
export const isSpreadStep = (step: Step): boolean =>
  step.node === 'Filter' ||
  step.node === 'Compute' ||
  step.node === 'Counted' ||
  ((step.node === 'HashProbe' || step.node === 'IndexJoin' || step.node === 'ApplyMemo') && SPREAD_JOINS.has(step.kind));

export const hasJoins = ({ steps }: Stage): boolean => steps.some(isJoin);

/** Conditions that must all be true, in their order. */
export const conjuncts = (condition: BoundExpression | null): readonly BoundExpression[] =>
  condition === null ? [] : condition.op === 'and' ? condition.operands.flatMap(conjuncts) : [condition];
