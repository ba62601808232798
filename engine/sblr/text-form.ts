/**
 * Printer and reader of the source form: a line a node, its place and scalars on the line, its nodes below, two blanks further in.
 *
 *   select @0 distinct="none" ties=false
 *     items[]: selectItem @1 quoted=false
 *       expression: column @1
 *         name: name @1 parts=["id"] quoted=[false]
 *
 * What is absent (null) or an empty list is left out.
 */

import type { NodeForm, Operand } from './form.ts';
import type { SourceNode } from './source.gen.ts';
import { malformed, SOURCE_DEPTH_MAX, SOURCE_FORM } from './verify-source.ts';

type Plain = { readonly [name: string]: unknown };

const isAbsent = (value: unknown): boolean => value === null || (Array.isArray(value) && value.length === 0);

function formOf(node: Plain): NodeForm {
  const form = SOURCE_FORM.byName.get(node.op as string);
  if (form === undefined) throw malformed(`there is no node ${String(node.op)}`);
  return form;
}

function printNode(node: Plain, label: string, indent: string, lines: string[]): void {
  const form = formOf(node);
  const scalars = form.operands
    .filter(({ kind, name }) => kind !== 'node' && !isAbsent(node[name]))
    .map(({ name }) => ` ${name}=${JSON.stringify(node[name])}`);
  lines.push(`${indent}${label}${form.name} @${node.at}${scalars.join('')}`);
  for (const { name, kind, list } of form.operands) {
    if (kind !== 'node' || isAbsent(node[name])) continue;
    const children = list ? (node[name] as Plain[]) : [node[name] as Plain];
    for (const child of children) printNode(child, `${name}${list ? '[]' : ''}: `, `${indent}  `, lines);
  }
}

export function printSource(node: SourceNode): string {
  const lines: string[] = [];
  printNode(node as unknown as Plain, '', '', lines);
  return `${lines.join('\n')}\n`;
}

// ---- reader ----

const LINE = /^( *)(?:(\w+)(\[\])?: )?(\w+) @(\d+)(.*)$/;
const NAME = /^ (\w+)=/;

/** Length of the JSON value that a text begins with. */
function jsonLength(text: string): number {
  let depth = 0;
  let quoted = false;
  for (let index = 0; index < text.length; index++) {
    const letter = text[index];
    if (quoted) {
      if (letter === '\\') index++;
      else if (letter === '"') quoted = false;
    } else if (letter === '"') quoted = true;
    else if (letter === '[') depth++;
    else if (letter === ']') depth--;
    else if (letter === ' ' && depth === 0) return index;
  }
  return text.length;
}

function readScalars(text: string, line: number): Map<string, unknown> {
  const scalars = new Map<string, unknown>();
  let rest = text;
  while (rest !== '') {
    const match = NAME.exec(rest);
    if (match === null) throw malformed(`line ${line} cannot be read at ${rest}`);
    rest = rest.slice(match[0].length);
    const length = jsonLength(rest);
    try {
      scalars.set(match[1], JSON.parse(rest.slice(0, length)));
    } catch {
      throw malformed(`line ${line}: ${match[1]} has no value`);
    }
    rest = rest.slice(length);
  }
  return scalars;
}

interface Open {
  readonly node: { [name: string]: unknown };
  readonly form: NodeForm;
}

const emptyOf = ({ list }: Operand): unknown => (list ? [] : null);

function openNode(name: string, at: string, scalars: Map<string, unknown>, line: number): Open {
  const form = SOURCE_FORM.byName.get(name);
  if (form === undefined) throw malformed(`line ${line}: there is no node ${name}`);
  const node: { [name: string]: unknown } = { op: name, at: Number(at) };
  for (const operand of form.operands)
    node[operand.name] = operand.kind === 'node' ? emptyOf(operand) : (scalars.get(operand.name) ?? emptyOf(operand));
  for (const scalar of scalars.keys())
    if (!form.operands.some((operand) => operand.name === scalar && operand.kind !== 'node'))
      throw malformed(`line ${line}: ${name} has no ${scalar}`);
  return { node, form };
}

function attach(parent: Open, field: string, isList: boolean, child: Open, line: number): void {
  const operand = parent.form.operands.find(({ name }) => name === field);
  if (operand?.kind !== 'node' || operand.list !== isList)
    throw malformed(`line ${line}: ${parent.form.name} has no node ${field}`);
  if (isList) (parent.node[field] as unknown[]).push(child.node);
  else if (parent.node[field] !== null) throw malformed(`line ${line}: ${field} is there twice`);
  else parent.node[field] = child.node;
}

/** The printed text again as a tree; verify it before it is used. 08P01 */
export function readSource(text: string): SourceNode {
  const open: Open[] = [];
  for (const [index, written] of text.split('\n').entries()) {
    if (written === '') continue;
    const line = index + 1;
    const match = LINE.exec(written);
    if (match === null) throw malformed(`line ${line} is no node`);
    const [, indent, field, list, name, at, rest] = match;
    const level = indent.length / 2;
    const isPlaced = level === 0 ? open.length === 0 && field === undefined : level <= open.length && field !== undefined;
    if (!isPlaced || !Number.isInteger(level) || level > SOURCE_DEPTH_MAX) throw malformed(`line ${line} is not where a node is`);
    const child = openNode(name, at, readScalars(rest, line), line);
    open.length = level;
    if (level > 0) attach(open[level - 1], field, list !== undefined, child, line);
    open.push(child);
  }
  if (open.length === 0) throw malformed('there is no node');
  return open[0].node as unknown as SourceNode;
}
