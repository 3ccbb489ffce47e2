import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js';
import { expect } from 'vitest';
import { removeTree } from '../../src/store/tree.ts';

const cli = resolve('dist/cli.js');

export type Ended = Readonly<{ code: number | null; out: string; err: string }>;

/** A folder of its own with experiment files, in which the built program runs as its own process. */
export function openRig() {
  if (!existsSync(cli)) throw new Error('dist/cli.js is not built: run `npm run setup`');
  const folder = mkdtempSync(join(tmpdir(), 'sea-cli-'));
  const start = (
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
    user: Readonly<{ uid?: number; gid?: number }> = {},
  ): ChildProcess =>
    spawn(process.execPath, [cli, ...args], {
      ...user,
      cwd: folder,
      env: { PATH: process.env['PATH'], HOME: folder, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  return {
    folder,
    start,
    sea: (...args: readonly string[]): Promise<Ended> => ended(start(args)),
    seaWith: (env: Readonly<Record<string, string>>, ...args: readonly string[]): Promise<Ended> =>
      ended(start(args, env)),
    write: (name: string, text: string) => writeFileSync(join(folder, name), text),
    edit(name: string, from: string, to: string) {
      const text = readFileSync(join(folder, name), 'utf8');
      if (!text.includes(from)) throw new Error(`${name} has no "${from}"`);
      writeFileSync(join(folder, name), text.replaceAll(from, to));
    },
    /** names of the stages that really ran since the last call: each writes a line */
    ran(): readonly string[] {
      const file = join(folder, 'ran');
      const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean).sort() : [];
      rmSync(file, { force: true });
      return lines;
    },
    close: () => removeTree(folder), // what the store keeps is read-only
  };
}

export type Rig = ReturnType<typeof openRig>;

export function ended(child: ChildProcess): Promise<Ended> {
  let out = '';
  let err = '';
  child.stdout?.on('data', (data: Buffer) => {
    out += data;
  });
  child.stderr?.on('data', (data: Buffer) => {
    err += data;
  });
  return new Promise((done, failed) => {
    child.on('error', failed);
    child.on('close', (code) => done({ code, out, err }));
  });
}

/** Three rows of a trained number: data -> train -> score, each leaving its name in `ran`. */
export const ablation = `
name: ablation
stages:
  data:
    kind: command
    run: 'echo data >> ran; echo data > {output.out}'
    outputs: [out]
  train:
    kind: command
    run: 'echo train $RATE >> ran; cat {input.data} > {output.model}; echo $RATE >> {output.model}'
    inputs: { data: data.out }
    outputs: [model]
    env: { RATE: '1' }
  score:
    kind: command
    run: 'echo score $(tail -1 {input.model}) >> ran; echo "{\\"accuracy\\": 5$(tail -1 {input.model}).5, \\"loss\\": 0.$(tail -1 {input.model})}" > {output.scores}'
    inputs: { model: train.model }
    outputs: [scores]
    metrics: scores
rows:
  Baseline: {}
  +SEA: { train.env.RATE: '2' }
  +SEA twice: { extends: +SEA, train.env.RATE: '3' }
table:
  title: A small ablation
  columns: [{ stage: score, metric: accuracy, label: Acc }, { stage: score, metric: loss, lowerIsBetter: true }]
  baseline: Baseline
`;

/** Two rows that answer four questions, leaving what a scorer leaves. */
export const asked = `
name: asked
stages:
  mark:
    kind: command
    run: |
      mkdir {output.scores}
      node -e 'const right = process.env.RIGHT.split(","); const lines = ["0", "1", "2", "3"].map((id) => JSON.stringify({ id: Number(id), question: "question " + id, answer: right.includes(id) ? "yes" : "no", truth: "yes", score: right.includes(id) ? 1 : 0 })); console.log(lines.join("\\n"))' > {output.scores}/questions.jsonl
      echo "{\\"score\\": $SCORE}" > {output.numbers}
    outputs: [scores, numbers]
    metrics: numbers
rows:
  Worse: { mark.env: { RIGHT: '2', SCORE: '25' } }
  Better: { mark.env: { RIGHT: '0,1,3', SCORE: '75' } }
table: { columns: [{ stage: mark, metric: score, label: Acc }], baseline: Worse }
`;

/** Throws unless the value is what schemas/output/ documents for a command. */
export function expectDocumented(command: string, value: unknown): void {
  const schema = JSON.parse(readFileSync(resolve(`schemas/output/${command}.schema.json`), 'utf8')) as object;
  const ajv = new Ajv2020({ allErrors: true, validateFormats: false });
  const validate = ajv.compile(schema);
  const errors: readonly ErrorObject[] = validate(value) ? [] : (validate.errors ?? []);
  expect(
    errors.map(({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`),
  ).toEqual([]);
}
