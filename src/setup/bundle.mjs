// @ts-check
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { rolldown } from 'rolldown';

const views = ['ui/app', 'ui/browse/browser'];
const require = createRequire(import.meta.url);
const ink = dirname(require.resolve('ink'));

/**
 * Writes the programs that draw on the terminal with Ink and React in one file beside them: from their 525 files Node
 * takes four times as long to load them. With React's build for production: the other keeps a record of every redraw, which a run
 * of days would fill the memory with.
 * @param {string} sources
 * @param {string} output
 */
export async function bundleViews(sources, output) {
  const bundle = await rolldown({
    input: Object.fromEntries(views.map((name) => [name, join(sources, `${name}.tsx`)])),
    platform: 'node',
    // the layout's WebAssembly would ask whether it can be fetched, and Node loads its whole HTTP client to answer
    transform: { define: { 'process.env.NODE_ENV': '"production"', fetch: 'undefined' } },
    plugins: [quickFrames(sources), ownModules(sources)],
  });
  await bundle.write({
    dir: output,
    sourcemap: true,
    chunkFileNames: '[name].js',
    codeSplitting: { groups: [{ name: 'ui/ink', test: (id) => !views.some((name) => id.endsWith(`${name}.tsx`)) }] },
  });
  await bundle.close();
}

/** Other modules of the program stay files of their own, as tsc has written them. @param {string} sources */
function ownModules(sources) {
  return {
    name: 'own-modules',
    /** @param {string} id @param {string | undefined} from */
    resolveId(id, from) {
      // made for those who develop Ink, and not installed
      if (id === './devtools.js' && from?.startsWith(ink)) return { id: 'react-devtools-core', external: true };
      if (!id.startsWith('.') || !from?.startsWith(sources)) return undefined;
      return { id: id.replace(/\.tsx?$/, '.js'), external: true };
    },
  };
}

const quickOutput = '\0quick-output';
const quickWidth = '\0quick-width';
const quickMeasure = '\0quick-measure';

/**
 * Ink's frames made by `stacked` where that can; widths by `widthOf`, as half of the rest is looking for emoji in lines that
 * have none; and sizes of texts measured anew, as Ink keeps that of every text there ever was.
 * @param {string} sources
 */
function quickFrames(sources) {
  const own = (/** @type {string} */ name) => JSON.stringify(join(sources, name));
  return {
    name: 'quick-frames',
    /** @param {string} id @param {string | undefined} from */
    resolveId(id, from) {
      if (id === './output.js' && from === join(ink, 'renderer.js')) return quickOutput;
      if (id === './measure-text.js') return quickMeasure;
      if (id === 'string-width') return quickWidth;
      return undefined;
    },
    /** @param {string} id */
    load(id) {
      if (id === quickOutput)
        return `
          import Output from ${JSON.stringify(join(ink, 'output.js'))};
          import { stacked } from ${own('ui/stacked.ts')};
          export default class extends Output {
            get() {
              const isPlain = this.operations.every(({ type }) => type === 'write');
              const output = isPlain ? stacked(this.operations, this.height) : undefined;
              return output === undefined ? super.get() : { output, height: this.height };
            }
          }`;
      if (id === quickWidth) return `export { widthOf as default } from ${own('report/width.ts')};`;
      if (id === quickMeasure)
        return `
          import { widthOf } from ${own('report/width.ts')};
          export default (text) => {
            const lines = text === '' ? [] : text.split('\\n');
            return { width: lines.reduce((most, line) => Math.max(most, widthOf(line)), 0), height: lines.length };
          };`;
      return undefined;
    },
  };
}
