import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { openEngine } from '../../src/engine/open.ts';
import { kinds } from '../../src/stages/kinds.ts';
import { goldenRuns, prepareInputs } from './golden-runs.ts';
import { type Meaning, meaningOf, type Numbers } from './meaning.ts';
import { runStage } from './run-stage.ts';

/**
 * A cached result is reused as long as its kind has the same `version`. So the same inputs must give the same outputs
 * under a version: what a tiny run of each kind gave is recorded beside this file, in golden/<kind>.json. `GOLDEN=record`
 * records a kind whose version was raised (or that is new), and no other.
 */
type Recorded = Readonly<{ version: number; runs: Readonly<Record<string, Run>> }>;
type Run = Readonly<{ metrics: Readonly<Record<string, number>>; outputs: Readonly<Record<string, Meaning>> }>;

const folder = resolve(import.meta.dirname, 'golden');

beforeAll(async () => {
  vi.stubEnv('SEA_CAPTURE', 'off');
  vi.stubEnv('CUDA_VISIBLE_DEVICES', '-1'); // a GPU rounds more coarsely
  await openEngine();
  await prepareInputs();
});

test('every kind of stage has a golden run, and no other is recorded', () => {
  expect(Object.keys(goldenRuns).sort()).toEqual(kinds.map(({ kind }) => kind).sort());
  if (process.env['GOLDEN'] === 'record') return;
  expect(readdirSync(folder).sort()).toEqual(kinds.map(({ kind }) => `${kind}.json`).sort());
});

async function runAll(name: string): Promise<Readonly<Record<string, Run>>> {
  const kind = kinds.find((one) => one.kind === name);
  const runs: Record<string, Run> = {};
  for (const [title, { params, input }] of Object.entries(goldenRuns[name] ?? {})) {
    if (kind === undefined) throw new Error(`no kind ${name}`);
    const { metrics, outputs } = await runStage(kind, params, input);
    const meanings: Record<string, Meaning> = {};
    for (const [port, path] of Object.entries(outputs)) meanings[port] = await meaningOf(path);
    const timeless = Object.entries(metrics).filter(([metric]) => !metric.startsWith('seconds'));
    runs[title] = { metrics: Object.fromEntries(timeless), outputs: meanings };
  }
  return runs;
}

describe.each(kinds.map(({ kind, version }) => ({ kind, version })))('$kind', ({ kind, version }) => {
  test(`gives what version ${version} gave`, async () => {
    const file = join(folder, `${kind}.json`);
    const recorded = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Recorded) : undefined;
    const runs = await runAll(kind);
    if (recorded?.version !== version) {
      if (process.env['GOLDEN'] !== 'record')
        throw new Error(
          `version ${version} of ${kind} is not recorded: GOLDEN=record npx vitest run test/stages/golden.test.ts`,
        );
      mkdirSync(folder, { recursive: true });
      writeFileSync(file, `${JSON.stringify({ version, runs } satisfies Recorded, null, 2)}\n`);
      return;
    }
    const changed = differences(JSON.parse(JSON.stringify(runs)), recorded.runs, kind);
    if (changed.length === 0) return;
    const advice = `raise \`version\` in src/stages/${kind}/kind.ts, so that nothing cached before is taken for the new, and record`;
    throw new Error(`${kind} gives something else than version ${version} gave: ${advice}\n${changed.join('\n')}`);
  });
});

test('a change of numbers is noticed, and rounding is not', () => {
  const numbers = { count: 3, rms: 2, probe: 0.001 };
  expect(differences({ a: numbers }, { a: { ...numbers, rms: 2.001, probe: 0.002 } }, 'x')).toEqual([]);
  expect(differences({ a: numbers }, { a: { ...numbers, probe: 0.05 } }, 'x')).toHaveLength(1);
  expect(differences({ a: { ...numbers, count: 4 } }, { a: numbers }, 'x')).toHaveLength(1);
  expect(differences({ loss: 1.0005 }, { loss: 1 }, 'x')).toEqual([]);
  expect(differences({ loss: 1.02 }, { loss: 1 }, 'x')).toEqual(['x.loss: 1.02, not 1']);
  expect(differences({ a: 'x' }, { a: 'x', b: 'y' }, 'x')).toEqual(['x.b: undefined, not "y"']);
});

/**
 * Numbers may differ by this share: of themselves, or of the root mean square of the numbers they sum up. Another engine
 * (WebAssembly) and other kernels (without oneDNN) moved them by 5e-5 and 2e-4 at most.
 */
const TOLERANCE = 1e-3;

/** What differs between two records, as `path: now, not then`. */
function differences(now: unknown, then: unknown, path: string): readonly string[] {
  if (isNumbers(now) && isNumbers(then)) {
    const near = (a: number, b: number): boolean => Math.abs(a - b) <= TOLERANCE * then.rms + 1e-9;
    if (now.count === then.count && near(now.rms, then.rms) && near(now.probe, then.probe)) return [];
  } else if (isObject(now) && isObject(then)) {
    const keys = [...new Set([...Object.keys(now), ...Object.keys(then)])];
    return keys.flatMap((key) => differences(now[key], then[key], `${path}.${key}`));
  } else if (typeof now === 'number' && typeof then === 'number') {
    if (Math.abs(now - then) <= TOLERANCE * Math.max(1e-6, Math.abs(now), Math.abs(then))) return [];
  } else if (now === then) return [];
  return [`${path}: ${JSON.stringify(now)}, not ${JSON.stringify(then)}`];
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;
const isNumbers = (value: unknown): value is Numbers => isObject(value) && 'probe' in value;
