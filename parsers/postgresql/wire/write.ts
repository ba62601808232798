/**
 * Messages of the server (protocol 3.0 and 3.2), written into the connection's output: a type byte, a length that counts itself, the
 * body. Rows are written by the host (row-formats.ts describes them).
 *
 * Hot: the replies to a point query are three of these and two constants.
 */

import type { WireError, WireNotice } from '../../../plugins/contract/connection.ts';
import type { RowOutput } from '../../../plugins/contract/output.ts';
import { tellsPosition } from '../errors.ts';

const code = (letter: string): number => letter.charCodeAt(0);

/** Bytes of a text that none longer can come from. */
const roomOf = (text: string): number => text.length * 3 + 1;

/** Writes a text and a zero behind it. */
function putText(output: RowOutput, text: string): void {
  output.need(roomOf(text));
  output.at += output.bytes.utf8Write(text, output.at);
  output.bytes[output.at++] = 0;
}

function putWord(output: RowOutput, value: number): void {
  output.need(4);
  output.at = output.bytes.writeInt32BE(value | 0, output.at);
}

function putHalf(output: RowOutput, value: number): void {
  output.need(2);
  output.at = output.bytes.writeInt16BE((value << 16) >> 16, output.at);
}

/** Begins a message; returns its place for endMessage(). */
function beginMessage(output: RowOutput, type: number): number {
  output.need(5);
  const start = output.at;
  output.bytes[start] = type;
  output.at = start + 5;
  return start;
}

function endMessage(output: RowOutput, start: number): void {
  output.bytes.writeInt32BE(output.at - start - 1, start + 1);
}

/** Constant messages. */
const message = (letter: string, ...body: number[]): Buffer => Buffer.from([code(letter), 0, 0, 0, body.length + 4, ...body]);

const PARSE_COMPLETE = message('1');
const BIND_COMPLETE = message('2');
const CLOSE_COMPLETE = message('3');
const NO_DATA = message('n');
const EMPTY_QUERY = message('I');
const PORTAL_SUSPENDED = message('s');
const READY = { idle: message('Z', code('I')), active: message('Z', code('T')), failed: message('Z', code('E')) };
const AUTHENTICATION_OK = message('R', 0, 0, 0, 0);
const AUTHENTICATION_CLEARTEXT = message('R', 0, 0, 0, 3);

function putConstant(output: RowOutput, bytes: Buffer): void {
  output.need(bytes.length);
  const { at } = output;
  const to = output.bytes;
  for (let index = 0; index < bytes.length; index++) to[at + index] = bytes[index];
  output.at = at + bytes.length;
}

export const putParseComplete = (output: RowOutput): void => putConstant(output, PARSE_COMPLETE);
export const putBindComplete = (output: RowOutput): void => putConstant(output, BIND_COMPLETE);
export const putCloseComplete = (output: RowOutput): void => putConstant(output, CLOSE_COMPLETE);
export const putNoData = (output: RowOutput): void => putConstant(output, NO_DATA);
export const putEmptyQuery = (output: RowOutput): void => putConstant(output, EMPTY_QUERY);
export const putPortalSuspended = (output: RowOutput): void => putConstant(output, PORTAL_SUSPENDED);
export const putAuthenticationOk = (output: RowOutput): void => putConstant(output, AUTHENTICATION_OK);
export const putAuthenticationCleartext = (output: RowOutput): void => putConstant(output, AUTHENTICATION_CLEARTEXT);
export const putReady = (output: RowOutput, status: keyof typeof READY): void => putConstant(output, READY[status]);

/** Bytes that were made before: a description of rows. */
export function putBytes(output: RowOutput, bytes: Uint8Array): void {
  output.need(bytes.length);
  output.bytes.set(bytes, output.at);
  output.at += bytes.length;
}

/** SASL: the mechanisms (10), a step (11), the last (12). */
export function putSasl(output: RowOutput, step: 10 | 11 | 12, data: string): void {
  const start = beginMessage(output, code('R'));
  putWord(output, step);
  output.need(roomOf(data) + 1);
  output.at += output.bytes.utf8Write(data, output.at);
  // The list of mechanisms is one of texts, ended by an empty one.
  if (step === 10) {
    output.bytes[output.at++] = 0;
    output.bytes[output.at++] = 0;
  }
  endMessage(output, start);
}

export function putParameter(output: RowOutput, name: string, value: string): void {
  const start = beginMessage(output, code('S'));
  putText(output, name);
  putText(output, value);
  endMessage(output, start);
}

