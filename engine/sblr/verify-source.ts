/**
 * The verifier of the source form: opcode, operand kinds, category, depth, number of nodes, ordinals, literals. What a module means is
 * the binder's to say; that it is well formed is said here, for no parser is trusted.
 */

import { SQLSTATE, SqlError } from '../../shm/errors.ts';
import { type NodeForm, type Operand, readForm } from './form.ts';
import type { SourceQuery, SourceStatement } from './source.gen.ts';
import { SOURCE_OPCODES } from './source-opcodes.ts';

export const SOURCE_DEPTH_MAX = 500;
export const SOURCE_NODES_MAX = 100_000;

export const SOURCE_FORM = readForm(SOURCE_OPCODES);

/** What a module says of itself, and is held to. */
export interface SourceLimits {
  /** Tokens of the text: ordinals are below. */
  readonly tokens: number;
  /** Lifted literals: numbers are below. */
  readonly literals: number;
  /** Parameters: numbers are not above. Left out: any number will do. */
  readonly highestParameter?: number;
}

/** What is wrong with a module; parsers are at fault, not users. */
export const malformed = (what: string, at?: number): SqlError =>
  new SqlError(SQLSTATE.protocol_violation, `malformed SBLR: ${what}`, { position: at });

interface Walk {
  readonly limits: SourceLimits;
  nodes: number;
}

const isOrdinal = (value: unknown): value is number => Number.isInteger(value) && (value as number) >= 0;

function checkScalar(value: unknown, operand: Operand, where: string): void {
  const { kind } = operand;
  const fits =
    kind === 'text'
      ? typeof value === 'string'
      : kind === 'number'
        ? Number.isSafeInteger(value)
        : kind === 'boolean'
          ? typeof value === 'boolean'
          : kind === 'choice' && operand.choices.includes(value as string);
  if (!fits) throw malformed(`${where}.${operand.name} is no ${kind === 'choice' ? operand.choices.join('|') : kind}`);
}

function checkValue(value: unknown, operand: Operand, where: string, walk: Walk, depth: number): void {
  if (operand.kind === 'node') checkNode(value, operand.categories, walk, depth + 1);
  else checkScalar(value, operand, where);
}

function checkOperand(value: unknown, operand: Operand, form: NodeForm, walk: Walk, depth: number): void {
  if (operand.optional && value === null) return;
  if (!operand.list) {
    checkValue(value, operand, form.name, walk, depth);
    return;
  }
  if (!Array.isArray(value)) throw malformed(`${form.name}.${operand.name} is no list`);
  for (const item of value) checkValue(item, operand, form.name, walk, depth);
}

function checkNode(node: unknown, categories: readonly string[], walk: Walk, depth: number): void {
  if (typeof node !== 'object' || node === null || Array.isArray(node)) throw malformed('a node is expected');
  const { op, at } = node as { op?: unknown; at?: unknown };
  const form = typeof op === 'string' ? SOURCE_FORM.byName.get(op) : undefined;
  if (form === undefined) throw malformed(`there is no node ${String(op)}`);
  if (!categories.includes(form.category)) throw malformed(`${form.name} stands where ${categories.join(' or ')} is expected`);
  if (!isOrdinal(at) || at >= Math.max(walk.limits.tokens, 1)) throw malformed(`${form.name} has no token ${String(at)}`);
  walk.nodes++;
  if (walk.nodes > SOURCE_NODES_MAX) throw tooLarge(`more than ${SOURCE_NODES_MAX} parts`, at);
  if (depth > SOURCE_DEPTH_MAX) throw tooLarge(`more than ${SOURCE_DEPTH_MAX} levels`, at);
  for (const operand of form.operands)
    checkOperand((node as { [name: string]: unknown })[operand.name], operand, form, walk, depth);
  checkMeaning(node as { [name: string]: unknown }, form, walk);
}

const tooLarge = (what: string, at: number): SqlError =>
  new SqlError(SQLSTATE.statement_too_complex, `the statement has ${what}`, {
    position: at,
    hint: 'write it with fewer levels, or as several statements',
  });

type Plain = { readonly [name: string]: unknown };

const length = (node: Plain, name: string): number => (node[name] as unknown[]).length;

/** What the kinds of operands alone do not say. */
function checkMeaning(node: Plain, form: NodeForm, walk: Walk): void {
  switch (form.name) {
    case 'name':
      if (length(node, 'parts') === 0 || length(node, 'parts') !== length(node, 'quoted'))
        throw malformed('a name has one mark a part');
      return;
    case 'literal':
      if (!isOrdinal(node.index) || node.index >= walk.limits.literals) throw malformed(`there is no literal ${node.index}`);
      return;
    case 'parameter':
      if (!isOrdinal(node.number)) throw malformed('a parameter has a number');
      if (node.number > (walk.limits.highestParameter ?? node.number)) throw malformed(`there is no parameter ${node.number}`);
      return;
    case 'and':
    case 'or':
      if (length(node, 'operands') < 2) throw malformed(`${form.name} has two operands or more`);
      return;
    case 'case':
      if (length(node, 'whens') === 0) throw malformed('CASE has a WHEN');
      return;
    case 'in':
      if (length(node, 'list') === 0) throw malformed('IN has a list');
      return;
    case 'values':
      if (length(node, 'rows') === 0) throw malformed('VALUES has rows');
      return;
    case 'setItem':
      if (length(node, 'columns') === 0) throw malformed('SET names a column');
      if (node.path !== null && length(node, 'columns') > 1) throw malformed('SET of parts of several columns');
      return;
    case 'call':
      if (length(node, 'names') > length(node, 'arguments')) throw malformed('names of arguments that are not there');
  }
}

/** Throws 08P01 when the tree is no statement or query of the source form, 54001 when it is too deep or too large. */
export function verifySource(node: unknown, limits: SourceLimits): asserts node is SourceStatement | SourceQuery {
  checkNode(node, ['statement', 'query'], { limits, nodes: 0 }, 1);
}

/** The same for an expression that the catalog keeps: no lifted literals. */
export function verifyStoredExpression(node: unknown): void {
  checkNode(node, ['expression'], { limits: { tokens: Number.MAX_SAFE_INTEGER, literals: 0 }, nodes: 0 }, 1);
}
