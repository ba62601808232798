/**
 * Who may import whom. Rooms stand on floors, and imports run downwards; rooms of one floor may use each other, but
 * not both ways.
 *
 *   6  engine/cli  engine/api  engine/server  engine/observe      cli, api and server put the parts together
 *   5  engine/session  engine/exec  engine/tiers  engine/jobs
 *   4  engine/plan  codegen/jit  codegen/rows
 *   3  engine/catalog  engine/sblr
 *   2  engine/txn
 *   1  engine/storage  engine/values                             values sees engine/storage/rows
 *   0  shm                                                        imports nothing of the project
 *
 * parsers/<dialect> sees parsers/kit, engine/sblr and plugins/contract. Tests and benchmarks see everything; nobody sees them.
 */
import { type Import, isTestFile, type ProjectFile, readText } from './project.ts';

const FLOORS: { readonly [room: string]: number } = {
  shm: 0,
  'engine/storage': 1,
  'engine/values': 1,
  'engine/txn': 2,
  'engine/catalog': 3,
  'engine/sblr': 3,
  'engine/plan': 4,
  'codegen/jit': 4,
  'codegen/rows': 4,
  'engine/session': 5,
  'engine/exec': 5,
  'engine/tiers': 5,
  'engine/jobs': 5,
  'engine/cli': 6,
  'engine/api': 6,
  'engine/server': 6,
  'engine/observe': 6,
};

/** The places that put the parts together. */
const ENTRIES = ['engine/cli', 'engine/api', 'engine/server'];

const PLAN_FLOOR = FLOORS['engine/plan'];

/** The room of a path: 'engine/storage', 'parsers/kit', 'plugins', 'shm'. */
export function roomOf(path: string): string {
  const [top, second] = path.split('/');
  return top === 'shm' || top === 'plugins' || second.endsWith('.ts') ? top : `${top}/${second}`;
}

const isContract = (path: string): boolean => /^plugins\/contract[./]/.test(path);

/** Why a room may not import this, or nothing. */
function parserFault(from: string, to: string, target: string): string | undefined {
  if (to === 'parsers/kit' || to === 'engine/sblr' || isContract(target)) return undefined;
  return `${from} sees parsers/kit, engine/sblr and the plugin contract, nothing else`;
}

/** Code that writes code at build time: it sees what it describes, and the product does not need it to run. */
const BUILD_ROOMS = ['codegen/structs', 'codegen/opcodes', 'codegen/package'];

function roomFault(from: string, to: string, { target, isType }: Import): string | undefined {
  if (BUILD_ROOMS.includes(from)) return undefined;
  if (from === 'shm') return 'shm imports nothing of the project';
  if (from.startsWith('parsers/')) return parserFault(from, to, target);
  if (from === 'plugins')
    return to === 'engine/sblr' ? undefined : 'the plugin host sees engine/sblr and nothing else of the engine';
  if (BUILD_ROOMS.includes(to)) return 'only the build uses it';
  if (to === 'codegen/jit' || to === 'plugins' || to.startsWith('parsers/')) {
    if (from === 'codegen/jit' || ENTRIES.includes(from) || isContract(target)) return undefined;
    return 'only the entries (api, server, cli) import the compiler, the dialects and the plugins';
  }
  const fromFloor = FLOORS[from];
  const toFloor = FLOORS[to];
  if (fromFloor === undefined) return `${from} is no room of the house (test/check/house.ts)`;
  if (toFloor === undefined) return `${to} is no room of the house (test/check/house.ts)`;
  if (to === 'codegen/rows' && fromFloor < PLAN_FLOOR && isType) return undefined;
  return toFloor > fromFloor ? 'imports run downwards' : undefined;
}

function productDependencies(): ReadonlySet<string> {
  return new Set(Object.keys(JSON.parse(readText('package.json')).dependencies));
}

const packageOf = (target: string): string =>
  target
    .split('/')
    .slice(0, target.startsWith('@') ? 2 : 1)
    .join('/');

function fileFaults(file: ProjectFile, dependencies: ReadonlySet<string>): string[] {
  const from = roomOf(file.path);
  const faults: string[] = [];
  for (const one of file.imports) {
    const say = (why: string): void => void faults.push(`${file.path} imports ${one.target}: ${why}`);
    if (!one.isProject) {
      const isKnown = one.target.startsWith('node:') || dependencies.has(packageOf(one.target)) || BUILD_ROOMS.includes(from);
      if (!isKnown) say('not a dependency of the product');
      continue;
    }
    if (isTestFile(one.target)) say('nothing imports tests and benchmarks');
    const to = roomOf(one.target);
    const why = to === from ? undefined : roomFault(from, to, one);
    if (why !== undefined) say(why);
  }
  return faults;
}

/** Rooms of one floor that import each other. */
function circles(files: readonly ProjectFile[]): string[] {
  const pairs = new Map<string, string>();
  for (const file of files) {
    for (const { target, isProject } of file.imports)
      if (isProject) pairs.set(`${roomOf(file.path)} ${roomOf(target)}`, file.path);
  }
  const faults: string[] = [];
  for (const [pair, path] of pairs) {
    const [from, to] = pair.split(' ');
    if (from < to && FLOORS[from] === FLOORS[to] && pairs.has(`${to} ${from}`)) {
      faults.push(`${from} and ${to} import each other: ${path}, ${pairs.get(`${to} ${from}`)}`);
    }
  }
  return faults;
}

/** Imports that the house does not allow, one line each. */
export function findForbiddenImports(files: readonly ProjectFile[]): string[] {
  const dependencies = productDependencies();
  const product = files.filter((file) => !isTestFile(file.path));
  return [...product.flatMap((file) => fileFaults(file, dependencies)), ...circles(product)];
}
