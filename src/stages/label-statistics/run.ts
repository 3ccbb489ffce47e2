import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { agreementOf } from '../../labels/agreement.ts';
import { extremesOf, statisticsOf } from '../../labels/statistics.ts';
import type { Metrics, Run } from '../kind.ts';
import type { Params } from './kind.ts';

export const run: Run<Params, 'labels' | 'truth', 'statistics'> = async ({
  params: { listed },
  input,
  output: { statistics: folder },
  signal,
  progress,
}) => {
  const { labels, truth } = input;
  if (labels === undefined) throw new Error('the port labels must be connected');
  const { perWord, ...statistics } = await statisticsOf(labels, { signal, progress });
  const agreement = truth === undefined ? undefined : await agreementOf(labels, truth, signal);
  const figures = {
    ...statistics,
    ...extremesOf(perWord, listed),
    ...(agreement === undefined ? {} : { truth: agreement }),
  };
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'statistics.json'), `${JSON.stringify(figures, undefined, 2)}\n`);
  await writeFile(join(folder, 'words.jsonl'), perWord.map((use) => `${JSON.stringify(use)}\n`).join(''));
  const { images, labelsPerPatch, belowZero, allBelowZero, meanScore, peak, utilisation, cluster, wordsBelowZero } =
    statistics;
  return {
    ...{ images, labelsPerPatch, belowZero, utilisation, wordsBelowZero },
    ...known({ allBelowZero, meanScore, peak, cluster }),
    ...prefixed('truth', agreement ?? {}),
  };
};

/** Without those that have no value: labels may be all dropped. */
function known(values: Readonly<Record<string, number | null>>): Metrics {
  return Object.fromEntries(Object.entries(values).flatMap(([name, value]) => (value === null ? [] : [[name, value]])));
}

function prefixed(prefix: string, values: Metrics): Metrics {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [`${prefix}.${name}`, value]));
}
