/**
 * Writes the accessors of one layout file. Each is a free function over one typed-array view and a byte offset, so
 * that V8 inlines it into hot loops; offsets are literals.
 */
import { basename } from 'node:path';
import type { Field, Struct } from '../../shm/struct.ts';
import type { LayoutFile } from './read-layouts.ts';

const upperFirst = (text: string): string => text[0].toUpperCase() + text.slice(1);

/** frameSlotCount -> FRAME_SLOT_COUNT. */
export const constantName = (camel: string): string => camel.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toUpperCase();

type View = { readonly name: string; readonly type: string; readonly shift: number };

const U8: View = { name: 'u8', type: 'Uint8Array', shift: 0 };
const U16: View = { name: 'u16', type: 'Uint16Array', shift: 1 };
const I32: View = { name: 'i32', type: 'Int32Array', shift: 2 };
const U32: View = { name: 'u32', type: 'Uint32Array', shift: 2 };
const F64: View = { name: 'f64', type: 'Float64Array', shift: 3 };

const PLAIN_VIEWS: { readonly [type: string]: View } = { u8: U8, u16: U16, i32: I32, u32: U32, f64: F64, lsn: F64, time: F64 };

const addOffset = (base: string, at: number): string => (at === 0 ? base : `${base} + ${at}`);

const indexOf = (view: View, base: string, at: number): string => {
  const sum = addOffset(base, at);
  if (view.shift === 0) return sum;
  return at === 0 ? `${sum} >>> ${view.shift}` : `(${sum}) >>> ${view.shift}`;
};

/** One line: what it is, its type, place and unit. */
const docLine = (field: Field): string => {
  const doc = field.doc.replace(/\s+/g, ' ').replace(/\.$/, '').replaceAll('*/', '* /');
  return `/** ${doc}. ${field.type} at byte ${field.at}${field.unit === '' ? '' : `, in ${field.unit}`}. */`;
};

function plainAccessors(struct: Struct, name: string, field: Field): string[] {
  const view = PLAIN_VIEWS[field.type];
  const full = struct.name + upperFirst(name);
  const base = struct.name;
  const value = name === base || name === view.name ? 'value' : name;
  const cell = `${view.name}[${indexOf(view, base, field.at)}]`;
  return [
    docLine(field),
    `export const ${full} = (${view.name}: ${view.type}, ${base}: number): number => ${cell};`,
    `export const set${upperFirst(full)} = (${view.name}: ${view.type}, ${base}: number, ${value}: number): void => {`,
    `  ${cell} = ${value};`,
    '};',
  ];
}

/** For the accessors that load without a call (shm/in-order.ts). */
const IN_ORDER = [
  '/** x64 keeps loads in order among each other (SM-L2): a plain one is as good as Atomics.load, which is a call. */',
  "const loadsInOrder = process.arch === 'x64';",
  '',
];

function atomicAccessors(struct: Struct, name: string, field: Field): string[] {
  const full = upperFirst(struct.name + upperFirst(name));
  const base = struct.name;
  const index = indexOf(I32, base, field.at);
  const taking = `i32: Int32Array, ${base}: number`;
  return [
    docLine(field),
    `export const load${full} = (${taking}): number => Atomics.load(i32, ${index});`,
    '/** The same word, for who does not look twice in a row (in-order.ts). */',
    `export const peek${full} = (${taking}): number =>`,
    `  loadsInOrder ? i32[${index}] : Atomics.load(i32, ${index});`,
    `export const store${full} = (${taking}, value: number): void => {`,
    `  Atomics.store(i32, ${index}, value);`,
    '};',
    '/** The same word: what stood there before is returned. */',
    `export const add${full} = (${taking}, delta: number): number => Atomics.add(i32, ${index}, delta);`,
    `export const exchange${full} = (${taking}, value: number): number => Atomics.exchange(i32, ${index}, value);`,
    `export const compareExchange${full} = (${taking}, expected: number, value: number): number =>`,
    `  Atomics.compareExchange(i32, ${index}, expected, value);`,
    '/** The same word as an index of the Int32Array, for Atomics.wait and notify. */',
    `export const ${struct.name + upperFirst(name)}Word = (${base}: number): number => ${index};`,
  ];
}

function sharedAccessors(struct: Struct, name: string, field: Field): string[] {
  const full = upperFirst(struct.name + upperFirst(name));
  const base = struct.name;
  const offset = addOffset(base, field.at);
  return [
    docLine(field),
    `export const load${full} = (i32: Int32Array, ${base}: number): number => loadShared53(i32, ${offset});`,
    `export const store${full} = (i32: Int32Array, ${base}: number, value: number): void => {`,
    `  storeShared53(i32, ${offset}, value);`,
    '};',
  ];
}

function accessors(struct: Struct, name: string, field: Field): string[] {
  if (field.type === 'bytes') return [];
  if (field.type === 'atomic32') return [...atomicAccessors(struct, name, field), ''];
  if (field.type === 'shared53') return [...sharedAccessors(struct, name, field), ''];
  return [...plainAccessors(struct, name, field), ''];
}

function structText(struct: Struct): string[] {
  const prefix = constantName(struct.name);
  const lines = [
    `/** Size of ${struct.name}: ${struct.doc.replace(/\s+/g, ' ').replace(/\.$/, '')}. Starts at a multiple of ${struct.alignment}. */`,
    `export const ${prefix}_BYTES = ${struct.bytes};`,
    '',
  ];
  for (const [name, field] of Object.entries(struct.fields)) {
    lines.push(docLine(field), `export const ${prefix}_${constantName(name)} = ${field.at};`);
    if (field.type === 'bytes') lines.push(`export const ${prefix}_${constantName(name)}_LENGTH = ${field.bytes};`);
  }
  lines.push('');
  for (const [name, field] of Object.entries(struct.fields)) lines.push(...accessors(struct, name, field));
  return lines;
}

/** The text of `x.layout.gen.ts` for `x.layout.ts`. */
export function writeAccessors(layout: LayoutFile): string {
  const usesShared = layout.structs.some((struct) => Object.values(struct.fields).some((field) => field.type === 'shared53'));
  const depth = layout.path.split('/').length - 1;
  const lines = [`// GENERATED by codegen/structs from ${basename(layout.path)}. Do not edit. Regenerate: npm run gen`, ''];
  if (usesShared) {
    const home = layout.path.startsWith('shm/') ? (depth === 1 ? './' : '../'.repeat(depth - 1)) : `${'../'.repeat(depth)}shm/`;
    lines.push(`import { loadShared53, storeShared53 } from '${home}shared53.ts';`, '');
  }
  if (layout.structs.some((struct) => Object.values(struct.fields).some((field) => field.type === 'atomic32')))
    lines.push(...IN_ORDER);
  for (const struct of layout.structs) lines.push(...structText(struct));
  return `${lines.join('\n').trimEnd()}\n`;
}
