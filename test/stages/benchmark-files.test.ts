import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { benchmarkNamed } from '../../src/benchmarks/list.ts';
import { benchmarkFiles } from '../../src/stages/benchmark-files/kind.ts';
import { problemsOf, runStage, temporary } from './run-stage.ts';

async function popeFolder(): Promise<Readonly<{ path: string; images: readonly string[] }>> {
  const path = temporary();
  cpSync(join('test', 'scoring', 'pope'), path, { recursive: true });
  mkdirSync(join(path, 'images'));
  const questions = await benchmarkNamed('pope').questions(path, { prompt: 'llava', choices: 'letter' });
  const images = [...new Set(questions.flatMap(({ image }) => (image === undefined ? [] : [image.name])))];
  for (const name of images) writeFileSync(join(path, 'images', name), name);
  return { path, images };
}

test("a benchmark's official files are taken in with the images that its questions show", async () => {
  const { path, images } = await popeFolder();
  writeFileSync(join(path, 'images', 'of-another-benchmark.jpg'), '');
  const { metrics, output } = await runStage(benchmarkFiles, { benchmark: 'pope', path });
  const asked = await benchmarkNamed('pope').questions(output('data'), { prompt: 'llava', choices: 'letter' });
  expect(metrics).toEqual({ questions: asked.length, images: images.length });
  expect(readFileSync(join(output('data'), 'images', images[0] ?? ''), 'utf8')).toBe(images[0]);
  expect(existsSync(join(output('data'), 'images', 'of-another-benchmark.jpg'))).toBe(false);
});

test('an image that is not there stops it, named', async () => {
  const { path } = await popeFolder();
  const missing = temporary();
  cpSync(path, missing, { recursive: true, filter: (name) => !name.endsWith('.jpg') && !name.endsWith('.png') });
  const [problem] = await problemsOf(runStage(benchmarkFiles, { benchmark: 'pope', path: missing }));
  expect(problem?.message).toMatch(/images\/\S+ is not there, and \d+ more/);
});
