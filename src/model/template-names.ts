import type { TemplateName } from '../data/template.ts';

const all: Readonly<Record<TemplateName, true>> = {
  plain: true,
  vicuna_v1: true,
  gemma: true,
  phi3: true,
  llama3: true,
  short: true,
};

/** For command lines, which load nothing else of conversations. */
export const templateNames = Object.keys(all) as readonly TemplateName[];
