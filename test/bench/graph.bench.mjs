// Planning, a run with nothing to do and a cold run over a layered graph of trivial `command` stages, as whole processes,
// beside the peers found on PATH. 10 roots, nine layers of equal width, every fifth stage with a second parent.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { layeredGraph, stageScript, varied, writtenOut } from './layered.mjs';
import { short, spread } from './measure.mjs';

const cli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));

/** @param {string} command @param {string[]} args @param {string} cwd */
function time(command, args, cwd) {
  const start = performance.now();
  const timed = spawnSync('/bin/sh', ['-c', 'exec "$@"', 'sh', command, ...args], {
    cwd,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  const milliseconds = performance.now() - start;
  if (timed.status !== 0)
    throw new Error(`${command} ${args.join(' ')} ended with ${timed.status}:\n${timed.stderr.slice(-2000)}`);
  return milliseconds;
}

/** Of three. @param {() => number} measure */
const thrice = (measure) => spread([measure(), measure(), measure()]);

/** @typedef {Record<string, import('./history.mjs').Spread>} Spreads */

/** @param {string} name @param {Spreads} figures */
function print(name, figures) {
  const shown = Object.entries(figures).map(([what, { value }]) => `${what} ${short(value)}`);
  process.stderr.write(`${name.padEnd(34)} ${shown.join(', ')}\n`);
  return figures;
}

/** Peak memory of a command, MiB, as the kernel counts it. @param {string[]} args @param {string} cwd */
function peakMiB(args, cwd) {
  const probe = `process.on('exit', () => process.stderr.write('\\nPEAK ' + process.resourceUsage().maxRSS));`;
  const file = join(cwd, 'peak.mjs');
  writeFileSync(file, probe);
  const result = spawnSync(process.execPath, ['--import', file, ...args], {
    cwd,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  const match = /PEAK (\d+)/.exec(result.stderr);
  if (match === null) throw new Error(`no peak memory:\n${result.stderr.slice(-1000)}`);
  return Number(match[1]) / 1024;
}

/** @param {string} name @param {string} yaml @param {number} count @returns {Spreads} */
function benchSeagraph(name, yaml, count) {
  const folder = mkdtempSync(join(tmpdir(), 'seagraph-bench-'));
  try {
    writeFileSync(join(folder, 'stage.sh'), stageScript);
    writeFileSync(join(folder, 'graph.yaml'), yaml);
    const sea = (/** @type {string[]} */ ...args) =>
      time(process.execPath, [cli, ...args, '--cache', join(folder, 'cache')], folder);
    const coldPlan = thrice(() => sea('plan', 'graph.yaml'));
    const coldRun = sea('run', 'graph.yaml', '--jobs', String(cpus().length));
    const ran = readFileSync(join(folder, 'run.log'), 'utf8').trim().split('\n').length;
    if (ran !== count) throw new Error(`${ran} stages ran, expected ${count}`);
    return print(name, {
      'plan ms': coldPlan,
      'cold ms/stage': spread([coldRun / count]),
      'no-op ms': thrice(() => sea('run', 'graph.yaml')),
      'plan of cached ms': thrice(() => sea('plan', 'graph.yaml')),
      'no-op MiB': spread([peakMiB([cli, 'run', 'graph.yaml', '--cache', join(folder, 'cache')], folder)]),
    });
  } finally {
    spawnSync('chmod', ['-R', 'u+w', folder]);
    rmSync(folder, { recursive: true, force: true });
  }
}

const peers = {
  ninja: (/** @type {Stage[]} */ stages) => ({
    'build.ninja': `rule s\n  command = $c\n${stages.map(({ id, parents }) => `build o/${id}: s ${parents.map((parent) => `o/${parent}`).join(' ')}\n  c = ${commandOf(id, parents)}\n`).join('')}`,
  }),
  make: (/** @type {Stage[]} */ stages) => ({
    Makefile: `all: ${stages.map(({ id }) => `o/${id}`).join(' ')}\n${stages.map(({ id, parents }) => `o/${id}: ${parents.map((parent) => `o/${parent}`).join(' ')}\n\t@${commandOf(id, parents)}\n`).join('')}`,
  }),
  doit: (/** @type {Stage[]} */ stages) => ({
    'graph.json': JSON.stringify(stages.map(({ id, parents }) => [id, parents])),
    'dodo.py': `import json
DOIT_CONFIG = {"verbosity": 0}
def task_stage():
    for id, parents in json.load(open("graph.json")):
        files = ["o/" + parent for parent in parents]
        yield {"name": id, "targets": ["o/" + id], "file_dep": files, "uptodate": [True],
               "actions": [" ".join(["sh stage.sh", id, "1", "o/" + id, *files])]}
`,
  }),
  snakemake: (/** @type {Stage[]} */ stages) => ({
    'graph.json': JSON.stringify(Object.fromEntries(stages.map(({ id, parents }) => [id, parents]))),
    Snakefile: `import json
G = json.load(open("graph.json"))
rule all:
    input: ["o/" + id for id in G]
rule stage:
    input: lambda wc: ["o/" + parent for parent in G[wc.id]]
    output: "o/{id}"
    shell: "sh stage.sh {wildcards.id} 1 {output} {input}"
`,
  }),
};

/** @typedef {import('./layered.mjs').Stage} Stage */

/** @type {Record<string, string[]>} */
const peerCommands = {
  ninja: ['ninja', '-j2', '--quiet'],
  make: ['make', '-s', '-j2', 'all'],
  doit: ['doit', '-n', '2'],
  snakemake: ['snakemake', '-j2', '--quiet', 'all'],
};

/** @param {string} id @param {string[]} parents */
function commandOf(id, parents) {
  return `sh stage.sh ${id} 1 o/${id}${parents.map((parent) => ` o/${parent}`).join('')}`;
}

/** @param {string} name @param {number} count @returns {Spreads} */
function benchPeer(name, count) {
  const folder = mkdtempSync(join(tmpdir(), 'seagraph-bench-'));
  try {
    mkdirSync(join(folder, 'o'));
    writeFileSync(join(folder, 'stage.sh'), stageScript);
    const files = peers[/** @type {keyof typeof peers} */ (name)](layeredGraph(count));
    for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, file), text);
    const [command = name, ...args] = peerCommands[name] ?? [];
    const cold = time(command, args, folder);
    return print(`${name}, ${count}`, {
      'cold ms/stage': spread([cold / count]),
      'no-op ms': thrice(() => time(command, args, folder)),
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @param {string} name */
function isInstalled(name) {
  return spawnSync('/bin/sh', ['-c', 'command -v "$1"', 'sh', name]).status === 0;
}

export async function bench() {
  if (!existsSync(cli)) throw new Error('dist/cli.js is not there: run `npm run setup`');
  const own = benchSeagraph('seagraph, 1,000 written out', writtenOut(layeredGraph(1000)), 1000);
  /** @type {Record<string, Spreads>} */
  const all = { '1,000 written out': own };
  const ratios = {};
  for (const peer of Object.keys(peers)) {
    if (!isInstalled(peer)) continue;
    const figures = benchPeer(peer, 1000);
    all[`${peer}, 1,000`] = figures;
    for (const [what, one] of Object.entries(figures))
      ratios[`1,000 stages, ${what}: ${peer} / seagraph`] = quotient(one, own[what]);
  }
  all['10,000 by vary'] = benchSeagraph('seagraph, 10,000 by vary', varied(100, 100), 10_000);
  all['10,000 written out'] = benchSeagraph('seagraph, 10,000 written out', writtenOut(layeredGraph(10_000)), 10_000);
  const times = Object.entries(all).flatMap(([graph, figures]) =>
    Object.entries(figures).map(([what, one]) => [
      `${graph}, ${what.replace(/ \S+$/, '')}`,
      { ...one, unit: what.split(' ').at(-1) },
    ]),
  );
  return { ratios, times: Object.fromEntries(times) };
}

/** @param {import('./history.mjs').Spread} a @param {import('./history.mjs').Spread | undefined} b */
function quotient(a, b = a) {
  return { value: a.value / b.value, low: a.low / b.high, high: a.high / b.low };
}
