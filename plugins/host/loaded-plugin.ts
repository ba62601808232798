/**
 * A plugin's script made to run in this thread, once its file has been verified:
 *
 *   script --compileFunction(exports, host, hidden names...)--> exports.plugin --check--> self-test --> guarded
 *
 * Never import(): modules stay for the life of their thread, functions go with their last user (dialects.md, 'Hot swap').
 */

import { compileFunction } from 'node:vm';
import type { Manifest, WirePlugin } from '../contract/connection.ts';
import type { Dialect, NormalisedText, ParsedStatement, ParseSettings, SessionRules } from '../contract/contract.ts';
import type { PluginClock } from './clock.ts';
import { HIDDEN_NAMES, HOST_LIBRARY } from './library.ts';
import { isSameManifest, manifestFault, type PluginFile, refused } from './plugin-file.ts';

/** Of a version that was loaded, in the whole process; what comes with the engine has the numbers below those of files. */
export type PluginNumber = number;

/** In the place of a SHA-256: it comes with the server. */
export const BUILT_IN = 'built in';

export interface LoadedPlugin {
  readonly number: PluginNumber;
  readonly manifest: Manifest;
  readonly sha256: string;
  readonly plugin: WirePlugin;
  /** As sessions use it: each call is seen on the clock. */
  readonly dialect: Dialect;
}

const isFunction = (value: unknown): boolean => typeof value === 'function';

/** Runs the script of a file. 42P17 with the reason. */
export function runScript({ manifest, script }: PluginFile): WirePlugin {
  const what = `${manifest.name} ${manifest.version}`;
  const exports: { plugin?: WirePlugin } = {};
  try {
    const run = compileFunction(script, ['exports', 'host', ...HIDDEN_NAMES], { filename: `plugin ${what}` });
    run.call(undefined, exports, HOST_LIBRARY);
  } catch (error) {
    throw refused(what, `its script fails: ${(error as Error)?.stack ?? String(error)}`);
  }
  const fault = pluginFault(exports.plugin, manifest);
  if (fault !== null) throw refused(what, fault);
  return exports.plugin as WirePlugin;
}

/** What is wrong with what a script exports, or null. */
function pluginFault(plugin: WirePlugin | undefined, manifest: Manifest): string | null {
  if (typeof plugin !== 'object' || plugin === null) return 'it exports no `plugin`';
  const fault = manifestFault(plugin.manifest as unknown as { readonly [key: string]: unknown });
  if (fault !== null) return fault;
  if (!isSameManifest(plugin.manifest, manifest)) return 'its manifest is not that of its first line';
  for (const name of ['createConnection', 'makeVerifier', 'selfTest'] as const)
    if (!isFunction(plugin[name])) return `it has no function ${name}`;
  const { dialect } = plugin;
  if (typeof dialect !== 'object' || dialect === null) return 'it has no dialect';
  for (const name of DIALECT_CALLS) if (!isFunction(dialect[name])) return `its dialect has no function ${name}`;
  if (dialect.name !== manifest.dialect) return `its dialect is called ${JSON.stringify(dialect.name)}`;
  return typeof dialect.semantics === 'object' && dialect.semantics !== null ? null : 'its dialect has no semantics';
}

const DIALECT_CALLS = ['parse', 'normalise', 'parseNormalised', 'offsets', 'literalOrdinals', 'statementEnd', 'render'] as const;

/** The plugin tries itself. 42P17 with what it says. */
export function selfTest(plugin: WirePlugin): void {
  try {
    plugin.selfTest();
  } catch (error) {
    const { name, version } = plugin.manifest;
    throw refused(`${name} ${version}`, `it fails its self-test: ${(error as Error)?.message ?? String(error)}`);
  }
}

/** A plugin whose dialect is seen on the clock; calls into its connections are seen by whoever makes them. */
export function guarded(plugin: WirePlugin, number: PluginNumber, sha256: string, clock: PluginClock): LoadedPlugin {
  const { dialect, manifest } = plugin;
  return { number, manifest, sha256, plugin, dialect: new GuardedDialect(dialect, number, clock) };
}

/** Not a call of its own each: the normaliser runs for every statement in clear text. */
class GuardedDialect implements Dialect {
  readonly name: string;
  readonly version: string;
  readonly semantics: Dialect['semantics'];
  readonly sessions?: SessionRules;
  readonly #dialect: Dialect;
  readonly #number: PluginNumber;
  readonly #clock: PluginClock;

  constructor(dialect: Dialect, number: PluginNumber, clock: PluginClock) {
    this.name = dialect.name;
    // Two versions may read one text in two ways: nothing that rests on a text is shared between them. Short: part of many keys.
    this.version = `${dialect.version} #${number}`;
    this.semantics = dialect.semantics;
    if (dialect.sessions !== undefined) this.sessions = dialect.sessions;
    this.#dialect = dialect;
    this.#number = number;
    this.#clock = clock;
  }

  normalise(text: string, settings: ParseSettings, start?: number): NormalisedText | null {
    const clock = this.#clock;
    const outer = clock.plugin;
    const before = clock.enter(this.#number);
    try {
      return this.#dialect.normalise(text, settings, start);
    } finally {
      clock.restore(before, outer);
    }
  }

  #inside<Answer>(call: () => Answer): Answer {
    const outer = this.#clock.plugin;
    const before = this.#clock.enter(this.#number);
    try {
      return call();
    } finally {
      this.#clock.restore(before, outer);
    }
  }

  parse(text: string, settings: ParseSettings): readonly ParsedStatement[] {
    return this.#inside(() => this.#dialect.parse(text, settings));
  }

  parseNormalised(text: string, settings: ParseSettings): ParsedStatement {
    return this.#inside(() => this.#dialect.parseNormalised(text, settings));
  }

  offsets(text: string, settings: ParseSettings, start?: number): readonly number[] {
    return this.#inside(() => this.#dialect.offsets(text, settings, start));
  }

  literalOrdinals(normalised: string, settings: ParseSettings): readonly number[] {
    return this.#inside(() => this.#dialect.literalOrdinals(normalised, settings));
  }

  statementEnd(text: string, settings: ParseSettings, start: number): number {
    return this.#inside(() => this.#dialect.statementEnd(text, settings, start));
  }

  render(node: Parameters<Dialect['render']>[0]): string {
    return this.#inside(() => this.#dialect.render(node));
  }
}
