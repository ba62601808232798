/**
 * A plugin as a file: one line that says what it is, then one script.
 *
 *   //! scratchbird-plugin {"name":"postgresql","version":"1.0.0","contract":1,"dialect":"postgresql","port":5432,...,"sha256":"9f..."}
 *   ...the script: assigns `exports.plugin`, a WirePlugin (plugins/contract/connection.ts)
 *
 * The SHA-256 is of everything behind the first line. The line can be read without running anything; what the script exports must
 * say the same.
 */

import { createHash } from 'node:crypto';
import { plainError } from '../../engine/sblr/parse-error.ts';
import { type Capability, CONTRACT_VERSION, type Manifest } from '../contract/connection.ts';

const MARK = '//! scratchbird-plugin ';
/** Longest first line, characters. */
const HEADER_MAX = 4096;
const FILE_MAX = 64 << 20;

const CAPABILITIES: readonly Capability[] = ['tls', 'cancel', 'copy', 'portals', 'notify', 'swapWhenIdle'];

export interface PluginFile {
  readonly manifest: Manifest;
  /** Of the script, hexadecimal. */
  readonly sha256: string;
  readonly script: string;
}

/** 42P17, as for any object whose definition is wrong. */
export const refused = (what: string, why: string): Error => plainError('42P17', `plugin ${what} is refused: ${why}`);

const sha256Of = (script: string): string => createHash('sha256').update(script, 'utf8').digest('hex');

/** The text of a plugin's file. */
export function writePluginFile(manifest: Manifest, script: string): string {
  const { name, version, contract, dialect, port, capabilities } = manifest;
  const header = { name, version, contract, dialect, port, capabilities, sha256: sha256Of(script) };
  return `${MARK}${JSON.stringify(header)}\n${script}`;
}

/** Reads and verifies one; `what` names it in errors. 42P17 with the reason. */
export function readPluginFile(text: string, what: string): PluginFile {
  if (text.length > FILE_MAX) throw refused(what, `it has more than ${FILE_MAX} characters`);
  const end = text.indexOf('\n');
  if (!text.startsWith(MARK) || end < 0 || end > HEADER_MAX) throw refused(what, `it does not begin with a line "${MARK}{...}"`);
  const { manifest, sha256 } = readHeader(text.slice(MARK.length, end), what);
  const script = text.slice(end + 1);
  const actual = sha256Of(script);
  if (sha256 !== actual) throw refused(what, `its SHA-256 is ${actual}, its first line says ${sha256}`);
  return { manifest, sha256, script };
}

function readHeader(json: string, what: string): { manifest: Manifest; sha256: string } {
  let header: { readonly [key: string]: unknown };
  try {
    header = JSON.parse(json) as typeof header;
  } catch (error) {
    throw refused(what, `its first line is no JSON: ${(error as Error).message}`);
  }
  const fault = manifestFault(header);
  if (fault !== null) throw refused(what, fault);
  if (typeof header.sha256 !== 'string' || !/^[0-9a-f]{64}$/.test(header.sha256)) throw refused(what, 'it has no SHA-256');
  const { sha256, ...manifest } = header;
  return { manifest: manifest as unknown as Manifest, sha256 };
}

const isWord = (value: unknown): boolean => typeof value === 'string' && /^[a-z][a-z0-9_-]{0,62}$/.test(value);

/** What is wrong with a manifest, or null. */
export function manifestFault(manifest: { readonly [key: string]: unknown }): string | null {
  const { name, version, contract, dialect, port, capabilities } = manifest;
  if (!isWord(name)) return 'its name is not a word of small letters, digits, _ and -';
  if (!isWord(dialect)) return 'its dialect is not a word of small letters, digits, _ and -';
  if (typeof version !== 'string' || !/^\d+\.\d+\.\d+(-[0-9A-Za-z.-]{1,64})?$/.test(version))
    return 'its version is not of the form 1.2.3 or 1.2.3-word';
  if (contract !== CONTRACT_VERSION) return `it is made for contract ${String(contract)}, this server has ${CONTRACT_VERSION}`;
  if (!Number.isInteger(port) || (port as number) < 0 || (port as number) > 65_535) return 'its port is not one of 0 to 65535';
  if (!Array.isArray(capabilities)) return 'it has no list of capabilities';
  const unknown = capabilities.find((one) => !CAPABILITIES.includes(one as Capability));
  return unknown === undefined ? null : `it names the capability ${JSON.stringify(unknown)}, which there is not`;
}

/** The names of a version are the same. */
export const isSameManifest = (one: Manifest, other: Manifest): boolean =>
  one.name === other.name &&
  one.version === other.version &&
  one.contract === other.contract &&
  one.dialect === other.dialect &&
  one.port === other.port &&
  one.capabilities.join() === other.capabilities.join();
