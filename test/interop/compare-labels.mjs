import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { openLabels } from '../../dist/data/labels.js';

const reader = fileURLToPath(new URL('read_labels.py', import.meta.url));

/** Prints whether Python reads the same labels from a folder as seagraph; 1 when it does not. */
export async function compareLabels(command, folder) {
  const read = spawnSync(command, [reader, folder], { encoding: 'utf8', maxBuffer: 1 << 28 });
  if (read.status !== 0) throw new Error(`read_labels.py ended with ${read.status}: ${read.stderr}`);
  const ours = await ownLabels(folder);
  const theirs = read.stdout.trim().split('\n');
  const wrong = ours.findIndex((line, i) => line !== JSON.stringify(JSON.parse(theirs[i] ?? 'null')));
  const same = wrong < 0 && ours.length === theirs.length;
  process.stdout.write(`${same ? 'ok  ' : 'FAIL'} labels of ${ours.length} images, read by read_labels.py\n`);
  if (!same) process.stdout.write(`  ${ours[wrong]?.slice(0, 200)}\n  ${theirs[wrong]?.slice(0, 200)}\n`);
  return same ? 0 : 1;
}

async function ownLabels(folder) {
  const labels = await openLabels(folder);
  const { images, top } = labels.manifest;
  const [words, scores] = [new Int32Array(labels.words.size), new Float32Array(labels.scores.size)];
  const lines = images.map((image, i) => {
    labels.words.readInto(words, 0, i);
    labels.scores.readInto(scores, 0, i);
    const patches = Array.from({ length: words.length / top }, (_, patch) =>
      Array.from({ length: top }, (_, j) => patch * top + j).flatMap((at) =>
        words[at] < 0 ? [] : [[words[at], scores[at]]],
      ),
    );
    return JSON.stringify({ image, patches });
  });
  labels.close();
  return lines;
}
