// A pair of rows of experiments/mini/table2.yaml, without and with SEA, of one language model and some seeds: its experiment file,
// its run, and the same work as tasks of row_torch.py, one for each row and seed.
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { imageBytes } from '../../dist/benchmarks/images.js';
import { benchmarkNamed } from '../../dist/benchmarks/list.js';
import { isSmoke } from './measure.mjs';

const cli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
const mini = fileURLToPath(new URL('../../experiments/mini.yaml', import.meta.url));

const seeds = isSmoke ? [1, 2] : [1, 2, 3];
/** @typedef {{ row: string, seed: number, name: string }} Cell */
/** @type {Cell[]} */
export const cells = ['LLaVA', '+SEA'].flatMap((row) =>
  seeds.map((seed) => ({ row, seed, name: `${row}, seed ${seed}` })),
);
const benchmarks = ['vqav2', 'textvqa', 'gqa', 'scienceqa', 'mmbench', 'pope', 'vizwiz', 'mmvet'];
/** What rows share with others: it is there before the pair is measured. */
const parents = ['pairs', 'captions', 'instructions', 'corpus', 'exam', 'encoder', 'language'];

const small = {
  pairs: { images: 48 },
  captions: { images: 40 },
  instructions: { images: 40 },
  exam: { scale: 0.03 },
  corpus: { documents: 400 },
  encoder: { steps: 2, batchSize: 8 },
  language: { steps: 2 },
  pretrain: { steps: 3, batchSize: 8 },
  finetune: { steps: 3, batchSize: 8 },
};

/** Writes the pair's experiment file. @param {string} folder @param {string} cache */
export function openPair(folder, cache) {
  const file = join(folder, 'pair.yaml');
  const stages = { ...(isSmoke ? small : {}), labelCheck: null, 'ask-mmlu': null, mmlu: null };
  const yaml = {
    name: 'bench-pair',
    extends: mini,
    seeds,
    stages,
    rows: { LLaVA: {}, '+SEA': { 'pretrain.align.weight': 1 } },
    table: { columns: benchmarks.map((stage) => ({ stage })), average: 'Avg' },
  };
  writeFileSync(file, JSON.stringify(yaml));
  return { file, folder, cache };
}

/** @typedef {ReturnType<typeof openPair>} Pair */

/** @param {Pair} pair @param {string[]} args */
function sea({ cache }, ...args) {
  const ended = spawnSync(process.execPath, [cli, '--cache', cache, ...args], { encoding: 'utf8', maxBuffer: 1 << 28 });
  if (ended.status !== 0)
    throw new Error(`sea ${args.join(' ')} ended with ${ended.status}:\n${ended.stderr}${ended.stdout.slice(-2000)}`);
  return ended.stdout;
}

/** Seconds that the shared parents took, near 0 where the cache has them. @param {Pair} pair */
export function makeParents(pair) {
  const start = performance.now();
  sea(pair, 'run', pair.file, '--stage', ...parents);
  return (performance.now() - start) / 1000;
}

/** Runs all of the pair but its parents, also where it is cached. @param {Pair} pair */
export function runPair(pair) {
  const own = [
    'labels',
    'captionFeatures',
    'instructionFeatures',
    'pretrain',
    'finetune',
    ...benchmarks.flatMap((name) => [`ask-${name}`, name]),
  ];
  const start = performance.now();
  const said = sea(pair, 'run', pair.file, '--force', ...own);
  const seconds = (performance.now() - start) / 1000;
  return { seconds, manner: said.trim().split('\n').at(-1) ?? '', stages: secondsByKind(pair) };
}

/** @param {Pair} pair @param {string} stage */
function entries(pair, stage) {
  return JSON.parse(sea(pair, 'show', stage, pair.file, '--json')).stages;
}

/** Seconds that stages of the pair took by themselves, those beside each other added. @param {Pair} pair */
function secondsByKind(pair) {
  const of = (/** @type {string[]} */ ...names) =>
    names.flatMap((name) => entries(pair, name)).reduce((sum, { provenance }) => sum + provenance.seconds, 0);
  return {
    features: of('captionFeatures', 'instructionFeatures'),
    labels: of('labels'),
    pretrain: of('pretrain'),
    finetune: of('finetune'),
    benchmarks: of(...benchmarks.map((name) => `ask-${name}`)),
  };
}

