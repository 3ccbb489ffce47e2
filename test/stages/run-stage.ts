import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { Problem } from '../../src/problem.ts';
import { type AnyKind, type Metrics, portsOf } from '../../src/stages/kind.ts';

export const temporary = (): string => mkdtempSync(join(tmpdir(), 'stage-'));

export type Ran = Readonly<{
  metrics: Metrics;
  /** path of an output */
  output(port: string): string;
  /** paths of all outputs by port */
  outputs: Readonly<Record<string, string>>;
  /** what each step reported */
  steps: readonly Metrics[];
  log: readonly string[];
}>;

export type RunOptions = Readonly<{
  /** kept between calls, it makes the second go on where the first was interrupted */
  scratch?: string;
  /** interrupts the stage when it reports this step */
  stopAt?: number;
}>;

/** Runs a stage as a job does, with defaults filled in. A stage that ends in any way leaves no tensor behind. */
export async function runStage(
  kind: AnyKind,
  params: object,
  input: Readonly<Record<string, string>> = {},
  { scratch = temporary(), stopAt }: RunOptions = {},
): Promise<Ran> {
  const filled: unknown = structuredClone(params);
  const check = new Ajv2020({ useDefaults: true, strict: false, formats: { path: true } }).compile(kind.params);
  if (!check(filled)) throw new Error(JSON.stringify(check.errors));
  const out = temporary();
  const stop = new AbortController();
  const steps: Metrics[] = [];
  const log: string[] = [];
  const ports = Object.keys(portsOf(kind.outputs, filled));
  const outputs = Object.fromEntries(ports.map((port) => [port, join(out, port)]));
  const { run } = await kind.load();
  const tensors = (): number => (kind.needs(filled).engine ? tf.memory().numTensors : 0);
  const before = tensors();
  const ended = await Promise.allSettled([
    run({
      params: filled,
      input,
      output: outputs,
      scratch,
      replies: join(out, 'replies'),
      signal: stop.signal,
      progress: (step, _, values) => {
        if (values !== undefined) steps.push(values);
        if (step === stopAt) stop.abort(new Error('interrupted'));
      },
      assist: false,
      share: () => {},
      log: (line) => void log.push(line),
      logFile: join(out, 'log'),
    }),
  ]);
  const left = tensors() - before;
  if (left !== 0) throw new Error(`${kind.kind} left ${left} tensors behind`);
  if (ended[0].status === 'rejected') throw ended[0].reason;
  return { metrics: ended[0].value, output: (port) => join(out, port), outputs, steps, log };
}

/** The problems that a stage stops with; any other end is an error. */
export async function problemsOf(stage: Promise<unknown>): Promise<readonly Problem[]> {
  try {
    await stage;
  } catch (error) {
    const { problems } = error as { problems?: readonly Problem[] };
    if (problems !== undefined) return problems;
    throw error;
  }
  throw new Error('the stage ran without a problem');
}

/** The codes of the problems that a stage stops with. */
export async function codesOf(stage: Promise<unknown>): Promise<readonly string[]> {
  return (await problemsOf(stage)).map(({ code }) => code);
}
