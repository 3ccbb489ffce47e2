// `npm run bench -- [name ...]`: runs every *.bench.mjs of this folder, or those named, one after another, and prints one report:
// ratios first, then times, each with its spread over rounds. What a bench says meanwhile goes to stderr. `--smoke`: sizes so
// small that figures mean nothing, to see that every measurement runs (labels, inference, training, table, ui). `--profile`: where
// the time of training steps slower than PyTorch's goes. `--json FILE`: all
// that was measured. `--history FILE`: appends the ratios and tells those that fell since the last entry of this machine; the exit
// code is then 1. Each bench exports `bench()`, which returns what history.mjs calls Figures.
import { readdirSync, writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { machineName, remember } from './history.mjs';
import { short } from './measure.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    smoke: { type: 'boolean' },
    profile: { type: 'boolean' },
    json: { type: 'string' },
    history: { type: 'string' },
  },
});
const names = readdirSync(new URL('.', import.meta.url))
  .filter((file) => file.endsWith('.bench.mjs'))
  .map((file) => file.slice(0, -'.bench.mjs'.length))
  .sort();
const unknown = positionals.filter((name) => !names.includes(name));
if (unknown.length > 0) throw new Error(`no bench "${unknown.join('", "')}"; there are: ${names.join(', ')}`);
/** @type {import('./history.mjs').Found} */
const found = {};
for (const name of positionals.length > 0 ? positionals : names) {
  process.stderr.write(`\n== ${name}\n`);
  const { bench } = await import(`./${name}.bench.mjs`);
  const figures = await bench();
  if (figures !== undefined) found[name] = figures;
}
const machine = { machine: machineName(), load: loadavg()[0], at: new Date().toISOString() };
process.stdout.write(`\n${machine.machine}; load ${short(machine.load ?? 0)} at the end\n`);
section('ratios, above 1: seagraph is faster', 'ratios', (one) => `${one.value.toFixed(2).padStart(9)} x`);
section('times', 'times', (one) => `${short(one.value).padStart(9)} ${one.unit}`);
if (values.json !== undefined)
  writeFileSync(values.json, `${JSON.stringify({ ...machine, benches: found }, undefined, 2)}\n`);
if (values.history !== undefined) {
  const fallen = remember(values.history, found, values.smoke === true);
  for (const line of fallen) process.stdout.write(`slower: ${line}\n`);
  if (fallen.length > 0) process.exitCode = 1;
}

/** @param {string} title @param {'ratios' | 'times'} part @param {(one: any) => string} text */
function section(title, part, text) {
  const lines = Object.entries(found).flatMap(([bench, own]) =>
    Object.entries(own[part] ?? {}).map(
      ([name, one]) => `${text(one).padEnd(18)}${rangeOf(one).padEnd(20)}${bench}: ${name}`,
    ),
  );
  if (lines.length > 0) process.stdout.write(`\n== ${title}\n${lines.join('\n')}\n`);
}

/** @param {import('./history.mjs').Spread} spread */
function rangeOf({ low, high }) {
  return low === high ? '' : `(${short(low)}-${short(high)})`;
}
