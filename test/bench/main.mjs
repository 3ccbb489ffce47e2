// `npm run bench -- [name ...]`: runs every *.bench.mjs of this folder, or those named, one after another. `--smoke`: sizes so
// small that figures mean nothing, to see that every measurement runs (labels, inference, training). `--json FILE`: what the
// benches that have figures measured; their ratios are listed at the end. `--history FILE`: appends their ratios and tells those that fell since the last
// entry of this machine; the exit code is then 1. Each bench exports `bench()` and prints its own table.
import { readdirSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { remember } from './history.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { smoke: { type: 'boolean' }, json: { type: 'string' }, history: { type: 'string' } },
});
const names = readdirSync(new URL('.', import.meta.url))
  .filter((file) => file.endsWith('.bench.mjs'))
  .map((file) => file.slice(0, -'.bench.mjs'.length))
  .sort();
const unknown = positionals.filter((name) => !names.includes(name));
if (unknown.length > 0) throw new Error(`no bench "${unknown.join('", "')}"; there are: ${names.join(', ')}`);
const found = {};
for (const name of positionals.length > 0 ? positionals : names) {
  process.stdout.write(`\n== ${name}\n`);
  const { bench } = await import(`./${name}.bench.mjs`);
  const figures = await bench();
  if (figures !== undefined) found[name] = figures;
}
const ratios = Object.entries(found).flatMap(([bench, own]) =>
  Object.entries(own.ratios).map(([name, spread]) => ratioLine(`${bench}: ${name}`, spread)),
);
if (ratios.length > 0) process.stdout.write(`\n== ratios, above 1: seagraph is faster\n${ratios.join('\n')}\n`);
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(found, undefined, 2)}\n`);
if (values.history !== undefined) {
  const fallen = remember(values.history, found, values.smoke === true);
  for (const line of fallen) process.stdout.write(`slower: ${line}\n`);
  if (fallen.length > 0) process.exitCode = 1;
}

/** @param {string} name @param {import('./history.mjs').Spread} spread */
function ratioLine(name, { value, low, high }) {
  return `${value.toFixed(2)} x  (${low.toFixed(2)}-${high.toFixed(2)})  ${name}`;
}
