// Scoring a VQAv2-sized answers file (214,354 questions with ten answers each, as val2014) with `sea score`, as a whole
// process. Bound: under 10 s and 1 GiB.
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';

const cli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
const COUNT = 214_354;
const WORDS = [
  'yes',
  'no',
  '2',
  'white',
  'the red bus',
  'on the left',
  'tennis',
  'skateboarding',
  'none',
  "don't know",
];
const TYPES = ['yes/no', 'number', 'other'];

/** @param {number} question @param {number} annotator an answer drawn by a fixed rule */
const answerOf = (question, annotator) => WORDS[(question * 7 + (annotator % 4 === 3 ? annotator : 0)) % WORDS.length];

/** @param {string} file @param {Iterable<string>} parts */
async function write(file, parts) {
  const stream = createWriteStream(file);
  for (const part of parts) if (!stream.write(part)) await once(stream, 'drain');
  stream.end();
  await finished(stream);
}

/** @param {(index: number) => object} make @param {string} separator */
function* items(make, separator) {
  for (let index = 0; index < COUNT; index++) yield `${index === 0 ? '' : separator}${JSON.stringify(make(index))}`;
}

/** @param {string} head @param {(index: number) => object} make */
function* list(head, make) {
  yield head;
  yield* items(make, ', ');
  yield ']}';
}

/** @param {string} folder */
async function writeInputs(folder) {
  const common = '"info": {}, "license": {}, "data_subtype": "val2014"';
  const question = (/** @type {number} */ index) => `What is number ${index % 1000} of this picture?`;
  await write(
    join(folder, 'questions.json'),
    list(`{${common}, "questions": [`, (index) => ({
      image_id: index,
      question: question(index),
      question_id: index * 1000,
    })),
  );
  await write(
    join(folder, 'annotations.json'),
    list(`{${common}, "annotations": [`, (index) => ({
      question_type: `type ${index % 65}`,
      multiple_choice_answer: answerOf(index, 0),
      answers: Array.from({ length: 10 }, (_, annotator) => ({
        answer: answerOf(index, annotator),
        answer_confidence: annotator % 3 === 0 ? 'maybe' : 'yes',
        answer_id: annotator + 1,
      })),
      image_id: index,
      answer_type: TYPES[index % 3],
      question_id: index * 1000,
    })),
  );
  const answer = (/** @type {number} */ index) => ({
    question_id: index * 1000,
    prompt: `${question(index)}\nAnswer the question using a single word or phrase.`,
    text: `${answerOf(index, index % 5)}.`,
    answer_id: `id${index}`,
    model_id: 'bench',
    metadata: {},
  });
  await write(join(folder, 'answers.jsonl'), items(answer, '\n'));
}

export async function bench() {
  const folder = mkdtempSync(join(tmpdir(), 'sea-scoring-'));
  try {
    await writeInputs(folder);
    const started = performance.now();
    const peak =
      "process.on('exit', () => { const used = process.resourceUsage(); console.error('peak', used.maxRSS, used.userCPUTime + used.systemCPUTime) })";
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [
        '--import',
        `data:text/javascript,${encodeURIComponent(peak)}`,
        cli,
        'score',
        'vqav2',
        '--answers',
        join(folder, 'answers.jsonl'),
        '--data',
        folder,
      ],
      { encoding: 'utf8', maxBuffer: 1e8 },
    );
    if (status !== 0) throw new Error(`sea score ended with ${status}: ${stderr}`);
    const seconds = (performance.now() - started) / 1000;
    const [, peakKiB, busy] = /peak (\d+) (\d+)/.exec(stderr) ?? [];
    const mebibytes = Number(peakKiB) / 1024;
    const score = stdout
      .split('\n')
      .find((line) => line.endsWith('  score'))
      ?.trim();
    process.stderr.write(
      `vqav2, ${COUNT} questions: ${seconds.toFixed(1)} s (${(Number(busy) / 1e6).toFixed(1)} s of processor), ${mebibytes.toFixed(0)} MiB (${score})\n`,
    );
    const once = (value, unit) => ({ value, low: value, high: value, unit });
    return {
      times: {
        [`vqav2, ${COUNT} questions`]: once(seconds, 's'),
        'its processor time': once(Number(busy) / 1e6, 's'),
        'its peak memory': once(mebibytes, 'MiB'),
      },
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