/** Losses over the last fifth of the steps, and scores. @param {Pair} pair @param {Cell} cell */
export function resultOf(pair, cell) {
  const metrics = (/** @type {string} */ name) => entryOf(pair, name, cell).metrics;
  const first = metrics('pretrain');
  const losses = {
    'pretrain.lossCaption': first.lossCaption,
    ...(cell.row === '+SEA' ? { 'pretrain.lossAlign': first.lossAlign } : {}),
    'finetune.loss': metrics('finetune').loss,
  };
  return { losses, scores: Object.fromEntries(benchmarks.map((name) => [name, metrics(name).score])) };
}

/** @param {Pair} pair @param {string} name @param {Cell} cell */
function entryOf(pair, name, { row, seed }) {
  const id = `${name}[${row},seed=${seed}]`;
  const found = entries(pair, id);
  if (found.length !== 1) throw new Error(`${found.length} entries of ${id}`);
  return found[0];
}

/** @param {Pair} pair @param {string} stage @param {string} [port] */
function pathOf(pair, stage, port) {
  const [{ outputs }] = entries(pair, stage);
  return (port === undefined ? outputs[0] : outputs.find((output) => output.port === port)).path;
}

/** What row_torch.py is told: where the files lie, and the parameters of the row's stages. @param {Pair} pair @param {Cell} cell */
export function taskOf(pair, cell) {
  const [pretrain, finetune] = ['pretrain', 'finetune'].map((name) => entryOf(pair, name, cell).identity);
  const { steps, batchSize, learningRate, betas, warmup, clip } = pretrain;
  return {
    seed: cell.seed,
    encoder: pathOf(pair, 'encoder'),
    language: pathOf(pair, 'language'),
    captions: pathOf(pair, 'captions', 'data'),
    instructions: pathOf(pair, 'instructions', 'data'),
    words: pathOf(pair, 'pairs', 'words'),
    gain: pretrain.projector.gain,
    pretrain: {
      ...{ steps, batchSize, learningRate, betas, warmup, clip },
      lambda: pretrain.align?.weight ?? 0,
      temperature: pretrain.align?.temperature.initial ?? 1,
    },
    finetune: { ...finetune, adapterLearningRate: finetune.learningRates['projector.*'] },
    benchmarks: Object.fromEntries(
      benchmarks.map((name) => {
        const asked = join(pair.folder, name);
        const { batchSize: size } = entryOf(pair, `ask-${name}`, cell).identity;
        return [
          name,
          { questions: join(asked, 'questions.jsonl'), answers: join(asked, `${cell.name}.jsonl`), batchSize: size },
        ];
      }),
    ),
  };
}

/** The benchmarks' questions as one line each, as LLaVA's scripts read them, with pictures as files. @param {Pair} pair */
export async function writeQuestions(pair) {
  for (const name of benchmarks) {
    const asked = join(pair.folder, name);
    mkdirSync(asked);
    const questions = await benchmarkNamed(name).questions(pathOf(pair, 'exam', name), {
      prompt: 'bare',
      choices: 'text',
    });
    const lines = [];
    for (const { id, image, text, recorded, maxNewTokens, choices, extra } of questions) {
      const line = {
        question_id: id,
        prompt: recorded,
        ...(choices === undefined ? {} : { metadata: { choices: 'text' } }),
        ...extra,
      };
      lines.push(JSON.stringify({ image: await pathTo(image, asked), text, maxNewTokens, line }));
    }
    writeFileSync(join(asked, 'questions.jsonl'), `${lines.join('\n')}\n`);
  }
}

async function pathTo(image, folder) {
  if ('path' in image) return image.path;
  const file = join(folder, `${image.name}.png`);
  writeFileSync(file, await imageBytes(image));
  return file;
}

/** Scores of a script's answers, as `sea score` marks them. @param {Pair} pair @param {{ benchmarks: Record<string, { answers: string }> }} task */
export function scoresOf(pair, task) {
  return Object.fromEntries(
    Object.entries(task.benchmarks).map(([name, { answers }]) => {
      const judge = name === 'mmvet' ? ['--judge', 'none'] : [];
      const files = ['--answers', answers, '--data', pathOf(pair, 'exam', name)];
      const marked = sea(pair, 'score', name, ...files, '--choices', 'text', ...judge, '--json');
      return [name, JSON.parse(marked).metrics.score];
    }),
  );
}
