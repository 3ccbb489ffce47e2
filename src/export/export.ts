import { readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type CopyOptions, copyWeights, type FloatDtype, readAdapterTensors } from '../data/checkpoint-copy.ts';
import { dtypeNames } from '../data/checkpoint-write.ts';
import { leadingTokens } from '../data/config.ts';
import { readPreprocessor } from '../data/preprocess.ts';
import { writeSafetensors } from '../data/safetensors-write.ts';
import { writeTorchFile } from '../data/torch-file-write.ts';
import { llavaSight } from '../nn/llava.ts';
import { featureDim } from '../nn/sight.ts';
import { ProblemError } from '../problem.ts';
import { adapterConfigJson } from '../train/adapter-file.ts';
import { type Artifact, readArtifact } from './artifact.ts';
import { copyPresent, writeConfig, writeJson, writeProcessor, writeText } from './files.ts';
import { writeFolder } from './folder.ts';

export type ExportOptions = Readonly<{
  /** the adapter of a model, in LLaVA's naming, instead of the whole */
  adapter?: boolean;
  /** `float32`, `float16` or `bfloat16`; default: as stored */
  dtype?: DtypeName;
  /** weights are split into files of at most so many bytes; default 5 GB */
  shardBytes?: number;
  force?: boolean;
  /** text of README.md */
  card: (facts: ExportFacts) => string;
  signal?: AbortSignal;
}>;

export type DtypeName = (typeof dtypeNames)[FloatDtype];

/** What is exported. */
export type ExportFacts = Readonly<{
  sort: Artifact['sort'];
  /** of the architecture: `llava`, `llama`, ...; of an adapter `mm_projector` */
  family: string;
  parameters: number;
}>;

export type Exported = ExportFacts & Readonly<{ files: readonly Readonly<{ path: string; bytes: number }>[] }>;

/**
 * Writes a trained folder as one that Hugging Face's transformers (an adapter: LLaVA) loads. Weights pass through memory
 * one tensor at a time, after their names and shapes were checked. Throws ProblemError; then nothing is left behind.
 */
export async function exportArtifact(from: string, target: string, options: ExportOptions): Promise<Exported> {
  const artifact = await readArtifact(from);
  const { dtype, shardBytes, signal } = options;
  const code = (Object.keys(dtypeNames) as FloatDtype[]).find((one) => dtypeNames[one] === dtype);
  const how: CopyOptions = {
    ...(code === undefined ? {} : { dtype: code }),
    ...(shardBytes === undefined ? {} : { shardBytes }),
    ...(signal === undefined ? {} : { signal }),
  };
  return writeFolder(target, options.force === true, async (to) => {
    const isAdapter = options.adapter === true || artifact.sort === 'adapter';
    const facts = isAdapter ? await writeAdapter(artifact, from, to, how) : await writeWhole(artifact, from, to, how);
    await writeFile(join(to, 'README.md'), options.card(facts));
    const names = (await readdir(to)).sort();
    const files = await Promise.all(names.map(async (path) => ({ path, bytes: (await stat(join(to, path))).size })));
    return { ...facts, files };
  });
}

async function writeWhole(
  artifact: Exclude<Artifact, { sort: 'adapter' }>,
  from: string,
  to: string,
  how: CopyOptions,
): Promise<ExportFacts> {
  await writeConfig(to, artifact, how.dtype === undefined ? undefined : dtypeNames[how.dtype]);
  if (artifact.sort === 'encoder') {
    if ('text' in artifact.config) await writeText(from, to, undefined, undefined);
    await readPreprocessor(from);
    await copyPresent(from, to, ['preprocessor_config.json']);
  } else {
    await writeText(from, to, artifact.template, artifact.sort === 'model' ? artifact.config.text : artifact.config);
  }
  if (artifact.sort === 'model') await writeProcessor(from, to, artifact.config);
  const parameters = await copyWeights(from, to, artifact.shapes, how);
  return { sort: artifact.sort, family: artifact.config.family, parameters };
}

/** mm_projector as safetensors and as LLaVA's own .bin, and LLaVA's keys for it. */
async function writeAdapter(artifact: Artifact, from: string, to: string, how: CopyOptions): Promise<ExportFacts> {
  if (artifact.sort === 'adapter') await copyPresent(from, to, ['config.json']);
  else await writeJson(join(to, 'config.json'), adapterConfigOf(artifact, from));
  const { tensors, close } = await readAdapterTensors(
    from,
    artifact.sort === 'model' ? artifact.shapes : undefined,
    how,
  );
  try {
    await writeSafetensors(join(to, 'mm_projector.safetensors'), tensors);
    await writeTorchFile(join(to, 'mm_projector.bin'), tensors);
  } finally {
    await close();
  }
  const parameters = tensors.reduce((sum, { shape }) => sum + shape.reduce((product, size) => product * size, 1), 0);
  return { sort: 'adapter', family: 'mm_projector', parameters };
}

function adapterConfigOf(artifact: Exclude<Artifact, { sort: 'adapter' }>, from: string): unknown {
  if (artifact.sort !== 'model') {
    throw new ProblemError({ code: 'no-adapter', message: `${from}: this ${artifact.sort} has no adapter` });
  }
  const { vision, text, featureLayer, featureSelect, projectorActivation, scales } = artifact.config;
  if (projectorActivation !== 'gelu' || (leadingTokens(vision) > 0 && featureSelect === 'full')) {
    const message = `${from}: an adapter with ${projectorActivation} over ${featureSelect} features has no name in LLaVA`;
    throw new ProblemError({ code: 'no-adapter', message, hint: 'export the whole model' });
  }
  return adapterConfigJson(
    { input: featureDim(llavaSight(artifact.config)), output: text.hidden },
    {
      layer: featureLayer,
      ...(scales === undefined ? {} : { scales }),
      languageFamily: text.family,
      ...(artifact.template === undefined ? {} : { conversation: artifact.template }),
    },
  );
}
