/**
 * Who may come in, and how: rules in the form of pg_hba.conf, read from above; the first that fits decides.
 *
 *   local | host | hostssl | hostnossl    database    user    address/bits    trust | password | scram-sha-256 | reject
 *
 * Databases and users are lists of names, or `all`; addresses a network, or `all`, `loopback`.
 */

import { BlockList, isIP } from 'node:net';

export type Method = 'trust' | 'password' | 'scram-sha-256' | 'reject';
const METHODS: readonly string[] = ['trust', 'password', 'scram-sha-256', 'reject'];

export interface Rule {
  readonly line: number;
  readonly type: 'local' | 'host' | 'hostssl' | 'hostnossl';
  readonly databases: readonly string[];
  readonly users: readonly string[];
  /** Null: all. */
  readonly network: BlockList | null;
  readonly address: string;
  readonly method: Method;
}

/** Without a file: this machine without a password, others with one. */
export const DEFAULT_RULES = `local all all trust
host all all loopback trust
host all all all scram-sha-256`;

function networkOf(text: string, line: number): BlockList | null {
  if (text === 'all') return null;
  const list = new BlockList();
  if (text === 'loopback') {
    list.addSubnet('127.0.0.0', 8, 'ipv4');
    list.addAddress('::1', 'ipv6');
    return list;
  }
  const [address, bits] = text.split('/');
  const version = isIP(address);
  const most = version === 4 ? 32 : 128;
  const count = bits === undefined ? most : Number(bits);
  if (version === 0 || !Number.isInteger(count) || count < 0 || count > most)
    throw new Error(`rules, line ${line}: "${text}" is no network`);
  list.addSubnet(address, count, version === 4 ? 'ipv4' : 'ipv6');
  return list;
}

/** Reads a table of rules. Throws an Error that names the line. */
export function readRules(text: string): Rule[] {
  const rules: Rule[] = [];
  for (const [index, whole] of text.split('\n').entries()) {
    const words = whole.replace(/#.*/, '').trim().split(/\s+/);
    if (words[0] === '') continue;
    const line = index + 1;
    const [type, databases, users, ...rest] = words;
    if (!['local', 'host', 'hostssl', 'hostnossl'].includes(type)) throw new Error(`rules, line ${line}: "${type}" is no type`);
    const address = type === 'local' ? 'all' : rest.shift();
    const method = rest.shift();
    if (address === undefined || method === undefined || rest.length > 0)
      throw new Error(`rules, line ${line}: a rule is type, databases, users${type === 'local' ? '' : ', address'} and method`);
    if (!METHODS.includes(method)) throw new Error(`rules, line ${line}: "${method}" is no method that is known here`);
    rules.push({
      ...{ line, type: type as Rule['type'], databases: databases.split(','), users: users.split(',') },
      ...{ network: networkOf(address, line), address, method: method as Method },
    });
  }
  return rules;
}

/** What comes from where. `address` null: by a Unix socket. */
export interface Comer {
  readonly address: string | null;
  readonly isSecure: boolean;
  readonly user: string;
  readonly database: string;
}

function fits(rule: Rule, { address, isSecure, user, database }: Comer): boolean {
  if ((rule.type === 'local') !== (address === null)) return false;
  if (rule.type === 'hostssl' && !isSecure) return false;
  if (rule.type === 'hostnossl' && isSecure) return false;
  const has = (names: readonly string[], name: string): boolean => names.includes('all') || names.includes(name);
  if (!has(rule.databases, database) || !has(rule.users, user)) return false;
  return address === null || rule.network === null || isIn(rule.network, address);
}

function isIn(network: BlockList, address: string): boolean {
  const plain = address.startsWith('::ffff:') ? address.slice(7) : address;
  return network.check(plain, isIP(plain) === 6 ? 'ipv6' : 'ipv4');
}

/** How this one has to show who it is. */
export const methodFor = (rules: readonly Rule[], comer: Comer): Method =>
  rules.find((rule) => fits(rule, comer))?.method ?? 'reject';

const isLoopback = (address: string): boolean => address === 'localhost' || address === '::1' || address.startsWith('127.');

/**
 * Why the server should not listen there with these rules; null: it may. Beyond loopback nobody comes in without a password, and
 * passwords and data travel encrypted.
 */
export function openNetworkFault(listen: readonly string[], rules: readonly Rule[], hasTls: boolean): string | null {
  const beyond = listen.filter((address) => !isLoopback(address));
  if (beyond.length === 0) return null;
  if (!hasTls) return `it would listen on ${beyond.join(', ')} without TLS`;
  const open = rules.find(({ type, address, method }) => type !== 'local' && address !== 'loopback' && method === 'trust');
  return open === undefined
    ? null
    : `it would listen on ${beyond.join(', ')}, and line ${open.line} of the rules lets clients in without a password`;
}
