import type { Json } from '../hash.ts';
import type { Entry } from '../store/store.ts';
import { duration } from './style.ts';

/** What a model card says beside the lineage. */
export type CardFacts = Readonly<{
  sort: 'encoder' | 'language-model' | 'model' | 'adapter';
  family: string;
  parameters: number;
}>;

const tasks = {
  encoder: 'zero-shot-image-classification',
  'language-model': 'text-generation',
  model: 'image-text-to-text',
  adapter: undefined,
} as const;

/** The model card (README.md) of an exported stage: what it is, how it is loaded, the stages that made it, newest first. */
export function modelCard({ sort, family, parameters }: CardFacts, lineage: readonly Entry[]): string {
  const task = tasks[sort];
  const head = ['---', 'library_name: transformers', ...(task === undefined ? [] : [`pipeline_tag: ${task}`]), '---'];
  const [own] = lineage;
  if (own === undefined) throw new Error('a model card without a stage');
  const rows = lineage.map(({ stage, kind, version, key, provenance }) =>
    [stage, `${kind} ${version}`, `\`${key.slice(0, 12)}\``, provenance.engine, duration(provenance.seconds)]
      .map((cell) => cell.replaceAll('|', '\\|'))
      .join(' | '),
  );
  const parameterBlocks = lineage.map(({ stage, identity }) => `${JSON.stringify({ [stage]: identity as Json })}`);
  return [
    ...[...head, '', `# ${own.stage} of ${own.experiment}`, ''],
    ...[`${family}, ${parameters.toLocaleString('en')} parameters, made by seagraph ${own.provenance.seagraph}.`, ''],
    ...['```python', ...usage(sort, family), '```', ''],
    ...['## Stages', '', '| Stage | Kind | Key | Engine | Took |', '| --- | --- | --- | --- | --- |'],
    ...[...rows.map((row) => `| ${row} |`), '', '## Parameters', '', '```json', ...parameterBlocks, '```', ''],
  ].join('\n');
}

const processors = { encoder: 'AutoProcessor', 'language-model': 'AutoTokenizer', model: 'AutoProcessor' } as const;

function usage(sort: CardFacts['sort'], family: string): readonly string[] {
  if (sort === 'adapter') {
    return [
      '# LLaVA: train.py --pretrain_mm_mlp_adapter mm_projector.bin',
      'import torch',
      'weights = torch.load("mm_projector.bin")',
    ];
  }
  const architecture = {
    encoder: family === 'clip' ? 'CLIPModel' : 'SiglipModel',
    'language-model': 'AutoModelForCausalLM',
    model: 'LlavaForConditionalGeneration',
  }[sort];
  const names = [architecture, processors[sort]].sort();
  return [
    `from transformers import ${names.join(', ')}`,
    `model = ${architecture}.from_pretrained(".")`,
    `processor = ${processors[sort]}.from_pretrained(".")`,
  ];
}
