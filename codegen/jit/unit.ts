/**
 * One piece of generated source while it is written, and what it takes from outside: helpers of ours by name, functions of
 * primitives, constants, and places of calls in the statement's text. Of these the text holds numbers only (SBLR-G4), so equal
 * shapes give equal text, and nothing of the user's is in it.
 */

import { compile } from '../rows/compile.ts';
import { wireHelpers } from '../rows/wire-helpers.ts';
import { annotated } from './annotated.ts';
import { jitHelpers } from './helpers.ts';
import { keyHelpers } from './key-helpers.ts';
import { joinHelpers } from './join-hash.ts';
import type { SubplanKind } from './subplan.ts';
import type { SubplanUse } from './subplan-code.ts';

const allHelpers: Readonly<Record<string, unknown>> = { ...jitHelpers, ...joinHelpers, ...keyHelpers, ...wireHelpers };

/** A piece of source: its second rendering, for people. */
export interface Source {
  readonly name: string;
  readonly text: () => string;
}

export class Unit {
  readonly #helpers = new Set<string>();
  readonly functions: unknown[] = [];
  readonly #functionNumbers = new Map<unknown, number>();
  readonly constants: unknown[] = [];
  /** Token ordinals by site number. */
  readonly sites: number[];
  /** What each generated name or expression stands for: for the second rendering. */
  readonly notes = new Map<string, string>();
  /** There will be a second rendering: names of the user's may be noted. */
  readonly isShown: boolean;
  readonly sources: Source[];
  /** Compiles a subplan of the statement, if it is not. */
  readonly subplan: (plan: number, kind: SubplanKind) => SubplanUse;

  /** Sites and sources are the program's: numbers go on from unit to unit. */
  constructor(sites: number[], sources: Source[], subplan: (plan: number, kind: SubplanKind) => SubplanUse, isShown: boolean) {
    this.isShown = isShown;
    this.subplan = subplan;
    this.sites = sites;
    this.sources = sources;
  }

  /** Takes a helper in; returns its name. */
  readonly use = (helper: string): string => {
    this.#helpers.add(helper);
    return helper;
  };

  /** Name of a function given from outside. */
  function(given: unknown, note: string): string {
    let number = this.#functionNumbers.get(given);
    if (number === undefined) {
      number = this.functions.length;
      this.functions.push(given);
      this.#functionNumbers.set(given, number);
    }
    this.notes.set(`f${number}`, note);
    return `f${number}`;
  }

  /** Name of a constant. */
  constant(value: unknown, note: string): string {
    const number = this.constants.length;
    this.constants.push(value);
    this.notes.set(`k${number}`, note);
    return `k${number}`;
  }

  /** Statement that notes which call may fail now. */
  site(at: number): string {
    let number = this.sites.lastIndexOf(at);
    if (number < 0) {
      number = this.sites.length;
      this.sites.push(at);
    }
    return `c.at=${number};`;
  }

  /**
   * Compiles `return function(parameters){body}` (or several functions, `declarations` before it). In brackets, for V8 then compiles
   * it with its factory; else it would parse it twice.
   */
  compile<Result>(name: string, parameters: string, body: string, declarations = ''): Result {
    const helpers = this.#helpers.size === 0 ? '' : `const{${[...this.#helpers].join(',')}}=h;`;
    const functions = this.functions.map((_, index) => `f${index}`).join(',');
    const constants = this.constants.map((_, index) => `k${index}`).join(',');
    const text =
      helpers +
      (functions === '' ? '' : `const[${functions}]=f;`) +
      (constants === '' ? '' : `const[${constants}]=k;`) +
      `${declarations}return(function(${parameters}){\n${body}})`;
    this.sources.push({ name, text: () => annotated(text, this.notes) });
    return compile<Result>(text, 'h,f,k', [allHelpers, this.functions, this.constants]);
  }
}