export function putBackendKey(output: RowOutput, process: number, secret: Uint8Array): void {
  const start = beginMessage(output, code('K'));
  putWord(output, process);
  putBytes(output, secret);
  endMessage(output, start);
}

/** The server speaks 3.`minor`, and knows none of these options. */
export function putNegotiate(output: RowOutput, minor: number, unknown: readonly string[]): void {
  const start = beginMessage(output, code('v'));
  putWord(output, (3 << 16) | minor);
  putWord(output, unknown.length);
  for (const name of unknown) putText(output, name);
  endMessage(output, start);
}

/** The end of a statement: 'SELECT 5', 'INSERT 0 1', 'CREATE TABLE'. Hot. */
export function putComplete(output: RowOutput, tag: string): void {
  const start = output.at;
  output.need(tag.length + 6);
  const { bytes } = output;
  bytes[start] = 0x43;
  let at = start + 5;
  for (let index = 0; index < tag.length; index++) bytes[at++] = tag.charCodeAt(index);
  bytes[at++] = 0;
  bytes.writeInt32BE(at - start - 1, start + 1);
  output.at = at;
}

export function putParameterDescription(output: RowOutput, oids: readonly number[]): void {
  const start = beginMessage(output, code('t'));
  putHalf(output, oids.length);
  for (const oid of oids) putWord(output, oid);
  endMessage(output, start);
}

/** A column of a result as clients are told of it. */
export interface DescribedColumn {
  readonly name: string;
  readonly table: number;
  readonly attribute: number;
  readonly oid: number;
  readonly length: number;
  readonly modifier: number;
  readonly isBinary: boolean;
}

export function putRowDescription(output: RowOutput, columns: readonly DescribedColumn[]): void {
  const start = beginMessage(output, code('T'));
  putHalf(output, columns.length);
  for (const { name, table, attribute, oid, length, modifier, isBinary } of columns) {
    putText(output, name);
    putWord(output, table);
    putHalf(output, attribute);
    putWord(output, oid);
    putHalf(output, length);
    putWord(output, modifier);
    putHalf(output, isBinary ? 1 : 0);
  }
  endMessage(output, start);
}

function putField(output: RowOutput, letter: string, text: string | undefined): void {
  if (text === undefined) return;
  output.need(1);
  output.bytes[output.at++] = code(letter);
  putText(output, text.includes('\0') ? text.replaceAll('\0', '') : text);
}

function putFields(output: RowOutput, type: number, severity: string, told: WireError): void {
  const start = beginMessage(output, type);
  putField(output, 'S', severity);
  putField(output, 'V', severity);
  putField(output, 'C', told.code);
  putField(output, 'M', told.message);
  putField(output, 'D', told.detail);
  putField(output, 'H', told.hint);
  putField(output, 'P', told.position === undefined || !tellsPosition(told) ? undefined : String(told.position));
  putField(output, 'W', told.context);
  putField(output, 's', told.schema);
  putField(output, 't', told.table);
  putField(output, 'c', told.column);
  putField(output, 'd', told.dataType);
  putField(output, 'n', told.constraint);
  output.need(1);
  output.bytes[output.at++] = 0;
  endMessage(output, start);
}

/** `severity`: ERROR, or FATAL: the connection ends. */
export const putError = (output: RowOutput, severity: 'ERROR' | 'FATAL' | 'PANIC', error: WireError): void =>
  putFields(output, code('E'), severity, error);

export const putNotice = (output: RowOutput, notice: WireNotice): void =>
  putFields(output, code('N'), notice.severity.toUpperCase(), notice);

const COPY_DONE = message('c');
export const putCopyDone = (output: RowOutput): void => putConstant(output, COPY_DONE);

/** 'G': the client sends rows; 'H': it gets them. */
export function putCopyResponse(output: RowOutput, isIn: boolean, isBinary: boolean, columns: number): void {
  const start = beginMessage(output, code(isIn ? 'G' : 'H'));
  const form = isBinary ? 1 : 0;
  output.need(1);
  output.bytes[output.at++] = form;
  putHalf(output, columns);
  for (let column = 0; column < columns; column++) putHalf(output, form);
  endMessage(output, start);
}

const FUNCTION_NULL = message('V', 0xff, 0xff, 0xff, 0xff);
/** The answer to a FunctionCall: NULL. */
export const putFunctionNull = (output: RowOutput): void => putConstant(output, FUNCTION_NULL);

export function putNotification(output: RowOutput, process: number, channel: string, payload: string): void {
  const start = beginMessage(output, code('A'));
  putWord(output, process);
  putText(output, channel);
  putText(output, payload);
  endMessage(output, start);
}
