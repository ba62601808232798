/**
 * The sink of rows in a plugin's bytes (SBLR-R1 to R3): constants of the format and an encoder a column, one after the other, from
 * the row's own bytes where the value is a column of the image.
 *
 *   Ou  the output        y  where the next byte goes
 *   By  its memory        q  where the value, with its prefix, began
 *
 * The row is there when Ou.at moves on behind it. What a row takes at most of fixed width, R, is free at its beginning and behind each
 * value that varies: only those look whether there is room, and nothing but the output's own need() allocates.
 */

import type { LengthField, RowFormat, ValueForm } from '../../plugins/contract/row-format.ts';
import type { BytesFormat } from '../../engine/plan/program.ts';
import type { BoundExpression, OutputColumn } from '../../engine/sblr/bound.ts';
import { rowWriter } from '../rows/row-writer.ts';
import { isQuoted } from '../rows/wire-quoting.ts';
import type { Emitter } from './emitter.ts';
import { emitValue } from './expressions.ts';
import { outline } from './outlined.ts';
import { boxedCode } from './value.ts';
import { encoderOf } from './wire-encoders.ts';
import { isObjectNumber } from '../../engine/sblr/types.ts';

/** Rows wider than this are put together from pieces (SBLR-G3). */
const PIECE_MAX = 32;

/** Where rows go: to the caller, or kept until nothing can undo them (TX-T11). */
export type RowsTo = 'output' | 'held';

const PREFIX_BYTES = { none: 0, u8: 1, u16le: 2, i32be: 4 } as const;

/** Writes the statements for a row. */
export function emitBytes(emitter: Emitter, bytes: BytesFormat, output: readonly OutputColumn[], to: RowsTo): void {
  const { format } = bytes;
  const memory = to === 'held' ? 'c.heldBytes' : 'c.output';
  emitter.hoist('Ou', memory);
  if (format.prefix === 'lenenc' || format.padding > 1) emitPlain(emitter, bytes, output);
  else {
    emitter.emit('{');
    emitFused(emitter, bytes, output, memory);
    emitter.emit('}');
  }
  if (to === 'held') emitter.emit('c.held.push(Ou.at);');
  else {
    const ends = emitter.isMany ? 'if(c.written>=c.max)c.ends.push(Ou.at);' : '';
    emitter.emit(`if(++c.written>=c.max||Ou.at>=c.mark)c.full=true;${ends}`);
  }
}

/** What no generated code writes: values one after the other (codegen/rows/row-writer.ts). */
function emitPlain(emitter: Emitter, { format }: BytesFormat, output: readonly OutputColumn[]): void {
  const { unit } = emitter;
  const values = output.map(({ column, type }) => boxedCode(emitValue(emitter, columnOf(column, type)), unit.use));
  const types = output.map(({ type }) => type.name);
  const make = unit.constant(rowWriter(format, types), 'the writer of rows');
  emitter.emit(`${make}(Ou,[${values.join(',')}],c.context);`);
}

const columnOf = (column: number, type: OutputColumn['type']): BoundExpression => ({ op: 'column', column, type });

function emitFused(emitter: Emitter, bytes: BytesFormat, output: readonly OutputColumn[], memory: string): void {
  const { format } = bytes;
  const room = roomOf(bytes, output);
  const place = emitter.name('F');
  emitter.emit(`let By=Ou.bytes,y=Ou.at;if(By.length-y<${room})By=${emitter.unit.use('wireOutputRoom')}(Ou,y,${room});`);
  if (format.free > 0) emitter.emit(`y+=${format.free};`);
  emitConstants(emitter, format.begin);
  if (format.length !== null) emitter.emit(`const ${place}=y;y+=${format.length.bytes};`);
  emitConstants(emitter, format.head);
  for (let from = 0; from < output.length; from += PIECE_MAX) {
    const piece = output.slice(from, from + PIECE_MAX);
    const write = (inner: Emitter): void => {
      piece.forEach((column, index) => {
        emitColumn(inner, bytes, column, from + index, room);
      });
    };
    if (output.length <= PIECE_MAX) write(emitter);
    else emitPiece(emitter, write, memory);
  }
  emitConstants(emitter, format.end);
  if (format.length !== null) emitLength(emitter, format.length, place, format.frameMax);
  emitter.emit('Ou.at=y;');
}

/** Columns that are written by a function beside: it takes the place, and returns where it ended. */
function emitPiece(emitter: Emitter, write: (inner: Emitter) => void, memory: string): void {
  const had = emitter.shared.has('y');
  emitter.shared.add('y');
  const call = outline(emitter, (inner) => {
    inner.hoist('Ou', memory);
    inner.emit('let By=Ou.bytes;');
    write(inner);
    inner.emit('return y;');
  });
  if (!had) emitter.shared.delete('y');
  emitter.emit(`y=${call};By=Ou.bytes;`);
}

