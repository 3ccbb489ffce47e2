import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Exam, Folder } from '../../world/benchmarks/exam.ts';
import { gqa } from '../../world/benchmarks/gqa.ts';
import { mmbench } from '../../world/benchmarks/mmbench.ts';
import { mmlu } from '../../world/benchmarks/mmlu.ts';
import { mmvet } from '../../world/benchmarks/mmvet.ts';
import { pope } from '../../world/benchmarks/pope.ts';
import { scienceqa } from '../../world/benchmarks/scienceqa.ts';
import { textvqa } from '../../world/benchmarks/textvqa.ts';
import { vizwiz } from '../../world/benchmarks/vizwiz.ts';
import { vqav2 } from '../../world/benchmarks/vqav2.ts';
import { jsonLines } from '../../world/json-lines.ts';
import { truthOf } from '../../world/truth.ts';
import type { Metrics } from '../kind.ts';
import { outputOf, writePicture, writeText } from './output.ts';
import type { Job } from './run.ts';
import type { Settings } from './settings.ts';

type BenchmarkSettings = Extract<Settings, { make: 'benchmarks' }>;

/** Port of each benchmark, and what makes its folder. */
export const BENCHMARKS: Readonly<Record<string, (exam: Exam) => Folder>> = {
  vqav2,
  textvqa,
  gqa,
  scienceqa,
  mmbench,
  pope,
  vizwiz,
  mmvet,
  mmlu,
};

/** A folder for each benchmark, and the truth of all pictures that are files. */
export async function writeBenchmarks(job: Job, settings: BenchmarkSettings): Promise<Metrics> {
  const exam: Exam = { seed: settings.seed, split: settings.split, side: settings.size, scale: settings.scale };
  const makers = Object.entries(BENCHMARKS);
  const truths: string[] = [];
  for (const [done, [port, make]] of makers.entries()) {
    job.signal.throwIfAborted();
    const folder = make(exam);
    await writeFolder(outputOf(job, port), folder);
    truths.push(
      jsonLines(folder.images.map(({ name, shot }) => truthOf(name, shot.scene, shot.picture, settings.patch))),
    );
    job.progress(done + 1, makers.length);
  }
  await writeText(outputOf(job, 'truth'), 'truth.jsonl', truths.join(''));
  const images = truths.reduce((sum, lines) => sum + lines.split('\n').length - 1, 0);
  return { images };
}

async function writeFolder(root: string, { files, images }: Folder): Promise<void> {
  for (const [name, text] of Object.entries(files)) await writeText(root, name, text);
  for (const { name, shot } of images) {
    const path = join(root, 'images', name);
    await mkdir(dirname(path), { recursive: true });
    await writePicture(path, shot.picture);
  }
}