/** Bytes of fixed width that a row takes at most. */
function roomOf(bytes: BytesFormat, output: readonly OutputColumn[]): number {
  const { format } = bytes;
  const around = format.free + format.begin.length + (format.length?.bytes ?? 0) + format.head.length + format.end.length;
  const each = output.map(
    ({ type }, index) =>
      Math.max(format.nil.length, encoderOf(type, format.columns[index], bytes).room) + 4 + format.between.length,
  );
  return each.reduce((sum, bytes) => sum + bytes, around);
}

/** Constants of protocols stand in the text; those of COPY, whose user chose them, are given from outside (SBLR-G4). */
function emitConstants(emitter: Emitter, list: readonly number[], given = false): void {
  if (list.length === 0) return;
  if (given) {
    const { unit } = emitter;
    emitter.emit(`y=${unit.use('wirePutList')}(By,y,${unit.constant(list, 'bytes of the format')});`);
    return;
  }
  const stores = list.map((byte, index) => `By[y${index === 0 ? '' : `+${index}`}]=${byte};`);
  emitter.emit(`${stores.join('')}y+=${list.length};`);
}

function emitLength(emitter: Emitter, { bytes, littleEndian, countsItself }: LengthField, place: string, most: number): void {
  const length = emitter.hold(`y-${place}${countsItself ? '' : `-${bytes}`}`);
  emitter.emit(`if(${length}>${most})${emitter.unit.use('wireRefuseLength')}(${length},${most});`);
  for (let index = 0; index < bytes; index++) {
    const shift = 8 * (littleEndian ? index : bytes - 1 - index);
    emitter.emit(`By[${place}+${index}]=${length}${shift === 0 ? '' : `>>>${shift}`};`);
  }
}

function emitColumn(emitter: Emitter, bytes: BytesFormat, { column, type }: OutputColumn, index: number, room: number): void {
  const { format } = bytes;
  const isGiven = format.prefix === 'none';
  if (index > 0) emitConstants(emitter, format.between, isGiven);
  const value = emitValue(emitter, columnOf(column, type));
  if (value.nil === 'true') return emitConstants(emitter, format.nil, isGiven);
  const written = emitter.apart(() => {
    const form = format.columns[index];
    const encoder = encoderOf(type, form, bytes);
    const begin = PREFIX_BYTES[format.prefix as keyof typeof PREFIX_BYTES];
    emitter.emit(begin === 0 ? 'const q=y;' : `const q=y;y+=${begin};`);
    // A column that stands for a value of another type (oid as regclass) is shown as that.
    encoder.emit(emitter, isObjectNumber(type.name) ? { ...value, type } : value, bytes, room);
    emitPrefix(emitter, format, encoder.room);
    emitQuotes(emitter, format, form, type.name, index, room);
  });
  if (value.nil === 'false') emitter.emit(`{${written}}`);
  else {
    const nil = emitter.apart(() => emitConstants(emitter, format.nil, isGiven));
    emitter.emit(`if(${value.nil}){${nil}}else{${written}}`);
  }
}

/** `most`: bytes of the longest value; 0: any. */
function emitPrefix(emitter: Emitter, { prefix }: RowFormat, most: number): void {
  if (prefix === 'none') return;
  if (prefix === 'i32be') {
    if (most > 0 && most < 256) emitter.emit('By[q]=0;By[q+1]=0;By[q+2]=0;By[q+3]=y-q-4;');
    else emitter.emit('{const n=y-q-4;By[q]=n>>>24;By[q+1]=n>>>16;By[q+2]=n>>>8;By[q+3]=n;}');
    return;
  }
  const { use } = emitter.unit;
  if (prefix === 'u8') emitter.emit(`if(y-q>256)${use('wireRefuseLength')}(y-q-1,255);By[q]=y-q-1;`);
  else emitter.emit(`{const n=y-q-2;if(n>65535)${use('wireRefuseLength')}(n,65535);By[q]=n;By[q+1]=n>>>8;}`);
}

function emitQuotes(emitter: Emitter, format: RowFormat, form: ValueForm, type: string, index: number, room: number): void {
  const { quoting, nil } = format;
  if (quoting === null || !isQuoted(quoting, nil, form, type, index)) return;
  const { unit } = emitter;
  const rules = `${unit.constant(quoting, 'how values are quoted')},${unit.constant(nil, 'what stands for NULL')}`;
  emitter.emit(`y=${unit.use('wirePutQuotes')}(Ou,y,q,${rules},${index},${room});By=Ou.bytes;`);
}
